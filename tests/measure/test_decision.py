"""The rule of a choice: quick enough, then cheap enough, then simple."""

from __future__ import annotations

import pytest

from lab_servers.errors import BadParameter
from lab_servers.measure.costs import CHOICES, cost_per_s
from lab_servers.measure.decision import CRITERIA, Criterion, choose, criterion_of
from lab_servers.measure.jobs import JOBS, Job
from lab_servers.measure.transports import Transport
from tests.measure.units_by_hand import UNITS

POLLING, LONG, SSE, WEBSOCKET = CHOICES
BYTES = CRITERIA["bytes"]

STATUS = Job("status", down_every_s=60, tolerated_s=15, size_bytes=100)
TICKER = Job("ticker", down_every_s=0.5, tolerated_s=0.5, size_bytes=200)
BOARD = Job("board", down_every_s=0.2, up_every_s=0.2, tolerated_s=0.3, size_bytes=40)


def test_the_simplest_wins_where_what_it_costs_more_does_not_count() -> None:
    found = choose(STATUS, UNITS)
    assert found.chosen is POLLING
    assert found.of(POLLING).counts > 1.5 * found.of(WEBSOCKET).counts  # by its spare alone
    assert choose(STATUS, UNITS, BYTES.with_rule(spare=0)).chosen is SSE


def test_a_simpler_one_may_cost_half_as_much_again_and_no_more() -> None:
    found = choose(TICKER, UNITS, BYTES.with_rule(spare=0))
    assert found.chosen is SSE
    assert found.of(WEBSOCKET).counts < found.of(SSE).counts < 1.5 * found.of(WEBSOCKET).counts
    assert choose(TICKER, UNITS, BYTES.with_rule(spare=0, factor=1)).chosen is WEBSOCKET


def test_frequent_messages_up_need_a_websocket() -> None:
    found = choose(BOARD, UNITS)
    assert found.chosen is WEBSOCKET
    assert found.runner_up.transport is SSE
    assert found.ratio == pytest.approx(found.of(SSE).counts / found.of(WEBSOCKET).counts)
    assert found.ratio > 1.5


def test_what_is_too_late_is_not_chosen_however_cheap_it_is() -> None:
    hasty = STATUS.with_number("tolerated_s", 0.05).with_number("round_trip_s", 0.04)
    found = choose(hasty, UNITS)
    assert not found.of(POLLING).is_quick_enough
    assert found.chosen is not POLLING


def test_if_nothing_is_quick_enough_the_least_stale_is_chosen_and_it_says_so() -> None:
    impossible = STATUS.with_number("tolerated_s", 0.05).with_number("round_trip_s", 2)
    found = choose(impossible, UNITS)
    assert not found.is_tolerated
    assert found.chosen is SSE


def test_each_criterion_looks_at_its_own_resource() -> None:
    for job in JOBS:
        for transport in CHOICES:
            cost = cost_per_s(transport, job, UNITS)
            looked_at = (cost.bytes, cost.requests, cost.processor_s, cost.open_s)
            assert tuple(by.of(cost) for by in CRITERIA.values()) == pytest.approx(looked_at)


def test_weights_of_ones_own_are_a_criterion() -> None:
    dear_requests = Criterion("requests are dear", "bytes/s", bytes=1, requests=10_000)
    assert choose(STATUS, UNITS, dear_requests).chosen is SSE


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (lambda: Criterion("nothing", ""), "nothing counts"),
        (lambda: Criterion("less than nothing", "", bytes=-1), "bytes must be a number"),
        (lambda: Criterion("half", "", bytes=1, factor=0.5), "factor must be a number from 1"),
        (lambda: criterion_of("beauty"), "criterion must be one of bytes, requests"),
        (lambda: choose(STATUS, UNITS, among=()), "among must name at least one"),
        (lambda: choose(STATUS, UNITS).of(Transport.WHOLE), "not compared"),
    ],
)
def test_what_cannot_decide_is_refused(made: object, complaint: str) -> None:
    assert callable(made)
    with pytest.raises(BadParameter, match=complaint):
        made()


def test_a_held_question_is_never_chosen_where_a_stream_gets_through() -> None:
    for job in JOBS:
        assert choose(job, UNITS, among=CHOICES).chosen is choose(job, UNITS).chosen
