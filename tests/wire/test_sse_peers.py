"""httpx-sse reads the same event streams: where it agrees with the dissector, and who is right where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import httpx
import httpx_sse
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.sse.block import Block
from lab_servers.wire.sse.stream import EventStream, PlainContent
from tests.wire.event_stream_cases import CASES, Case

Events = list[tuple[str, str, str]]

NO_EVENT = "HTML §9.2.6, dispatch, step 2: a block without data dispatches nothing"

# Where httpx-sse 0.4 departs from the standard: the case, what it gives, and the section that says otherwise.
DIFFERENCES: dict[str, tuple[Events, str]] = {
    "one byte order mark is stripped": ([], "HTML §9.2.6: the UTF-8 decode algorithm strips one byte order mark"),
    "an event type without data is forgotten": ([("x", "", ""), ("message", "a", "")], NO_EVENT),
    "an id without data still counts": ([("message", "", "7"), ("message", "a", "7")], NO_EVENT),
    "an id of an unfinished block does not count": ([("message", "", "7")], NO_EVENT),
    "retry takes digits": ([("message", "", "")], NO_EVENT),
}


def httpx_events(*parts: bytes) -> Events:
    """What httpx-sse makes of a response whose body comes in these parts."""

    def body() -> Iterator[bytes]:
        yield from parts

    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body())
    return [(event.event, event.data, event.id) for event in httpx_sse.EventSource(response).iter_sse()]


def our_events(stream: bytes) -> Events:
    found = EventStream("server", PlainContent(bytearray(stream)))
    found.finish()
    events = [event for record in found.records if (event := cast(Block, record).event) is not None]
    return [(event.type, event.data, event.last_event_id) for event in events]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_httpx_sse_gives_the_same_events_but_where_it_departs_from_the_standard(case: Case) -> None:
    ours = our_events(case.stream)
    assert ours == case.events
    if case.name in DIFFERENCES:
        theirs, section = DIFFERENCES[case.name]
        assert httpx_events(case.stream) == theirs
        assert theirs != ours, section
    else:
        assert httpx_events(case.stream) == ours


def test_after_an_id_every_further_blank_line_is_an_event_to_httpx_sse_and_none_to_the_standard() -> None:
    stream = b"id: 7\ndata: a\n\n\n\n"
    assert our_events(stream) == [("message", "a", "7")]
    assert httpx_events(stream) == [("message", "a", "7"), ("message", "", "7"), ("message", "", "7")]


@pytest.mark.parametrize("value", ["-1", "1_000", " 5", "٣"])
def test_a_retry_that_is_not_ascii_digits_is_a_number_to_httpx_sse_and_ignored_by_the_standard(value: str) -> None:
    stream = f"retry: {value}\ndata: a\n\n".encode()
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=stream)
    [event] = httpx_sse.EventSource(response).iter_sse()
    assert event.retry == int(value)
    found = EventStream("server", PlainContent(bytearray(stream)))
    found.finish()
    assert cast(Block, found.records[0]).lines[-1].retry_ms is None


texts = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=8)
line_ends = st.sampled_from(["\n", "\r", "\r\n"])
lines = st.one_of(
    st.builds("data:{}".format, texts),
    st.builds("event: {}".format, texts),
    st.builds("id: {}".format, texts),
    st.builds(":{}".format, texts),
    st.just("retry: 5"),
    st.just("other: x"),
)
# Each block has data, and one line end throughout: with CR and LF mixed a generated CRLF would change what it means.
blocks = st.builds(
    lambda before, data, after, end: "".join(f"{line}{end}" for line in [*before, f"data: {data}", *after, ""]),
    st.lists(lines, max_size=3), texts, st.lists(lines, max_size=3), line_ends,
)  # fmt: skip


@given(parts=st.lists(blocks, max_size=5), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_any_blocks_with_data_are_the_same_events_to_httpx_sse(parts: list[str], cuts: list[int]) -> None:
    # Between two blocks, CR and LF would be one line end.
    stream = ": begin\n" + ":\n".join(parts)
    raw = stream.encode()
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[start:stop] for start, stop in pairwise(edges) if start < stop]
    assert httpx_events(*pieces) == our_events(raw)
