"""What a condition is: a rule that gives each piece of a byte stream the time from which on it may pass.

A condition (``delay.py``, ``bandwidth.py``, …) is pure. It has no clock and no timer: it is told when a piece came,
and answers when it may go. So its effect can be computed and tested without waiting; ``line.py`` does the waiting.

What the conditions together model is the way of the bytes between the relay and the one that receives them. They
never lose, change or reorder a byte, because what they delay is a TCP stream after TCP has done its work. Each
connection has its way for itself: connections share no bandwidth. Not modelled: loss and retransmission, the congestion
window and its slow start, the size of packets, and the handshake of TCP, which takes place on the loopback interface:
on a real way a new connection costs one round trip more than here. A line holds 4 MiB at most (``line.py``): behind a
long delay no more than that passes in each such time, whatever the rate.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from lab_servers.capture.capture import Side

NS_PER_S = 1_000_000_000


class Ending(enum.Enum):
    """How a sender ends its direction."""

    FIN = "FIN"  # no more bytes, in good order
    RESET = "RST"  # the connection is given up


class Piece(NamedTuple):
    """Bytes of one direction, or its end, with the time from which on they may pass.

    Attributes:
        at_ns: The time, on the clock of :func:`lab_servers.marks.now_ns`.
        data: The bytes; none where the direction ends.
        ending: How the direction ends; ``None`` while it goes on.
    """

    at_ns: int
    data: bytes = b""
    ending: Ending | None = None

    def at(self, at_ns: int) -> Piece:
        """The same piece at another time."""
        return Piece(at_ns, self.data, self.ending)


class Passage(NamedTuple):
    """What meets a condition: one direction of one connection, from some moment on.

    Attributes:
        connection: The connection's number at its relay.
        sender: The side that sends.
        since_ns: When it met the condition: when the connection was joined to its server or, where the condition was
            set while the connection was open, when it was set.
    """

    connection: int
    sender: Side
    since_ns: int


class State(Protocol):
    """What a condition remembers of one passage."""

    def through(self, piece: Piece) -> Iterator[Piece]:
        """The piece after the condition: later, or cut into several that hold the same bytes in the same order.

        Pieces come in the order of their times and leave in the order of their times. A state looks at a piece only
        when its result is taken, so an endless backlog costs nothing ahead of its time.
        """


class Condition:
    """Base of the conditions; each is a frozen dataclass with a :meth:`begin` of its own."""

    def begin(self, passage: Passage) -> State:
        """A new state, for one direction of one connection."""
        raise NotImplementedError

    @property
    def longest_s(self) -> float:
        """How long it may hold a byte that has no other bytes before it, in seconds."""
        return 0.0

    @property
    def keeps_apart(self) -> bool:
        """Whether each of its pieces is to be written by itself, even where the next one is due as well."""
        return False

    @property
    def most_bytes_s(self) -> float:
        """How many bytes it lets pass in a second, in the long run."""
        return math.inf


def begin(conditions: Sequence[Condition], passage: Passage) -> tuple[State, ...]:
    """New states of several conditions, in their order."""
    return tuple(condition.begin(passage) for condition in conditions)


def through(states: Sequence[State], piece: Piece) -> Iterator[Piece]:
    """A piece after several conditions: it meets the first one first, and what leaves that one meets the second."""
    pieces: Iterator[Piece] = iter((piece,))
    for state in states:
        pieces = chain.from_iterable(map(state.through, pieces))
    return pieces


def in_ns(seconds: float) -> int:
    """A duration in whole nanoseconds."""
    return round(seconds * NS_PER_S)
