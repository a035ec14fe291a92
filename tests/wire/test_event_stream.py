"""The event stream decoder dispatches what the HTML standard says, however the bytes are cut."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.event_stream import LONGEST_RETRY_MS, Event, EventStreamDecoder


@dataclass
class Case:
    name: str
    stream: bytes
    events: list[tuple[str, str, str]]  # type, data, last event id
    retry_ms: int | None = None
    last_event_id: str = ""


def message(data: str, last_event_id: str = "") -> tuple[str, str, str]:
    return ("message", data, last_event_id)


# The examples printed in HTML §9.2.1 and §9.2.6, then one case for each rule.
CASES = [
    Case(
        "the introduction's three messages",
        b"data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n"
        b"data: This is the third message.\n\n",
        [
            message("This is the first message."),
            message("This is the second message, it\nhas two lines."),
            message("This is the third message."),
        ],
    ),
    Case(
        "the introduction's event types",
        b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
        [("add", "73857293", ""), ("remove", "2153", ""), ("add", "113411", "")],
    ),
    Case("the standard's stock ticker", b"data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]),
    Case(
        "the standard's comment, id, reset id and dropped last block",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\ndata: fourth",
        [message("first event", "1"), message("second event"), message(" third event")],
    ),
    Case("the standard's empty data", b"data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]),
    Case("the standard's optional space", b"data:test\n\ndata: test\n\n", [message("test"), message("test")]),
    Case("an empty stream", b"", []),
    Case("blank lines only", b"\n\r\n\r\r\n\n", []),
    Case("lines that end in CR", b"data:a\rdata:b\r\rdata:c\r\r", [message("a\nb"), message("c")]),
    Case("lines that end in CRLF", b"data:a\r\ndata:b\r\n\r\ndata:c\r\n\r\n", [message("a\nb"), message("c")]),
    Case("all line ends mixed", b"data:a\rdata:b\ndata:c\r\n\ndata:d\n\r", [message("a\nb\nc"), message("d")]),
    Case("LF then CR is two line ends", b"data:a\n\rdata:b\n\r", [message("a"), message("b")]),
    Case(
        "U+2028, U+2029, U+0085, VT and FF are data",
        "data:a\u2028b\u2029c\u0085d\x0be\x0cf\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\x0be\x0cf")],
    ),
    Case("one byte order mark is stripped", b"\xef\xbb\xbfdata:a\n\n", [message("a")]),
    Case("a byte order mark alone on the first line", b"\xef\xbb\xbf\ndata:a\n\n", [message("a")]),
    Case("a second byte order mark is part of a name", b"\xef\xbb\xbf" * 2 + b"data:a\n\ndata:b\n\n", [message("b")]),
    Case("a later byte order mark is no mark", b"data:a\n\n\xef\xbb\xbfdata:b\n\n", [message("a")]),
    Case("a byte order mark in a value is kept", b"data:\xef\xbb\xbfa\n\n", [message("\ufeffa")]),
    Case("only one space is stripped, and no tab", b"data:  a\ndata:\tb\ndata: \n\n", [message(" a\n\tb\n")]),
    Case("a colon in the value", b"data: a: b:c\n\n", [message("a: b:c")]),
    Case("comments inside a block", b":\ndata:a\n: data:no\n:::\ndata:b\n\n", [message("a\nb")]),
    Case("a comment alone dispatches nothing", b": heartbeat\n\n", []),
    Case("unknown fields", b"foo\nfoo: bar\nDATA: no\n data: no\ndata : no\ndata:a\n\n", [message("a")]),
    Case("an event type without data is forgotten", b"event: x\n\ndata:a\n\n", [message("a")]),
    Case("the last event type counts", b"event: x\nevent: y\ndata:a\n\n", [("y", "a", "")]),
    Case("an empty event type is message", b"event: x\nevent:\ndata:a\n\n", [message("a")]),
    Case("an id persists", b"id: 7\ndata:a\n\ndata:b\n\n", [message("a", "7"), message("b", "7")], last_event_id="7"),
    Case("an id without data still counts", b"id: 7\n\ndata:a\n\n", [message("a", "7")], last_event_id="7"),
    Case("an empty id resets", b"id: 7\ndata:a\n\nid:\ndata:b\n\n", [message("a", "7"), message("b")]),
    Case("an id with NUL is ignored", b"id: 7\nid: 8\x009\ndata:b\n\n", [message("b", "7")], last_event_id="7"),
    Case("an id of an unfinished block does not count", b"id: 7\n\nid: 8\ndata:a\n", [], last_event_id="7"),
    Case("retry takes digits", b"retry: 1500\n\n", [], retry_ms=1500),
    Case("retry takes effect before its block ends", b"retry: 0020\n", [], retry_ms=20),
    Case("retry takes nothing but digits", b"retry: 5\nretry\nretry: 1.5\nretry:  1\nretry: 1s\n", [], retry_ms=5),
    Case("retry takes ASCII digits only", "retry: ٣\nretry: ²\n".encode(), []),
    Case("a retry of 5,000 digits", b"retry: " + b"9" * 5000 + b"\n", [], retry_ms=LONGEST_RETRY_MS),
    Case("a retry of 5,000 zeros", b"retry: " + b"0" * 5000 + b"\n", [], retry_ms=0),
    Case("a last event without its blank line", b"data:a\n\ndata:b\n", [message("a")]),
    Case("characters of two, three and four bytes", "data:é你😀\n\n".encode(), [message("é你😀")]),
    # The Encoding standard's decoder: one U+FFFD per maximal part of a character.
    Case(
        "broken UTF-8",
        b"data:\xff|\xc0\x80|\xe4\xbd|\xed\xa0\x80|\xf0\x9f\x98|\xf4\x90\x80\x80\n\n",
        [message("\ufffd|\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd\ufffd")],
    ),
    Case("a character broken off by a line end", b"data:\xe4\xbd\ndata:\xa0\n\n", [message("\ufffd\n\ufffd")]),
    Case("NUL in data is data", b"data:a\x00b\n\n", [message("a\x00b")]),
]  # fmt: skip

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
    held = sum(len(value) for value in vars(decoder).values() if isinstance(value, bytes | bytearray | str))
    assert held <= 1000
    assert decoder.oversized == 1


def test_a_limit_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="limit_bytes"):
        EventStreamDecoder(limit_bytes=0)


# Bytes that mean something to the decoder come up often enough to meet each other.
fragments = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b":", b" ", b"data", b"data:", b"id:", b"event:", b"retry:", b"\0", b"7", b"\xef\xbb\xbf",
     b"\xe4\xbd\xa0", b"\xe4\xbd", b"\xf0\x9f", b"\xff", "\u2028".encode()]
)  # fmt: skip
streams = st.lists(fragments | st.binary(max_size=3), max_size=40).map(b"".join)


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


def by_the_book(stream: bytes) -> tuple[list[tuple[str, str, str]], str]:
    """HTML §9.2.5 and §9.2.6 on a complete stream, decoded first and in the standard's own steps."""
    text = stream.decode("utf-8", errors="replace").removeprefix("\ufeff")
    events = []
    data, event_type, id_buffer, last_event_id = "", "", "", ""
    for line in re.split("\r\n|\r|\n", text)[:-1]:
        if line == "":
            last_event_id = id_buffer
            if data != "":
                events.append((event_type or "message", data[:-1], last_event_id))
            data, event_type = "", ""
            continue
        if line.startswith(":"):
            continue
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        match name:
            case "data":
                data += value + "\n"
            case "event":
                event_type = value
            case "id" if "\0" not in value:
                id_buffer = value
    return events, last_event_id
