"""Every example of RFC 6455 §5.7 and RFC 7692 §7.2.3, bit for bit."""

from __future__ import annotations

import pytest

from lab_servers.wire.model import CLIENT, SERVER, Record
from lab_servers.wire.websocket.stream import Deflate
from tests.wire.websocket_frames import client_stream, layer, server_stream, stream, values

TAKEOVER = Deflate(no_context_takeover=False, window_bits=15)
ALONE = Deflate(no_context_takeover=True, window_bits=15)


def bits(record: Record) -> list[tuple[str, tuple[int, int], tuple[int, int] | None, int | str]]:
    """Name, place, bits and value of each field."""
    return [(field.name, field.pieces[0], field.bits, field.value) for field in record.fields]


def first_byte(fin: int, rsv1: int, opcode: int) -> list[tuple[str, tuple[int, int], tuple[int, int] | None, int]]:
    return [
        ("FIN", (0, 1), (7, 7), fin),
        ("RSV1", (0, 1), (6, 6), rsv1),
        ("RSV2", (0, 1), (5, 5), 0),
        ("RSV3", (0, 1), (4, 4), 0),
        ("opcode", (0, 1), (3, 0), opcode),
    ]


def test_a_text_message_in_one_unmasked_frame() -> None:
    [record] = server_stream(bytes.fromhex("81 05 48 65 6c 6c 6f")).records
    assert record.name == "text frame"
    assert bits(record) == [
        *first_byte(fin=1, rsv1=0, opcode=1),
        ("MASK", (1, 2), (7, 7), 0),
        ("payload length", (1, 2), (6, 0), 5),
        ("payload", (2, 7), None, "Hello"),
    ]
    assert record.notes == ()
    assert [(layer.name, layer.data, layer.pieces) for layer in record.layers] == [
        ("unmasked", b"Hello", ((2, 7),)),
        ("text", b"Hello", ((2, 7),)),
    ]
    assert record.summary == '"Hello", 5 bytes'


def test_a_text_message_in_one_masked_frame() -> None:
    [record] = client_stream(bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")).records
    assert bits(record) == [
        *first_byte(fin=1, rsv1=0, opcode=1),
        ("MASK", (1, 2), (7, 7), 1),
        ("payload length", (1, 2), (6, 0), 5),
        ("masking key", (2, 6), None, "37 fa 21 3d"),
        ("payload", (6, 11), None, "Hello"),
    ]
    assert record.notes == ()
    assert layer(record, "unmasked") == b"Hello"
    assert record.layers[0].source(1, 3) == ((7, 9),)


def test_a_text_message_in_two_fragments() -> None:
    found = server_stream(bytes.fromhex("01 03 48 65 6c 80 02 6c 6f"))
    first, last = found.records
    assert bits(first)[:5] == first_byte(fin=0, rsv1=0, opcode=1)
    assert (first.name, last.name) == ("text frame", "continuation frame")
    assert values(last)["payload"] == "lo"
    assert [(layer.name, layer.data, layer.pieces) for layer in last.layers] == [
        ("unmasked", b"lo", ((7, 9),)),
        ("text", b"lo", ((7, 9),)),
        ("message", b"Hello", ((2, 5), (7, 9))),
        ("message text", b"Hello", ((2, 5), (7, 9))),
    ]
    [message] = found.messages
    assert (message.name, message.is_complete, message.pieces) == ("text message", True, ((0, 9),))
    assert [(layer.name, layer.data) for layer in message.layers] == [("unmasked", b"Hello"), ("text", b"Hello")]


def test_a_ping_and_its_masked_pong() -> None:
    [ping] = server_stream(bytes.fromhex("89 05 48 65 6c 6c 6f")).records
    [pong] = client_stream(bytes.fromhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")).records
    assert (ping.name, values(ping)["payload"]) == ("ping frame", "Hello")
    assert (pong.name, values(pong)["payload"]) == ("pong frame", "Hello")
    assert ping.notes == pong.notes == ()


@pytest.mark.parametrize(
    ("header", "size", "short", "extended"),
    [("82 7e 01 00", 256, 126, (2, 4)), ("82 7f 00 00 00 00 00 01 00 00", 65536, 127, (2, 10))],
)
def test_a_binary_message_with_an_extended_length(
    header: str, size: int, short: int, extended: tuple[int, int]
) -> None:
    [record] = server_stream(bytes.fromhex(header) + bytes(size)).records
    assert bits(record)[6:8] == [
        ("payload length", (1, 2), (6, 0), short),
        ("extended payload length", extended, None, size),
    ]
    assert record.fields[-1].pieces == ((extended[1], extended[1] + size),)
    assert layer(record, "unmasked") == bytes(size)
    assert record.notes == ()


HELLO = "f2 48 cd c9 c9 07 00"


def test_7_2_3_1_a_message_in_one_compressed_block() -> None:
    [record] = server_stream(bytes.fromhex(f"c1 07 {HELLO}"), deflate=TAKEOVER).records
    assert bits(record)[:5] == first_byte(fin=1, rsv1=1, opcode=1)
    assert record.fields[1].spec == "RFC 7692 §6"
    assert [(layer.name, layer.data, layer.pieces) for layer in record.layers] == [
        ("unmasked", bytes.fromhex(HELLO), ((2, 9),)),
        ("inflated", b"Hello", None),
        ("text", b"Hello", None),
    ]
    assert record.notes == ()
    assert record.summary == '"Hello", 7 bytes, compressed'


@pytest.mark.parametrize("sender", [CLIENT, SERVER])
def test_7_2_3_1_a_compressed_message_in_two_fragments(sender: str) -> None:
    found = stream(sender, bytes.fromhex("41 03 f2 48 cd 80 04 c9 c9 07 00"), deflate=TAKEOVER)
    assert [values(record)["RSV1"] for record in found.records] == [1, 0]
    last = found.records[-1]
    assert [(layer.name, layer.data) for layer in last.layers] == [
        ("unmasked", bytes.fromhex("c9 c9 07 00")),
        ("message", bytes.fromhex(HELLO)),
        ("message inflated", b"Hello"),
        ("message text", b"Hello"),
    ]
    assert [message.is_compressed for message in found.messages] == [True]


def test_7_2_3_2_the_second_message_refers_to_the_window_of_the_first() -> None:
    both = bytes.fromhex(f"c1 07 {HELLO} c1 05 f2 00 11 00 00")
    second = server_stream(both, deflate=TAKEOVER).records[1]
    assert layer(second, "inflated") == b"Hello"
    assert second.notes == ()
    # Without context takeover each message stands alone, and these bytes are an error.
    alone = server_stream(both, deflate=ALONE).records[1]
    assert [(note.severity.value, note.spec) for note in alone.notes] == [("forbidden", "RFC 7692 §7.2.2")]


@pytest.mark.parametrize(
    ("section", "payload", "severities"),
    [
        ("7.2.3.3: a block without compression", "00 05 00 fa ff 48 65 6c 6c 6f 00", []),
        ("7.2.3.4: a block with BFINAL = 1, and the byte after it", "f3 48 cd c9 c9 07 00 00", ["odd"]),
        ("7.2.3.5: two blocks in one message", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", []),
    ],
)
@pytest.mark.parametrize("deflate", [TAKEOVER, ALONE])
def test_7_2_3_3_to_5_other_ways_to_compress_the_same(
    section: str, payload: str, severities: list[str], deflate: Deflate
) -> None:
    data = bytes.fromhex(payload)
    hello = bytes.fromhex(f"c1 07 {HELLO}")
    record, after = server_stream(bytes([0xC1, len(data)]) + data + hello, deflate=deflate).records
    assert layer(record, "inflated") == layer(after, "inflated") == b"Hello"
    assert [note.severity.value for note in record.notes] == severities
    assert after.notes == ()


def test_7_2_3_4_the_window_goes_on_after_bfinal() -> None:
    both = bytes.fromhex("c1 08 f3 48 cd c9 c9 07 00 00 c1 05 f2 00 11 00 00")
    assert layer(server_stream(both, deflate=TAKEOVER).records[1], "inflated") == b"Hello"


def test_7_2_3_6_an_empty_last_fragment_is_one_byte() -> None:
    found = server_stream(bytes.fromhex(f"41 0b {HELLO} 00 00 ff ff 80 01 00"), deflate=TAKEOVER)
    assert layer(found.records[-1], "message inflated") == b"Hello"
    assert [record.notes for record in found.records] == [(), ()]
    [empty] = server_stream(bytes.fromhex("c1 01 00"), deflate=TAKEOVER).records
    assert layer(empty, "inflated") == b""
    assert [(note.severity.value, note.spec) for note in empty.notes] == [("info", "RFC 7692 §7.2.3.6")]
