"""The event stream decoder dispatches what the HTML standard says, however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.sse.decoder import Event, EventStreamDecoder
from tests.wire.event_stream_cases import CASES, Case, by_the_book, streams

cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def decoded(*pieces: bytes) -> tuple[list[Event], EventStreamDecoder]:
    decoder = EventStreamDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)], decoder


def assert_expected(case: Case, events: list[Event], decoder: EventStreamDecoder) -> None:
    assert [(event.type, event.data, event.last_event_id) for event in events] == case.events
    assert (decoder.retry_ms, decoder.last_event_id, decoder.oversized) == (case.retry_ms, case.last_event_id, 0)


@cases
def test_a_stream_fed_whole_gives_its_events(case: Case) -> None:
    assert_expected(case, *decoded(case.stream))


@cases
def test_a_stream_fed_byte_by_byte_gives_the_same_events(case: Case) -> None:
    assert_expected(case, *decoded(*(case.stream[at : at + 1] for at in range(len(case.stream)))))


@cases
def test_a_stream_cut_at_any_offset_gives_the_same_events(case: Case) -> None:
    for cut in range(len(case.stream) + 1):
        assert_expected(case, *decoded(case.stream[:cut], b"", case.stream[cut:]))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.stream.endswith((b"\n", b"\r"))], ids=lambda case: case.name
)
def test_bytes_of_an_unfinished_event_change_nothing(case: Case) -> None:
    events, decoder = decoded(case.stream + b":\ndata: never dispatched")
    assert_expected(case, events, decoder)


def test_an_event_is_dispatched_at_its_cr_and_a_following_lf_is_no_second_line_end() -> None:
    decoder = EventStreamDecoder()
    assert [event.data for event in decoder.feed(b"data:a\r\n\r")] == ["a"]
    assert decoder.feed(b"\n") == []
    # Were that LF a line end, it would dispatch this block before its second line.
    assert decoder.feed(b"data:b\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata:c\r") == []
    assert [event.data for event in decoder.feed(b"\n\n")] == ["b\nc"]


def test_an_event_that_is_too_large_is_dropped_counted_and_survived() -> None:
    decoder = EventStreamDecoder(limit_bytes=20)
    stream = b"id: 1\ndata: small\n\nid: 2\nevent: x\ndata: " + b"a" * 50 + b"\nid: 3\ndata: b\n\ndata: after\n\n"
    assert decoder.feed(stream) == [Event("message", "small", "1"), Event("message", "after", "1")]
    assert (decoder.oversized, decoder.last_event_id) == (1, "1")


def test_many_small_lines_together_can_be_too_large() -> None:
    decoder = EventStreamDecoder(limit_bytes=30)
    assert decoder.feed(b"data: 0123456789\n" * 3 + b"\ndata: after\n\n") == [Event("message", "after", "")]
    assert decoder.oversized == 1


def test_an_event_of_exactly_the_limit_is_kept() -> None:
    assert EventStreamDecoder(limit_bytes=9).feed(b"data:abcd\n\n") == [Event("message", "abcd", "")]
    assert EventStreamDecoder(limit_bytes=8).feed(b"data:abcd\n\n") == []


def test_a_line_without_end_does_not_grow_in_memory() -> None:
    decoder = EventStreamDecoder(limit_bytes=1000)
    for _ in range(1000):
        decoder.feed(b"data:" + b"x" * 995)
    held = sum(
        len(value)
        for part in (decoder, decoder._interpreter)
        for value in vars(part).values()
        if isinstance(value, bytes | bytearray | str)
    )
    assert held <= 1000
    assert decoder.oversized == 1


def test_a_limit_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="limit_bytes"):
        EventStreamDecoder(limit_bytes=0)


@given(stream=streams, cuts=st.lists(st.integers(0, 200), max_size=8), limit_bytes=st.integers(1, 60))
def test_arbitrary_bytes_give_the_same_result_however_they_are_cut(
    stream: bytes, cuts: list[int], limit_bytes: int
) -> None:
    whole, pieces = EventStreamDecoder(limit_bytes=limit_bytes), EventStreamDecoder(limit_bytes=limit_bytes)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    events = [event for start, end in pairwise(edges) for event in pieces.feed(stream[start:end])]
    assert events == whole.feed(stream)
    assert vars(pieces) == vars(whole)


@given(stream=streams)
def test_arbitrary_bytes_give_what_the_standards_algorithm_gives_on_the_whole_text(stream: bytes) -> None:
    events, decoder = decoded(stream)
    assert ([(event.type, event.data, event.last_event_id) for event in events], decoder.last_event_id) == by_the_book(
        stream
    )
