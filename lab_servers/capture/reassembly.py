"""TCP segments become connections: which segment belongs to which, who is the client, how it opened and ended.

``internet_layer.py`` finds the segments; each ``Direction`` (``direction.py``) puts its own in order; ``loading.py``
makes captures of the connections.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from lab_servers.capture.capture import (
    CONNECTION_COST_BYTES,
    Budget,
    Chunk,
    Side,
    Transition,
    TransitionKind,
)
from lab_servers.capture.direction import Direction
from lab_servers.capture.internet_layer import TcpPlace
from lab_servers.capture.packets import ACK, FIN, RST, SYN

# Source and destination port together, sequence and acknowledgement number, header length, control bits.
_HEADER = struct.Struct("!4sIIBB")
_HEADER_BYTES = 20

# The first line of an HTTP/1 request (RFC 9112 section 3) and of a response (section 4), as far as it tells them apart.
_REQUEST = re.compile(rb"[A-Z]{3,16} [!-~]")
_RESPONSE = re.compile(rb"HTTP/\d\.\d ")

_MAX_COMMENTS = 8  # of one connection; the files that pcapng.py writes have at most four
_MAX_COMMENT_CHARACTERS = 500


@dataclass(slots=True, eq=False)
class Connection:
    """One connection of the file.

    Attributes:
        directions: What each side sent: first the side of the connection's first packet.
        opened_ns: The time of its first packet.
        client: The direction of the client, once it is known.
        was_opened: Whether its opening is in the file, a SYN of either side.
        reset_ns: When it was reset.
        reset_by: The direction of the side that reset it.
        comments: What the file says beside its packets.
        chunks: The bytes of both directions.
    """

    directions: tuple[Direction, Direction]
    opened_ns: int
    chunks: list[Chunk]
    client: Direction | None = None
    was_opened: bool = False
    reset_ns: int = 0
    reset_by: Direction | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left open on either side."""
        return self.reset_by is not None or all(one.fin_ns is not None for one in self.directions)

    def let_client_be(self, client: Direction) -> None:
        """Settle which side is the client."""
        self.client = client
        client.sender, client.peer.sender = Side.CLIENT, Side.SERVER

    def of(self, side: Side) -> Direction:
        """The direction of one side, once it is known who is the client."""
        return next(one for one in self.directions if one.sender is side)

    def finish(self) -> None:
        """No packet comes any more: settle what is open, and put the chunks in the order of time."""
        first, second = self.directions
        beginnings = first.settle(), second.settle()
        if self.client is None:
            self.let_client_be(self.directions[_client_among(self.directions, beginnings)])
        for one in self.directions:
            one.finish()
        self.chunks.sort(key=lambda chunk: chunk.at_ns)

    def transitions(self) -> tuple[Transition, ...]:
        """Openings and endings as far as the file has them."""
        found = [Transition(self.opened_ns, TransitionKind.OPENED, Side.CLIENT if self.was_opened else None)]
        ends = [
            Transition(max(one.fin_ns, one.last_ns), TransitionKind.HALF_CLOSED, one.sender)
            for one in self.directions
            if one.fin_ns is not None
        ]
        if self.reset_by is not None:
            ends.append(Transition(self.reset_ns, TransitionKind.RESET, self.reset_by.sender))
        found += sorted(ends, key=lambda end: end.at_ns)
        if self.has_ended:
            last_ns = max(found[-1].at_ns, *(one.last_ns for one in self.directions))
            found.append(Transition(last_ns, TransitionKind.CLOSED, None))
        return tuple(found)


def _client_among(directions: tuple[Direction, Direction], beginnings: tuple[bytes, bytes]) -> int:
    """Which of two sides is the client when no SYN tells: by what they say, else the one with the higher port."""
    for asking in (0, 1):
        if _REQUEST.match(beginnings[asking]) or _RESPONSE.match(beginnings[1 - asking]):
            return asking
    ports = [int.from_bytes(one.source[-2:], "big") for one in directions]
    return 0 if ports[0] >= ports[1] else 1


class Connections:
    """All connections of one file.

    Args:
        budget: What may be kept of them in memory.
    """

    def __init__(self, budget: Budget) -> None:
        self.unrecorded = 0  # connections that began after the bound on memory was reached
        self.broken_segments = 0  # whose headers are cut off or contradict themselves
        self._budget = budget
        self._connections: list[Connection] = []
        # By the addresses and ports of a packet, its own first: the direction that it belongs to, and the whole.
        self._by_addresses: dict[bytes, tuple[Direction, Connection]] = {}

    def segment(self, at_ns: int, data: bytes, place: TcpPlace, comments: tuple[str, ...]) -> None:
        """Take one TCP segment."""
        addresses, start, end = place
        if start + _HEADER_BYTES > len(data):
            self.broken_segments += 1
            return
        ports, number, acknowledged, header_words, flags = _HEADER.unpack_from(data, start)
        payload_at = start + (header_words >> 4) * 4
        if not start + _HEADER_BYTES <= payload_at <= end:
            self.broken_segments += 1
            return
        key = addresses + ports
        found = self._by_addresses.get(key)
        if found is None or flags & SYN:
            found = self._connection(key, found, at_ns, number, acknowledged, flags)
            if found is None:
                return
        direction, connection = found
        if comments:
            short = [comment for comment in comments if len(comment) <= _MAX_COMMENT_CHARACTERS]
            connection.comments += short[: _MAX_COMMENTS - len(connection.comments)]
        if flags & ACK and not flags & (SYN | RST):
            direction.peer.acknowledge(acknowledged)
        # A SYN takes the sequence number before the first byte.
        number = number + bool(flags & SYN) & 0xFFFFFFFF
        size_bytes = end - payload_at
        # What a RST carries is a reason in words (RFC 9293 section 3.10.7.4), and no part of the stream.
        if size_bytes and not flags & RST:
            payload = data[payload_at:end]
            if not (direction.next_number < 0 and flags == ACK and payload == b"\0"):
                direction.segment(number, at_ns, payload, size_bytes)
        if flags & FIN:
            direction.fin(number + size_bytes & 0xFFFFFFFF, at_ns)
        if flags & RST and connection.reset_by is None:
            connection.reset_by, connection.reset_ns = direction, at_ns

    def finished(self) -> Iterator[Connection]:
        """Every connection in the order of its first packet, settled; each is forgotten as it is given out."""
        self._by_addresses.clear()
        self._connections.reverse()
        while self._connections:
            connection = self._connections.pop()
            connection.finish()
            yield connection

    def _connection(
        self,
        key: bytes,
        found: tuple[Direction, Connection] | None,
        at_ns: int,
        number: int,
        acknowledged: int,
        flags: int,
    ) -> tuple[Direction, Connection] | None:
        """The connection of a segment that carries a SYN, or that is the first of its addresses and ports."""
        if found is not None and not self._is_of(found, at_ns, number, flags):
            found = None
        if found is None:
            found = self._open(key, at_ns, flags)
        if found is not None and flags & SYN:
            direction, connection = found
            connection.was_opened = True
            connection.opened_ns = min(connection.opened_ns, at_ns)
            if connection.client is None:
                connection.let_client_be(direction.peer if flags & ACK else direction)
            direction.begin(number + 1 & 0xFFFFFFFF)
            if flags & ACK and direction.peer.first_number is None:
                direction.peer.begin(acknowledged)
        return found

    def _is_of(self, found: tuple[Direction, Connection], at_ns: int, number: int, flags: int) -> bool:
        direction, connection = found
        if not flags & SYN or direction.accepts_syn(number, at_ns):
            return True
        # A second answer to a SYN, with another number, before the first has led to anything.
        return bool(flags & ACK) and not connection.has_ended

    def _open(self, key: bytes, at_ns: int, flags: int) -> tuple[Direction, Connection] | None:
        if not self._budget.take_whole(CONNECTION_COST_BYTES):
            if flags & SYN and not flags & ACK:
                self.unrecorded += 1
            return None
        address_bytes = (len(key) - 4) // 2
        source = key[:address_bytes] + key[-4:-2]
        destination = key[address_bytes:-4] + key[-2:]
        chunks: list[Chunk] = []
        direction, other = Direction(source, chunks, self._budget), Direction(destination, chunks, self._budget)
        direction.peer, other.peer = other, direction
        connection = Connection((direction, other), at_ns, chunks)
        back = destination[:-2] + source[:-2] + destination[-2:] + source[-2:]
        self._by_addresses[back] = other, connection
        self._by_addresses[key] = direction, connection
        self._connections.append(connection)
        return direction, connection
