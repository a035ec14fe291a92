"""Capture files made by hand: packets of two talkers, in any link layer, order and kind of file."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from lab_servers.capture.capture import Side
from lab_servers.capture.packets import ACK, FIN, PSH, RST, SYN
from lab_servers.recording import Recording

CLIENT, SERVER = Side.CLIENT, Side.SERVER
RAW, ETHERNET = 101, 1
PORTS = {CLIENT: 40_002, SERVER: 8_000}
START_NS = 1_700_000_000_123_456_000
STEP_NS = 1_001_000

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@dataclass(frozen=True)
class Segment:
    """One TCP segment; its number counts from the sender's first byte, and may be negative."""

    sender: Side
    number: int
    data: bytes = b""
    flags: int = ACK | PSH
    acknowledged: int = 0  # counts from the other side's first byte
    options: bytes = b""
    initial: int = 1_000  # the sequence number of the SYN; that of the other side is one million higher
    client_port: int = PORTS[CLIENT]

    def tcp(self) -> bytes:
        first = {CLIENT: self.initial + 1, SERVER: self.initial + 1_000_001}
        ports = self.client_port, PORTS[SERVER]
        source, destination = ports if self.sender is CLIENT else reversed(ports)
        head = struct.pack(
            "!HHIIBBHHH",
            source,
            destination,
            first[self.sender] + self.number & 0xFFFFFFFF,
            first[self.sender.other] + self.acknowledged & 0xFFFFFFFF if self.flags & ACK else 0,
            (20 + len(self.options)) // 4 << 4,
            self.flags,
            0xFFFF,
            0,
            0,
        )
        return head + self.options + self.data

    def ipv4(self, fragment: int = 0x4000, options: bytes = b"", total: int | None = None) -> bytes:
        tcp = self.tcp()
        hosts = [ipaddress.IPv4Address(f"10.0.0.{1 if side is CLIENT else 2}").packed for side in Side]
        source, destination = hosts if self.sender is CLIENT else reversed(hosts)
        length = 20 + len(options) + len(tcp) if total is None else total
        words = 5 + len(options) // 4
        head = struct.pack("!BBHHHBBH", 0x40 | words, 0, length, 0, fragment, 64, 6, 0)
        return head + source + destination + options + tcp

    def ipv6(self, *extensions: tuple[int, bytes]) -> bytes:
        """With extension headers, each a protocol number and all of its bytes but the first."""
        tcp = self.tcp()
        kinds = [kind for kind, _ in extensions] + [6]
        chain = b"".join(bytes([after]) + rest for after, (_, rest) in zip(kinds[1:], extensions, strict=True))
        hosts = [ipaddress.IPv6Address(f"fd00::{1 if side is CLIENT else 2}").packed for side in Side]
        source, destination = hosts if self.sender is CLIENT else reversed(hosts)
        return struct.pack("!IHBB", 0x60000000, len(chain + tcp), kinds[0], 64) + source + destination + chain + tcp


def handshake(initial: int = 1_000, client_port: int = PORTS[CLIENT]) -> list[Segment]:
    opening = [
        Segment(CLIENT, -1, flags=SYN, options=bytes.fromhex("020405b4")),
        Segment(SERVER, -1, flags=SYN | ACK, options=bytes.fromhex("020405b4")),
        Segment(CLIENT, 0, flags=ACK),
    ]
    return [replace(one, initial=initial, client_port=client_port) for one in opening]


def goodbye(client_end: int, server_end: int, initial: int = 1_000) -> list[Segment]:
    ending = [
        Segment(CLIENT, client_end, flags=FIN | ACK, acknowledged=server_end),
        Segment(SERVER, server_end, flags=FIN | ACK, acknowledged=client_end + 1),
        Segment(CLIENT, client_end + 1, flags=ACK, acknowledged=server_end + 1),
    ]
    return [replace(one, initial=initial) for one in ending]


def talk() -> list[Segment]:
    """A whole connection with one exchange."""
    return [
        *handshake(),
        Segment(CLIENT, 0, REQUEST),
        Segment(SERVER, 0, RESPONSE, acknowledged=len(REQUEST)),
        *goodbye(len(REQUEST), len(RESPONSE)),
    ]


def reset(sender: Side, number: int) -> Segment:
    return Segment(sender, number, flags=RST | ACK)


def pcap(
    packets: Iterable[bytes], link_type: int = RAW, *, order: str = "<", nanoseconds: bool = False, snap: int = 262_144
) -> bytes:
    """A classic file: packets that are STEP_NS apart."""
    magic, unit = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1_000)
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link_type)]
    for index, packet in enumerate(packets):
        seconds, rest = divmod(START_NS + index * STEP_NS, 10**9)
        parts.append(struct.pack(order + "IIII", seconds, rest // unit, len(packet[:snap]), len(packet)))
        parts.append(packet[:snap])
    return b"".join(parts)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type: int = RAW, order: str = "<", *options: bytes, snap: int = 0) -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap) + b"".join(options), order)


def enhanced(packet: bytes, ticks: int, order: str = "<", *options: bytes, number: int = 0, original: int = 0) -> bytes:
    original = original or len(packet)
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), original)
    return block(6, head + packet + bytes(-len(packet) % 4) + b"".join(options), order)


def pcapng(packets: Iterable[bytes], link_type: int = RAW, order: str = "<") -> bytes:
    """A pcapng file in microseconds: packets that are STEP_NS apart."""
    blocks = [enhanced(one, (START_NS + index * STEP_NS) // 1_000, order) for index, one in enumerate(packets)]
    return b"".join([section(order), interface(link_type, order), *blocks])


def load(folder: Path, data: bytes) -> Recording:
    file = folder / "file.pcap"
    file.write_bytes(data)
    return Recording.load(file)


def load_segments(folder: Path, segments: Iterable[Segment]) -> Recording:
    return load(folder, pcap(one.ipv4() for one in segments))


def times_of(recording: Recording) -> list[int]:
    """Unix time of every chunk."""
    return [chunk.at_ns + recording.wall_clock_offset_ns for capture in recording for chunk in capture.chunks]
