"""What a proof says of one claim: a verdict, the evidence for claim and correction, and the bytes that decided.

``trial.py`` puts a claim to the test and makes proofs; ``telling.py`` shows them. The judges of the other modules make
evidence with :func:`seen` and :func:`cited`, and point at bytes with ``pointing.py``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lab_servers.capture.capture import Side
from lab_servers.course.claims import Claim

Figure = int | float | str


class Verdict(enum.Enum):
    """How a claim stands after its trial."""

    HOLDS = "holds"  # claim and correction were both seen on a fresh recording
    FAILS = "fails"  # a recording contradicts one of them, or could not be made
    NOT_SHOWN_YET = "not shown yet"  # nothing here can show it


@dataclass(frozen=True)
class Excerpt:
    """Bytes that passed, by their place in a recording.

    Attributes:
        server: The server behind the relay that recorded them.
        connection: The number of the connection at that relay.
        sender: The side that sent them.
        start: The offset of the first of them in everything that this side sent.
        stop: The offset just past the last.
        data: The bytes, or the first of them where they are many.
    """

    server: str
    connection: int
    sender: Side
    start: int
    stop: int
    data: bytes


@dataclass(frozen=True)
class Evidence:
    """One thing that a recording says about a claim or about its correction.

    Attributes:
        sentence: What was seen, with the figures in it.
        holds: Whether that is what the claim, or the correction, says.
        figures: The same figures by name.
        excerpts: The bytes that decide.
        section: Where the sentence only cites a specification: which section. Such evidence decides nothing.
    """

    sentence: str
    holds: bool
    figures: Mapping[str, Figure] = field(default_factory=dict)
    excerpts: tuple[Excerpt, ...] = ()
    section: str = ""


class Judgement(NamedTuple):
    """What a judge read in recordings: evidence about the claim, and about its correction."""

    evidence: tuple[Evidence, ...]
    correction: tuple[Evidence, ...]

    @property
    def verdict(self) -> Verdict:
        """HOLDS if both were seen and nothing contradicts, else FAILS."""
        decides = [[one for one in part if not one.section] for part in self]
        holds = all(part and all(one.holds for one in part) for part in decides)
        return Verdict.HOLDS if holds else Verdict.FAILS


@dataclass(frozen=True)
class Proof:
    """The outcome of one trial.

    Attributes:
        claim: The claim, with its correction.
        verdict: How it stands.
        evidence: What was seen of the claim.
        correction: What was seen of the correction.
        why_not: Why it is not shown yet, or could not be tried; else empty.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    correction: tuple[Evidence, ...] = ()
    why_not: str = ""

    def __str__(self) -> str:
        # At the call: telling.py needs this module.
        from lab_servers.proofs.telling import as_text

        return as_text(self)

    __repr__ = __str__


def seen(sentence: str, holds: bool, *excerpts: Excerpt, **figures: Figure) -> Evidence:
    """Evidence from a recording: what was seen, and whether that is what was claimed."""
    return Evidence(sentence, holds, figures, excerpts)


def cited(sentence: str, section: str) -> Evidence:
    """What a specification says and no recording of the course can show; it does not count for the verdict."""
    return Evidence(sentence, True, section=section)
