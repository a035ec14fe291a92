"""The same exchange in every link layer, as every link layer writes it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from lab_servers.capture.link_layers import LINK_LAYERS
from tests.capture.files import CLIENT, ETHERNET, REQUEST, RESPONSE, SERVER, load, pcap, talk

ADDRESSES = bytes(range(12))
V4, V6 = b"\x08\x00", b"\x86\xdd"
COOKED = bytes.fromhex("0000 0304 0006 000000000000 0000")
COOKED_2 = bytes.fromhex("0000 00000001 0304 00 06 0000000000000000")

HEADERS = {
    "Ethernet": (ETHERNET, ADDRESSES + V4, ADDRESSES + V6),
    "Ethernet with a VLAN tag": (ETHERNET, ADDRESSES + b"\x81\0\0\x07" + V4, ADDRESSES + b"\x81\0\0\x07" + V6),
    "Ethernet with two VLAN tags": (ETHERNET, ADDRESSES + b"\x88\xa8\0\x07\x81\0\0\x08" + V4, None),
    "BSD loopback, little-endian": (0, struct.pack("<I", 2), struct.pack("<I", 30)),
    "BSD loopback, big-endian": (0, struct.pack(">I", 2), struct.pack(">I", 28)),
    "BSD loopback of NetBSD": (0, struct.pack("<I", 2), struct.pack("<I", 24)),
    "OpenBSD loopback": (108, struct.pack(">I", 2), struct.pack(">I", 24)),
    "raw IP": (101, b"", b""),
    "raw IP, number 12": (12, b"", b""),
    "raw IP, number 14": (14, b"", b""),
    "raw IPv4": (228, b"", None),
    "raw IPv6": (229, None, b""),
    "Linux cooked": (113, COOKED + V4, COOKED + V6),
    "Linux cooked with a VLAN tag": (113, COOKED + b"\x81\0\0\x07" + V4, None),
    "Linux cooked 2": (276, V4 + COOKED_2, V6 + COOKED_2),
    "Linux cooked 2 with a VLAN tag": (276, b"\x81\0" + COOKED_2 + b"\0\x07" + V4, None),
}


def test_every_link_type_that_is_read_is_tested() -> None:
    assert {number for number, *_ in HEADERS.values()} == set(LINK_LAYERS)


@pytest.mark.parametrize("name", HEADERS)
def test_the_exchange_is_found_behind_every_link_layer(tmp_path: Path, name: str) -> None:
    link_type, before_v4, before_v6 = HEADERS[name]
    for header, packets in (
        (before_v4, [one.ipv4() for one in talk()]),
        (before_v6, [one.ipv6() for one in talk()]),
    ):
        if header is None:
            continue
        recording = load(tmp_path, pcap((header + packet for packet in packets), link_type))
        assert recording.notices == ()
        (capture,) = recording
        assert (capture.bytes_from(CLIENT), capture.bytes_from(SERVER)) == (REQUEST, RESPONSE)


def test_the_padding_of_short_ethernet_frames_is_no_data(tmp_path: Path) -> None:
    frames = [(ADDRESSES + V4 + one.ipv4()).ljust(60, b"\xaa") for one in talk()]
    (capture,) = load(tmp_path, pcap(frames, ETHERNET))
    assert (capture.bytes_from(CLIENT), capture.bytes_from(SERVER)) == (REQUEST, RESPONSE)


def test_other_protocols_beside_the_exchange_are_passed_over(tmp_path: Path) -> None:
    arp = ADDRESSES + b"\x08\x06" + bytes(28)
    frames = [arp, *(ADDRESSES + V4 + one.ipv4() for one in talk()), b"", b"\x01"]
    recording = load(tmp_path, pcap(frames, ETHERNET))
    assert len(recording) == 1
    assert recording.notices == ()


def test_a_link_type_that_is_not_read_is_named(tmp_path: Path) -> None:
    recording = load(tmp_path, pcap([bytes(40)] * 3, 105))
    assert len(recording) == 0
    assert recording.notices == (
        "The file has 3 packets, but no TCP that can be read: there is no connection to show.",
        "Left out: 3 packets of link type 105, which is not read here.",
    )


@pytest.mark.parametrize("find", LINK_LAYERS.values(), ids=[f"link type {number}" for number in LINK_LAYERS])
def test_any_bytes_give_an_offset_or_none(find: object) -> None:
    assert callable(find)
    for size in range(40):
        for byte in b"\x00\x08\x45\x81\xff":
            assert -1 <= find(bytes([byte]) * size) <= size + 40
    assert find(b"\x81\x00" * 100_000) <= 0  # nothing but VLAN tags
