"""Where messages lie in a content: their own text, and nothing of what stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.measure.contents import Place, places_in
from lab_servers.measure.messages import number_of
from lab_servers.wire.sse.decoder import EventStreamDecoder

SSE, LINES, JSON = "text/event-stream", "application/x-ndjson", "application/json"


def texts(media_type: str, data: bytes, *, is_whole: bool = True) -> list[tuple[bytes, bool]]:
    return [(data[place.start : place.stop], place.is_complete) for place in places_in(media_type, data, is_whole)]


CASES = [
    (SSE, b"data: a\n\n: c\n\ndata:b\r\n\r\n", [(b"a", True), (b"b", True)]),
    (SSE, b"id: 1\nretry: 5\n\n", []),  # nothing is dispatched without data
    (SSE, b"data\n\n", [(b"", True)]),  # an event whose data is empty
    (SSE, b"data:  two spaces\n\n", [(b" two spaces", True)]),  # one of them is taken off (HTML 9.2.6)
    (SSE, b"database: x\n\n", []),
    (SSE, b"\xef\xbb\xbfdata: x\n\n", [(b"x", True)]),
    (SSE, b"data: x\n", [(b"x", False)]),  # no blank line, no event
    (LINES, b'{"n":1}\n{"n":2}\r\n', [(b'{"n":1}', True), (b'{"n":2}', True)]),
    (LINES, b'\n  {"n":1} \n\n', [(b'{"n":1}', True)]),
    (LINES, b'{"n":1}', [(b'{"n":1}', True)]),  # the content is whole, so the last line is too
    (JSON, b'[1,[2,3],"4,]"]', [(b"1", True), (b"[2,3]", True), (b'"4,]"', True)]),
    (JSON, b"[]", []),
    (JSON, b' {"n":1}\n', [(b'{"n":1}', True)]),
    (JSON, b'[1,"\xff"]', [(b"1", True), (b'"\xff"]', False)]),  # no UTF-8 from there on
    (JSON, b"[1 2]", [(b"1 2]", False)]),
    ("application/problem+json", b"[1,2]", [(b"1", True), (b"2", True)]),
    ("text/plain", b"[1,2]\n", [(b"[1,2]\n", True)]),
    ("", b"x", [(b"x", True)]),
]


@pytest.mark.parametrize(("media_type", "data", "expected"), CASES)
def test_messages_lie_where_their_text_is(media_type: str, data: bytes, expected: list[tuple[bytes, bool]]) -> None:
    assert texts(media_type, data) == expected


def test_of_a_content_that_is_not_whole_the_last_line_is_not_either() -> None:
    assert texts(LINES, b"1\n2", is_whole=False) == [(b"1", True), (b"2", False)]
    assert texts(JSON, b"[1,2", is_whole=False) == [(b"1", True), (b"2", False)]


def test_an_empty_content_has_no_messages() -> None:
    assert [list(places_in(kind, b"", True)) for kind in (SSE, LINES, JSON, "text/plain")] == [[], [], [], []]


def test_an_event_with_two_data_lines_is_as_long_as_what_the_application_gets() -> None:
    data = b"data: ab\nid: 5\ndata: c\n\n"
    assert list(places_in(SSE, data, True)) == [Place(6, 22, len("ab\nc"), len(data), True)]


_LINES = st.sampled_from(
    [
        b"data: x",
        b"data",
        b"data:y",
        b"dat: x",
        b"id: 1",
        b": c",
        b"event: e",
        b"data: \xe4\xb8\x96",
        b"",
        b"",
        b"a\xffb",
    ]
)
_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(_LINES, _ENDS), max_size=12))
def test_events_are_those_that_the_decoder_dispatches(lines: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(line + end for line, end in lines)
    # A CR at the very end may be half of a line end: the decoder waits for more, so more is given to it.
    dispatched = EventStreamDecoder().feed(data + b"\n" * data.endswith(b"\r"))
    found = [place.size_bytes for place in places_in(SSE, data, True) if place.is_complete]
    assert found == [len(event.data.encode()) for event in dispatched]


@given(st.binary(max_size=60), st.booleans(), st.sampled_from([SSE, LINES, JSON, ""]))
def test_places_do_not_overlap_and_stay_within(data: bytes, is_whole: bool, media_type: str) -> None:
    before = 0
    for place in places_in(media_type, data, is_whole):
        assert before <= place.start <= place.stop <= place.end <= len(data)
        assert place.size_bytes <= place.stop - place.start
        before = place.end


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b'{"n":17,"d":1}', 17),
        (b' { "n" : 3 }', 3),
        (b'{"n":1.5}', None),
        (b'{"n":12e3}', None),
        (b'{"n":-1}', None),
        (b'{"d":1,"n":2}', None),
        (b'{"n":', None),
        (b'{"n":99999999999999999999999}', None),
        (b"\xff", None),
    ],
)
def test_a_message_says_its_number_first(text: bytes, number: int | None) -> None:
    assert number_of(text) == number
