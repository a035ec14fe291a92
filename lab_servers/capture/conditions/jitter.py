"""Jitter: a delay that is another one each time, though never so that something is overtaken."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.conditions.condition import Condition, Passage, Piece, in_ns
from lab_servers.errors import require_between, require_whole


@dataclass(frozen=True)
class Jitter(Condition):
    """Each piece passes 0 to ``most_s`` after it came, but not before the piece ahead of it.

    Every time in that range is equally likely (before the order is kept, which makes pieces wait that come close
    together: as behind a lost packet, TCP hands nothing out of order). A piece is one read of the relay, or what an
    earlier condition made of it. The draws depend on the seed, on the connection's number at its relay and on the
    direction, and on nothing else: a server that is hosted anew counts from 1 again.

    Args:
        most_s: The most, 0 to 60 seconds.
        seed: Of the draws, 0 to 4,294,967,295.

    Raises:
        BadParameter: one of them is out of its bounds.
    """

    most_s: float
    seed: int = 1

    def __post_init__(self) -> None:
        require_between("most_s", self.most_s, 0, 60, "seconds")
        require_whole("seed", self.seed, 0, 2**32 - 1)

    def begin(self, passage: Passage) -> _Jittering:
        """A new state, with draws of its own for each connection and direction."""
        return _Jittering(in_ns(self.most_s), random.Random(f"{self.seed} {passage.connection} {passage.sender.value}"))

    @property
    def longest_s(self) -> float:
        """The most."""
        return self.most_s


class _Jittering:
    def __init__(self, most_ns: int, draw: random.Random) -> None:
        self._most_ns = most_ns
        self._draw = draw
        self._last_ns = 0

    def through(self, piece: Piece) -> Iterator[Piece]:
        self._last_ns = max(self._last_ns, piece.at_ns + self._draw.randint(0, self._most_ns))
        yield piece.at(self._last_ns)
