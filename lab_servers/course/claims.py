"""The claims that the course makes, each with its correction or limit, and the notebook that shows its bytes.

``tests/claims/`` asserts each of them on a fresh recording.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        id: ``"C01"``.
        sentence: What is claimed.
        correction: The correction or limit that the course also shows.
        notebook: The notebook that shows the bytes.
    """

    id: str
    sentence: str
    correction: str
    notebook: str


_ALL: tuple[Claim, ...] = (
    # 01_bytes_on_tcp
    # 02_http
    # 04_sse
    # 05_websocket_handshake
    # 06_websocket_frames
)

CLAIMS = {one.id: one for one in _ALL}
