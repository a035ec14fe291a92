"""The looks of a resumed answer and of a crowd of answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import ManyAnswers, ResumedAnswer, Scenario
from lab_servers.views.looks import look_of
from lab_servers.views.looks.ai_resumed import ranges
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUNS: tuple[Scenario, ...] = (
    ResumedAnswer(gap_s=0.005),
    ResumedAnswer(gap_s=0.005, where="before the first id", cuts=1, key=False),
    ResumedAnswer(gap_s=0.01, restart=True, cuts=1),
    ResumedAnswer(gap_s=0.005, client="trusts the end"),
    ResumedAnswer(gap_s=0.005, way="NDJSON", cuts=0),
    ManyAnswers(answers=6, tokens=4, gap_s=0.01),
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


@pytest.mark.parametrize("name", sorted({type(run).__name__ for run in RUNS}))
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_answers_for_nobody_are_told_in_words_and_in_a_row(recordings: list[Recording]) -> None:
    look = look_of(recordings[1])
    assert look.picture is not None
    assert "answers that nobody could read, asked for before a cut: 3, of 108 tokens in all." in look.picture.text
    assert look.table.rows[-1][0] == "nobody"


def test_each_cut_stands_in_the_table_with_its_byte(recordings: list[Recording]) -> None:
    ends = [row[-1] for row in look_of(recordings[0]).table.rows]
    assert sum("behind byte" in end for end in ends) == 6


def test_numbers_are_told_as_ranges() -> None:
    assert ranges([1, 2, 3, 5, 8, 9]) == "1–3, 5, 8–9"
    assert ranges([]) == "none"
