"""Packets out of a capture file: which kind of file it is, and the reading of classic pcap.

``pcapng_blocks.py`` reads the newer kind, pcapng; ``loading.py`` makes captures of the packets. Both
readers go through a file once, from front to back, and hold one packet at a time. A file that is damaged
or ends in the middle is read up to there, and a notice says so.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from lab_servers.capture.link_layers import LINK_LAYERS

# The bound that libpcap and Wireshark set for one packet; a length above it is a damaged length.
MAX_PACKET_BYTES = 262_144

# The first four bytes of classic pcap: the byte order of the file, and nanoseconds per tick of its clock.
# https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcap section 4
CLASSIC_MAGIC = {
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"  # the type of a section header block, the same in both byte orders

_HEADER_BYTES = 24
_RECORD_BYTES = 16
_MARKS_LINK_TYPE = 252  # LINKTYPE_WIRESHARK_UPPER_PDU, which pcapng.py gives to marks


@dataclass(frozen=True, slots=True)
class Interface:
    """Where packets were captured, as far as their reading needs it.

    Attributes:
        link_type: What a packet begins with (https://www.tcpdump.org/linktypes.html).
        find_ip: Gives the offset of a packet's IP header, or -1; ``None`` for a link type that is not read here.
        is_marks: Its packets are marks that ``pcapng.py`` wrote.
        multiplier: Nanoseconds are ticks times this …
        divisor: … divided by this, rounded down …
        offset_ns: … plus this.
        snap_bytes: How much of a packet was kept; 0 for all of it.
    """

    link_type: int
    find_ip: Callable[[bytes], int] | None
    is_marks: bool = False
    multiplier: int = 1_000
    divisor: int = 1
    offset_ns: int = 0
    snap_bytes: int = 0

    @classmethod
    def of(cls, link_type: int, name: bytes = b"", **times: int) -> Interface:
        """An interface by its link type; what only link types and names tell is filled in."""
        is_marks = link_type == _MARKS_LINK_TYPE and name == b"marks"
        return cls(link_type, LINK_LAYERS.get(link_type), is_marks, **times)


class Packet(NamedTuple):
    """One packet as the file has it.

    Attributes:
        at_ns: When it was captured, in nanoseconds of Unix time.
        interface: Where it was captured.
        data: What was kept of it, from the link layer on.
        original_bytes: How long it was before a snap length cut it.
        comments: What was written beside it.
    """

    at_ns: int
    interface: Interface
    data: bytes
    original_bytes: int
    comments: tuple[str, ...]


@dataclass
class Findings:
    """What a reader learns about the file beside its packets.

    Attributes:
        notices: What was not read and why, one sentence each.
        relay_comment: The comment of the first interface named "relay", as ``pcapng.py`` writes it.
    """

    notices: list[str] = field(default_factory=list)
    relay_comment: str | None = None

    def ends_early(self, at: int) -> None:
        """Note that the file ends in the middle of something that began at an offset."""
        self.notices.append(f"The file is cut off: it ends in the middle of what begins at byte {at:,}.")

    def damaged(self, at: int, why: str) -> None:
        """Note that nothing can be read from an offset on."""
        self.notices.append(f"The file is damaged at byte {at:,} ({why}); nothing after that is read.")


def classic_packets(stream: BinaryIO, size_bytes: int, findings: Findings) -> Iterator[Packet]:
    """The packets of a classic pcap file, one at a time.

    Args:
        stream: The file, at its beginning, which is one of :data:`CLASSIC_MAGIC`.
        size_bytes: Where to stop, should the file grow meanwhile.
        findings: Takes the notices.
    """
    header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        findings.ends_early(0)
        return
    order, tick_ns = CLASSIC_MAGIC[header[:4]]
    # The upper bits of this field tell of frame check sequences, which the IP length leaves out anyway.
    link_type = struct.unpack_from(order + "I", header, 20)[0] & 0xFFFF
    interface = Interface.of(link_type)
    read, unpack = stream.read, struct.Struct(order + "IIII").unpack
    at = _HEADER_BYTES
    while at < size_bytes:
        record = read(_RECORD_BYTES)
        if len(record) < _RECORD_BYTES:
            findings.ends_early(at)
            return
        seconds, ticks, captured, original = unpack(record)
        if captured > MAX_PACKET_BYTES:
            findings.damaged(at, f"a packet of {captured:,} bytes cannot be")
            return
        data = read(captured)
        if len(data) < captured:
            findings.ends_early(at)
            return
        at += _RECORD_BYTES + captured
        yield Packet(seconds * 1_000_000_000 + ticks * tick_ns, interface, data, original, ())
