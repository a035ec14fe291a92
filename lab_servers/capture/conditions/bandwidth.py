"""A bandwidth: so many bytes pass in a second, and those that come faster wait in line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.conditions.condition import NS_PER_S, Condition, Passage, Piece
from lab_servers.errors import require_between

# How much passes in one piece: what the rate permits in this time, and never more than so many bytes. A receiver sees a
# large answer grow in such steps.
STEP_S = 0.004
MOST_STEP_BYTES = 64 * 1024

BITS_PER_BYTE = 8


@dataclass(frozen=True)
class Bandwidth(Condition):
    """A byte passes when the rate has room for it and for every byte before it.

    The times are counted from the moment at which the line last began to be busy, never from the last piece, so
    rounding and late timers do not add up. Bytes in a pause are not saved up: a line that was idle is no faster.

    Args:
        rate_bytes_s: Bytes per second, 1 to 10,000,000,000. A megabit per second is 125,000.

    Raises:
        BadParameter: it is out of its bounds.
    """

    rate_bytes_s: float

    def __post_init__(self) -> None:
        require_between("rate_bytes_s", self.rate_bytes_s, 1, 10_000_000_000, "bytes per second")

    @classmethod
    def of_bits(cls, rate_bits_s: float) -> Bandwidth:
        """The bandwidth that is given in bits per second, 8 to 80,000,000,000, as it is sold.

        Raises:
            BadParameter: it is out of its bounds.
        """
        require_between("rate_bits_s", rate_bits_s, 8, 80_000_000_000, "bits per second")
        return cls(rate_bits_s / BITS_PER_BYTE)

    def begin(self, passage: Passage) -> _Metering:
        """A new state: each direction of each connection has the whole rate for itself."""
        return _Metering(self.rate_bytes_s)

    @property
    def most_bytes_s(self) -> float:
        """The rate."""
        return self.rate_bytes_s


class _Metering:
    def __init__(self, rate_bytes_s: float) -> None:
        self._rate_bytes_s = rate_bytes_s
        self._step_bytes = max(1, min(MOST_STEP_BYTES, math.floor(rate_bytes_s * STEP_S)))
        self._busy_since_ns = 0
        self._busy_bytes = 0  # that have passed, or have their time, since then
        self._free_ns = 0  # when the last of them has passed

    def through(self, piece: Piece) -> Iterator[Piece]:
        if piece.at_ns > self._free_ns:
            self._busy_since_ns = self._free_ns = piece.at_ns
            self._busy_bytes = 0
        if not piece.data:
            yield piece.at(self._free_ns)
        for start in range(0, len(piece.data), self._step_bytes):
            step = piece.data[start : start + self._step_bytes]
            self._busy_bytes += len(step)
            # Rounded up: no byte passes before its time.
            self._free_ns = self._busy_since_ns + math.ceil(self._busy_bytes * NS_PER_S / self._rate_bytes_s)
            yield piece.at(self._free_ns) if len(step) == len(piece.data) else Piece(self._free_ns, step)
