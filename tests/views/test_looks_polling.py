"""The looks of the polling runs: each picture says in words what it shows, and the figures come from the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import AskAgain, BetweenPolls, Herd, RetryAfter, Scenario, TimeLimits
from lab_servers.views.looks import look_of
from lab_servers.views.looks.polling_ask_again import WAYS, capture_of, ways
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUNS: tuple[Scenario, ...] = (
    AskAgain(duration_s=0.5),
    TimeLimits(hold_s=0.05),
    TimeLimits(hold_s=10, proxy_s=0.05, client_s=15),
    TimeLimits(hold_s=10, proxy_s=15, client_s=0.05),
    BetweenPolls(events=5, every_s=0.02, busy_s=0.03),
    Herd(pollers=20),
    RetryAfter(clients=2, spread_s=0.1),
)
EMPTY_RUNS = ("AskAgain", "TimeLimits", "BetweenPolls", "Herd", "RetryAfter")


@pytest.fixture(scope="module")
def recordings() -> Iterator[list[Recording]]:
    with Lab(["polling"]) as lab:
        yield [run.run(lab) for run in RUNS]


def test_every_run_has_a_picture_with_words_and_a_table_with_rows(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_picture_with_words_and_table_with_rows(recording)


def test_a_look_reads_the_same_from_the_same_recording(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_same_again(recording)


@pytest.mark.parametrize("name", EMPTY_RUNS)
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_the_table_of_asking_again_counts_what_is_on_the_wire(recordings: list[Recording]) -> None:
    again = recordings[0]
    for row, way in zip(look_of(again).table.rows, ways(again).values(), strict=True):
        assert row[0] == way.label
        assert (row[1], row[5]) == (f"{way.requests:,}", f"{way.sent_bytes + way.received_bytes:,}")
        assert way.requests == len(way.asked_s) == len(way.answered_s) == len(way.has_news)


def test_the_connection_of_an_unknown_client_is_refused_with_the_names_that_there_are(
    recordings: list[Recording],
) -> None:
    with pytest.raises(BadParameter, match=f"choose from {', '.join(WAYS)}"):
        capture_of(recordings[0], "magic")


def test_the_time_limits_are_told_with_who_got_what(recordings: list[Recording]) -> None:
    nested, proxy, client = (look_of(recording).picture for recording in recordings[1:4])
    assert nested is not None
    assert proxy is not None
    assert client is not None
    assert "204 No Content" in nested.text
    assert "504 Gateway Timeout" in proxy.text
    assert "still holds the question when the proxy leaves" in proxy.text
    assert "leaves without an answer" in client.text


def test_the_herd_says_that_it_was_computed_and_with_which_seed(recordings: list[Recording]) -> None:
    look = look_of(recordings[5])
    assert look.picture is not None
    assert "no request was sent" in look.picture.text
    assert "seed 7" in look.picture.text
    assert "no request was sent" in look.table.caption


def test_a_herd_without_its_parameters_is_refused(recordings: list[Recording]) -> None:
    with pytest.raises(BadParameter, match="run the scenario Herd"):
        look_of(replace(recordings[5], parameters={}))
