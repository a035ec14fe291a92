"""One direction of a TCP connection in a file: segments in any order become one stream of bytes without holes.

``reassembly.py`` tells the connections apart and hands each segment to its direction.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

from lab_servers.capture.capture import CHUNK_COST_BYTES, Budget, Chunk, Side

_NUMBERS = 1 << 32  # sequence numbers count modulo 2**32 (RFC 9293 section 3.4)
_MASK = _NUMBERS - 1
_HALF = 1 << 31

NEVER = -(1 << 127)  # before every time that a file can hold

# The largest window there is (RFC 7323 section 2.3). An acknowledgement further ahead is damaged, not a hole.
_MAX_WINDOW = 1 << 30


def distance(start: int, number: int) -> int:
    """How far a sequence number is after another, negative if it is before, by the shorter way round."""
    return (number - start + _HALF & _MASK) - _HALF


class Waiting(NamedTuple):
    """A segment that came before its turn. Its position comes first, so that a heap is ordered by it."""

    position: int
    at_ns: int
    data: bytes


class Hole(NamedTuple):
    """The first place of a stream that the file does not have; the stream of bytes ends there.

    Attributes:
        offset: Where.
        missing_bytes: How many bytes are missing there.
        captured_bytes: How many bytes from behind it are in the file.
        passed_bytes: All bytes known to have been sent from there on.
    """

    offset: int
    missing_bytes: int
    captured_bytes: int
    passed_bytes: int


class Direction:
    """What one side of a connection sent.

    Of bytes that the file has twice the first copy counts, as in most receivers. A byte's time is
    the moment at which it and all before it had been captured, when the receiver could read it.

    Attributes:
        source: The sender's address and port, as packets have them.
        peer: The other direction of the same connection.
        sender: Which side this is, once it is known.
        chunks: The connection's chunks, which both directions share.
        first_number: The sequence number of the first byte; ``None`` as long as no SYN told it.
        next_number: The sequence number that comes next; -1 as long as it is not known.
        end: How many bytes the stream has.
        acknowledged: The last acknowledgement number that the other side sent; ``None`` before the first.
        fin_ns: When this side sent its FIN.
        last_ns: The time of the last byte of the stream.
        cut_packets: Packets that a snap length cut.
        dropped_bytes: Bytes left out because the bound on memory was reached.
    """

    __slots__ = (
        "_budget",
        "_expected",
        "_first_ns",
        "_origin",
        "_start",
        "_top",
        "_waiting",
        "acknowledged",
        "chunks",
        "cut_packets",
        "dropped_bytes",
        "end",
        "fin_ns",
        "first_number",
        "last_ns",
        "next_number",
        "peer",
        "sender",
        "source",
    )

    def __init__(self, source: bytes, chunks: list[Chunk], budget: Budget) -> None:
        self.source = source
        self.peer = self
        self.sender: Side | None = None
        self.chunks = chunks
        self.first_number: int | None = None
        self.next_number = -1
        self.end = 0
        self.acknowledged: int | None = None
        self.fin_ns: int | None = None
        self.last_ns = NEVER
        self.cut_packets = 0
        self.dropped_bytes = 0
        self._budget = budget
        self._expected: int | None = None  # the first number that the other side acknowledged
        self._origin: int | None = None  # the sequence number of position 0
        self._top = 0  # the highest position known to have been sent
        self._first_ns: int | None = None
        self._start = 0  # where a stream begins of which no SYN was seen
        self._waiting: list[Waiting] = []

    # --- while the file is read -------------------------------------------------------------------------------

    def accepts_syn(self, number: int, at_ns: int) -> bool:
        """Whether a SYN belongs to this direction, and does not begin a new connection on the same ports."""
        if self.first_number is not None:
            return self.first_number == number + 1 & _MASK
        # A file may be out of order, and so have the data before the SYN; but not with an earlier time.
        return self._first_ns is None or at_ns <= self._first_ns

    def begin(self, first_number: int) -> None:
        """The stream starts here: a SYN, or the acknowledgement of one, told the number of the first byte."""
        if self.first_number is not None and not self.end and not self._waiting:
            # A side that answers a SYN twice may take another number, as long as it has sent nothing.
            self.first_number, self._origin, self._top = None, None, 0
        if self.first_number is None:
            self.first_number = first_number
            self._start_at(first_number)

    def segment(self, number: int, at_ns: int, data: bytes, size_bytes: int) -> None:
        """Take the data of a segment, of which a snap length may have left only the beginning."""
        if number == self.next_number and not self._waiting and size_bytes == len(data):
            self._append(at_ns, data)
            return
        if size_bytes > len(data):
            self.cut_packets += 1
        position = self._position(number)
        self._top = max(self._top, position + size_bytes)
        if self._first_ns is None:
            self._first_ns = at_ns
        if self.next_number < 0 or position > self.end:
            self._wait(Waiting(position, at_ns, data))
        else:
            self._append(at_ns, data[self.end - position :])
            self._deliver_waiting()

    def fin(self, number: int, at_ns: int) -> None:
        """This side has sent its FIN, which takes the place of a byte at ``number``."""
        if self.fin_ns is None:
            self.fin_ns = at_ns
            self._top = max(self._top, self._position(number))

    def acknowledge(self, number: int) -> None:
        """The other side has received everything before ``number``."""
        if self.acknowledged is None:
            self._expected = number
        self.acknowledged = number

    # --- at the end -------------------------------------------------------------------------------------------

    def settle(self) -> bytes:
        """No segment comes any more: find where a stream begins of which no SYN was seen; return its first bytes.

        That is the run of bytes with the first captured segment in it. What lies before that run, with a
        hole between, was sent again from a time before the file.
        """
        if self._origin is None or self.next_number >= 0:
            return b""
        start, end, first = 0, None, b""
        for one in sorted(self._waiting):
            if end is None or one.position > end:
                if one.position > 0:
                    break
                start, end, first = one.position, one.position, one.data
            end = max(end, one.position + len(one.data))
        self._start = start
        return first

    def finish(self) -> None:
        """Deliver what waited for the beginning of the stream to be settled."""
        if self.next_number < 0 and self._origin is not None:
            self._start_at(self._origin + self._start & _MASK)

    def hole(self) -> Hole | None:
        """Where the file's bytes of this direction end too early, if they do."""
        sent = max(self._top, self.end)
        if self.acknowledged is not None:
            sent = max(sent, self._acknowledged_end())
        if sent <= self.end and not self.dropped_bytes:
            return None
        first, captured, at = sent, 0, self.end
        for one in sorted(self._waiting):
            first = min(first, one.position)
            captured += max(0, one.position + len(one.data) - max(at, one.position))
            at = max(at, one.position + len(one.data))
        return Hole(self.end, max(0, first - self.end), captured, max(sent - self.end, self.dropped_bytes))

    def forget_waiting(self) -> None:
        """Drop what came after a hole."""
        for one in self._waiting:
            self._budget.give_back(len(one.data) + CHUNK_COST_BYTES)
        self._waiting = []

    def _acknowledged_end(self) -> int:
        assert self.acknowledged is not None
        # Where this side's own packets are all missing, the other's acknowledgements alone tell of its bytes.
        origin = self._expected if self._origin is None else self._origin
        assert origin is not None
        sent = max(self._top, self.end)
        ahead = distance(origin + sent & _MASK, self.acknowledged)
        # One more than all bytes is the acknowledgement of a FIN, whether or not the file has that FIN.
        return sent + ahead if 1 < ahead < _MAX_WINDOW else 0

    # --- within -----------------------------------------------------------------------------------------------

    def _start_at(self, first_number: int) -> None:
        self.next_number = first_number
        if self._origin is not None:
            shift = distance(first_number, self._origin)
            # One by one, so that there are never two of each; the order of a heap is kept.
            for index, one in enumerate(self._waiting):
                self._waiting[index] = Waiting(one.position + shift, one.at_ns, one.data)
            self._top = max(0, self._top + shift)
        self._origin = first_number
        self._deliver_waiting()

    def _position(self, number: int) -> int:
        if self._origin is None:
            self._origin = number
        # Counted from the highest position so far, so that a stream may be longer than 2**32 bytes.
        top = max(self._top, self.end)
        return top + distance(self._origin + top & _MASK, number)

    def _append(self, at_ns: int, data: bytes) -> None:
        size = len(data)
        if not size:
            return
        # A stream with a hole in it would be dissected as nonsense: after a byte that was dropped, none is kept.
        if self.dropped_bytes or not self._budget.take_whole(size + CHUNK_COST_BYTES):
            self._drop(size)
            return
        if at_ns > self.last_ns:
            self.last_ns = at_ns
        assert self.sender is not None
        self.chunks.append(Chunk(self.last_ns, self.sender, self.end, data))
        self.end += size
        self.next_number = self.next_number + size & _MASK

    def _wait(self, one: Waiting) -> None:
        if not one.data:
            return
        if not self.dropped_bytes and self._budget.take_whole(len(one.data) + CHUNK_COST_BYTES):
            heapq.heappush(self._waiting, one)
        else:
            self._drop(len(one.data))

    def _drop(self, size: int) -> None:
        self.dropped_bytes += size
        self._top = max(self._top, self.end + self.dropped_bytes)

    def _deliver_waiting(self) -> None:
        while self._waiting and self._waiting[0].position <= self.end:
            one = heapq.heappop(self._waiting)
            self._budget.give_back(len(one.data) + CHUNK_COST_BYTES)
            self._append(one.at_ns, one.data[self.end - one.position :])
