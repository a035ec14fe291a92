"""The line: lets the pieces of one direction pass at the times that its conditions have given them.

A relayed connection (``capture/connection.py``) puts a line in front of a socket where there are conditions; without
any, the socket's own :class:`Stage` takes the bytes and no line is in the way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from lab_servers.capture.conditions.condition import Condition, Ending, Passage, Piece, State, begin, through
from lab_servers.capture.conditions.network import longest_s, most_bytes_s
from lab_servers.marks import now_ns

# A line holds what is on its way, its rate times its delay, and a queue that waits, as a router's does: at least so
# many bytes, or what passes in so many seconds.
QUEUE_BYTES = 64 * 1024
QUEUE_S = 0.02

# It never holds more, however long and fast it is.
MOST_HELD_BYTES = 4 * 1024 * 1024

# What it costs to hold one read, apart from its bytes, so that many small reads count as what they are.
HELD_COST_BYTES = 300

# asyncio on Linux wakes at whole milliseconds, up to one too late. So a timer is set for one earlier, and the rest of
# the wait, half of one on average, passes in turns of the loop, between which everybody else has theirs.
TIMER_STEP_NS = 1_000_000

# After so many pieces that are due at once, others have their turn on the loop.
MOST_AT_ONCE = 64


class Stage(Protocol):
    """Where the bytes of one direction go next."""

    def write(self, data: bytes) -> None:
        """Pass bytes on, now or later, never out of order."""

    def write_eof(self) -> None:
        """Pass on, after every byte before it, that the sender will send no more."""

    def reset(self) -> None:
        """Pass on that the sender has given the connection up."""

    def is_closing(self) -> bool:
        """Whether nothing that is written now arrives any more."""


class Line:
    """A stage that holds each piece until its time. Used on one event loop only.

    A reset travels as far as everything else: behind the bytes that were sent before it. Where the receiver has
    stopped reading, though, it goes past the bytes that wait for the receiver, and these are lost, as with TCP, whose
    RST waits for no window.

    Args:
        onward: Where the pieces go.
        conditions: What they meet, in this order.
        passage: Whose pieces they are.
        room_changed: Called when :attr:`has_room` has changed.
    """

    def __init__(
        self, onward: Stage, conditions: Sequence[Condition], passage: Passage, room_changed: Callable[[], None]
    ) -> None:
        self.held_bytes = 0
        self.has_room = True  # for more; while there is none, nothing should be read from the sender
        self._onward = onward
        self._room_changed = room_changed
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[Piece, tuple[State, ...], bool]] = deque()  # what no condition has looked at yet
        self._pieces: Iterator[Piece] = iter(())  # the rest of the arrival before those, after its conditions
        self._keeps_apart = False  # each of these pieces is to be written by itself
        self._front: Piece | None = None  # the next to pass
        self._timer: asyncio.Handle | None = None
        self._is_blocked = False  # by the socket, whose receiver reads too slowly
        self._has_reset = False
        self._is_discarded = False
        self.meet(conditions, passage)

    def meet(self, conditions: Sequence[Condition], passage: Passage) -> None:
        """Let what comes from now on meet these conditions; what is held keeps its times, and is not overtaken."""
        self._states = begin(conditions, passage)
        self._will_keep_apart = any(condition.keeps_apart for condition in conditions)
        rate_bytes_s = min(most_bytes_s(conditions), MOST_HELD_BYTES / QUEUE_S)
        queue_bytes = max(QUEUE_BYTES, rate_bytes_s * QUEUE_S) if conditions else QUEUE_BYTES
        self._full_bytes = min(MOST_HELD_BYTES, queue_bytes + rate_bytes_s * longest_s(conditions))
        # Reading goes on while half of the queue is left, or the line would run dry until more has come.
        self._room_again_bytes = self._full_bytes - queue_bytes / 2
        self._check_room()

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing, no end either."""
        return self._next() is None

    def write(self, data: bytes) -> None:
        """Hold bytes until their time."""
        self._take(Piece(now_ns(), data))

    def write_eof(self) -> None:
        """Hold the end until its time."""
        self._take(Piece(now_ns(), ending=Ending.FIN))

    def reset(self) -> None:
        """Hold the reset until its time."""
        self._has_reset = True
        if self._is_blocked:
            self._give_up()
        else:
            self._take(Piece(now_ns(), ending=Ending.RESET))

    def is_closing(self) -> bool:
        """Whether the end of the line is lost."""
        return self._onward.is_closing()

    def block(self) -> None:
        """Let nothing pass for now: the receiver reads too slowly."""
        self._is_blocked = True
        self._cancel()
        if self._has_reset:
            # Not at once: this may be called from within the socket's own write.
            self._timer = self._loop.call_soon(self._give_up)

    def unblock(self) -> None:
        """Let pass again what has its time."""
        self._is_blocked = False
        if self._timer is None:
            self._release()

    def discard(self) -> None:
        """Drop what is held, and all that is still written: nobody is left to receive it."""
        self._cancel()
        self._arrived.clear()
        self._pieces, self._front = iter(()), None
        self._is_discarded = True

    # --- within ---------------------------------------------------------------------------

    def _take(self, piece: Piece) -> None:
        if self._is_discarded:
            return
        self._arrived.append((piece, self._states, self._will_keep_apart))
        self.held_bytes += len(piece.data) + HELD_COST_BYTES
        if self._timer is None:
            self._release()
        self._check_room()

    def _next(self) -> Piece | None:
        while self._front is None:
            self._front = next(self._pieces, None)
            if self._front is None:
                if not self._arrived:
                    return None
                piece, states, self._keeps_apart = self._arrived.popleft()
                self.held_bytes -= HELD_COST_BYTES
                self._pieces = through(states, piece)
        return self._front

    def _release(self) -> None:
        """Let pass what has its time, and set the timer for what has not."""
        self._timer = None
        for _ in range(MOST_AT_ONCE):
            # A socket tells of its loss only later; asyncio warns of each write until then.
            piece = None if self._is_blocked or self._onward.is_closing() else self._next()
            if piece is None:
                return
            at_ns = now_ns()
            early_ns = piece.at_ns - at_ns
            if early_ns > 0:
                if early_ns > TIMER_STEP_NS:
                    self._timer = self._loop.call_later((early_ns - TIMER_STEP_NS) / 1e9, self._release)
                else:
                    self._timer = self._loop.call_soon(self._release)
                return
            self._front = None
            self._pass_on(piece if self._keeps_apart else self._with_all_due(piece, at_ns))
        self._timer = self._loop.call_soon(self._release)

    def _with_all_due(self, first: Piece, at_ns: int) -> Piece:
        """A piece with those of the same read behind it that are due too: one write where a busy machine is late."""
        due = [first.data]
        for piece in self._pieces:
            if piece.at_ns > at_ns:
                self._front = piece
                break
            due.append(piece.data)
        return first if len(due) == 1 else Piece(first.at_ns, b"".join(due))

    def _pass_on(self, piece: Piece) -> None:
        if piece.ending is Ending.RESET:
            self._onward.reset()
        elif piece.ending is Ending.FIN:
            self._onward.write_eof()
        else:
            self.held_bytes -= len(piece.data)
            self._onward.write(piece.data)
            self._check_room()

    def _give_up(self) -> None:
        self.discard()
        self._onward.reset()

    def _check_room(self) -> None:
        has_room = self.held_bytes < (self._full_bytes if self.has_room else self._room_again_bytes)
        if has_room is not self.has_room:
            self.has_room = has_room
            self._room_changed()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
