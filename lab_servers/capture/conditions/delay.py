"""A delay: every byte arrives so much later, like light in a long cable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.conditions.condition import Condition, Passage, Piece, in_ns
from lab_servers.errors import require_between


@dataclass(frozen=True)
class Delay(Condition):
    """Every byte, and the end, passes ``delay_s`` after it came.

    A round trip crosses both directions: half of it belongs into each.

    Args:
        delay_s: One way, 0 to 60 seconds.

    Raises:
        BadParameter: it is out of its bounds.
    """

    delay_s: float

    def __post_init__(self) -> None:
        require_between("delay_s", self.delay_s, 0, 60, "seconds")

    def begin(self, passage: Passage) -> _Delaying:
        """A new state; all passages are treated alike."""
        return _Delaying(in_ns(self.delay_s))

    @property
    def longest_s(self) -> float:
        """The delay."""
        return self.delay_s


class _Delaying:
    def __init__(self, delay_ns: int) -> None:
        self._delay_ns = delay_ns

    def through(self, piece: Piece) -> Iterator[Piece]:
        yield piece.at(piece.at_ns + self._delay_ns)
