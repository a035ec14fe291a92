"""One misconception: what somebody believes, and what is true instead; ``misconceptions.py`` has the catalogue."""

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
