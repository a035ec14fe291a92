"""One capture as TCP segments between the client and the relay; ``pcapng.py`` writes them to a file.

Recorded, and so true: every byte, its direction and time, who closed or reset, and when. Made up,
because a relay reads a byte stream and no packets: where one segment ends and the next begins,
the handshake, every bare acknowledgement, windows and initial sequence numbers.
"""

from __future__ import annotations

import functools
import heapq
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.errors import BadParameter

# IPv4's total length has 16 bits (RFC 791 section 3.1): 65,535 less two headers of 20 bytes.
# Linux uses the same bound on its loopback interface.
MAX_PAYLOAD_BYTES = 65_535 - 20 - 20

WINDOW = 0xFFFF
WINDOW_SHIFT = 7  # a window of 65,535 * 2**7, about 8 MiB

# The sides of a recording acknowledge with what they send. Where one only listens, a bare ACK
# well before the window is full keeps a reader from concluding that the sender overran it.
ACKNOWLEDGE_AFTER_BYTES = 1024 * 1024

# Kind 2, length 4: maximum segment size (RFC 9293 section 3.2). Kind 3, length 3: window scale
# (RFC 7323 section 2.2), after a no-operation (kind 1) that fills the header up to a multiple of four.
_SYN_OPTIONS = struct.pack("!BBHBBBB", 2, 4, MAX_PAYLOAD_BYTES, 1, 3, 3, WINDOW_SHIFT)


# Control bits (RFC 9293 section 3.1).
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment, not yet encoded; many may wait for their turn without their bytes being copied.

    Attributes:
        at_ns: When, on the clock of :func:`lab_servers.marks.now_ns`.
        source: Address and port of the sender.
        destination: Address and port of the receiver.
        sequence: Sequence number, before it is cut to 32 bits.
        acknowledgement: Acknowledgement number, before it is cut to 32 bits.
        flags: The control bits, or-ed together.
        payload: The bytes carried.
        comments: What a reader of the file should know at this place.
    """

    at_ns: int
    source: tuple[str, int]
    destination: tuple[str, int]
    sequence: int
    acknowledgement: int
    flags: int
    payload: memoryview | bytes = b""
    comments: tuple[str, ...] = ()


def internet_checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of ``data``.

    The sum of 16-bit words in ones' complement is the remainder modulo 65,535, because
    2**16 = 1 (mod 65,535); one long division is many times faster than a loop over the words.
    Of the two zeros of ones' complement, 0 is the one that a sender writes.
    """
    if len(data) % 2:
        data += b"\0"
    return -int.from_bytes(data, "big") % 0xFFFF


def require_ipv4(name: str, address: tuple[str, int]) -> None:
    """Check that an address can be written in an IPv4 header.

    Raises:
        BadParameter: names the parameter and the address.
    """
    try:
        ipaddress.IPv4Address(address[0])
    except ValueError:
        raise BadParameter(
            f"{name} must hold an IPv4 address such as 127.0.0.1, not {address[0]!r}: "
            "the servers listen on 127.0.0.1 only, and only IPv4 packets are written."
        ) from None


@functools.lru_cache(maxsize=16)
def _packed(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed


def encode_packet(segment: Segment) -> bytes:
    """The segment inside an IPv4 packet, with both checksums (RFC 791 section 3.1, RFC 9293 section 3.1)."""
    addresses = _packed(segment.source[0]) + _packed(segment.destination[0])
    options = _SYN_OPTIONS if segment.flags & SYN else b""
    tcp_bytes = 20 + len(options) + len(segment.payload)
    tcp = struct.pack(
        "!HHIIBBHHH",
        segment.source[1],
        segment.destination[1],
        segment.sequence & 0xFFFFFFFF,
        segment.acknowledgement & 0xFFFFFFFF,
        (20 + len(options)) // 4 << 4,
        segment.flags,
        WINDOW,
        0,
        0,
    )
    pseudo_header = addresses + struct.pack("!BBH", 0, 6, tcp_bytes)
    tcp_checksum = internet_checksum(b"".join((pseudo_header, tcp, options, segment.payload)))
    # Version 4 with five words of header, "don't fragment" (so that the identification may
    # stay 0, RFC 6864 section 4.1), time to live 64, protocol 6 (TCP).
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + tcp_bytes, 0, 0x4000, 64, 6, 0) + addresses
    ip_checksum = internet_checksum(ip)
    return b"".join(
        (
            ip[:10],
            ip_checksum.to_bytes(2, "big"),
            ip[12:],
            tcp[:16],
            tcp_checksum.to_bytes(2, "big"),
            tcp[18:],
            options,
            segment.payload,
        )
    )


def segments_of(capture: Capture) -> Iterator[Segment]:
    """The segments of one capture in the order of time, made one at a time."""
    connection = _Connection(capture)
    events: Iterator[Transition | Chunk] = heapq.merge(capture.transitions, capture.chunks, key=_order)
    for event in events:
        if isinstance(event, Chunk):
            yield from connection.chunk(event)
        else:
            yield from connection.transition(event)


def _order(event: Transition | Chunk) -> tuple[int, int]:
    # A coarse clock may give an opening, a chunk and an ending the same time; they happened in this order.
    if isinstance(event, Chunk):
        return event.at_ns, 1
    return event.at_ns, 0 if event.kind in (TransitionKind.OPENED, TransitionKind.CONNECTED) else 2


class _Connection:
    """The sequence numbers of one connection as it unfolds."""

    def __init__(self, capture: Capture) -> None:
        self._addresses = {Side.CLIENT: capture.client_address, Side.SERVER: capture.relay_address}
        self._label = f"{capture.server}, connection {capture.number}"
        # The classic initial sequence number: a counter that ticks every 4 microseconds (RFC 9293
        # section 3.4.1). It tells two connections apart that used the same pair of ports.
        first = capture.opened_ns // 4_000 % 2**32
        self._next = dict.fromkeys(Side, first)
        self._acknowledged = dict.fromkeys(Side, first)
        self._missing = {side: capture.unrecorded_bytes.get(side, 0) for side in Side}
        self._recorded_end = {side: max((c.end for c in capture.chunks_from(side)), default=0) for side in Side}
        self._is_reset = False
        self._truncation = {
            side: (f"recording stopped at its bound; {missing} bytes from the {side.value} passed unrecorded",)
            if missing
            else ()
            for side, missing in self._missing.items()
        }

    def chunk(self, chunk: Chunk) -> Iterator[Segment]:
        payload = memoryview(chunk.data)
        is_last = chunk.end == self._recorded_end[chunk.sender]
        for start in range(0, len(payload), MAX_PAYLOAD_BYTES):
            part = payload[start : start + MAX_PAYLOAD_BYTES]
            ends_chunk = start + len(part) == len(payload)
            yield self._segment(
                chunk.at_ns,
                chunk.sender,
                PSH | ACK if ends_chunk else ACK,
                part,
                self._truncation[chunk.sender] if is_last and ends_chunk else (),
            )
            if self._next[chunk.sender] - self._acknowledged[chunk.sender] >= ACKNOWLEDGE_AFTER_BYTES:
                yield self._segment(chunk.at_ns, chunk.sender.other, ACK)

    def transition(self, transition: Transition) -> Iterator[Segment]:
        at_ns, by = transition.at_ns, transition.by
        match transition.kind:
            case TransitionKind.OPENED:
                yield from self._handshake(at_ns)
            case TransitionKind.CONNECTED:
                pass  # happened on the relay's other side; the client saw nothing of it
            case TransitionKind.HALF_CLOSED if by:
                self._skip_unrecorded(by)
                yield self._segment(at_ns, by, FIN | ACK)
                yield self._segment(at_ns, by.other, ACK)
            case TransitionKind.RESET if by:
                yield self._reset(at_ns, by)
            case TransitionKind.REFUSED:
                reason = "the relay could not reach the server, and so reset the client's connection"
                yield self._reset(at_ns, Side.SERVER, reason)
            case TransitionKind.ABANDONED:
                yield self._reset(at_ns, Side.SERVER, "the relay was stopped while this connection was open")
            case TransitionKind.CLOSED:
                yield from self._final_acknowledgements(at_ns)

    def _handshake(self, at_ns: int) -> Iterator[Segment]:
        # A side of which no byte was recorded has no later segment that could tell of its missing bytes.
        notes = {side: () if self._recorded_end[side] else self._truncation[side] for side in Side}
        yield self._segment(at_ns, Side.CLIENT, SYN, comments=(self._label,))
        yield self._segment(at_ns, Side.SERVER, SYN | ACK, comments=notes[Side.SERVER])
        yield self._segment(at_ns, Side.CLIENT, ACK, comments=notes[Side.CLIENT])

    def _reset(self, at_ns: int, by: Side, *comments: str) -> Segment:
        for side in Side:
            self._skip_unrecorded(side)
        self._is_reset = True
        return self._segment(at_ns, by, RST | ACK, comments=comments)

    def _final_acknowledgements(self, at_ns: int) -> Iterator[Segment]:
        # A FIN was acknowledged when it came, and nobody acknowledges anything after a reset.
        for side in Side:
            self._skip_unrecorded(side)
        for side in Side:
            if not self._is_reset and self._next[side] > self._acknowledged[side]:
                yield self._segment(at_ns, side.other, ACK)

    def _skip_unrecorded(self, side: Side) -> None:
        # A jump in the sequence numbers makes a reader of the file see for itself that bytes are missing.
        self._next[side] += self._missing[side]
        self._missing[side] = 0

    def _segment(
        self,
        at_ns: int,
        sender: Side,
        flags: int,
        payload: memoryview | bytes = b"",
        comments: tuple[str, ...] = (),
    ) -> Segment:
        sequence = self._next[sender]
        acknowledgement = 0
        # SYN and FIN each take one sequence number (RFC 9293 section 3.4).
        self._next[sender] += len(payload) + bool(flags & (SYN | FIN))
        if flags & ACK:
            acknowledgement = self._acknowledged[sender.other] = self._next[sender.other]
        source, destination = self._addresses[sender], self._addresses[sender.other]
        return Segment(at_ns, source, destination, sequence, acknowledgement, flags, payload, comments)
