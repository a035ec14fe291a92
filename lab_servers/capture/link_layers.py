"""Where the IP header begins in a captured packet, for each link layer that loopback and Ethernet captures use.

``capture_file.py`` looks a link type up here; ``internet_layer.py`` reads on from the offset that is found.
The numbers are those of https://www.tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from collections.abc import Callable

NOT_IP = -1

_IP = frozenset({b"\x08\x00", b"\x86\xdd"})  # EtherTypes of IPv4 and IPv6
# IEEE 802.1Q, IEEE 802.1ad ("QinQ"), and the number that QinQ had before it was standardised.
_VLAN_TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00"})
_MAX_VLAN_TAGS = 4

# A BSD address family: IPv4 is 2 everywhere, IPv6 is 10 on Linux, 23 on Windows, 24 on NetBSD and OpenBSD,
# 28 on FreeBSD, 30 on macOS. They are stored in the order of the machine that captured, so in either.
_FAMILIES = frozenset(family.to_bytes(4, order) for family in (2, 10, 23, 24, 28, 30) for order in ("little", "big"))


def _by_ether_type(data: bytes, at: int) -> int:
    """The offset after an EtherType at ``at`` and the VLAN tags that may follow it."""
    for _ in range(_MAX_VLAN_TAGS + 1):
        ether_type = data[at : at + 2]
        if ether_type in _IP:
            return at + 2
        if ether_type not in _VLAN_TAGS:
            break
        at += 4  # two bytes of priority and VLAN number, then the next EtherType
    return NOT_IP


def ethernet(data: bytes) -> int:
    """Ethernet: two addresses of six bytes, then the EtherType."""
    if data[12:14] == b"\x08\x00":
        return 14
    return _by_ether_type(data, 12)


def loopback(data: bytes) -> int:
    """BSD loopback: four bytes with the address family, in either byte order."""
    return 4 if data[:4] in _FAMILIES else NOT_IP


def raw_ip(data: bytes) -> int:
    """No link layer at all."""
    return 0 if data else NOT_IP


def linux_cooked(data: bytes) -> int:
    """Linux "cooked" version 1: 16 bytes, of which the last two are the EtherType."""
    return _by_ether_type(data, 14)


def linux_cooked_2(data: bytes) -> int:
    """Linux "cooked" version 2: the EtherType comes first, and the packet after 20 bytes."""
    if data[:2] in _IP:
        return 20
    # A VLAN tag stands between the header and the packet.
    return _by_ether_type(data, 22) if data[:2] in _VLAN_TAGS else NOT_IP


LINK_LAYERS: dict[int, Callable[[bytes], int]] = {
    0: loopback,  # LINKTYPE_NULL
    1: ethernet,
    12: raw_ip,  # DLT_RAW on most systems, found in files of old programs
    14: raw_ip,  # DLT_RAW on OpenBSD
    101: raw_ip,  # LINKTYPE_RAW
    108: loopback,  # LINKTYPE_LOOP of OpenBSD, in network byte order
    113: linux_cooked,
    228: raw_ip,  # IPv4 only
    229: raw_ip,  # IPv6 only
    276: linux_cooked_2,
}
