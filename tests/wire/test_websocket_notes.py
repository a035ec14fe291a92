"""What the WebSocket dissector says about broken and remarkable frames: severity, rule and bytes of each note."""

from __future__ import annotations

import pytest

from lab_servers.wire.model import CLIENT, SERVER, Note, Severity
from lab_servers.wire.websocket.stream import FrameStream
from tests.wire.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    TEXT,
    client_stream,
    everything,
    frame,
    layer,
    server_stream,
    stream,
    values,
)

FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO
HELLO = frame(TEXT, b"Hello")  # 7 bytes
# The first byte of a euro sign, E2 82 AC, and all of it.
E, EURO = b"\xe2", "€".encode()

# Sent by a server: the bytes, and for each of the notes the severity, the rule, where it points, and a word of it.
Case = tuple[bytes, list[tuple[Severity, str, tuple[int, int], str]]]
CASES: dict[str, Case] = {
    "RSV1 without permessage-deflate": (
        frame(TEXT, b"a", rsv=0b100),
        [(FORBIDDEN, "RFC 6455 §5.2", (0, 1), "RSV1 is set")],
    ),
    "RSV2 and RSV3": (
        frame(TEXT, b"a", rsv=0b011),
        [(FORBIDDEN, "RFC 6455 §5.2", (0, 1), "RSV2 and RSV3 are set")],
    ),
    "a reserved data opcode": (frame(3, b"a"), [(FORBIDDEN, "RFC 6455 §5.2", (0, 1), "Opcode 3")]),
    "a reserved control opcode": (frame(11, b"a"), [(FORBIDDEN, "RFC 6455 §5.2", (0, 1), "Opcode 11")]),
    "a fragmented control frame": (frame(PING, b"a", fin=0), [(FORBIDDEN, "RFC 6455 §5.5", (0, 1), "1002")]),
    "a control frame of 126 bytes": (frame(PONG, bytes(126)), [(FORBIDDEN, "RFC 6455 §5.5", (2, 4), "126")]),
    "a length of 5 in 16 bits": (
        frame(TEXT, b"Hello", length_bytes=2),
        [(FORBIDDEN, "RFC 6455 §5.2", (2, 4), "in the 7 bits")],
    ),
    "a length of 5 in 64 bits": (
        frame(TEXT, b"Hello", length_bytes=8),
        [(FORBIDDEN, "RFC 6455 §5.2", (2, 10), "in the 7 bits")],
    ),
    "a length of 65535 in 64 bits": (
        frame(BINARY, bytes(65535), length_bytes=8),
        [(FORBIDDEN, "RFC 6455 §5.2", (2, 10), "in 16 bits")],
    ),
    "a masked frame from a server": (
        frame(TEXT, b"Hello", key=KEY),
        [(FORBIDDEN, "RFC 6455 §5.1", (1, 2), "1002")],
    ),
    "a key of zeros from a server": (
        frame(TEXT, b"Hello", key=bytes(4)),
        [(FORBIDDEN, "RFC 6455 §5.1", (1, 2), "1002"), (ODD, "RFC 6455 §5.3", (2, 6), "zeros")],
    ),
    "a continuation without a start": (
        frame(CONTINUATION, b"a"),
        [(FORBIDDEN, "RFC 6455 §5.4", (0, 1), "no fragmented message")],
    ),
    "a continuation after the last fragment": (
        frame(TEXT, b"a", fin=0) + frame(CONTINUATION, b"b") + frame(CONTINUATION, b"c"),
        [(FORBIDDEN, "RFC 6455 §5.4", (6, 7), "no fragmented message")],
    ),
    "a new message inside a fragmented one": (
        frame(TEXT, b"a", fin=0) + frame(BINARY, b"b"),
        [(FORBIDDEN, "RFC 6455 §5.4", (3, 4), "1002")],
    ),
    "a ping inside a fragmented message": (
        frame(TEXT, b"a", fin=0) + frame(PING) + frame(CONTINUATION, b"b"),
        [(INFO, "RFC 6455 §5.4", (3, 4), "allowed")],
    ),
    "a byte that is never UTF-8": (frame(TEXT, b"abc\xffd"), [(FORBIDDEN, "RFC 6455 §8.1", (5, 6), "1007")]),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), [(FORBIDDEN, "RFC 6455 §8.1", (2, 3), "1007")]),
    "an overlong form": (frame(TEXT, b"a\xc0\x80"), [(FORBIDDEN, "RFC 6455 §8.1", (3, 4), "1007")]),
    "a text that ends in the middle of a character": (
        frame(TEXT, b"a" + EURO[:2]),
        [(FORBIDDEN, "RFC 6455 §8.1", (3, 5), "in the middle of a character")],
    ),
    "a character cut by fragments is right": (
        frame(TEXT, EURO[:1], fin=0) + frame(CONTINUATION, EURO[1:2], fin=0) + frame(CONTINUATION, EURO[2:]),
        [],
    ),
    "a character broken by the next fragment": (
        frame(TEXT, b"a" + EURO[:2], fin=0) + frame(CONTINUATION, b"b"),
        [(FORBIDDEN, "RFC 6455 §8.1", (3, 5), "the frame at offset 5 is the first")],
    ),
    "an incomplete character before an empty last fragment": (
        frame(TEXT, b"ab" + E, fin=0) + frame(PING) + frame(CONTINUATION, b""),
        [
            (INFO, "RFC 6455 §5.4", (5, 6), "allowed"),
            (FORBIDDEN, "RFC 6455 §8.1", (4, 5), "the frame at offset 7 is the first"),
        ],
    ),
    "a character in three fragments, one of them empty, that is never complete": (
        frame(TEXT, E, fin=0) + frame(CONTINUATION, b"", fin=0) + frame(CONTINUATION, b"\x82"),
        [(FORBIDDEN, "RFC 6455 §8.1", (2, 8), "in an earlier fragment")],
    ),
    "binary data need not be UTF-8": (frame(BINARY, b"\xff\xfe"), []),
    "a close frame without a code": (frame(CLOSE), [(INFO, "RFC 6455 §7.1.5", (0, 2), "1005")]),
    "a close frame of one byte": (frame(CLOSE, b"\x03"), [(FORBIDDEN, "RFC 6455 §5.5.1", (2, 3), "1002")]),
    "a close reason that is not UTF-8": (
        frame(CLOSE, b"\x03\xe8ok\xff"),
        [(FORBIDDEN, "RFC 6455 §5.5.1", (6, 7), "1007")],
    ),
    "a message after the close frame": (
        frame(CLOSE, b"\x03\xe8") + HELLO,
        [(FORBIDDEN, "RFC 6455 §5.5.1", (4, 5), "discards")],
    ),
    "a ping after the close frame": (frame(CLOSE, b"\x03\xe8") + frame(PING), [(ODD, "RFC 6455 §1.4", (4, 5), "")]),
    "a second close frame": (
        frame(CLOSE, b"\x03\xe8") + frame(CLOSE, b"\x03\xe8"),
        [(ODD, "RFC 6455 §5.5.1", (4, 5), "second")],
    ),
    "a frame above 1 MiB": (
        frame(BINARY, bytes((1 << 20) + 1)),
        [(INFO, "RFC 6455 §7.4.1", (2, 10), "1009")],
    ),
    "a frame of 1 MiB": (frame(BINARY, bytes(1 << 20)), []),
    "a frame of which the payload is cut": (HELLO[:4], [(INFO, "RFC 6455 §5.2", (0, 4), "2 of 5 bytes")]),
}


def notes_of(found: FrameStream) -> list[Note]:
    tail = found.tail()
    return [note for record in [*found.records, *([tail] if tail else [])] for note in record.notes]


@pytest.mark.parametrize("name", CASES)
def test_a_server_sends(name: str) -> None:
    data, expected = CASES[name]
    notes = notes_of(server_stream(data))
    assert [(note.severity, note.spec, (note.pieces[0][0], note.pieces[-1][1])) for note in notes] == [
        (severity, spec, place) for severity, spec, place, _ in expected
    ]
    for note, (_, _, _, word) in zip(notes, expected, strict=True):
        assert word in note.text


def test_a_client_must_mask() -> None:
    [note] = notes_of(client_stream(HELLO))
    assert (note.severity, note.spec, note.pieces) == (FORBIDDEN, "RFC 6455 §5.1", ((1, 2),))
    assert notes_of(client_stream(frame(TEXT, b"Hello", key=KEY))) == []
    assert [note.severity for note in notes_of(client_stream(frame(TEXT, b"Hello", key=bytes(4))))] == [ODD]


def test_the_broken_byte_of_masked_text_is_found_under_its_mask() -> None:
    [note] = notes_of(client_stream(frame(TEXT, b"abc\xffd", key=KEY)))
    assert note.pieces == ((9, 10),)


def test_only_the_first_fault_of_a_text_is_reported() -> None:
    found = server_stream(frame(TEXT, b"\xff", fin=0) + frame(CONTINUATION, b"\xff", fin=0) + frame(CONTINUATION))
    assert [len(record.notes) for record in found.records] == [1, 0, 0]


@pytest.mark.parametrize(
    ("code", "severity", "spec", "name"),
    [
        (0, FORBIDDEN, "RFC 6455 §7.4.2", "not used"),
        (999, FORBIDDEN, "RFC 6455 §7.4.2", "not used"),
        (1000, None, "", ""),
        (1003, None, "", ""),
        (1004, FORBIDDEN, "RFC 6455 §7.4.1", "reserved"),
        (1005, FORBIDDEN, "RFC 6455 §7.4.1", "no status received"),
        (1006, FORBIDDEN, "RFC 6455 §7.4.1", "abnormal closure"),
        (1007, None, "", ""),
        (1014, None, "", ""),
        (1015, FORBIDDEN, "RFC 6455 §7.4.1", "TLS"),
        (1016, FORBIDDEN, "RFC 6455 §7.4.2", "unregistered"),
        (2999, FORBIDDEN, "RFC 6455 §7.4.2", "unregistered"),
        (3000, INFO, "RFC 6455 §7.4.2", "IANA"),
        (3999, INFO, "RFC 6455 §7.4.2", "IANA"),
        (4000, INFO, "RFC 6455 §7.4.2", "applications"),
        (4999, INFO, "RFC 6455 §7.4.2", "applications"),
        (5000, FORBIDDEN, "RFC 6455 §7.4.2", "out of range"),
        (65535, FORBIDDEN, "RFC 6455 §7.4.2", "out of range"),
    ],
)
def test_a_close_code(code: int, severity: Severity | None, spec: str, name: str) -> None:
    [record] = client_stream(frame(CLOSE, code.to_bytes(2) + b"bye", key=KEY)).records
    assert [(field.name, field.value, field.pieces) for field in record.fields[-2:]] == [
        ("status code", code, ((6, 8),)),
        ("reason", "bye", ((8, 11),)),
    ]
    if severity is None:
        assert record.notes == ()
    else:
        [note] = record.notes
        assert (note.severity, note.spec, note.pieces) == (severity, spec, ((6, 8),))
        assert name in note.text


def test_a_length_with_the_top_bit_takes_the_rest_of_the_stream_and_no_memory() -> None:
    data = bytes.fromhex("82 7f ff ff ff ff ff ff ff ff") + HELLO
    found = server_stream(data)
    assert found.records == []
    tail = found.tail()
    assert tail is not None
    assert values(tail)["extended payload length"] == 2**64 - 1
    assert layer(tail, "unmasked") == HELLO
    assert [(note.severity, note.pieces) for note in tail.notes] == [
        (INFO, ((0, len(data)),)),
        (FORBIDDEN, ((2, 10),)),
    ]


@pytest.mark.parametrize("sender", [CLIENT, SERVER])
def test_frames_that_are_cut_show_the_parts_that_have_begun(sender: str) -> None:
    whole = frame(TEXT, bytes(300), key=KEY)
    names = [everything(stream(sender, whole[:size]))[0][3] for size in (1, 2, 3, 4, 6, 8, 9)]
    assert [fields[-1].name for fields in names] == [
        "opcode",
        "payload length",
        "extended payload length (cut)",
        "extended payload length",
        "masking key (cut)",
        "masking key",
        "payload (cut)",
    ]
    whole = frame(CLOSE, b"\x03\xe8bye")
    assert [everything(stream(sender, whole[:size]))[0][3][-1].name for size in (3, 4, 5)] == [
        "status code (cut)",
        "status code",
        "reason (cut)",
    ]


def test_every_note_names_what_a_receiver_does_where_a_rule_is_broken() -> None:
    for data, _ in CASES.values():
        for note in notes_of(server_stream(data)):
            if note.severity is FORBIDDEN:
                assert any(word in note.text for word in ("must fail", "must close", "discards", "fail the connection"))


def test_a_fragmented_message_stays_readable_with_its_control_frames_between() -> None:
    found = server_stream(
        frame(TEXT, b"Hel", fin=0) + frame(PING, b"?") + frame(CONTINUATION, b"lo") + frame(BINARY, b"\x00", fin=0)
    )
    assert [(message.name, message.is_complete, message.pieces) for message in found.messages] == [
        ("text message", True, ((0, 5), (8, 12))),
        ("ping", True, ((5, 8),)),
        ("binary message", False, ((12, 15),)),
    ]
    assert [layer.data for layer in found.messages[0].layers] == [b"Hello", b"Hello"]
    assert [record.summary for record in found.records] == [
        '"Hel", 3 bytes, fragment',
        '"?", 1 byte',
        '"lo", 2 bytes, last fragment',
        "00, 1 byte, fragment",
    ]
