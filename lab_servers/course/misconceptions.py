"""The one catalogue of misconceptions: what people believe, and what is true instead.

Every wrong option of a question (``question.py``) names one of these by its id.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Misconception:
    """One wrong belief.

    Attributes:
        id: Its name in lessons.
        belief: What somebody believes, as they would say it.
        correction: What is true instead, in one or two sentences.
        section: URL of the section of a specification that says so; empty where none does.
    """

    id: str
    belief: str
    correction: str
    section: str = ""


# In the order of the notebooks that first answer them.
_ALL: tuple[Misconception, ...] = (
    # 00_start_here
    # 01_bytes_on_tcp
    # 02_http
    # 03_polling
    # 04_sse
    # 05_websocket_handshake
    # 06_websocket_frames
)

CATALOGUE = {one.id: one for one in _ALL}
