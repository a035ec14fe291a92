"""Growing work: bytes are in exact proportion to it, every step says what it took, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from lab_servers.errors import BadParameter, LabNotRunning
from lab_servers.lab import Lab
from lab_servers.measure.accounting import account
from lab_servers.measure.growth import Shape
from lab_servers.measure.growth_found import growth_found
from lab_servers.measure.growth_steps import CLIENTS, RATE, SIZE, counted, lanes_growth
from lab_servers.measure.transports import Lane
from lab_servers.recording import Recording
from lab_servers.scenarios import Growth
from lab_servers.scenarios.side_growth import ALL, CHOICES, STREAMS, sized_message
from lab_servers.scenarios.side_growth_step import Work, run_step
from tests.waiting import until_sync

LANES = [lane.name for lane in CHOICES[ALL]]
SSE, WEBSOCKET = [lane.name for lane in CHOICES[STREAMS]]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def clients(lab: Lab) -> Recording:
    return Growth(most=12).run(lab)


# --- more clients ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", LANES)
def test_the_bytes_of_a_message_are_the_same_for_each_client_however_many_there_are(
    clients: Recording, name: str
) -> None:
    growth = lanes_growth(clients)[name]
    assert {step.clients for step in growth.steps} == set(Growth(most=12).units)
    per_client = {
        (passed.opening / step.clients, passed.messages / step.deliveries, passed.connections / step.clients)
        for step, passed in zip(growth.steps, growth.bytes, strict=True)
        if passed
    }
    # To the byte, in every step and both repeats; the clients of a step share nothing.
    assert len(per_client) == 1


@pytest.mark.parametrize("name", LANES)
def test_so_all_bytes_are_a_straight_line(clients: Recording, name: str) -> None:
    size, found = growth_found(clients)[name].size.trend, growth_found(clients)[name]
    assert size is not None
    assert size.shape is Shape.STRAIGHT
    assert size.low == pytest.approx(size.high)
    assert size.per_unit == pytest.approx(found.bytes_per_message)


@pytest.mark.parametrize("name", LANES)
def test_the_phases_of_the_steps_add_up_to_what_the_relay_counted(clients: Recording, name: str) -> None:
    growth = lanes_growth(clients)[name]
    in_steps = sum(one.opening + one.messages + one.closing for one in growth.bytes if one)
    assert in_steps == counted(clients.of(name)) == account(clients.of(name)).both.total


@pytest.mark.parametrize("name", LANES)
def test_the_text_that_a_step_says_was_delivered_is_what_stands_on_the_wire(clients: Recording, name: str) -> None:
    farewells = account(clients.of(name)).message_count - sum(
        step.deliveries for step in lanes_growth(clients)[name].steps
    )
    said = sum(step.payload_bytes for step in lanes_growth(clients)[name].steps)
    assert account(clients.of(name)).down.payload == said + farewells * len('{"n":0}')


def test_a_stream_costs_less_than_a_question_for_each_message(clients: Recording) -> None:
    cost = {name: found.bytes_per_message or 0 for name, found in growth_found(clients).items()}
    assert cost[WEBSOCKET] < cost[SSE] < min(cost[name] for name in LANES if name not in (SSE, WEBSOCKET))
    assert cost[WEBSOCKET] == 64 + 2  # RFC 6455 §5.2: two bytes before a text of up to 125, from the server


@pytest.mark.parametrize("name", LANES)
def test_a_server_holds_memory_for_each_open_connection(clients: Recording, name: str) -> None:
    memory = growth_found(clients)[name].memory
    assert memory.steps == tuple(Growth(most=12).units)
    # Objects for the socket, the parser and the handler: some thousand bytes, and no megabyte.
    assert memory.trend is not None
    assert 1_000 < memory.trend.per_unit < 200_000


def test_processor_time_is_measured_in_every_step(clients: Recording) -> None:
    for growth in lanes_growth(clients).values():
        assert sum(step.server_ns for step in growth.steps) > 0
        assert all(step.opening_ns < step.open_ns < step.done_ns < step.closed_ns for step in growth.steps)
        assert all(len(step.delivered_ns) == step.messages and min(step.delivered_ns) > 0 for step in growth.steps)


def test_twelve_clients_take_more_of_the_server_than_one(clients: Recording) -> None:
    for growth in lanes_growth(clients).values():
        took = {step.clients: step.server_ns + step.server_opening_ns for step in growth.steps}
        assert took[12] > took[1]


def test_the_same_seed_sends_the_same_bytes(lab: Lab, clients: Recording) -> None:
    again = Growth(most=12, transports=WEBSOCKET).run(lab)
    assert lanes_growth(again)[WEBSOCKET].bytes == lanes_growth(clients)[WEBSOCKET].bytes


def test_a_thousand_clients_get_their_messages(lab: Lab) -> None:
    recording = Growth(most=1_000, steps=3, repeats=1, transports=STREAMS).run(lab)
    for growth in lanes_growth(recording).values():
        first, _, last = growth.bytes
        assert first is not None
        assert last is not None
        assert (last.connections, last.messages) == (1_000, 1_000 * first.messages)
        assert not growth.limits


# --- faster and longer ----------------------------------------------------------------------


def test_polling_pays_for_its_questions_and_a_stream_for_its_messages(lab: Lab) -> None:
    recording = Growth(axis=RATE, most=100, steps=3, repeats=1, poll_every_s=0.05).run(lab)
    found = growth_found(recording)
    for name in (SSE, WEBSOCKET):
        first, last = found[name].bytes_per_message_at_first, found[name].bytes_per_message
        assert first is not None
        assert last == pytest.approx(first, rel=0.05)
    first, last = found["short polling"].bytes_per_message_at_first, found["short polling"].bytes_per_message
    assert first is not None
    assert last is not None
    assert first > 10 * last


def test_the_bytes_beside_the_text_do_not_grow_with_it(lab: Lab) -> None:
    recording = Growth(axis=SIZE, most=100_000, steps=3, repeats=1).run(lab)
    for name, growth in lanes_growth(recording).items():
        beside = [
            passed.messages / step.messages - step.units
            for step, passed in zip(growth.steps, growth.bytes, strict=True)
            if passed
        ]
        # More digits of lengths, longer lengths of frames, and some more chunks: no more than that.
        assert beside[0] <= beside[-1] < beside[0] + 40, name


@pytest.mark.parametrize("size_bytes", [10, 13, 14, 15, 64, 1_000, 1024 * 1024])
@pytest.mark.parametrize("number", [0, 7, 12])
def test_a_message_has_the_size_that_was_asked_for_and_is_json_on_one_line(size_bytes: int, number: int) -> None:
    message = sized_message(number, size_bytes, Random(1))
    assert len(message.encode()) == size_bytes
    assert json.loads(message)["n"] == number
    assert len(message.splitlines()) == 1


# --- bounds ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axis", "most", "sentence"),
    [
        (CLIENTS, 1_001, "most must be 2 to 1,000 where clients grow, not 1,001."),
        (RATE, 5_000, "most must be 2 to 1,000 where messages per second grow, not 5,000."),
        (SIZE, 10, "most must be 11 to 1,048,576 where message size grows, not 10."),
    ],
)
def test_each_axis_has_bounds_of_its_own(axis: str, most: int, sentence: str) -> None:
    with pytest.raises(BadParameter) as error:
        Growth(axis=axis, most=most)
    assert str(error.value) == sentence


def test_a_lane_that_met_a_limit_grows_no_further(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_servers.scenarios.side_growth.STEP_WITHIN_S", 0.0)
    recording = Growth(axis=SIZE, most=100, transports=SSE).run(lab)
    (limit,) = recording.marks_named("SSE: limit")
    assert json.loads(limit.detail) == {"units": 10, "because": "a step with it was not done after 0 s"}
    assert lanes_growth(recording) == {}


# A child changes its own bounds and leaves those of the tests alone.
CHILD = """
import resource
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.scenarios import Growth

resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
with Lab([]) as lab:
    try:
        recording = Growth(most={most}, steps=2, repeats=1, messages=1, transports="SSE").run(lab)
        print(len(recording.captures), "connections")
    except BadParameter as error:
        print(error)
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def run_with_files(soft: int, hard: int, most: int) -> list[str]:
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD.format(soft=soft, hard=hard, most=most)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert child.stderr == ""
    return child.stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bound")
def test_the_soft_bound_on_open_files_is_raised_for_the_run_and_put_back() -> None:
    assert run_with_files(soft=150, hard=1_000, most=60) == ["61 connections", "(150, 1000)"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bound")
def test_where_the_hard_bound_forbids_it_the_sentence_says_how_many_clients_the_system_allows() -> None:
    sentence, bounds = run_with_files(soft=150, hard=300, most=500)
    assert sentence.startswith("most=500 needs ")
    assert "choose most up to " in sentence
    assert sentence.endswith("or allow more files (ulimit -n).")
    assert bounds == "(150, 300)"
    # What it names is what works.
    allowed = int(sentence.partition("choose most up to ")[2].partition(",")[0])
    assert run_with_files(soft=150, hard=300, most=allowed)[0] == f"{allowed + 1} connections"


# --- what is left behind --------------------------------------------------------------------


def test_no_thread_and_no_connection_is_left_behind() -> None:
    before = set(threading.enumerate())
    with Lab([]) as lab:
        Growth(most=2, steps=2, repeats=1).run(lab)
        # The lab's own, and the pool in which it waits for servers' threads to end.
        left = {thread.name for thread in set(threading.enumerate()) - before}
        assert not [name for name in left if "of a run" in name]
        assert [hosted.relay.open_connections for hosted in lab.hosted] == [0] * len(LANES)
        assert lab.problems == ()
    assert set(threading.enumerate()) - before == set()


def test_a_run_that_is_cancelled_ends_with_its_servers(lab: Lab) -> None:
    running = Growth(most=1_000, steps=2, repeats=1, messages=20, transports=SSE)
    job = running.start(lab)
    until_sync(lambda: any(hosted.relay.open_connections for hosted in lab.hosted))
    job.cancel()
    # The next run gets its turn when the cancelled one is over.
    assert lanes_growth(Growth(most=2, steps=2, repeats=1, transports=SSE).run(lab))[SSE].steps
    assert not [thread for thread in threading.enumerate() if "of a run" in thread.name]


def test_a_lab_that_stops_in_the_middle_ends_the_servers_of_the_run() -> None:
    before = set(threading.enumerate())
    with Lab([]) as lab:
        job = Growth(most=60, steps=2, repeats=5, messages=20, transports=SSE).start(lab)
        # With all of them open: a connection that a stopping lab is about to accept is its own story.
        until_sync(lambda: any(hosted.relay.open_connections == 60 for hosted in lab.hosted))
    with pytest.raises(LabNotRunning):
        job.result(10)
    assert set(threading.enumerate()) - before == set()


def test_a_step_that_is_cancelled_at_any_moment_leaves_no_server_and_no_socket(lab: Lab) -> None:
    async def cut_short(lane: Lane, within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await run_step(lab, lane, Work(5, 0, 5, ('{"n":1}',)))

    random = Random(1)
    for place in range(40):
        lab.run(cut_short(CHOICES[ALL][place % len(LANES)], random.uniform(0, 0.008)))
    gc.collect()  # an unclosed socket that is collected is an error of this test
    assert not [thread for thread in threading.enumerate() if "of a run" in thread.name]
