"""Latencies on real lanes: every message in its turn, five milliseconds more noticed, and nothing invented."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.accounting import account
from lab_servers.measure.latencies import AGAIN, FIRST, LANES, findings
from lab_servers.measure.statistics import Verdict
from lab_servers.measure.timing import message_times
from lab_servers.recording import Recording
from lab_servers.scenarios import Latencies

NAMES = (*(lane.name for lane in LANES), AGAIN)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return Latencies(messages=30, warm_up=4).run(lab)


def test_every_lane_gets_every_message_over_one_connection(recording: Recording) -> None:
    for name in NAMES:
        assert [int(mark.detail) for mark in recording.marks_named(f"{name}: delivered")] == list(range(1, 35))
        found = account(recording.of(name))
        assert (found.connections, found.message_count_down, found.message_count_up) == (1, 34, 0)
    assert len({account(recording.of(name)).down.payload for name in NAMES}) == 1
    assert not recording.notices


def test_a_message_is_produced_when_the_one_before_is_delivered(recording: Recording) -> None:
    moments = [mark for mark in recording.marks if mark.name.endswith((": produced", ": delivered"))]
    turns = [(mark.name.rpartition(": ")[0], mark.detail) for mark in moments]
    assert all(produced == delivered for produced, delivered in zip(turns[::2], turns[1::2], strict=True))


def test_each_round_has_every_lane_once_in_an_order_of_its_own(recording: Recording) -> None:
    produced = [mark for mark in recording.marks if mark.name.endswith(": produced")]
    rounds = [[mark.name for mark in produced if mark.detail == str(number)] for number in range(1, 35)]
    assert all(sorted(one) == sorted(f"{name}: produced" for name in NAMES) for one in rounds)
    assert all(before[-1].at_ns < after[0].at_ns for before, after in pairwise(_by_round(produced)))
    assert len({tuple(one) for one in rounds}) > 20


def _by_round(produced: list[Mark]) -> list[list[Mark]]:
    return [[mark for mark in produced if mark.detail == str(number)] for number in range(1, 35)]


def test_the_same_seed_gives_the_same_turns_and_messages(lab: Lab, recording: Recording) -> None:
    def turns(of: Recording) -> list[str]:
        return [mark.name for mark in of.marks if mark.name.endswith(": produced")]

    again = Latencies(messages=30, warm_up=4).run(lab)
    assert turns(again) == turns(recording)
    assert turns(Latencies(messages=30, warm_up=4, seed=8).run(lab)) != turns(recording)


def test_bytes_pass_the_relay_between_produced_and_delivered(recording: Recording) -> None:
    for name in NAMES:
        found = message_times(recording, name)
        assert len(found) == 34
        for one in found:
            assert one.produced_ns < one.first_byte_ns <= one.last_byte_ns < one.delivered_ns


def test_five_milliseconds_more_on_one_of_two_equal_lanes_are_noticed(lab: Lab) -> None:
    found = findings(Latencies(messages=40, warm_up=5, slowed=AGAIN).run(lab))
    assert found.again.verdict is Verdict.MORE, found.again.sentence()


def test_five_milliseconds_more_on_the_first_make_all_others_less(lab: Lab) -> None:
    found = findings(Latencies(messages=40, warm_up=5, slowed=FIRST.name).run(lab))
    assert {row.comparison.verdict for row in found.rows if row.comparison} == {Verdict.LESS}


def test_two_equal_lanes_without_a_delay_are_within_the_noise(lab: Lab) -> None:
    for slowed, added_s in (("none", 0.005), (AGAIN, 0)):
        found = findings(Latencies(messages=60, warm_up=5, slowed=slowed, added_s=added_s).run(lab))
        assert found.again.verdict is Verdict.WITHIN_NOISE, found.again.sentence()


def test_two_runs_lead_to_the_same_statement(lab: Lab) -> None:
    one, other = (
        findings(Latencies(messages=60, warm_up=10, slowed="WebSocket", seed=seed).run(lab)) for seed in (1, 2)
    )
    slowed = [
        row.comparison.verdict
        for found in (one, other)
        for row in found.rows
        if row.name == "WebSocket"
        if row.comparison
    ]
    assert slowed == [Verdict.MORE, Verdict.MORE]
    assert one.spread_sentence == other.spread_sentence


def test_a_run_says_on_what_it_was_measured(recording: Recording) -> None:
    assert findings(recording).machine.startswith("Measured on ")


@pytest.mark.parametrize("wrong", [{"messages": 1}, {"slowed": "HTTP/2"}, {"added_s": -1}, {"pause_s": 9}])
def test_bad_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadParameter, match=next(iter(wrong))):
        Latencies(**wrong)  # type: ignore[arg-type]
