"""The dissector finds the blocks of an event stream, and they dispatch what the standard says, however bytes come."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.model import joined
from lab_servers.wire.sse.block import Block
from lab_servers.wire.sse.decoder import EventStreamDecoder
from lab_servers.wire.sse.stream import EventStream, PlainContent
from tests.wire.chunked_content import chunked
from tests.wire.event_stream_cases import CASES, Case, by_the_book, streams
from tests.wire.tiling import assert_tiles

cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def dissected(*parts: bytes, start: int = 0) -> EventStream:
    """A finished stream whose bytes came in these parts."""
    data = bytearray()
    stream = EventStream("server", PlainContent(data, start))
    for part in parts:
        data += part
        stream.advance()
    stream.finish()
    return stream


def blocks_of(stream: EventStream) -> list[Block]:
    """All records, the tail with them."""
    tail = stream.tail()
    return cast(list[Block], [*stream.records, *([tail] if tail is not None else [])])


def events_of(stream: EventStream) -> list[tuple[str, str, str]]:
    events = [block.event for block in blocks_of(stream)]
    return [(event.type, event.data, event.last_event_id) for event in events if event is not None]


def everything(stream: EventStream) -> list[object]:
    """All that can be known of a stream, to compare."""
    return [
        (
            block.sender, block.layer, block.name, block.pieces, block.is_complete, block.summary,
            block.fields, block.notes, block.layers, block.event,
            [(line, line.data_buffer) for line in block.lines],
        )
        for block in blocks_of(stream)
    ]  # fmt: skip


def assert_expected(case: Case, stream: EventStream) -> None:
    assert events_of(stream) == case.events
    assert_tiles(stream.records, stream.tail(), 0, len(case.stream))
    blocks = blocks_of(stream)
    if blocks and blocks[-1].lines:
        last = blocks[-1].lines[-1]
        assert (last.retry_ms, last.last_event_id) == (case.retry_ms, case.last_event_id)


@cases
def test_a_stream_fed_whole_has_its_events(case: Case) -> None:
    assert_expected(case, dissected(case.stream))


@cases
def test_a_stream_fed_byte_by_byte_has_the_same_events(case: Case) -> None:
    whole = everything(dissected(case.stream))
    if len(case.stream) < 1000:
        assert everything(dissected(*(case.stream[at : at + 1] for at in range(len(case.stream))))) == whole


@cases
def test_a_stream_cut_at_any_offset_has_the_same_events(case: Case) -> None:
    whole = everything(dissected(case.stream))
    for cut in range(0, len(case.stream) + 1, 1 + len(case.stream) // 300):
        assert everything(dissected(case.stream[:cut], b"", case.stream[cut:])) == whole


@cases
def test_a_stream_in_chunks_cut_at_any_offset_has_the_same_events_in_the_right_places(case: Case) -> None:
    for cut in range(1, len(case.stream), 1 + len(case.stream) // 100):
        content = chunked([case.stream[:cut], case.stream[cut:]])
        stream = EventStream("server", content)
        stream.finish()
        assert events_of(stream) == case.events
        assert_tiles(stream.records, stream.tail(), 0, len(content.wire), gaps=content.gaps)
        found = b"".join(joined(content.wire, block.pieces) for block in blocks_of(stream))
        assert found == case.stream


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.stream.endswith((b"\n", b"\r"))], ids=lambda case: case.name
)
def test_bytes_of_an_unfinished_event_dispatch_nothing(case: Case) -> None:
    assert events_of(dissected(case.stream + b":\ndata: never dispatched")) == case.events


def test_a_stream_that_begins_later_on_the_wire_has_its_records_there() -> None:
    [first, second] = blocks_of(dissected(b"data:a\n\ndata:b\n\n", start=100))
    assert (first.pieces, second.pieces) == (((100, 108),), ((108, 116),))
    assert [field.pieces for field in second.fields] == [
        ((108, 112),), ((112, 113),), ((113, 114),), ((114, 115),), ((115, 116),),
    ]  # fmt: skip


# --- a stream that grows ------------------------------------------------------------------


def test_a_block_that_ends_in_cr_is_complete_at_once_and_settled_when_no_lf_can_follow() -> None:
    data = bytearray(b"data:a\r\n\r")
    stream = EventStream("server", PlainContent(data))
    stream.advance()
    assert stream.records == []
    tail = cast(Block, stream.tail())
    assert (tail.name, tail.is_complete, tail.pieces) == ("event", True, ((0, 9),))
    assert tail.event is not None
    assert tail.event.data == "a"
    data += b"\n"
    stream.advance()
    assert [record.pieces for record in stream.records] == [((0, 10),)]
    assert stream.tail() is None


def test_another_byte_than_lf_settles_a_block_that_ends_in_cr() -> None:
    data = bytearray(b"\r")
    stream = EventStream("server", PlainContent(data))
    stream.advance()
    assert stream.records == []
    data += b"d"
    stream.advance()
    assert [record.pieces for record in stream.records] == [((0, 1),)]
    tail = stream.tail()
    assert tail is not None
    assert (tail.pieces, tail.is_complete) == (((1, 2),), False)


def test_the_end_of_the_stream_settles_a_block_that_ends_in_cr() -> None:
    stream = dissected(b"\xef\xbb\xbf\r")
    assert [record.name for record in stream.records] == ["blank line"]
    assert stream.tail() is None


def test_a_byte_order_mark_in_three_reads_is_one() -> None:
    [blank, event] = blocks_of(dissected(b"\xef", b"\xbb", b"\xbf", b"\n", b"data:a\n\n"))
    assert [field.name for field in blank.fields] == ["byte order mark", "blank line"]
    assert event.summary == "message: a"


def test_asking_for_the_tail_settles_nothing() -> None:
    data = bytearray()
    stream = EventStream("server", PlainContent(data))
    assert stream.tail() is None
    for byte in b"id:7\ndata:a\n":
        data.append(byte)
        stream.advance()
        tail = stream.tail()
        assert tail is not None
        assert (tail.name, tail.pieces) == ("unterminated event", ((0, len(data)),))
        assert not [note for note in tail.notes if note.severity.value != "info"]
    data += b"\n"
    stream.advance()
    assert [record.summary for record in stream.records] == ["message (id 7): a"]


def test_a_tail_stays_what_it_was_when_more_bytes_come() -> None:
    data = bytearray(b"data:a\ndata:b")
    stream = EventStream("server", PlainContent(data))
    stream.advance()
    tail = cast(Block, stream.tail())
    before = (tail.pieces, tail.fields, tail.lines)
    data += b"c\n\ndata:d\n\n"
    stream.advance()
    assert (tail.pieces, tail.fields, tail.lines) == before


def test_the_state_of_the_stream_goes_from_block_to_block() -> None:
    stream = b"\xef\xbb\xbfid: 1\n\nretry: 5\ndata: id: 3\n\r\nidea: 4\rretry:x\rid: 2\r\rdata:b\n\nid: 9\x00\n\n"
    states = [(block.lines[-1].last_event_id, block.lines[-1].retry_ms) for block in blocks_of(dissected(stream))]
    assert states == [("1", None), ("1", 5), ("2", 5), ("2", 5), ("2", 5)]


# --- any bytes ------------------------------------------------------------------------------


@given(stream=streams, cuts=st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_give_the_same_result_however_they_are_cut_and_tile(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    whole = dissected(stream)
    assert_tiles(whole.records, whole.tail(), 0, len(stream))
    assert everything(dissected(*(stream[start:stop] for start, stop in pairwise(edges)))) == everything(whole)


@given(stream=streams)
def test_any_bytes_fed_byte_by_byte_give_the_same_result(stream: bytes) -> None:
    assert everything(dissected(*(stream[at : at + 1] for at in range(len(stream))))) == everything(dissected(stream))


@given(stream=streams)
def test_any_bytes_dispatch_what_the_decoder_and_the_standards_algorithm_dispatch(stream: bytes) -> None:
    whole = dissected(stream)
    decoder = EventStreamDecoder()
    decoded = [(event.type, event.data, event.last_event_id) for event in decoder.feed(stream)]
    expected, last_event_id = by_the_book(stream)
    assert events_of(whole) == decoded == expected
    if blocks := blocks_of(whole):
        last = blocks[-1].lines[-1]
        assert (last.last_event_id, last.retry_ms) == (last_event_id, decoder.retry_ms)


@given(parts=st.lists(st.binary(min_size=1, max_size=4) | streams.filter(bool), max_size=12))
def test_any_bytes_in_chunks_lie_where_their_chunks_lie(parts: list[bytes]) -> None:
    content = chunked(parts)
    stream = EventStream("server", content)
    stream.finish()
    assert_tiles(stream.records, stream.tail(), 0, len(content.wire), gaps=content.gaps)
    assert events_of(stream) == events_of(dissected(b"".join(parts)))
    for block in blocks_of(stream):
        for field in block.fields:
            if field.name == "line end":
                line_end = {"LF": b"\n", "CR": b"\r", "CRLF": b"\r\n"}[str(field.value)]
                assert joined(content.wire, field.pieces) == line_end


# --- much of it -------------------------------------------------------------------------------


def test_a_quarter_of_a_megabyte_without_a_line_end_is_read_byte_by_byte_in_linear_time() -> None:
    # Were it quadratic, this would take many minutes.
    data = bytearray()
    stream = EventStream("server", PlainContent(data))
    for byte in b"data: " + b"x" * (256 * 1024):
        data.append(byte)
        stream.advance()
    assert stream.records == []
    data += b"\n\n"
    stream.advance()
    assert [record.pieces for record in stream.records] == [((0, len(data)),)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_a_blank_line_costs_at_most_200_bytes_of_memory(line_end: bytes) -> None:
    data = bytearray(line_end * 20_000)
    stream = EventStream("server", PlainContent(data))
    gc.collect()
    tracemalloc.start()
    try:
        stream.finish()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(stream.records) == 20_000
    assert held / len(stream.records) <= 200


@pytest.mark.parametrize("line", [b":\n", b"data\n", b"id:1\n", b"id:\x00\n", b"x\r", b"data:\xff\r\n", b"retry:\n"])
def test_a_block_of_very_many_lines_is_explained_up_to_a_bound(line: bytes) -> None:
    stream = dissected(line * 30_000 + b"data:a\n\n")
    [block] = blocks_of(stream)
    assert_tiles(stream.records, None, 0, 30_000 * len(line) + 8)
    assert block.event is not None
    assert block.event.data.endswith("a")
    assert len(block.lines) == 10_001
    assert len(block.fields) < 50_010
    assert [field.group for field in block.fields][-2:] == ["", "line 30002"]
    assert [note for note in block.notes if "30,002 lines" in note.text] != []
