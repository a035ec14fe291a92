"""C18: which of three jobs is cheapest where; and that each of the three can do each of them, at another cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.marks import Mark
from lab_servers.measure.evidence import HTTP, SSE, WEBSOCKET, Part, relay_name, series
from lab_servers.measure.evidence_costs import JOBS, cheapest, job_costs
from lab_servers.proofs.choosing import FIRST_CHOICE
from lab_servers.recording import Recording
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_marks, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C18")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C18", recordings)


def test_each_of_the_three_is_the_first_choice_for_one_of_the_jobs(recordings: tuple[Recording, ...]) -> None:
    costs = job_costs(recordings[0])
    assert {job: cheapest(costs, job).column for job in JOBS} == FIRST_CHOICE
    assert set(FIRST_CHOICE.values()) == {HTTP, SSE, WEBSOCKET}


def test_correction_every_message_of_every_job_arrived_on_every_transport(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    for job in JOBS:
        for column in (HTTP, SSE, WEBSOCKET):
            produced = {one.detail for one in run.marks_named(series(column, job, "produced"))}
            assert produced
            assert {one.detail for one in run.marks_named(series(column, job, "delivered"))} >= produced


def test_a_chat_that_costs_more_by_websocket_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    names = {relay_name(SSE): relay_name(WEBSOCKET), relay_name(WEBSOCKET): relay_name(SSE)}
    assert "chat" in contradicted(assert_fails("C18", with_servers(recordings[0], names)))


def test_a_job_that_was_never_done_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    lost = series(SSE, Part.CRUD, "delivered")

    def lose(mark: Mark) -> Mark:
        return replace(mark, name="lost") if mark.name == lost else mark

    assert "done by HTTP, WebSocket;" in contradicted(assert_fails("C18", with_marks(recordings[0], lose)))
