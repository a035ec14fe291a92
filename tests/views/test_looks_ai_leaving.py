"""The looks of leaving, stopping, asking twice and the two texts: their figures are those of the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.scenarios import AskedTwice, ReaderLeaves, Scenario, StopOrLeave, TwoTexts
from lab_servers.views.heads import heads
from lab_servers.views.looks import look_of
from lab_servers.views.looks.ai_reader_leaves import wasted
from lab_servers.views.looks.ai_two_texts import SAID, texts_said
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUNS: tuple[Scenario, ...] = (
    ReaderLeaves(tokens=20, leave_after=5),
    StopOrLeave(tokens=20, after_tokens=5, away_s=0.05),
    AskedTwice(tokens=20, time_limit_s=0.2),
    TwoTexts(steps=8, step_s=0.01, leave_after=2, away_s=0.02),
    TwoTexts(steps=8, step_s=0.01, leave_after=2, away_s=0.02, then="cancel"),
)


@pytest.fixture(scope="module")
def recordings() -> Iterator[list[Recording]]:
    with Lab([]) as lab:
        yield [run.run(lab) for run in RUNS]


def test_every_run_has_a_picture_with_words_and_a_table_with_rows(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_picture_with_words_and_table_with_rows(recording)


def test_a_look_reads_the_same_from_the_same_recording(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_same_again(recording)


@pytest.mark.parametrize("name", ["ReaderLeaves", "StopOrLeave", "AskedTwice", "TwoTexts"])
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_the_table_of_waste_counts_what_the_model_marked(recordings: list[Recording]) -> None:
    for row, (lane, one) in zip(look_of(recordings[0]).table.rows, wasted(recordings[0]).items(), strict=True):
        assert row[0] == lane
        assert (row[2], row[3]) == (str(one.generated), str(one.for_nobody))
        assert row[5].endswith(" ms") is one.was_noticed


def test_a_token_more_is_a_token_more_in_the_table(recordings: list[Recording]) -> None:
    leaves = recordings[0]
    lane = "event stream, watched"
    before = wasted(leaves)[lane]
    later = Mark(before.left_ns + 1, f"{lane}: token by llm", "e1-1 99")
    assert wasted(replace(leaves, marks=(*leaves.marks, later)))[lane].for_nobody == before.for_nobody + 1


def test_what_was_lost_is_told_in_the_sentence(recordings: list[Recording]) -> None:
    picture = look_of(recordings[2]).picture
    assert picture is not None
    assert "answer lost: 2 requests, 2 runs, 40 tokens generated, 20 of them in the answer" in picture.text.lower()


def test_both_texts_are_quoted_with_the_section_that_says_it() -> None:
    rows = texts_said().rows
    assert len(rows) == len(SAID)
    assert all(cell.startswith("“") and cell.endswith(")") for row in rows for cell in row[1:])


def test_the_table_of_the_two_texts_shows_opposite_outcomes(recordings: list[Recording]) -> None:
    rows = {row[0]: row[1:] for row in look_of(recordings[3]).table.rows}
    assert rows["how each call ended"] == ("1: complete", "1: cancelled, 2: complete")
    asked_again = rows["GET to resume the stream"]
    assert asked_again == (
        "Last-Event-ID: 1/2; the stream goes on", "without an id, as no event had one; 405, asked anew",
    )  # fmt: skip


def test_the_head_that_passed_had_the_last_event_id_that_the_table_shows(recordings: list[Recording]) -> None:
    def sent(text: str) -> list[list[str]]:
        found = [head for capture in recordings[3].of(text) for head in heads(capture, Side.CLIENT)]
        return [head.values("Last-Event-ID") for head in found if head.method == "GET"]

    assert (sent("2025-11-25"), sent("2026-07-28")) == ([["1/2"]], [[]])


def test_a_reader_that_leaves_when_all_is_generated_is_not_called_unnoticed(recordings: list[Recording]) -> None:
    leaves = recordings[0]
    lane = "event stream, watched"
    finish = replace(leaves.marks_named(f"{lane}: finished by llm")[0], detail="e1-1 5 complete")
    others = tuple(mark for mark in leaves.marks if not mark.name.startswith((f"{lane}: finished", f"{lane}: left")))
    late = replace(finish, name=f"{lane}: left", at_ns=finish.at_ns + 1, detail="")
    look = look_of(replace(leaves, marks=(*others, finish, late)))
    assert look.table.rows[0][5] == "over before it left"
    assert look.picture is not None
    assert f"{lane}: 0 and over before;" in look.picture.text


def test_one_of_a_thing_is_told_as_one(recordings: list[Recording]) -> None:
    def is_of_the_first_request(mark: Mark) -> bool:
        of_a_run = mark.name.endswith(" by llm")
        return "-1 " in mark.detail if of_a_run else not mark.name.endswith(": asked") or mark.detail == "1"

    twice = recordings[2]
    once = tuple(
        mark for mark in twice.marks if not mark.name.startswith("time limit: ") or is_of_the_first_request(mark)
    )
    picture = look_of(replace(twice, marks=once)).picture
    assert picture is not None
    assert "time limit: 1 request, 1 run, 20 tokens generated, and no answer" in picture.text
