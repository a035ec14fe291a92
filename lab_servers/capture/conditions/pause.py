"""A pause: for a while nothing passes, then everything that waited does, like in a tunnel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.conditions.condition import Condition, Passage, Piece, in_ns
from lab_servers.errors import require_between


@dataclass(frozen=True)
class Pause(Condition):
    """What comes from ``after_s`` on waits until ``for_s`` later; what comes before or after that passes at once.

    The time counts from the opening of the connection or, on a connection that was open already when the pause was
    set, from its setting.

    Args:
        after_s: When the pause begins, 0 to 3,600 seconds.
        for_s: How long it lasts, 0 to 3,600 seconds.

    Raises:
        BadParameter: one of them is out of its bounds.
    """

    after_s: float
    for_s: float

    def __post_init__(self) -> None:
        require_between("after_s", self.after_s, 0, 3_600, "seconds")
        require_between("for_s", self.for_s, 0, 3_600, "seconds")

    def begin(self, passage: Passage) -> _Pausing:
        """A new state, with the pause's place on the clock."""
        begins_ns = passage.since_ns + in_ns(self.after_s)
        return _Pausing(begins_ns, begins_ns + in_ns(self.for_s))


class _Pausing:
    def __init__(self, begins_ns: int, ends_ns: int) -> None:
        self._begins_ns = begins_ns
        self._ends_ns = ends_ns

    def through(self, piece: Piece) -> Iterator[Piece]:
        waits = self._begins_ns <= piece.at_ns < self._ends_ns
        yield piece.at(self._ends_ns) if waits else piece
