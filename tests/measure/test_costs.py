"""What a job costs, added up by hand from round unit costs."""

from __future__ import annotations

import pytest

from lab_servers.errors import BadParameter
from lab_servers.measure.costs import (
    CHOICES,
    Cost,
    cost_per_hour,
    cost_per_s,
    is_admissible,
    parts_per_s,
    staleness,
)
from lab_servers.measure.jobs import JOBS, SELDOM_S, Job, job_named
from lab_servers.measure.transports import Transport
from tests.measure.units_by_hand import UNITS

POLLING, LONG, SSE, WEBSOCKET = CHOICES

# A message down every 10 s, none up worth a thought, polling every 2 s.
CALM = Job("calm", down_every_s=10, tolerated_s=2, size_bytes=100, heartbeat_s=20, stay_s=100, round_trip_s=0)


def bytes_per_s(transport: Transport, job: Job) -> float:
    return cost_per_s(transport, job, UNITS).bytes - (300 + job.size_bytes) / SELDOM_S * (transport is not WEBSOCKET)


def test_polling_pays_for_each_question_and_each_message_and_once_for_each_answer_with_news() -> None:
    assert bytes_per_s(POLLING, CALM) == pytest.approx(250 / 2 + 50 / 10 + 101 / 10)


def test_messages_that_come_faster_than_a_pollers_steps_share_an_answer() -> None:
    busy = CALM.with_number("down_every_s", 0.5)
    assert bytes_per_s(POLLING, busy) == pytest.approx(250 / 2 + 50 / 2 + 101 / 0.5)


def test_a_long_poller_pays_a_question_for_each_message_and_for_each_hold_that_passes_in_between() -> None:
    assert bytes_per_s(LONG, CALM) == pytest.approx((260 + 50 + 101) / 10)
    quiet = CALM.with_number("down_every_s", 50)  # two holds of 20 s pass, the third is ended by the message
    assert bytes_per_s(LONG, quiet) == pytest.approx((3 * 260 + 50 + 101) / 50)


def test_a_stream_pays_for_its_opening_once_per_stay_for_heartbeats_and_for_messages() -> None:
    assert bytes_per_s(SSE, CALM) == pytest.approx(300 / 100 + 10 / 20 + 120 / 10)
    assert cost_per_s(WEBSOCKET, CALM, UNITS).bytes == pytest.approx(400 / 100 + 8 / 20 + 102 / 10 + 106 / SELDOM_S)


def test_what_goes_up_is_a_request_everywhere_but_on_a_websocket() -> None:
    chatty = CALM.with_number("up_every_s", 4)
    for transport in (POLLING, LONG, SSE):
        more = cost_per_s(transport, chatty, UNITS).requests - cost_per_s(transport, CALM, UNITS).requests
        assert more == pytest.approx(1 / 4 - 1 / SELDOM_S)
    assert cost_per_s(WEBSOCKET, chatty, UNITS).requests == cost_per_s(WEBSOCKET, CALM, UNITS).requests


@pytest.mark.parametrize("transport", CHOICES)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_jobs_own_fields_are_paid_once_for_each_request(transport: Transport, job: Job) -> None:
    bare, dressed = job.with_number("header_bytes", 0), job.with_number("header_bytes", 1_000)
    more = cost_per_s(transport, dressed, UNITS).bytes - cost_per_s(transport, bare, UNITS).bytes
    assert more == pytest.approx(1_000 * cost_per_s(transport, job, UNITS).requests)


@pytest.mark.parametrize("transport", CHOICES)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_parts_sum_to_the_whole(transport: Transport, job: Job) -> None:
    total = Cost()
    for part in parts_per_s(transport, job, UNITS).values():
        total += part
    assert total == cost_per_s(transport, job, UNITS)
    assert cost_per_hour(transport, job, UNITS).bytes == pytest.approx(total.bytes * 3_600 * job.users)


def test_a_connection_of_rare_questions_is_open_for_a_part_of_the_time_and_a_stream_always() -> None:
    rare = CALM.with_number("tolerated_s", 50).with_number("keep_alive_s", 5)
    assert cost_per_s(POLLING, rare, UNITS).open_s == pytest.approx(5 / 50, rel=0.01)
    assert cost_per_s(POLLING, CALM, UNITS).open_s == 1
    assert cost_per_s(WEBSOCKET, rare, UNITS).open_s == 1


def test_beside_an_event_stream_posts_need_a_second_connection() -> None:
    assert cost_per_s(SSE, CALM.with_number("up_every_s", 1), UNITS).open_s == 2
    assert cost_per_s(POLLING, CALM.with_number("up_every_s", 1), UNITS).open_s == 1


def test_polling_is_as_late_as_it_may_be_and_the_others_as_the_network_makes_them() -> None:
    job = CALM.with_number("round_trip_s", 0.2)
    assert staleness(POLLING, job, UNITS).worst_s == pytest.approx(job.tolerated_s)
    assert staleness(SSE, job, UNITS).worst_s == staleness(WEBSOCKET, job, UNITS).mean_s == pytest.approx(0.1)
    assert staleness(LONG, job, UNITS).worst_s == pytest.approx(0.3)  # three transits, RFC 6202 §2.2


@pytest.mark.parametrize("tolerated_s", [0.05, 0.1, 0.17, 1 / 3, 15, 600])
def test_polling_is_admissible_exactly_where_a_step_fits_into_what_is_tolerated(tolerated_s: float) -> None:
    job = CALM.with_number("tolerated_s", tolerated_s).with_number("round_trip_s", 0.1)
    assert is_admissible(POLLING, job, UNITS) == (tolerated_s >= 0.15)
    assert is_admissible(SSE, job, UNITS)


def test_a_job_out_of_bounds_is_refused_and_names_the_number() -> None:
    with pytest.raises(BadParameter, match=r"tolerated_s must be a number from 0\.05"):
        Job("impossible", tolerated_s=0)
    with pytest.raises(BadParameter, match="CRUD form"):
        job_named("a job that nobody has")


def test_the_call_of_a_job_makes_that_job() -> None:
    for job in JOBS:
        again = eval(job.call(), {"Job": Job})
        assert all(getattr(again, name) == getattr(job, name) for name in ("down_every_s", "up_every_s", "size_bytes"))
        assert job.source
