"""Slicing: what was sent at once arrives in small pieces, as a TCP stream may at any time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.conditions.condition import Condition, Passage, Piece, in_ns
from lab_servers.errors import require_between, require_whole


@dataclass(frozen=True)
class Slicing(Condition):
    """Each read is cut into pieces of ``size_bytes``, the rest of it is the last piece.

    Each piece is written by itself. Only with a gap can a receiver count on reading the pieces apart: without one,
    several may have arrived by the time it reads, and TCP marks no boundaries.

    Args:
        size_bytes: The size of a piece, 1 to 1,048,576 bytes.
        gap_s: At least so long between two pieces, 0 to 10 seconds.

    Raises:
        BadParameter: one of them is out of its bounds.
    """

    size_bytes: int
    gap_s: float = 0.0

    def __post_init__(self) -> None:
        require_whole("size_bytes", self.size_bytes, 1, 1024 * 1024, "bytes")
        require_between("gap_s", self.gap_s, 0, 10, "seconds")

    def begin(self, passage: Passage) -> _Slicing:
        """A new state; all passages are treated alike."""
        return _Slicing(self.size_bytes, in_ns(self.gap_s))

    @property
    def keeps_apart(self) -> bool:
        """The pieces are what it is for."""
        return True

    @property
    def most_bytes_s(self) -> float:
        """A piece for each gap."""
        return self.size_bytes / self.gap_s if self.gap_s else super().most_bytes_s


class _Slicing:
    def __init__(self, size_bytes: int, gap_ns: int) -> None:
        self._size_bytes = size_bytes
        self._gap_ns = gap_ns
        self._next_ns = 0  # from when on another piece may pass

    def through(self, piece: Piece) -> Iterator[Piece]:
        if not piece.data:
            # The end needs no gap before it, but it overtakes nothing.
            yield piece.at(max(piece.at_ns, self._next_ns - self._gap_ns))
        for start in range(0, len(piece.data), self._size_bytes):
            at_ns = max(piece.at_ns, self._next_ns)
            self._next_ns = at_ns + self._gap_ns
            yield Piece(at_ns, piece.data[start : start + self._size_bytes])
