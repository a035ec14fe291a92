"""A block of an event stream as a record: its name, fields, layers, and the state of the parser after each line."""

from __future__ import annotations

from typing import cast

import pytest

from lab_servers.wire.model import CLIENT, SERVER, Layer, Record, joined
from lab_servers.wire.sse.block import Block
from lab_servers.wire.sse.interpreter import Effect, Event
from lab_servers.wire.sse.reading import Kind
from lab_servers.wire.sse.stream import EventStream, PlainContent
from tests.wire.chunked_content import chunked


def blocks_of(stream: bytes) -> list[Block]:
    found = EventStream(SERVER, PlainContent(bytearray(stream)))
    found.finish()
    tail = found.tail()
    return cast(list[Block], [*found.records, *([tail] if tail is not None else [])])


def parts_of(block: Block) -> list[tuple[str, int | str]]:
    return [(field.name, field.value) for field in block.fields]


@pytest.mark.parametrize(
    ("stream", "name", "summary"),
    [
        ('data: {"d":"你"}\n\n'.encode(), "event", 'message: {"d":"你"}'),
        (b"event: update\nid: 7\ndata: a\ndata: b\r\n\n", "event", "update (id 7): a ⏎ b"),
        (b"data\n\n", "event", "message: "),
        (b": heartbeat\n\n", "comment", ": heartbeat"),
        (b":one\n:two\n\n", "comment", ":one ⏎ :two"),
        (b"id: 7\n\n", "event without data", "id: 7 (nothing dispatched)"),
        (b"\r\n", "blank line", "blank line"),
        (b"\xef\xbb\xbf\n", "blank line", "blank line"),
        (b"data: a\n", "unterminated event", "data: a (nothing dispatched)"),
        (b"da", "unterminated event", "da (nothing dispatched)"),
        (b"data: \x1b[2J\x07\n\n", "event", "message: 1b 5b 32 4a 07"),
    ],
)
def test_a_block_has_a_name_and_one_line_for_an_outline(stream: bytes, name: str, summary: str) -> None:
    [block] = blocks_of(stream)
    assert (block.name, block.summary) == (name, summary)
    assert (block.layer, block.sender, block.is_complete) == ("sse", SERVER, name != "unterminated event")


def test_a_block_is_a_record() -> None:
    stream = EventStream(CLIENT, PlainContent(bytearray(b"data:a\n\n")))
    stream.finish()
    record: Record = stream.records[0]
    assert record.sender == CLIENT
    assert repr(record) == "<event ((0, 8),): message: a>"


def test_a_summary_stays_short_however_long_the_data_is() -> None:
    [block] = blocks_of(b"event: " + b"e" * 5000 + b"\nid: " + b"i" * 5000 + b"\ndata: " + b"d" * 5000 + b"\n\n")
    assert len(block.summary) < 600


def test_each_byte_of_each_line_has_its_part() -> None:
    [block] = blocks_of(b"\xef\xbb\xbf: hi\nevent:  update\r\nid\rretry: 0020\ndata:a\n\n")
    assert parts_of(block) == [
        ("byte order mark", "U+FEFF"), ("colon", ":"), ("comment", " hi"), ("line end", "LF"),
        ("field name", "event"), ("colon", ":"), ("space", " "), ("value", " update"), ("line end", "CRLF"),
        ("field name", "id"), ("line end", "CR"),
        ("field name", "retry"), ("colon", ":"), ("space", " "), ("value", 20), ("line end", "LF"),
        ("field name", "data"), ("colon", ":"), ("value", "a"), ("line end", "LF"),
        ("blank line", "LF"),
    ]  # fmt: skip
    assert [field.group for field in block.fields if field.name in ("line end", "blank line")] == [
        f"line {number}" for number in range(1, 7)
    ]


def test_a_line_that_has_not_ended_means_nothing_yet() -> None:
    [block] = blocks_of(b"retry: 5")
    assert parts_of(block) == [("field name", "retry"), ("colon", ":"), ("space", " "), ("value", "5")]
    assert "means nothing before its line end" in block.fields[-1].meaning
    assert block.lines[0].retry_ms is None


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (b"event: add\nid: 3\ndata: abc\n\n", 'receives "add" with 3 characters of data and last event ID 3.'),
        (b"data\n\n", 'receives "message" with 0 characters of data.'),
        (b": hi\n\n", "dispatches nothing, because its block has only comments."),
        (b"id: 3\n\n", "dispatches nothing, because no data field came in its block."),
        (b"\n", "dispatches nothing, because there is nothing between it and what came before."),
    ],
)
def test_the_blank_line_says_what_it_dispatches_or_why_nothing(stream: bytes, sentence: str) -> None:
    field = blocks_of(stream)[0].fields[-1]
    assert field.name == "blank line"
    assert field.meaning.endswith(sentence)
    assert field.spec == "HTML §9.2.6"


# --- the state after each line ------------------------------------------------------------------


def test_the_state_of_the_parser_after_each_line() -> None:
    stream = b"retry: 1500\r\nid: 41\r\n\r\nevent: update\ndata: one\n: still here\nid: 42\ndata: two\n\ndata:x"
    lines = [line for block in blocks_of(stream) for line in block.lines]
    assert [
        (
            line.text, line.kind, line.data_buffer, line.event_type_buffer, line.last_event_id_buffer,
            line.last_event_id, line.retry_ms, line.dispatched,
        )
        for line in lines
    ] == [
        ("retry: 1500", Kind.FIELD, "", "", "", "", 1500, None),
        ("id: 41", Kind.FIELD, "", "", "41", "", 1500, None),
        ("", Kind.BLANK, "", "", "41", "41", 1500, None),
        ("event: update", Kind.FIELD, "", "update", "41", "41", 1500, None),
        ("data: one", Kind.FIELD, "one\n", "update", "41", "41", 1500, None),
        (": still here", Kind.COMMENT, "one\n", "update", "41", "41", 1500, None),
        ("id: 42", Kind.FIELD, "one\n", "update", "42", "41", 1500, None),
        ("data: two", Kind.FIELD, "one\ntwo\n", "update", "42", "41", 1500, None),
        ("", Kind.BLANK, "", "", "42", "42", 1500, Event("update", "one\ntwo", "42")),
        ("data:x", Kind.UNFINISHED, "", "", "42", "42", 1500, None),
    ]  # fmt: skip
    assert [line.effect for line in lines[:3]] == [Effect.RETRY, Effect.ID, None]
    assert [line.pieces for line in lines[:3]] == [((0, 13),), ((13, 21),), ((21, 23),)]


def test_the_lines_of_a_block_share_their_data() -> None:
    # Were the data buffer kept for each line, this would be 8 gigabytes.
    [block] = blocks_of(b"data: " + b"x" * 800_000 + b"\n" + b"data: y\n" * 9_998 + b"\n")
    lines = block.lines
    assert len(lines[-2].data_buffer) == 800_001 + 2 * 9_998


# --- layers -----------------------------------------------------------------------------------


def test_the_data_of_one_line_is_a_layer_that_points_at_the_value() -> None:
    [block] = blocks_of("data: 你好\n\n".encode())
    [layer] = block.layers
    assert layer == Layer("text", "你好".encode(), ((6, 12),))
    assert layer.text == "你好"


def test_the_line_feeds_that_join_the_data_point_at_the_ends_of_their_lines() -> None:
    stream = b"data:ab\r\n:no\ndata\ndata: c\rdata:\r\n\n"
    [block] = blocks_of(stream)
    [layer] = block.layers
    assert layer.data == b"ab\n\nc\n"
    # The bytes on the wire: the value, the last byte of CRLF, LF, the value, CR.
    assert layer.pieces == ((5, 7), (8, 9), (17, 18), (24, 26))
    assert joined(stream, layer.pieces) == b"ab\n\nc\r"
    assert layer.source(4, 5) == ((24, 25),)


def test_data_in_two_chunks_points_at_both() -> None:
    content = chunked([b"da", b"ta: a", b"b\n", b"\n"])
    stream = EventStream(SERVER, content)
    stream.finish()
    [record] = stream.records
    [layer] = record.layers
    assert layer.pieces is not None
    assert len(layer.pieces) == 2
    assert joined(content.wire, layer.pieces) == b"ab"


def test_bytes_that_are_no_utf_8_stay_as_they_are_in_the_layer_and_are_replaced_in_its_text() -> None:
    [block] = blocks_of(b"data:a\xff\n\n")
    [layer] = block.layers
    assert (layer.data, layer.text) == (b"a\xff", "a\ufffd")
    assert block.event == Event("message", "a\ufffd", "")


@pytest.mark.parametrize("stream", [b"data\n\n", b": hi\n\n", b"id: 1\n\n", b"\n", b"data: a\n"])
def test_a_block_without_data_for_the_application_has_no_layer(stream: bytes) -> None:
    assert blocks_of(stream)[0].layers == ()


def test_content_whose_bytes_lie_together_on_the_wire_gives_no_false_places() -> None:
    class Inflated(PlainContent):
        """All its bytes became available with two bytes of the wire."""

        is_one_to_one = False

        def pieces(self, start: int, stop: int) -> tuple[tuple[int, int], ...]:
            return ((10, 12),)

    stream = EventStream(SERVER, Inflated(bytearray(b"data: abc\n\n")))
    stream.finish()
    [record] = stream.records
    [layer] = record.layers
    assert (layer.data, layer.pieces) == (b"abc", None)
    assert {field.pieces for field in record.fields} == {((10, 12),)}
