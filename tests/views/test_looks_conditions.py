"""The look of the conditions: what was asked stands beside what came, and the words are computed from both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.conditions import PRESETS
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.scenarios.side_conditions import ConditionsShown
from lab_servers.views.looks.side_conditions import in_bits, sentence, table
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield ConditionsShown(probes=6, every_s=0.02, delay_s=0.04).run(lab)


def cell(recording: Recording, network: str, way: str, column: str) -> str:
    found = table(recording)
    (row,) = [row for row in found.rows if row[:2] == (network, way)]
    return row[found.columns.index(column)]


def test_the_run_has_a_picture_with_words_and_a_table_with_rows(recording: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)


def test_the_table_has_a_row_for_each_direction_of_each_network(recording: Recording) -> None:
    assert len(table(recording).rows) == 2 * (5 + len(PRESETS))


def test_what_was_asked_is_what_the_parameters_and_the_networks_say(recording: Recording) -> None:
    assert cell(recording, "a delay", "down", "asked, ms") == "40.0"
    assert cell(recording, "another continent", "up", "asked, ms") == "101.0"
    assert cell(recording, "4G", "down", "rate asked") == "1.6 Mbit/s"
    assert cell(recording, "4G", "up", "rate asked") == "750 kbit/s"
    assert cell(recording, "a delay", "up", "rate asked") == "–"


def test_the_sentence_counts_the_messages_and_says_that_none_came_early(recording: Recording) -> None:
    said = sentence(recording)
    assert said.startswith("Of 144 small messages behind 12 networks, half came at most ")
    assert "none came early" in said
    assert "Of 14 transfers, half came within " in said


def late_by(recording: Recording, later_ns: int, server: str) -> Recording:
    """The same recording with every read of a server's clients moved."""

    def moved(mark: Mark) -> Mark:
        is_read = mark.name == f"{server}: probes read by client"
        return replace(mark, at_ns=mark.at_ns + later_ns) if is_read else mark

    return replace(recording, marks=tuple(moved(mark) for mark in recording.marks))


def test_messages_that_come_late_are_told_with_how_much(recording: Recording) -> None:
    before = float(cell(recording, "a delay", "down", "later, ms: median"))
    late = late_by(recording, 10_000_000, "over a delay")
    assert float(cell(late, "a delay", "down", "later, ms: median")) == pytest.approx(before + 10)
    assert cell(late, "a delay", "up", "later, ms: median") == cell(recording, "a delay", "up", "later, ms: median")


def test_messages_that_come_early_are_told(recording: Recording) -> None:
    assert "6 came early" in sentence(late_by(recording, -1_000_000_000, "over satellite"))


def test_a_recording_of_something_else_is_refused_with_what_to_run() -> None:
    assert_refused_with_what_to_run("ConditionsShown")


@pytest.mark.parametrize(
    ("rate_bytes_s", "words"),
    [(125, "1 kbit/s"), (93_750, "750 kbit/s"), (200_000, "1.6 Mbit/s"), (125_000_000, "1 Gbit/s")],
)
def test_a_rate_is_told_in_the_bits_in_which_it_is_sold(rate_bytes_s: float, words: str) -> None:
    assert in_bits(rate_bytes_s) == words
