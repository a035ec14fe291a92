"""What a reader that comes back has at its end, and what it is told beforehand. ``resuming.py`` does the reading."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass

from lab_servers.errors import require_between, require_whole
from lab_servers.marks import Mark


class Habit(enum.Enum):
    """What a reader does when its connection ends. Only the first of them is right."""

    BY_NUMBER = "by number"  # goes on behind the last number that it has, and drops what it has already
    WITHOUT_IDS = "without ids"  # asks for everything once more, and shows whatever comes
    TRUSTS_THE_END = "trusts the end"  # takes the end of the connection for the end of the answer


class Stopped(enum.Enum):
    """Why a reader does not come back."""

    COMPLETE = "the terminator came"
    FAILED = "the model failed, and said so"
    TRUSTED = "the connection ended, and this reader takes that for the end"
    GONE = "the server that knew this run is gone"
    REFUSED = "the server refused the request"
    NOTHING_TO_RESUME = "the connection was cut before it had brought an id"
    GAVE_UP = "too many tries brought nothing new"
    TIMEOUT = "the time limit passed"


@dataclass(frozen=True)
class Backoff:
    """How long a reader waits before it tries again.

    The n-th try in a row that brings nothing new comes after a random time up to ``first_s`` · 2ⁿ, and never above
    ``most_s``: readers that were cut at the same moment must not come back at the same moment.

    Attributes:
        first_s: The longest wait before the first try of a row, seconds.
        most_s: The longest wait of all, seconds.
        most_tries: So many tries in a row without anything new, and it gives up.

    Raises:
        BadParameter: one of them is out of its bounds.
    """

    first_s: float = 0.05
    most_s: float = 2.0
    most_tries: int = 8

    def __post_init__(self) -> None:
        require_between("first_s", self.first_s, 0, 60, "seconds")
        require_between("most_s", self.most_s, 0, 600, "seconds")
        require_whole("most_tries", self.most_tries, 1, 100, "tries")

    def wait_s(self, fruitless: int, chance: random.Random) -> float:
        """How long to wait after so many tries in a row without anything new, in seconds."""
        return chance.random() * min(self.first_s * 2.0**fruitless, self.most_s)


@dataclass(frozen=True)
class ReadPart:
    """One part of the answer, as the reader showed it.

    Attributes:
        sequence: Its number in its run.
        kind: ``"text"``, ``"tool_call"``, ``"tool_arguments"``, ``"end"`` or ``"error"``.
        text: Its text; empty where it has none.
        connection: On which of the reader's tries it came, from 1.
        at_ns: When.
    """

    sequence: int
    kind: str
    text: str
    connection: int
    at_ns: int


@dataclass(frozen=True)
class Try:
    """One connection.

    Attributes:
        asked: Whether it asked for a new answer; else it went on reading one.
        after: It asked for what comes behind this number; 0 for everything.
        brought: How many parts came on it that were new.
        ended: What became of it, in a few words.
    """

    asked: bool
    after: int
    brought: int
    ended: str


@dataclass(frozen=True)
class ResumedRead:
    """What a reader has at its end.

    Attributes:
        run_id: The run that it read; empty when it never learnt one.
        parts: What it showed, in order.
        tries: Its connections, in order.
        stopped: Why it did not come back.
        duplicates: How many parts came that it had: dropped, or shown twice by a reader without ids.
        gaps: How many numbers it found missing between two parts that came.
        strays: Texts that were none of this answer's parts: no JSON, or of another run.
        epoch: Which life of the server answered last, where it said so while it refused.
        marks: ``"try"`` (detail: ``ask`` or the number behind which it reads), ``"run known"`` (detail: the run),
            ``"received"`` (detail: run, number and text), ``"duplicate"`` and ``"gap"`` (detail: the numbers),
            ``"ended"`` (detail: what became of the try), ``"waits"`` (detail: seconds), ``"stopped"`` (detail: why).
    """

    run_id: str
    parts: tuple[ReadPart, ...]
    tries: tuple[Try, ...]
    stopped: Stopped
    duplicates: int
    gaps: int
    strays: int
    epoch: str
    marks: tuple[Mark, ...]

    @property
    def text(self) -> str:
        """The text that it showed."""
        return "".join(part.text for part in self.parts if part.kind == "text")

    @property
    def sequences(self) -> tuple[int, ...]:
        """The numbers of what it showed, in the order in which it showed them."""
        return tuple(part.sequence for part in self.parts)

    @property
    def asks(self) -> int:
        """How often it asked for an answer; each time without a key may be paid."""
        return sum(one.asked for one in self.tries)

    def __repr__(self) -> str:
        return f"<ResumedRead {len(self.parts)} parts on {len(self.tries)} connections; {self.stopped.value}>"
