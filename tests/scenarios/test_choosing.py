"""Unit costs and jobs as they are really run: bytes to the digit where they are known, and the model against runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.costs import CHOICES, HOUR_S
from lab_servers.measure.decision import CRITERIA, choose
from lab_servers.measure.job_run import chosen_by_run, job_of, predicted_per_s, ran
from lab_servers.measure.jobs import JOBS, Job
from lab_servers.measure.timing import lost_numbers, message_times
from lab_servers.measure.transports import Direction, Lane
from lab_servers.measure.unit_costs import LARGE_BYTES, SMALL_BYTES, Step, batches, unit_costs
from lab_servers.recording import Recording
from lab_servers.scenarios import JobBothWays, UnitCosts
from lab_servers.scenarios.choosing_lane import message_of

POLLING, LONG, SSE, WEBSOCKET = CHOICES

# The model counts fractions of steps, a run whole ones; with some ten of each that is what they may differ by.
STATED_ERROR = 0.15


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def costs(lab: Lab) -> Recording:
    return UnitCosts(steps=3, batches=3).run(lab)


@pytest.fixture(scope="module")
def runs(lab: Lab) -> dict[str, Recording]:
    return {job.name: JobBothWays.of(job).run(lab) for job in JOBS}


def test_a_message_has_the_size_that_was_asked_for() -> None:
    assert [len(message_of(number, 40)) for number in (1, 9, 10, 123_456)] == [40] * 4


@pytest.mark.parametrize("size_bytes", [SMALL_BYTES, LARGE_BYTES])
def test_a_frame_costs_its_header_and_a_masking_key_upwards(costs: Recording, size_bytes: int) -> None:
    header = 2 if size_bytes < 126 else 4  # RFC 6455 §5.2
    way = unit_costs(costs)[WEBSOCKET]
    assert way.down.of(size_bytes).bytes == pytest.approx(size_bytes + header)
    assert way.up.of(size_bytes).bytes == pytest.approx(size_bytes + header + 4)


def test_heartbeats_are_a_comment_in_a_chunk_and_a_ping_with_its_masked_pong(costs: Recording) -> None:
    units = unit_costs(costs)
    assert units[SSE].quiet.bytes == len(b"3\r\n:\n\n\r\n")
    assert units[WEBSOCKET].quiet.bytes == 2 + 6
    assert units[SSE].quiet.requests == units[WEBSOCKET].quiet.requests == 0


def test_a_question_is_one_request_and_a_message_more_in_its_answer_one_line(costs: Recording) -> None:
    for transport in (POLLING, LONG):
        way = unit_costs(costs)[transport]
        assert way.quiet.requests == 1
        assert way.news.requests == 0
        # The line end; now and then a digit more in Content-Length.
        assert way.down.of(SMALL_BYTES).bytes == pytest.approx(SMALL_BYTES + 1, abs=0.5)


def test_what_goes_up_is_one_request_but_on_a_websocket(costs: Recording) -> None:
    assert [unit_costs(costs)[one].up.fixed.requests for one in CHOICES] == [1, 1, 1, 0]


def test_every_step_was_counted_in_every_batch_and_took_processor_time(costs: Recording) -> None:
    found = batches(costs)
    for transport in CHOICES:
        opened = transport in (SSE, WEBSOCKET)
        steps = [one for one in Step if opened or one is not Step.OPENING]
        for step in steps:
            mine = [one for one in found if one.transport is transport and one.step is step]
            assert len(mine) == 3, (transport, step)
            assert all(one.cost.bytes > 0 and one.cost.processor_s > 0 for one in mine)


def test_another_recording_has_no_unit_costs_and_no_job() -> None:
    other = Recording("Other", ())
    with pytest.raises(BadParameter, match="run the scenario UnitCosts"):
        unit_costs(other)
    with pytest.raises(BadParameter, match="run the scenario JobBothWays"):
        ran(other)
    with pytest.raises(BadParameter, match="run the scenario JobBothWays"):
        job_of(other)


# --- jobs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_model_is_right_about_runs_that_it_knows_nothing_of(
    job: Job, costs: Recording, runs: dict[str, Recording]
) -> None:
    recording, units = runs[job.name], unit_costs(costs)
    for one in ran(recording):
        measured = one.per_s(job.stay_s).bytes
        predicted = predicted_per_s(recording, one.transport, units).bytes
        assert predicted == pytest.approx(measured, rel=STATED_ERROR), (one.transport, measured * HOUR_S)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_what_was_measured_chooses_as_the_model_does(job: Job, costs: Recording, runs: dict[str, Recording]) -> None:
    assert chosen_by_run(runs[job.name], CRITERIA["bytes"]) is choose(job, unit_costs(costs)).chosen


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_no_message_is_lost_and_all_come_in_order_on_each_transport(job: Job, runs: dict[str, Recording]) -> None:
    recording = runs[job.name]
    produced = set()
    for one in ran(recording):
        name = Lane(one.transport).name
        delivered = [int(mark.detail) for mark in recording.marks_named(f"{name}: delivered")]
        assert delivered == sorted(delivered)
        assert len(delivered) == len(recording.marks_named(f"{name}: produced")) == one.messages
        assert lost_numbers(recording, name) == lost_numbers(recording, name, Direction.UP) == ()
        produced.add(len(delivered))
    assert len(produced) == 1, "the same job on each"


def test_the_jobs_own_fields_are_in_every_request_to_the_byte(lab: Lab) -> None:
    bare, dressed = (
        ran(JobBothWays(transports="SSE + WebSocket", header_bytes=size, duration_s=0.3).run(lab)) for size in (0, 600)
    )
    for before, after in zip(bare, dressed, strict=True):
        assert after.cost.requests == before.cost.requests
        assert after.cost.bytes - before.cost.bytes == 600 * before.cost.requests


def test_a_stream_is_opened_once_and_its_opening_is_paid_per_stay(runs: dict[str, Recording]) -> None:
    found = {one.transport: one for one in ran(runs["log tail"])}
    assert found[POLLING].opening.bytes == 0
    for transport in (SSE, WEBSOCKET):
        one = found[transport]
        assert 0 < one.opening.bytes < one.cost.bytes
        assert one.per_s(10).bytes > one.per_s(10_000).bytes


def test_a_held_question_brings_each_message_by_a_request_of_its_own(lab: Lab) -> None:
    recording = JobBothWays(transports="all four", down_every_s=2, poll_every_s=1, speed=20, duration_s=1.0).run(lab)
    held = next(one for one in ran(recording) if one.transport is LONG)
    assert held.cost.requests >= held.messages == 10


def test_the_bytes_of_a_run_are_those_that_its_relays_counted(runs: dict[str, Recording]) -> None:
    recording = runs["chat room"]
    counted = sum(len(capture.bytes_from(side)) for capture in recording for side in Side)
    assert sum(one.cost.bytes for one in ran(recording)) == counted


def test_a_job_is_run_as_quickly_as_its_shortest_wait_allows_and_its_call_says_so() -> None:
    run = JobBothWays.of(JOBS[1])
    assert run.speed == pytest.approx(15 / 0.03, rel=0.01)
    assert eval(run.call().removesuffix(".run(lab)"), {"JobBothWays": JobBothWays}) == run
    assert run.about_s >= run.duration_s
    assert message_times(Recording("none", ()), "SSE") == ()
