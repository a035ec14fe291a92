"""Staleness against the rate of events: a poller is late by its step at any rate, a stream by the time of the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.staleness import LANES, late_at_rates
from lab_servers.recording import Recording
from lab_servers.scenarios import StalenessAtRates
from lab_servers.views.looks import look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUN = StalenessAtRates(steps=2, least_messages_s=20, poll_every_s=0.2)


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield RUN.run(lab)


def test_every_message_of_every_rate_is_there_on_every_lane(recording: Recording) -> None:
    found = late_at_rates(recording)
    assert [(one.lane, one.rate, len(one.late_s)) for one in found] == [
        (lane, rate, count) for lane in LANES for rate, count in zip(RUN.rates, RUN.counts, strict=True)
    ]
    for lane in LANES:
        numbers = [int(mark.detail) for mark in recording.marks_named(f"{lane.name}: produced")]
        assert numbers == list(range(1, sum(RUN.counts) + 1))


def test_polling_is_the_stalest_at_every_rate_and_nothing_is_known_before_it_happened(recording: Recording) -> None:
    found = late_at_rates(recording)
    for rate in RUN.rates:
        polling, *others = [one for one in found if one.rate == rate]
        assert all(polling.mean_s > 3 * one.mean_s for one in others)
        assert all(min(one.late_s) > 0 for one in (polling, *others))


def test_a_poller_is_late_by_a_good_part_of_its_step_however_often_something_happens(recording: Recording) -> None:
    for polling in late_at_rates(recording)[: len(RUN.rates)]:
        # A lower bound: a busy machine can make it later, never sooner.
        assert polling.worst_s > RUN.poll_every_s / 3


def test_the_lowest_rate_is_below_the_highest() -> None:
    with pytest.raises(BadParameter, match="least_messages_s must be below most_messages_s"):
        StalenessAtRates(least_messages_s=50, most_messages_s=50)


def test_it_is_shown_with_a_picture_and_a_table(recording: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)
    assert len(look_of(recording).table.rows) == len(LANES) * len(RUN.rates)


def test_a_recording_of_something_else_is_refused_with_what_to_run() -> None:
    assert_refused_with_what_to_run("StalenessAtRates")
