"""“Break my parser” names the rule that a parser breaks, and nothing that a parser does can break it."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import httpx_sse
import pytest

from lab_servers.course import break_my_parser
from lab_servers.course.conformance_rules import RULE_BY_ID, RULES
from lab_servers.course.lessons.n04_exercises import EXERCISES
from lab_servers.course.parser_report import ParserReport
from lab_servers.wire.sse.decoder import Event, EventStreamDecoder

Events = Iterator[tuple[str, str, str]]

SOLVED: dict[str, Any] = {}
for _exercise in EXERCISES:
    if _exercise.name in ("04-lines", "04-events"):
        exec(compile(_exercise.solution, f"<solution of {_exercise.name}>", "exec"), SOLVED)
lines_of: Callable[[Iterable[bytes]], Iterator[str]] = SOLVED["lines_of"]
events_of: Callable[[Iterable[str]], Events] = SOLVED["events_of"]


def broken(report: ParserReport) -> list[str]:
    return [one.rule.id for one in report.broken]


# --- parsers that are right ---------------------------------------------------------------------------


def test_the_two_solved_halves_break_no_rule() -> None:
    report = break_my_parser(lambda pieces: events_of(lines_of(pieces)))
    assert report.passed, str(report)
    assert report.headline.startswith("✓")
    assert f"all {len(RULES)} rules" in str(report)


def test_our_own_decoder_is_a_class_with_feed_and_breaks_no_rule() -> None:
    class Parser:
        def __init__(self) -> None:
            self.decoder = EventStreamDecoder()

        def feed(self, piece: bytes) -> list[Event]:
            return self.decoder.feed(piece)

    assert break_my_parser(Parser).passed
    # A function that makes one is as good.
    assert break_my_parser(lambda: Parser()).passed


def test_a_parser_that_holds_back_a_cr_may_hand_it_out_in_close() -> None:
    class Parser:
        def __init__(self) -> None:
            self.data, self.events = b"", EventStreamDecoder()

        def feed(self, piece: bytes) -> list[Event]:
            data = self.data + piece
            size = len(data) - data.endswith(b"\r")
            self.data = data[size:]
            return self.events.feed(data[:size])

        def close(self) -> list[Event]:
            return self.events.feed(self.data)

    assert break_my_parser(Parser).passed


# --- parsers that are not -----------------------------------------------------------------------------


def test_a_parser_that_splits_at_two_line_feeds_does_not_know_the_other_line_ends() -> None:
    def split(pieces: Iterable[bytes]) -> list[tuple[str, str, str]]:
        text = b"".join(pieces).decode("utf-8", "replace").removeprefix("\ufeff")
        events: list[tuple[str, str, str]] = []
        for block in text.split("\n\n")[:-1]:
            events += events_of([*block.split("\n"), ""])
        return events

    report = break_my_parser(split)
    assert {"crlf", "cr"} <= set(broken(report))
    first = next(one for one in report.broken if one.rule.id == "crlf")
    assert (first.data, first.cuts) == (b"data: a\r\n\r\n", ())
    assert "hey-api #3054" in str(report)
    assert "it could not be tried whether each is dispatched in time" in str(report)


def test_splitlines_ends_lines_at_characters_that_are_data() -> None:
    def split(pieces: Iterable[bytes]) -> list[tuple[str, str, str]]:
        return list(events_of(b"".join(pieces).decode("utf-8-sig", "replace").splitlines()))

    report = break_my_parser(split)
    assert broken(report) == ["no-other-line-end"]
    assert report.broken[0].data == "data: a\u2028b\n\n".encode()
    assert "httpx-sse #34" in str(report)


def test_decoding_each_piece_by_itself_breaks_characters_that_a_read_has_cut() -> None:
    def decode_each(pieces: Iterable[bytes]) -> Events:
        def lines() -> Iterator[str]:
            line, before, encoding = "", "", "utf-8-sig"
            for piece in pieces:
                for char in piece.decode(encoding, "replace"):
                    if char not in "\r\n":
                        line += char
                    elif char == "\r" or before != "\r":
                        yield line
                        line = ""
                    before = char
                encoding = "utf-8"

        return events_of(lines())

    report = break_my_parser(decode_each)
    assert broken(report) == ["cut-character", "cut-byte-order-mark"]
    (cut,) = report.broken[0].cuts
    assert report.broken[0].data[cut] & 0xC0 == 0x80, "the cut is inside a character"
    assert "plano #980" in str(report)


def test_a_cr_that_forgets_itself_between_two_reads_makes_two_lines_of_one_line_end() -> None:
    def forgetful(pieces: Iterable[bytes]) -> Events:
        decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode

        def lines() -> Iterator[str]:
            line = ""
            for piece in pieces:
                *whole, line = re.split("\r\n|\r|\n", line + decode(piece))
                yield from whole

        return events_of(lines())

    assert broken(break_my_parser(forgetful)) == ["cut-crlf"]


def test_a_parser_without_memory_is_told_so_before_all_else() -> None:
    def piece_by_piece(pieces: Iterable[bytes]) -> Events:
        for piece in pieces:
            yield from events_of(lines_of([piece]))

    report = break_my_parser(piece_by_piece)
    assert broken(report) == ["cut-line"]
    assert RULE_BY_ID["cut-line"].sentence in report.headline


def test_an_event_that_waits_for_the_end_of_the_stream_is_late() -> None:
    def late(pieces: Iterable[bytes]) -> Events:
        yield from list(events_of(lines_of(pieces)))

    report = break_my_parser(late)
    assert broken(report) == ["in-time"]
    assert report.broken[0].given == "event 1 only after piece 2"


def test_what_a_stream_needs_besides_is_named_first() -> None:
    def wants_a_space(pieces: Iterable[bytes]) -> Events:
        # "data:" and "id:" without a space are no fields to it, so an empty id cannot reset either.
        return events_of(line for line in lines_of(pieces) if not line or ": " in line or ":" not in line)

    found = broken(break_my_parser(wants_a_space))
    assert found[0] == "optional-space"
    assert "empty-id" not in found


def test_httpx_sse_breaks_the_rules_that_it_is_known_to_break() -> None:
    def parse(pieces: Iterable[bytes]) -> Events:
        response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=iter(pieces))
        for event in httpx_sse.EventSource(response).iter_sse():
            yield (event.event, event.data, event.id)

    found = set(broken(break_my_parser(parse)))
    assert {"no-data", "byte-order-mark"} <= found
    assert not found & {"blank-line", "cut-line", "data-lines", "cut-character"}


# --- whatever it does -----------------------------------------------------------------------------------


def test_what_a_parser_raises_is_what_it_gave() -> None:
    def strict(pieces: Iterable[bytes]) -> Events:
        text = b"".join(pieces).decode("utf-8-sig")
        yield from events_of(re.split("\r\n|\r|\n", text)[:-1])

    report = break_my_parser(strict)
    assert "broken-utf-8" in broken(report)
    told = next(one for one in report.broken if one.rule.id == "broken-utf-8")
    assert told.given.startswith("UnicodeDecodeError:")


def test_a_parser_that_never_ends_is_broken_off_and_named() -> None:
    def hang(pieces: Iterable[bytes]) -> Events:
        if b"\r" in b"".join(pieces):
            while True:
                time.sleep(0)
        yield from ()

    report = break_my_parser(hang, one_limit_s=0.3)
    assert not report.passed
    assert "did not end within 0.3 seconds" in str(report)
    assert "were not tried" in str(report)


def test_a_parser_that_never_stops_giving_is_cut_short() -> None:
    def flood(pieces: Iterable[bytes]) -> Events:
        while True:
            yield ("message", "a", "")

    assert "blank-line" in broken(break_my_parser(flood))


@pytest.mark.parametrize(
    ("parser", "words"),
    [
        (7, "of type int, and no parser"),
        (type("P", (), {"feed": lambda self, piece: [], "__call__": lambda self: self})(), "give its class"),
    ],
)
def test_what_is_no_parser_gets_a_sentence(parser: Any, words: str) -> None:
    report = break_my_parser(parser)
    assert words in report.headline
    assert (report.passed, report.readings) == (False, 0)


@pytest.mark.parametrize(
    "parser",
    [
        lambda pieces: None,
        lambda pieces: [None, 1, "text", ("a",), object()],
        lambda pieces, more: [],
        lambda: None,
        type("NoFeed", (), {}),
        print,
        dict,
    ],
)
def test_nonsense_is_reported_and_never_raised(parser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert not break_my_parser(parser).passed


# --- how it shows itself --------------------------------------------------------------------------------


def test_the_report_is_a_table_with_heads_and_every_incident_is_a_link() -> None:
    report = break_my_parser(lambda pieces: [])
    page = report._repr_html_()
    # The incidents, the last column of the text, stand below their rules in the page.
    assert page.count('scope="col"') == len(report.table().columns) - 1
    assert page.count('scope="row"') == len(report.broken) == len(report.table().rows)
    for one in report.broken:
        for incident in one.rule.incidents:
            assert f'<a href="{incident.url}">' in page
            assert incident.url in str(report)
    assert "<script" not in page


def test_what_a_parser_gives_is_text_in_the_report() -> None:
    markup = "<img src=x onerror=alert(1)>"
    page = break_my_parser(lambda pieces: [("message", markup, "")])._repr_html_()
    assert markup not in page
    assert "&lt;img" in page


# --- parsers that fight back --------------------------------------------------------------------------


class Hostile:
    """A value that can neither be compared nor written out."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("no comparison")

    def __repr__(self) -> str:
        raise ValueError("no repr")


def hostile(pieces: Iterable[bytes]) -> Iterator[Any]:
    list(pieces)
    yield (Hostile(), "a", "")


def leaving(pieces: Iterable[bytes]) -> Iterator[Any]:
    raise SystemExit(3)


async def asynchronous(pieces: Iterable[bytes]) -> list[Any]:
    return []


@pytest.mark.parametrize(
    ("parser", "given"),
    [
        (hostile, "ValueError: no comparison"),
        (leaving, "SystemExit: 3"),
        (asynchronous, "TypeError: a coroutine came back: define the parser with def, without async"),
    ],
)
def test_a_parser_that_fights_back_is_reported_like_any_other(parser: Any, given: str) -> None:
    assert given in [one.given for one in break_my_parser(parser).broken]
