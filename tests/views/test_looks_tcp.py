"""The looks of the TCP runs: the words are computed from the recording, and say so where a system shows no effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.scenarios import OneRelay, Scenario, SendsAndReads, SmallWrites, WhoClosed
from lab_servers.views.looks import look_of
from lab_servers.views.looks.tcp_small_writes import WRITERS, has_effect, ratio
from lab_servers.views.looks.tcp_who_closed import ending_named
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
)

RUNS: tuple[Scenario, ...] = (
    OneRelay(interval_s=0.02),
    SendsAndReads(pause_s=0),
    SendsAndReads(sends=40, size_bytes=50, pause_s=0, framing="line end"),
    SendsAndReads(sends=1, size_bytes=1, read_at_most_bytes=1),
    SmallWrites(exchanges=3, warm_up=0),
    WhoClosed(),
    WhoClosed(ending="client-reset"),
)


@pytest.fixture(scope="module")
def recordings() -> Iterator[list[Recording]]:
    with Lab(["http", "sse", "websocket"]) as lab:
        yield [run.run(lab) for run in RUNS]


def test_every_run_has_a_picture_with_words_and_a_table_with_rows(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_picture_with_words_and_table_with_rows(recording)


@pytest.mark.parametrize("name", ["OneRelay", "SendsAndReads", "SmallWrites", "WhoClosed"])
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_the_relays_picture_says_how_many_bytes_went_each_way(recordings: list[Recording]) -> None:
    look = look_of(recordings[0])
    assert look.picture is not None
    for capture in recordings[0]:
        for side in Side:
            assert f"{len(capture.bytes_from(side))}" in look.picture.text
    assert "All three clients got '你好世界'." in look.picture.text


def test_the_picture_of_sends_and_reads_counts_both(recordings: list[Recording]) -> None:
    look = look_of(recordings[1])
    assert look.picture is not None
    assert "; many sends, read late: 5 sends, 1 read" in look.picture.text
    assert "one send, small reads: 1 send, 5 reads" in look.picture.text
    assert "The 45 bytes are the same in all of them." in look.picture.text


def test_very_many_pieces_are_told_with_their_number(recordings: list[Recording]) -> None:
    assert "… (40 in all)" in look_of(recordings[2]).table.rows[0][1]


def test_bytes_that_differ_are_not_called_the_same(recordings: list[Recording]) -> None:
    marks = list(recordings[1].marks)
    place = next(i for i, mark in enumerate(marks) if mark.name.endswith("fingerprint of all"))
    marks[place] = replace(marks[place], detail="0123456789ab")
    look = look_of(replace(recordings[1], marks=tuple(marks)))
    assert look.picture is not None
    assert "are not the same" in look.picture.text


# --- two small writes ---------------------------------------------------------------------------------


def small_writes(*took_ms: float) -> Recording:
    """A run of which the three clients waited so long for each of their answers, half of it between the two parts."""
    captures, marks, at_ns = [], [], 0
    for number, (label, took) in enumerate(zip(WRITERS, took_ms, strict=True), 1):
        opened_ns, chunks = at_ns, []
        for question in range(4):
            end_ns = at_ns + round(took * 1e6)
            chunks.append(Chunk(at_ns, Side.CLIENT, 2 * question, b"1"))
            chunks.append(Chunk((at_ns + end_ns) // 2, Side.CLIENT, 2 * question + 1, b"2"))
            detail = "warm-up" if not question else str(question)
            marks += [Mark(at_ns, f"{label}: asked", detail), Mark(end_ns, f"{label}: answered", detail)]
            at_ns = end_ns + 1
        opened = Transition(opened_ns, TransitionKind.OPENED, Side.CLIENT)
        closed = Transition(at_ns, TransitionKind.CLOSED, None)
        captures.append(Capture("two parts", number, ("", 1), ("", 2), tuple(chunks), (opened, closed), {}))
    parameters = {"exchanges": 3, "warm_up": 1, "first_bytes": 1, "second_bytes": 1}
    return Recording("SmallWrites", tuple(captures), tuple(marks), parameters)


def test_where_two_writes_wait_it_is_said_how_many_times_as_long_and_who_held_back() -> None:
    recording = small_writes(40, 0.5, 0.4)
    assert has_effect(recording)
    assert ratio(recording) == pytest.approx(80)
    look = look_of(recording)
    assert look.picture is not None
    assert look.picture.text.startswith("Medians of 3 questions each, after 1 to warm up: two writes 40.0 ms;")
    assert "80 times as long" in look.picture.text
    assert "20.0 ms after the first (median): the sender's system held it back" in look.picture.text


def test_where_they_do_not_it_is_said_that_this_machine_does_not_show_the_effect() -> None:
    recording = small_writes(0.6, 0.5, 0.4)
    assert not has_effect(recording)
    look = look_of(recording)
    assert look.picture is not None
    assert "This machine does not show the effect: two writes take 1.2 times as long" in look.picture.text
    assert "held it back" not in look.picture.text


# --- who closed ---------------------------------------------------------------------------------------


def test_who_ended_it_is_told_for_each_connection(recordings: list[Recording]) -> None:
    look = look_of(recordings[5])
    assert look.picture is not None
    assert "half-close: the client, with a FIN" in look.picture.text
    assert "server-reset: the server, with a RST" in look.picture.text
    assert [row[1] for row in look.table.rows][:2] == ["client, FIN", "server, FIN"]


def test_an_ending_that_was_not_run_is_refused_with_those_that_were(recordings: list[Recording]) -> None:
    with pytest.raises(BadParameter, match="no ending 'half-close' in this recording: choose from client-reset"):
        ending_named(recordings[6], "half-close")
