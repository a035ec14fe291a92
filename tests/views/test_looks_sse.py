"""The looks of the event stream runs, and the state of a parser line by line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.dissection import dissect_alone
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import (
    ComingBack,
    CutEverywhere,
    Heartbeat,
    OneStream,
    ParserSteps,
    ResumeAfterCut,
    Scenario,
)
from lab_servers.views.looks import look_of
from lab_servers.views.looks.sse import stream_capture
from lab_servers.views.parser_states import MOST_LINES, parser_picture, parser_sentence, parser_table
from lab_servers.wire.conversation import Protocol
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUNS: tuple[Scenario, ...] = (
    OneStream(interval_s=0.01),
    OneStream(interval_s=0.01, http="1.0"),
    CutEverywhere(),
    ParserSteps(),
    ParserSteps(sample="line ends"),
    Heartbeat(quiet_s=0.05, heartbeat_s=0.02),
    ResumeAfterCut(events=3, every_s=0.01, cut_in=2, retry_ms=10),
    ComingBack(watch_requests=2, retry_ms=1),
    ComingBack(case="204", retry_ms=1),
)


@pytest.fixture(scope="module")
def recordings() -> Iterator[list[Recording]]:
    with Lab(["sse"]) as lab:
        yield [run.run(lab) for run in RUNS]


def test_every_run_has_a_picture_with_words_and_a_table_with_rows(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_picture_with_words_and_table_with_rows(recording)


def test_a_look_reads_the_same_from_the_same_recording(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_same_again(recording)


@pytest.mark.parametrize("name", sorted({type(run).__name__ for run in RUNS}))
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_a_growing_body_is_told_with_what_ended_it(recordings: list[Recording]) -> None:
    chunked, closed = (look_of(recording).picture for recording in recordings[:2])
    assert chunked is not None
    assert closed is not None
    assert "ended by a chunk of size 0" in chunked.text
    assert "ended by the end of the connection" in closed.text


def test_the_table_of_cuts_counts_every_cut_once(recordings: list[Recording]) -> None:
    rows = look_of(recordings[2]).table.rows
    assert sum(int(row[1]) for row in rows) == sum(int(row[2]) for row in rows) == len(recordings[2].captures)


# --- the state of a parser ----------------------------------------------------------------------------


def rows_of(stream: bytes) -> list[tuple[str, ...]]:
    """The rows of a stream without its columns of words: data, type, ID buffer, last event ID, retry, received."""
    capture = dissect_alone(Protocol.HTTP_RESPONSE, _answer(stream), "stream").capture
    return [(row[0], *row[2:]) for row in parser_table(capture).rows]


def _answer(stream: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + stream


def test_lines_fill_buffers_and_the_blank_line_dispatches_and_empties_them() -> None:
    assert rows_of(b"id: 7\nevent: x\ndata: a\ndata: b\n\n") == [
        ("id: 7", "", "", "7", "", "", ""),
        ("event: x", "", "x", "7", "", "", ""),
        ("data: a", "a⏎", "x", "7", "", "", ""),
        ("data: b", "a⏎b⏎", "x", "7", "", "", ""),
        ("(blank)", "", "", "7", "7", "", "x: a⏎b"),
    ]


def test_retry_counts_at_once_and_an_id_only_at_the_blank_line() -> None:
    rows = rows_of(b"retry: 20\nid: 1\n\nid: 2\n")
    assert [row[5] for row in rows] == ["20"] * 4
    assert [row[4] for row in rows] == ["", "", "1", "1"]


def test_hostile_lines_are_text() -> None:
    capture = dissect_alone(Protocol.HTTP_RESPONSE, _answer(b"data: <script>\x1b[2J\n\n"), "stream").capture
    page = parser_table(capture)._repr_html_()
    assert "<script>" not in page
    assert "\x1b" not in page + parser_picture(capture)._repr_html_()


def test_a_long_stream_is_drawn_in_part_and_says_so() -> None:
    stream = b"data: a\n" * (MOST_LINES + 5) + b"\n"
    capture = dissect_alone(Protocol.HTTP_RESPONSE, _answer(stream), "stream").capture
    assert len(parser_table(capture).rows) == MOST_LINES + 6
    assert any(f"The first {MOST_LINES} of" in notice for notice in parser_picture(capture).notices)


def test_a_dropped_block_is_told(recordings: list[Recording]) -> None:
    told = parser_sentence(stream_capture(recordings[3], "ParserSteps"))
    assert told.endswith("The stream ended before the blank line of its last block, which is dropped.")


def test_a_connection_without_a_stream_is_refused() -> None:
    capture = dissect_alone(Protocol.HTTP_RESPONSE, b"HTTP/1.1 204 No Content\r\n\r\n", "none").capture
    with pytest.raises(BadParameter, match="carries no event stream"):
        parser_table(capture)
