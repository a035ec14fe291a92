"""Whether network conditions do what they say: when bytes were to come, and when the receiver had read them.

Conditions are pure, so a recording is enough to know what was asked: the capture has when the relay read each byte from
its sender, and the conditions say when it may pass. ``scenarios/side_conditions.py`` makes such recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.capture.conditions import Condition, Passage, Piece, begin, through
from lab_servers.errors import BadParameter, shown
from lab_servers.marks import Mark


@dataclass(frozen=True)
class Arrival:
    """Bytes that a receiver has up to some place; the times are those of the last of them.

    Attributes:
        end: How many bytes there are up to it.
        sent_ns: When the relay read it from the sender.
        asked_ns: When the conditions let it pass.
        came_ns: When the receiver had it.
    """

    end: int
    sent_ns: int
    asked_ns: int
    came_ns: int

    @property
    def asked_s(self) -> float:
        """The delay that was asked for, in seconds."""
        return (self.asked_ns - self.sent_ns) / 1e9

    @property
    def achieved_s(self) -> float:
        """The delay that there was, in seconds."""
        return (self.came_ns - self.sent_ns) / 1e9

    @property
    def error_s(self) -> float:
        """How much later it came than asked, in seconds."""
        return (self.came_ns - self.asked_ns) / 1e9


@dataclass(frozen=True)
class Quantiles:
    """What is said of many errors, in the unit in which they came.

    Attributes:
        n: How many there are.
        median: Half of them are below it.
        p5: 5 in 100 are below it.
        p95: 95 in 100 are below it.
        most: The largest.
    """

    n: int
    median: float
    p5: float
    p95: float
    most: float


def quantiles(values: Sequence[float]) -> Quantiles:
    """The quantiles of one value or more.

    Raises:
        BadParameter: there is none.
    """
    if not values:
        raise BadParameter("There is no value, so there are no quantiles: measure at least once.")
    p5, median, p95 = (float(one) for one in np.quantile(np.asarray(values, dtype=float), (0.05, 0.5, 0.95)))
    return Quantiles(len(values), median, p5, p95, max(values))


def arrivals(
    capture: Capture,
    sender: Side,
    conditions: Sequence[Condition],
    reads: Sequence[Mark],
    message_bytes: int | None = None,
) -> tuple[Arrival, ...]:
    """Each message that was received whole, or each read, with the time that the conditions asked for.

    Args:
        capture: The connection.
        sender: Whose bytes were read.
        conditions: What these bytes met, in order, from the opening of the connection on.
        reads: A mark for each read of the receiver; its detail is how many bytes it had then.
        message_bytes: The size of a message; ``None`` takes the reads as they are.

    Raises:
        BadParameter: the capture lacks some of these bytes, or a mark has no count of bytes.
    """
    sent = [(chunk.end, chunk.at_ns) for chunk in capture.chunks_from(sender)]
    asked = _asked(capture, sender, conditions)
    came = [(_count(mark), mark.at_ns) for mark in reads]
    ends: Sequence[int] = [end for end, _ in came]
    if message_bytes is not None and came:
        # Not as a list: a file may claim any count, and the first end without a byte refuses it.
        ends = range(message_bytes, ends[-1] + 1, message_bytes)
    return tuple(Arrival(end, _at(sent, end), _at(asked, end), _at(came, end)) for end in ends)


def _count(mark: Mark) -> int:
    # At most so many digits: more are no count of this machine's, and Python converts only some thousands.
    if not (mark.detail.isascii() and mark.detail.isdigit() and len(mark.detail) <= 18):
        raise BadParameter(f"The mark {shown(mark.name)} must count bytes, not {shown(mark.detail)}: record anew.")
    return int(mark.detail)


def _asked(capture: Capture, sender: Side, conditions: Sequence[Condition]) -> list[tuple[int, int]]:
    """For each piece after the conditions: how many bytes there are up to its end, and when it may pass."""
    connected_ns = next((one.at_ns for one in capture.transitions if one.kind is TransitionKind.CONNECTED), 0)
    states = begin(conditions, Passage(capture.number, sender, connected_ns))
    pieces, end = [], 0
    for chunk in capture.chunks_from(sender):
        for piece in through(states, Piece(chunk.at_ns, chunk.data)):
            end += len(piece.data)
            pieces.append((end, piece.at_ns))
    return pieces


def _at(ends: Sequence[tuple[int, int]], end: int) -> int:
    """The time of the piece with the last of ``end`` bytes."""
    position = int(np.searchsorted([one for one, _ in ends], end))
    if position == len(ends):
        raise BadParameter("This recording lacks bytes that were received: record with a higher bound.")
    return ends[position][1]


def asked_rate_bytes_s(received: Sequence[Arrival]) -> float | None:
    """With what rate bytes were to come, from the first read to the last; ``None`` where that took no time."""
    took_ns = received[-1].asked_ns - received[0].asked_ns if received else 0
    return (received[-1].end - received[0].end) / took_ns * 1e9 if took_ns > 0 else None


def rate_bytes_s(received: Sequence[Arrival]) -> float | None:
    """With what rate the same bytes came, counted from when the first read was to come.

    Not from when it came: a first read that is late would make the rest look faster than the line.
    """
    took_ns = received[-1].came_ns - received[0].asked_ns if len(received) > 1 else 0
    return (received[-1].end - received[0].end) / took_ns * 1e9 if took_ns > 0 else None


def is_in_order(received: Sequence[Arrival]) -> bool:
    """Whether nothing came before bytes that were sent earlier."""
    return all(one.came_ns <= other.came_ns and one.end < other.end for one, other in pairwise(received))
