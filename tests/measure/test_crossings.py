"""Where a choice changes: beside each crossing and each flip both sides are looked at."""

from __future__ import annotations

from random import Random

import pytest

from lab_servers.errors import BadParameter
from lab_servers.measure.costs import CHOICES, cost_per_s
from lab_servers.measure.crossings import (
    BOTH,
    DOWN,
    UP,
    crossing_every_s,
    crossing_tolerated_s,
    equal_cost_line,
    flips,
    job_at,
    rounded,
)
from lab_servers.measure.decision import CRITERIA, STREAMS_PASS, choose
from lab_servers.measure.jobs import JOBS, Job
from lab_servers.measure.regions import INTERVALS_S, TOLERATED_S, area_of, column_at, columns, spaced
from lab_servers.measure.transports import Transport
from tests.measure.units_by_hand import UNITS

POLLING, LONG, SSE, WEBSOCKET = CHOICES
BASE = Job("base", header_bytes=750, size_bytes=200, round_trip_s=0)


def cost(transport: Transport, job: Job) -> float:
    return cost_per_s(transport, job, UNITS).bytes


def test_polling_and_sse_cost_the_same_where_the_closed_form_says() -> None:
    every_s = 3_600.0
    # A question of 1,000 bytes per step, against heartbeats, the opening, and what an event costs more than news do.
    per_s = 10 / 15 + (300 + 750) / 600 + (20 - 50 - 1) / every_s
    found = crossing_tolerated_s(UNITS, BASE, DOWN, every_s, (POLLING, SSE))
    assert found == pytest.approx(1_000 / per_s, rel=1e-3)


@pytest.mark.parametrize("every_s", [0.05, 1.0, 30.0, 1_000.0])
@pytest.mark.parametrize("other", [SSE, WEBSOCKET])
def test_on_a_line_both_cost_the_same_and_beside_it_they_change_places(every_s: float, other: Transport) -> None:
    at_s = crossing_tolerated_s(UNITS, BASE, DOWN, every_s, (POLLING, other))
    assert at_s is not None
    before, there, after = (job_at(BASE, DOWN, every_s, at_s * factor) for factor in (0.8, 1, 1.25))
    assert cost(POLLING, there) == pytest.approx(cost(other, there), rel=1e-3)
    assert cost(POLLING, before) > cost(other, before)
    assert cost(POLLING, after) < cost(other, after)


def test_post_and_sse_against_websocket_cross_at_an_interval() -> None:
    at_s = crossing_every_s(UNITS, BASE, BOTH, 5.0, (SSE, WEBSOCKET))
    assert at_s is not None
    often, seldom = (job_at(BASE, BOTH, at_s * factor, 5.0) for factor in (0.5, 2))
    assert cost(SSE, often) > cost(WEBSOCKET, often)
    assert cost(SSE, seldom) < cost(WEBSOCKET, seldom)


def test_where_one_is_cheaper_everywhere_there_is_no_crossing() -> None:
    # Both open one request per stay, and neither asks again.
    assert crossing_every_s(UNITS, BASE, DOWN, 5.0, (SSE, WEBSOCKET), "requests") is None


def test_a_line_of_equal_cost_begins_with_polling_which_alone_depends_on_what_is_tolerated() -> None:
    line = equal_cost_line(UNITS, BASE, DOWN, spaced(0.1, 1_000, 9), (POLLING, SSE))
    assert len(line.points) == 9
    with pytest.raises(BadParameter, match="must be polling"):
        equal_cost_line(UNITS, BASE, DOWN, [1.0], (SSE, WEBSOCKET))


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(BadParameter, match="direction must be one of down, up, both ways"):
        job_at(BASE, "sideways", 1, 1)
    assert job_at(BASE, UP, 2, 1).up_every_s == 2


@pytest.mark.parametrize("name", [one for one in CRITERIA if one != "open connections"])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_flip_flips_there_and_not_before(job: Job, name: str) -> None:
    own = choose(job, UNITS, name).chosen
    for flip in flips(job, UNITS, name):
        value = getattr(job, flip.parameter)
        assert flip.is_above == (flip.value > value)
        there = job.with_number(flip.parameter, flip.value * (1.01 if flip.is_above else 0.99))
        assert choose(there, UNITS, name).chosen is flip.becomes is not own
        between = job.with_number(flip.parameter, value + 0.95 * (flip.value - value))
        assert choose(between, UNITS, name).chosen is own
        assert flip.becomes.value in flip.sentence


@pytest.mark.parametrize("name", [one for one in CRITERIA if one != "open connections"])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_very_number_that_is_told_flips_the_choice(job: Job, name: str) -> None:
    own = choose(job, UNITS, name).chosen
    for flip in flips(job, UNITS, name):
        told = float(flip.sentence.split(" of ")[1].split()[0].replace(",", ""))
        assert choose(job.with_number(flip.parameter, told), UNITS, name).chosen is flip.becomes is not own


def test_a_number_that_nothing_depends_on_flips_nothing() -> None:
    turned = {flip.parameter for job in JOBS for flip in flips(job, UNITS)}
    assert "keep_alive_s" not in turned  # bytes do not depend on it
    assert "tolerated_s" in turned


@pytest.mark.parametrize("direction", [DOWN, UP, BOTH])
def test_the_map_says_at_random_points_what_the_choice_says(direction: str) -> None:
    random = Random(5)
    for _ in range(30):
        every_s = INTERVALS_S[0] * (INTERVALS_S[1] / INTERVALS_S[0]) ** random.random()
        column = column_at(UNITS, BASE, direction, every_s)
        assert (column.spans[0].from_s, column.spans[-1].to_s) == pytest.approx(TOLERATED_S)
        late_s = TOLERATED_S[0] * (TOLERATED_S[1] / TOLERATED_S[0]) ** random.random()
        if any(abs(late_s / span.from_s - 1) < 0.005 for span in column.spans):
            continue  # on a border
        span = next(one for one in column.spans if one.from_s <= late_s <= one.to_s)
        assert span.transport is choose(job_at(BASE, direction, every_s, late_s), UNITS).chosen


def test_the_areas_together_are_the_map_and_the_columns_are_in_order() -> None:
    found = columns(UNITS, BASE, BOTH)
    assert [one.every_s for one in found] == sorted(one.every_s for one in found)
    assert sum(area_of(found, one) for one in STREAMS_PASS) == pytest.approx(1)
    assert {one for column in found for one in column.order} == set(STREAMS_PASS)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.0123456, "0.012"), (9.5678, "9.6"), (34.4, "34"), (400.4, "400"), (86_400, "86,400")],
)
def test_a_number_is_told_with_the_digits_that_count(value: float, told: str) -> None:
    assert rounded(value) == told


@pytest.mark.parametrize(
    ("value", "below", "above"),
    [
        (9.5678, "9.5", "9.6"),
        (13.48, "13", "14"),
        (5_763.3, "5,763", "5,764"),
        (0.0123456, "0.012", "0.013"),
        (15, "15", "15"),
    ],
)
def test_a_number_can_be_told_from_one_side(value: float, below: str, above: str) -> None:
    assert (rounded(value, up=False), rounded(value, up=True)) == (below, above)
