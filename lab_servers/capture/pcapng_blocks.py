"""Packets out of a pcapng file, whoever wrote it; ``pcapng.py`` is the writing side.

A reader of our own, because python-pcapng 2.1.1 takes ten times as long for a packet (32 microseconds measured),
raises on a comment that is not UTF-8, and asks for 4 GB of memory when a damaged block claims that length.
Sections, blocks and options: https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcapng sections 3 and 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from lab_servers.capture.capture_file import MAX_PACKET_BYTES, Findings, Interface, Packet
from lab_servers.capture.remarks import counted

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
OBSOLETE_PACKET = 2
SIMPLE_PACKET = 3
ENHANCED_PACKET = 6

_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}

MAX_BLOCK_BYTES = 16 * 1024 * 1024  # Wireshark's bound
MAX_INTERFACES = 4_096  # of one section; no machine has more, and each costs memory

_OPTION_COMMENT = 1
_OPTION_NAME = 2
_OPTION_TICKS = 9  # if_tsresol
_OPTION_OFFSET = 14  # if_tsoffset
_FIXED_BYTES = 20  # of an enhanced packet block, and of the obsolete packet block, before the packet


class PcapngReader:
    """Goes through the blocks of one file.

    Args:
        stream: The file, at its beginning.
        size_bytes: Where to stop, should the file grow meanwhile.
        findings: Takes the notices and the comment of the relay's interface.
    """

    def __init__(self, stream: BinaryIO, size_bytes: int, findings: Findings) -> None:
        self._stream = stream
        self._size_bytes = size_bytes
        self._findings = findings
        self._order = "<"
        self._interfaces: list[Interface] = []
        self._last_ns = 0
        self._damaged_blocks = 0
        self._without_time = 0

    def packets(self) -> Iterator[Packet]:
        """The packets of all sections, one at a time."""
        for kind, body in self._blocks():
            packet = None
            if kind == ENHANCED_PACKET:
                packet = self._packet(self._enhanced, body)
            elif kind == OBSOLETE_PACKET:
                packet = self._packet(self._obsolete, body)
            elif kind == SIMPLE_PACKET:
                packet = self._simple_packet(body)
            elif kind == INTERFACE_DESCRIPTION:
                self._add_interface(body)
            elif kind == SECTION_HEADER:
                self._interfaces = []
            if packet is not None:
                self._last_ns = packet.at_ns
                yield packet
        if self._damaged_blocks:
            self._findings.notices.append(f"Left out: {counted(self._damaged_blocks, 'damaged block')} of the file.")
        if self._without_time:
            self._findings.notices.append(
                f"The file has no time for {counted(self._without_time, 'packet')}; "
                "each is shown at the time of the one before."
            )

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        """Type and body of each block, the body without the length that is repeated at its end."""
        read, at = self._stream.read, 0
        lengths = self._lengths()
        while at < self._size_bytes:
            head = read(8)
            if head[:4] == b"\x0a\x0d\x0d\x0a" and len(head) == 8:
                # Only the magic number behind the length tells in which byte order the length is.
                magic = read(4)
                if len(magic) == 4 and magic not in _ORDERS:
                    return self._findings.damaged(at, "a section without its byte-order magic")
                self._order = _ORDERS.get(magic, self._order)
                lengths = self._lengths()
                before = 12
            else:
                before = 8
            if len(head) < 8:
                return self._findings.ends_early(at)
            kind, total = lengths.unpack(head)
            if total % 4 or not before + 4 <= total <= MAX_BLOCK_BYTES:
                return self._findings.damaged(at, f"a block of {total:,} bytes cannot be")
            body = read(total - before)
            if len(body) < total - before:
                return self._findings.ends_early(at)
            if body[-4:] != head[4:]:
                return self._findings.damaged(at, "a block whose two lengths differ")
            at += total
            yield kind, body[:-4] if kind == INTERFACE_DESCRIPTION else body
        return None

    def _lengths(self) -> struct.Struct:
        self._enhanced = struct.Struct(self._order + "IIIII")
        self._obsolete = struct.Struct(self._order + "HxxIIII")
        return struct.Struct(self._order + "II")

    def _packet(self, layout: struct.Struct, body: bytes) -> Packet | None:
        """An enhanced or an obsolete packet block; they differ in how wide the interface's number is."""
        room = len(body) - 4  # without the repeated length
        if room >= _FIXED_BYTES:
            number, high, low, captured, original = layout.unpack_from(body)
            if number < len(self._interfaces) and captured <= MAX_PACKET_BYTES and _FIXED_BYTES + captured <= room:
                interface = self._interfaces[number]
                at_ns = (high << 32 | low) * interface.multiplier
                if interface.divisor != 1:
                    at_ns //= interface.divisor
                end = _FIXED_BYTES + captured
                options_at = end + -captured % 4
                comments = self._comments(body[options_at:room]) if room > options_at else ()
                return Packet(at_ns + interface.offset_ns, interface, body[_FIXED_BYTES:end], original, comments)
        self._damaged_blocks += 1
        return None

    def _simple_packet(self, body: bytes) -> Packet | None:
        # Always of the first interface, and without a time.
        if len(body) < 8 or not self._interfaces:
            self._damaged_blocks += 1
            return None
        interface = self._interfaces[0]
        original = struct.unpack_from(self._order + "I", body)[0]
        captured = min(original, interface.snap_bytes or original, len(body) - 8, MAX_PACKET_BYTES)
        self._without_time += 1
        return Packet(self._last_ns, interface, body[4 : 4 + captured], original, ())

    def _add_interface(self, body: bytes) -> None:
        if len(body) < 8 or len(self._interfaces) >= MAX_INTERFACES:
            self._damaged_blocks += 1
            return
        link_type, snap_bytes = struct.unpack_from(self._order + "HxxI", body)
        name, ticks, offset_s, comment = b"", 6, 0, b""
        for code, value in self._options(body[8:]):
            if code == _OPTION_NAME:
                name = value.rstrip(b"\0")
            elif code == _OPTION_TICKS and value:
                ticks = value[0]
            elif code == _OPTION_OFFSET and len(value) == 8:
                (offset_s,) = struct.unpack(self._order + "q", value)
            elif code == _OPTION_COMMENT:
                comment = comment or value
        if name == b"relay" and self._findings.relay_comment is None:
            self._findings.relay_comment = _text(comment)
        # With the top bit set the ticks are negative powers of two of a second, without it of ten.
        divisor = 2 ** (ticks & 0x7F) if ticks & 0x80 else 10**ticks
        multiplier = 10**9
        if multiplier % divisor == 0:
            multiplier, divisor = multiplier // divisor, 1
        self._interfaces.append(
            Interface.of(
                link_type,
                name,
                multiplier=multiplier,
                divisor=divisor,
                offset_ns=offset_s * 10**9,
                snap_bytes=snap_bytes,
            )
        )

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Code and value of each option, up to the end of options or the first that does not fit."""
        layout = struct.Struct(self._order + "HH")
        at = 0
        while at + 4 <= len(data):
            code, size = layout.unpack_from(data, at)
            if code == 0 or at + 4 + size > len(data):
                return
            yield code, data[at + 4 : at + 4 + size]
            at += 4 + size + -size % 4

    def _comments(self, options: bytes) -> tuple[str, ...]:
        return tuple(_text(value) for code, value in self._options(options) if code == _OPTION_COMMENT)


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
