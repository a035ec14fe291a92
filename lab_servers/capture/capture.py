"""What a relay records on one connection: chunks, transitions, and the bound on both.

A :class:`Recorder` is the writing side, used by the relay (``relay.py``); a :class:`Capture`
is the frozen result that recordings, dissectors and views read. A capture knows times and never
meaning; :meth:`Capture.time_of` is the one place where a byte's offset meets its time.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024

# A chunk of one byte costs far more memory than one byte. Charging for the objects keeps the
# bound a bound on memory, whatever a client sends.
CHUNK_COST_BYTES = 200
CONNECTION_COST_BYTES = 2_000

# A small result of a large read can hold far more memory than it is long: asyncio reads into
# 256 KiB and gives the rest back, but an allocator may keep a whole page for 64 bytes.
COPY_UP_TO_BYTES = 32 * 1024


class Side(enum.Enum):
    """One end of a connection. A direction is named by the side that sends."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


class TransitionKind(enum.Enum):
    """What happened to a connection, apart from bytes."""

    OPENED = "opened"  # the client's connection was accepted by the relay
    CONNECTED = "connected"  # the relay reached the server on the client's behalf
    REFUSED = "refused"  # the relay could not reach the server
    HALF_CLOSED = "half-closed"  # a FIN: this side will send no more, and may still receive
    RESET = "reset"  # a RST: this side gave the connection up at once
    ABANDONED = "abandoned"  # the relay itself was stopped while the connection was open
    CLOSED = "closed"  # nothing is left open on either side


@dataclass(frozen=True, slots=True)
class Transition:
    """A change in a connection's life, and the side that caused it.

    Attributes:
        at_ns: When, on the clock of :func:`lab_servers.marks.now_ns`.
        kind: What happened.
        by: The side that did it; ``None`` when it was the relay, and for the opening of a connection
            that began before the file it was read from.
    """

    at_ns: int
    kind: TransitionKind
    by: Side | None


class Chunk(NamedTuple):
    """Bytes that the relay obtained with one read: not a write, and not a TCP segment.

    Attributes:
        at_ns: When the read returned, on the clock of :func:`lab_servers.marks.now_ns`.
        sender: The side that sent the bytes.
        offset: Offset of the first byte in everything that this side sent on this connection.
        data: The bytes.
    """

    at_ns: int
    sender: Side
    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """Offset just past the last byte."""
        return self.offset + len(self.data)


@dataclass(frozen=True)
class Capture:
    """Everything a relay recorded on one connection, up to the moment of the snapshot.

    Attributes:
        server: Name of the server behind the relay, for example ``"sse"``.
        number: 1 for the first connection the relay accepted, then counting up.
        client_address: The client's address and port.
        relay_address: The address and port that the client connected to.
        chunks: Reads in the order in which they happened, both directions interleaved.
        transitions: Openings and endings in the order in which they happened.
        unrecorded_bytes: Bytes that passed and are not in the chunks, by sending side: after the bound on
            recording was reached, or, of a capture from a file, from the first byte on that the file lacks.
        remarks: What is missing and why, one sentence each, where the capture was read from a file.
    """

    server: str
    number: int
    client_address: tuple[str, int]
    relay_address: tuple[str, int]
    chunks: tuple[Chunk, ...]
    transitions: tuple[Transition, ...]
    unrecorded_bytes: dict[Side, int]
    remarks: tuple[str, ...] = ()

    @property
    def opened_ns(self) -> int:
        """When the relay accepted the connection."""
        return self.transitions[0].at_ns

    @property
    def closed_ns(self) -> int | None:
        """When the last of the connection was closed; ``None`` while it was still open."""
        last = self.transitions[-1]
        return last.at_ns if last.kind is TransitionKind.CLOSED else None

    @property
    def is_complete(self) -> bool:
        """False when bytes passed that are not in the chunks."""
        return not any(self.unrecorded_bytes.values())

    @property
    def finished(self) -> tuple[Side, ...]:
        """The sides that have sent their FIN."""
        return tuple(one.by for one in self.transitions if one.kind is TransitionKind.HALF_CLOSED and one.by)

    def chunks_from(self, sender: Side) -> tuple[Chunk, ...]:
        """The chunks of one direction, without gaps between them."""
        return self._by_sender[sender]

    @cached_property
    def _by_sender(self) -> dict[Side, tuple[Chunk, ...]]:
        return {side: tuple(chunk for chunk in self.chunks if chunk.sender is side) for side in Side}

    @cached_property
    def _starts(self) -> dict[Side, list[int]]:
        return {side: [chunk.offset for chunk in self._by_sender[side]] for side in Side}

    def bytes_from(self, sender: Side) -> bytes:
        """The recorded byte stream of one direction."""
        return b"".join(chunk.data for chunk in self.chunks_from(sender))

    def time_of(self, sender: Side, offset: int) -> int:
        """When the byte at ``offset`` of one direction passed the relay, in nanoseconds.

        Raises:
            IndexError: no byte was recorded at that offset.
        """
        chunks = self.chunks_from(sender)
        position = bisect_right(self._starts[sender], offset) - 1
        if position < 0 or offset >= chunks[position].end:
            end = chunks[-1].end if chunks else 0
            raise IndexError(f"the {sender.value} sent {end} recorded bytes; there is none at offset {offset}")
        return chunks[position].at_ns


class Budget:
    """How many bytes all the recorders of one lab may still keep. Used on the lab's loop only."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0  # what the recorders hold at present, the cost of their objects included

    def take(self, wanted: int, overhead: int) -> int:
        """Reserve up to ``wanted`` bytes plus a fixed ``overhead``; return how many were granted.

        The overhead alone buys nothing: with no room for it and one byte more, 0 is granted.
        """
        granted = min(wanted, self.limit_bytes - self.used_bytes - overhead)
        if granted <= 0:
            return 0
        self.used_bytes += granted + overhead
        return granted

    def take_whole(self, amount: int) -> bool:
        """Reserve ``amount`` bytes or nothing; tell which."""
        fits = self.used_bytes + amount <= self.limit_bytes
        if fits:
            self.used_bytes += amount
        return fits

    def give_back(self, amount: int) -> None:
        """Return what a forgotten recorder held."""
        self.used_bytes -= amount


class Recorder:
    """Writes down one connection while it lives. Written and read on the lab's loop only.

    Args:
        server: Name of the server behind the relay.
        number: The connection's number at its relay.
        client_address: Address and port that the client connected from.
        relay_address: Address and port that the client connected to.
        opened_ns: When the relay accepted the connection.
        budget: What the recorder may keep.
        held_bytes: What was already taken from the budget for the recorder itself.
    """

    def __init__(
        self,
        server: str,
        number: int,
        client_address: tuple[str, int],
        relay_address: tuple[str, int],
        opened_ns: int,
        budget: Budget,
        held_bytes: int = 0,
    ) -> None:
        self.budget = budget
        self.held_bytes = held_bytes
        self.chunks: list[Chunk] = []
        self.tracks = {side: Track(self, side) for side in Side}
        self._server = server
        self.number = number
        self._client_address = client_address
        self.opened_ns = opened_ns
        self._relay_address = relay_address
        self._transitions = [Transition(opened_ns, TransitionKind.OPENED, Side.CLIENT)]

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended on both sides."""
        return self._transitions[-1].kind is TransitionKind.CLOSED

    def happened(self, kind: TransitionKind, by: Side | None, at_ns: int) -> None:
        """Record a transition. A connection has a handful of them; they are never left out."""
        self._transitions.append(Transition(at_ns, kind, by))

    def snapshot(self) -> Capture:
        """A frozen copy of what is recorded so far."""
        return Capture(
            self._server,
            self.number,
            self._client_address,
            self._relay_address,
            tuple(self.chunks),
            tuple(self._transitions),
            {side: track.unrecorded_bytes for side, track in self.tracks.items()},
        )

    def forget(self) -> None:
        """Give this recorder's share of the bound back; call it when no lab keeps it any longer."""
        self.budget.give_back(self.held_bytes)
        self.held_bytes = 0


class Track:
    """One direction of a :class:`Recorder`."""

    def __init__(self, recorder: Recorder, sender: Side) -> None:
        self.passed_bytes = 0
        self.unrecorded_bytes = 0
        self._recorder = recorder
        self._sender = sender

    def passed(self, data: bytes, at_ns: int) -> None:
        """Record a read, or, once the bound is reached, only its length."""
        size = len(data)
        granted = 0
        # A stream with a hole in it would be dissected as nonsense: once a byte of this
        # direction went unrecorded, none after it is recorded either.
        if not self.unrecorded_bytes:
            recorder = self._recorder
            granted = recorder.budget.take(size, CHUNK_COST_BYTES)
            if granted:
                kept = data[:granted]
                if granted <= COPY_UP_TO_BYTES:
                    kept = bytes(memoryview(kept))
                recorder.held_bytes += granted + CHUNK_COST_BYTES
                recorder.chunks.append(Chunk(at_ns, self._sender, self.passed_bytes, kept))
        self.passed_bytes += size
        self.unrecorded_bytes += size - granted
