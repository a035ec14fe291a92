"""C23: rare checks by polling, steady output by SSE, frequent both ways by WebSocket; computed, with what flips it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.measure.crossings import flips
from lab_servers.measure.decision import choose
from lab_servers.measure.jobs import JOBS, job_named
from lab_servers.measure.transports import Transport
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.proofs.choosing import CHOSEN
from lab_servers.recording import Recording
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C23")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C23", recordings)


def test_the_six_jobs_get_all_three_of_them(recordings: tuple[Recording, ...]) -> None:
    units = unit_costs(recordings[0])
    assert {job.name: choose(job, units).chosen for job in JOBS} == CHOSEN
    assert set(CHOSEN.values()) == {Transport.POLLING, Transport.SSE, Transport.WEBSOCKET}


def test_correction_on_the_other_side_of_a_computed_flip_another_one_is_chosen(
    recordings: tuple[Recording, ...],
) -> None:
    units, job = unit_costs(recordings[0]), job_named("build status")
    for flip in flips(job, units):
        beyond = job.with_number(flip.parameter, flip.value * (1.01 if flip.is_above else 0.99))
        assert choose(beyond, units).chosen is flip.becomes is not choose(job, units).chosen


def test_units_counted_on_swapped_transports_contradict_it(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    names = {
        Transport.SSE.value: Transport.WEBSOCKET.value,
        Transport.WEBSOCKET.value: Transport.SSE.value,
    }
    marks = tuple(
        replace(one, name=one.name.replace(label, names[label], 1))
        for one in run.marks
        for label in [one.name.partition(":")[0]]
        if label in names
    )
    others = tuple(one for one in run.marks if one.name.partition(":")[0] not in names)
    swapped = replace(with_servers(run, names), marks=tuple(sorted((*marks, *others), key=lambda mark: mark.at_ns)))
    told = contradicted(assert_fails("C23", swapped))
    assert "chat room: SSE" in told
