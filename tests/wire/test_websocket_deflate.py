"""What the WebSocket dissector says about compressed messages that are wrong, strange, or far too large."""

from __future__ import annotations

import zlib

import pytest

from lab_servers.wire.model import Note, Severity
from lab_servers.wire.websocket import reception
from lab_servers.wire.websocket.reception import MAX_CONNECTION_BYTES, MAX_MESSAGE_BYTES
from lab_servers.wire.websocket.stream import Deflate, FrameStream
from tests.wire.websocket_frames import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    compressed,
    frame,
    layer,
    seen,
    server_stream,
)

TAKEOVER = Deflate(no_context_takeover=False, window_bits=15)
ALONE = Deflate(no_context_takeover=True, window_bits=15)
RSV1 = 0b100
FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO

HELLO = compressed(b"Hello")
EURO = "€".encode()


def deflated(payload: bytes, opcode: int = TEXT, fin: int = 1) -> bytes:
    """A frame that says that its message is compressed."""
    return frame(opcode, payload, rsv=RSV1, fin=fin)


def told(notes: tuple[Note, ...]) -> list[tuple[Severity, str]]:
    return [(note.severity, note.spec) for note in notes]


def inflated(found: FrameStream) -> list[bytes | None]:
    """What each message inflates to; ``None`` where it does not."""
    return [
        next((layer.data for layer in message.layers if layer.name == "inflated"), None) for message in found.messages
    ]


def test_rsv1_on_a_continuation_or_control_frame_is_forbidden_though_deflate_was_negotiated() -> None:
    data = deflated(HELLO[:2], fin=0) + frame(PING, rsv=RSV1) + frame(CONTINUATION, HELLO[2:], rsv=RSV1)
    found = server_stream(data, deflate=TAKEOVER)
    assert [(FORBIDDEN, "RFC 7692 §6") in told(record.notes) for record in found.records] == [False, True, True]


def test_an_uncompressed_message_may_stand_between_compressed_ones() -> None:
    compressor = zlib.compressobj(wbits=-15)
    first, second = compressed(b"Hello", compressor), compressed(b"Hello", compressor)
    found = server_stream(deflated(first) + frame(TEXT, b"plain") + deflated(second), deflate=TAKEOVER)
    assert inflated(found) == [b"Hello", None, b"Hello"]
    assert [record.fields[1].meaning for record in found.records[:2]] == [
        "The whole message is compressed with permessage-deflate.",
        "The sender left this message uncompressed.",
    ]
    assert [record.notes for record in found.records] == [(), (), ()]


def test_bytes_that_are_no_deflate_spoil_what_follows_only_with_context_takeover() -> None:
    data = deflated(b"\xff\xff\xff") + deflated(HELLO)
    with_context = server_stream(data, deflate=TAKEOVER)
    assert [told(record.notes) for record in with_context.records] == [
        [(FORBIDDEN, "RFC 7692 §7.2.2")],
        [(INFO, "RFC 7692 §7.2.2")],
    ]
    assert "offset 0" in with_context.records[1].notes[0].text
    assert inflated(with_context) == [b"", None]
    alone = server_stream(data, deflate=ALONE)
    assert inflated(alone) == [b"", b"Hello"]
    assert alone.records[1].notes == ()


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("the tail was not removed", HELLO + b"\x00\x00\xff\xff", (ODD, "RFC 7692 §7.2.1")),
        ("no byte at all", b"", (ODD, "RFC 7692 §7.2.3.6")),
        ("one empty block", b"\x00", (INFO, "RFC 7692 §7.2.3.6")),
        ("a block with BFINAL = 1", bytes.fromhex("f3 48 cd c9 c9 07 00 00"), (ODD, "RFC 7692 §7.2.3.4")),
    ],
)
@pytest.mark.parametrize("deflate", [TAKEOVER, ALONE])
def test_a_strange_ending_is_remarked_and_the_next_message_is_read(
    name: str, payload: bytes, expected: tuple[Severity, str], deflate: Deflate
) -> None:
    found = server_stream(deflated(payload) + deflated(HELLO), deflate=deflate)
    assert [told(record.notes) for record in found.records] == [[expected], []]
    assert inflated(found)[1] == b"Hello"


def test_the_kept_tail_is_what_the_note_points_at() -> None:
    [record] = server_stream(deflated(HELLO + b"\x00\x00\xff\xff"), deflate=TAKEOVER).records
    [note] = record.notes
    assert note.pieces == ((2 + len(HELLO), 6 + len(HELLO)),)


def test_data_that_stops_in_the_middle_of_a_block_is_forbidden() -> None:
    found = server_stream(deflated(HELLO[:4]) + deflated(HELLO), deflate=TAKEOVER)
    assert told(found.records[0].notes)[0][0] is FORBIDDEN
    assert inflated(found)[1] is None


def test_bfinal_without_the_byte_after_it_is_forbidden() -> None:
    [record] = server_stream(deflated(bytes.fromhex("f3 48 cd c9 c9 07 00")), deflate=TAKEOVER).records
    assert layer(record, "inflated") == b"Hello"
    assert told(record.notes) == [(FORBIDDEN, "RFC 7692 §7.2.1"), (ODD, "RFC 7692 §7.2.3.4")]


@pytest.mark.parametrize("deflate", [TAKEOVER, ALONE])
def test_text_is_checked_after_inflating_and_the_context_goes_on(deflate: Deflate) -> None:
    found = server_stream(deflated(compressed(b"ab\xffc")) + deflated(HELLO), deflate=deflate)
    [note] = found.records[0].notes
    assert (note.severity, note.spec) == (FORBIDDEN, "RFC 6455 §8.1")
    assert note.pieces == ((2, found.records[0].pieces[0][1]),)
    assert "at byte 2 of the message, counted after inflating" in note.text
    assert "1007" in note.text
    assert inflated(found) == [b"ab\xffc", b"Hello"]


def test_broken_text_is_a_note_of_the_fragment_that_inflates_to_it() -> None:
    compressor = zlib.compressobj(wbits=-15)
    parts = [compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH) for part in (b"ok", b"\xff", b"ok")]
    data = deflated(parts[0], fin=0) + frame(CONTINUATION, parts[1], fin=0) + frame(CONTINUATION, parts[2][:-4])
    found = server_stream(data, deflate=TAKEOVER)
    assert [told(record.notes) for record in found.records] == [[], [(FORBIDDEN, "RFC 6455 §8.1")], []]


def test_compressed_text_that_ends_in_the_middle_of_a_character() -> None:
    [record] = server_stream(deflated(compressed(EURO[:2])), deflate=TAKEOVER).records
    [note] = record.notes
    assert "in the middle of a character" in note.text


def test_a_new_message_inside_a_compressed_one_loses_the_context() -> None:
    found = server_stream(deflated(HELLO[:3], fin=0) + deflated(HELLO), deflate=TAKEOVER)
    assert told(found.records[1].notes) == [(FORBIDDEN, "RFC 6455 §5.4"), (INFO, "RFC 7692 §7.2.2")]
    assert inflated(found)[1] is None


def test_an_incomplete_message_shows_what_it_inflates_to_so_far() -> None:
    found = server_stream(deflated(compressed(b"Hello " * 50)[:20], fin=0), deflate=TAKEOVER)
    [part] = inflated(found)
    assert part is not None
    assert part.startswith(b"Hello ")


def test_of_a_bomb_16_mib_are_shown_and_a_note_says_so() -> None:
    bomb = compressed(bytes(MAX_MESSAGE_BYTES + 1))
    found = server_stream(deflated(bomb, BINARY) + deflated(HELLO), deflate=TAKEOVER)
    first, second = found.records
    assert len(layer(first, "inflated")) == MAX_MESSAGE_BYTES
    assert told(first.notes) == [(INFO, "RFC 6455 §10.4")]
    assert second.notes == ()
    # What came before can be asked for again, and what comes after too.
    assert layer(second, "inflated") == b"Hello"
    assert len(layer(first, "inflated")) == MAX_MESSAGE_BYTES


def test_exactly_16_mib_are_no_bomb() -> None:
    [record] = server_stream(deflated(compressed(bytes(MAX_MESSAGE_BYTES)), BINARY), deflate=TAKEOVER).records
    assert record.notes == ()
    assert len(layer(record, "inflated")) == MAX_MESSAGE_BYTES


@pytest.mark.parametrize("deflate", [TAKEOVER, ALONE])
def test_a_connection_of_bombs_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch, deflate: Deflate) -> None:
    assert MAX_CONNECTION_BYTES > MAX_MESSAGE_BYTES
    monkeypatch.setattr(reception, "MAX_CONNECTION_BYTES", 1_000_000)
    bomb = deflated(compressed(bytes(400_000)), BINARY)
    found = server_stream(bomb * 4 + deflated(HELLO), deflate=deflate)
    assert [told(record.notes) for record in found.records] == [
        [],
        [],
        [(INFO, "RFC 6455 §10.4")],
        [(INFO, "RFC 7692 §7.2.2")],
        [(INFO, "RFC 7692 §7.2.2")],
    ]


def test_endless_bfinal_blocks_are_followed_up_to_a_bound() -> None:
    [record] = server_stream(deflated(b"\x03\x00" * 1000), deflate=TAKEOVER).records
    assert told(record.notes) == [(FORBIDDEN, "RFC 7692 §7.2.2")]


def test_a_window_smaller_than_the_sender_uses_does_not_inflate() -> None:
    # The same 300 random-looking bytes again after 3,000 others: further back than a window of 512 bytes reaches.
    marker = bytes((i * i * 7 + i // 3) % 251 for i in range(300))
    filler = bytes((i * 31 + i // 7) % 253 for i in range(70_000))
    payload = compressed(marker + filler[:3000], compressor := zlib.compressobj(wbits=-15))
    again = compressed(marker, compressor)
    right = server_stream(deflated(payload, BINARY) + deflated(again, BINARY), deflate=TAKEOVER)
    assert inflated(right)[1] == marker
    small = server_stream(deflated(payload, BINARY) + deflated(again, BINARY), deflate=Deflate(False, 9))
    assert any(note.severity is FORBIDDEN for record in small.records for note in record.notes)


def test_messages_are_the_same_asked_for_in_any_order_across_checkpoints() -> None:
    compressor = zlib.compressobj(wbits=-15)
    texts = [f"message {number} ".encode() * (number % 5 * 8000 + 1) for number in range(60)]
    data = b"".join(deflated(compressed(text, compressor)) for text in texts)
    assert sum(map(len, texts)) > 4 << 20, "otherwise there would be no checkpoint but the first"
    forwards = server_stream(data, deflate=TAKEOVER)
    assert inflated(forwards) == texts
    backwards = server_stream(data, deflate=TAKEOVER)
    assert [seen(record) for record in reversed(backwards.records)] == [
        seen(record) for record in reversed(forwards.records)
    ]
    jumping = server_stream(data, deflate=TAKEOVER)
    for number in (59, 3, 40, 41, 0, 58):
        assert layer(jumping.records[number], "text") == texts[number]
