"""C25: the three complement each other: each meets a demand that another one fails at, and each fails at one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.measure.demands import PATHS, Demand, relay_name_of, verdicts
from lab_servers.measure.evidence import COLUMNS, HTTP, SSE, WEBSOCKET
from lab_servers.recording import Recording
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C25")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C25", recordings)


def test_every_demand_is_met_by_somebody_and_all_of_them_by_nobody(recordings: tuple[Recording, ...]) -> None:
    met = {(one.column, one.demand) for one in verdicts(recordings[0]) if one.met}
    assert {demand for _, demand in met} == set(Demand)
    assert all(sum(column == who for who, _ in met) < len(Demand) for column in COLUMNS)


def test_what_each_alone_can_do(recordings: tuple[Recording, ...]) -> None:
    met = {
        demand: {one.column for one in verdicts(recordings[0]) if one.demand is demand and one.met} for demand in Demand
    }
    assert met[Demand.READ_AGAIN] == {HTTP}
    assert met[Demand.COME_BACK] == {SSE}
    assert met[Demand.SPEAK] == {WEBSOCKET}


def test_one_that_does_everything_that_another_does_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    # What the server of event streams answered counts as WebSocket's then, beside what was heard in its midst.
    names = {relay_name_of(SSE): relay_name_of(WEBSOCKET), relay_name_of(WEBSOCKET): relay_name_of(SSE)}
    told = contradicted(assert_fails("C25", with_servers(recordings[0], names)))
    assert "None replaces another" in told


def test_one_that_meets_every_demand_contradicts_claim_and_correction(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    taken_from = {Demand.READ_AGAIN: HTTP, Demand.COME_BACK: SSE, Demand.SPEAK: WEBSOCKET, Demand.BE_TOLD: WEBSOCKET}
    best = tuple(
        replace(capture, server=relay_name_of(WEBSOCKET))
        for demand, column in taken_from.items()
        for capture in run.of(relay_name_of(column))
        if PATHS[demand].encode() in capture.bytes_from(Side.CLIENT)
    )
    others = tuple(one for one in run.captures if one.server != relay_name_of(WEBSOCKET))
    told = contradicted(assert_fails("C25", replace(run, captures=(*others, *best))))
    assert "None replaces another" in told
    assert "WebSocket meets every demand." in told


def test_an_attempt_of_which_no_byte_passed_is_no_failure_of_the_transport(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    silent = tuple(
        replace(one, chunks=tuple(one.chunks_from(Side.CLIENT)))
        if one.server == relay_name_of(HTTP) and PATHS[Demand.COME_BACK].encode() in one.bytes_from(Side.CLIENT)
        else one
        for one in run.captures
    )
    assert "HTTP fails to" in contradicted(assert_fails("C25", replace(run, captures=silent)))
