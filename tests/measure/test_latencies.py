"""What a run of latencies says, from marks written by hand: rows, noise, and transport against library."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from lab_servers.errors import BadParameter
from lab_servers.marks import Mark
from lab_servers.measure.latencies import AGAIN, FIRST, LANES, STREAMS, findings, library_of
from lab_servers.measure.statistics import Verdict
from lab_servers.measure.transports import Lane, Transport
from lab_servers.recording import Recording

ROUNDS, WARM_UP = 60, 5


def run(late_ms: dict[str, float], *, slowed: str = "none", seed: int = 1) -> Recording:
    """Every lane's messages as late as said, 1 ms if nothing is, with noise; a hundred times as late in the warm-up."""
    random = Random(seed)
    marks = [Mark(0, "run: machine", "Measured on paper.")]
    for place in range(1, ROUNDS + WARM_UP + 1):
        for name in (*(lane.name for lane in LANES), AGAIN):
            took_ms = late_ms.get(name, 1) + random.random() / 10
            took_ms *= 100 if place <= WARM_UP else 1
            marks.append(Mark(place * 10**9, f"{name}: produced", str(place)))
            marks.append(Mark(place * 10**9 + round(took_ms * 1e6), f"{name}: delivered", str(place)))
    return Recording("Latencies", (), tuple(marks), {"warm_up": WARM_UP, "slowed": slowed})


def test_each_lane_is_held_against_the_first_without_the_warm_up() -> None:
    found = findings(run({"WebSocket": 9}))
    assert [row.name for row in found.rows] == [lane.name for lane in LANES]
    assert {(row.summary.n, row.summary.warm_up) for row in found.rows} == {(ROUNDS, WARM_UP)}
    verdicts = {row.name: row.comparison.verdict for row in found.rows if row.comparison}
    assert verdicts.pop("WebSocket") is Verdict.MORE
    assert set(verdicts.values()) == {Verdict.WITHIN_NOISE}
    assert found.rows[0].comparison is None
    assert found.machine == "Measured on paper."


def test_what_the_same_lane_twice_differs_by_does_not_count_between_others() -> None:
    found = findings(run({AGAIN: 3, "NDJSON": 4}))
    assert found.again.verdict is Verdict.MORE
    assert found.smallest_ms > 3.5
    assert {row.comparison.verdict for row in found.rows if row.comparison} == {Verdict.WITHIN_NOISE}
    assert "was not the same in this run" in found.noise_sentence


def test_a_lane_that_was_slowed_on_purpose_is_no_measure_of_noise() -> None:
    found = findings(run({AGAIN: 6, "NDJSON": 4}, slowed=AGAIN))
    assert (found.again.verdict, found.smallest_ms) == (Verdict.MORE, 0.5)
    assert found.noise_sentence.startswith(f"The same lane twice, of which {AGAIN} was slowed. ")


@pytest.mark.parametrize(
    ("late_ms", "verdict", "said"),
    [
        ({"SSE": 5, "SSE by httpx-sse": 5}, Verdict.MORE, "the transport moves latency more"),
        ({"WebSocket": 5, "SSE by httpx-sse": 5, "NDJSON by httpx": 5}, Verdict.LESS, "the library moves latency more"),
        ({}, Verdict.WITHIN_NOISE, "is within the noise"),
    ],
)
def test_transports_are_held_against_libraries(late_ms: dict[str, float], verdict: Verdict, said: str) -> None:
    late_ms = {**late_ms, AGAIN: late_ms.get("SSE", 1)}
    spread = findings(run(late_ms)).spread
    assert spread is not None
    assert spread.verdict is verdict
    assert said in spread.sentence()
    assert "Among SSE, NDJSON and WebSocket" in spread.sentence()


def test_a_run_with_a_slowed_stream_says_nothing_of_transports_and_libraries() -> None:
    found = findings(run({"WebSocket": 6}, slowed="WebSocket"))
    assert found.spread is None
    assert "does not tell" in found.spread_sentence
    assert findings(run({"long polling": 6}, slowed="long polling")).spread is not None


def test_each_transport_of_a_stream_has_two_libraries() -> None:
    libraries = [(lane.transport, library_of(lane)) for lane in STREAMS]
    assert len(set(libraries)) == len(libraries) == 6
    assert library_of(Lane(Transport.SSE, "httpx-sse")) == "httpx"
    assert library_of(Lane(Transport.WEBSOCKET)) == "websockets"


def test_a_recording_of_something_else_is_refused() -> None:
    with pytest.raises(BadParameter, match="run the scenario Latencies"):
        findings(Recording("Latencies", ()))
    whole = run({})
    lacks_one = replace(whole, marks=whole.marks[:-1])
    with pytest.raises(BadParameter, match="run the scenario Latencies"):
        findings(lacks_one)


def test_the_twin_is_no_lane() -> None:
    assert AGAIN not in {lane.name for lane in LANES}
    assert LANES[0] == FIRST
