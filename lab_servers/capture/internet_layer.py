"""Where TCP begins and ends in an IP packet: IPv4 and IPv6 headers, extension headers, fragments.

``link_layers.py`` finds the IP header; ``reassembly.py`` takes the segment that is found here. Checksums are not
verified: network cards fill them in after the capture was made, so they are wrong in many good files.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

_TCP = 6
# Extension headers of IPv6 that say their length in units of eight bytes, less one (RFC 8200 section 4.2):
# hop-by-hop options, routing, destination options, mobility, host identity, shim6.
_EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
_FRAGMENT = 44
_AUTHENTICATION = 51  # its length is in units of four bytes, less two (RFC 4302 section 2.2)


class NotTcp(enum.Enum):
    """Why a packet holds no TCP segment that can be read."""

    OTHER = enum.auto()  # another protocol
    FRAGMENT = enum.auto()  # a part of a TCP segment, which IP has cut into several packets
    BROKEN = enum.auto()  # headers that are cut off or contradict themselves


class TcpPlace(NamedTuple):
    """A TCP segment inside a packet.

    Attributes:
        addresses: Source and destination address, one after the other: 8 bytes for IPv4, 32 for IPv6.
        start: Offset of the TCP header.
        end: Offset just past the segment by the IP header's word; past the data if a snap length cut the packet.
    """

    addresses: bytes
    start: int
    end: int


def find_tcp(data: bytes, at: int, original_bytes: int) -> TcpPlace | NotTcp:
    """Find the TCP segment in a packet whose IP header begins at ``at``.

    Args:
        data: The captured packet.
        at: Offset of the IP header.
        original_bytes: Length of the packet before a snap length cut it.
    """
    if at + 20 > len(data):
        return NotTcp.BROKEN
    version_and_length = data[at]
    if version_and_length >> 4 == 6:
        return _find_in_ipv6(data, at, original_bytes)
    header_bytes = (version_and_length & 0x0F) * 4
    if version_and_length >> 4 != 4 or header_bytes < 20:
        return NotTcp.BROKEN
    if data[at + 9] != _TCP:
        return NotTcp.OTHER
    # More fragments (the bit), or an offset within the whole (the 13 bits after it): RFC 791 section 3.1.
    if data[at + 6] & 0x3F or data[at + 7]:
        return NotTcp.FRAGMENT
    # A card that cuts large packets into segments by itself is given packets with a length of 0.
    total_bytes = data[at + 2] << 8 | data[at + 3] or original_bytes - at
    return TcpPlace(data[at + 12 : at + 20], at + header_bytes, at + total_bytes)


def _find_in_ipv6(data: bytes, at: int, original_bytes: int) -> TcpPlace | NotTcp:
    start = at + 40
    payload_bytes = data[at + 4] << 8 | data[at + 5] or original_bytes - start
    addresses = data[at + 8 : start]
    end = start + payload_bytes
    kind = data[at + 6]
    # Each round goes at least eight bytes on, so that the packet's length bounds the rounds.
    while kind != _TCP:
        header = data[start : start + 8]
        if len(header) < 8:
            return NotTcp.OTHER
        if kind == _FRAGMENT:
            if header[2] or header[3] & 0xF9:
                return NotTcp.FRAGMENT if header[0] == _TCP else NotTcp.OTHER
            start += 8  # the whole in one fragment (RFC 6946)
        elif kind == _AUTHENTICATION:
            start += max(8, (header[1] + 2) * 4)
        elif kind in _EXTENSIONS:
            start += (header[1] + 1) * 8
        else:
            return NotTcp.OTHER
        kind = header[0]
    return TcpPlace(addresses, start, end) if len(addresses) == 32 else NotTcp.BROKEN
