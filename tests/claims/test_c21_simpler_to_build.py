"""C21: SSE is simpler to build than WebSocket, by the course's own two; and what a lossless return needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.measure.complexity import End, total
from lab_servers.measure.evidence import SSE, WEBSOCKET
from lab_servers.proofs.building import BUILT_SSE, BUILT_WEBSOCKET, compared
from lab_servers.recording import Recording
from lab_servers.views.looks.sse_resume import IDS_AND_LOG, SERVERS, resumed
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C21")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C21", recordings)


def test_everything_that_was_counted_is_less_for_sse() -> None:
    sse, websocket = total(SSE), total(WEBSOCKET)
    assert 0 < sse.lines < websocket.lines
    assert 0 < sse.states < websocket.states
    assert 0 < sse.rules < websocket.rules
    assert 0 < sse.ways_to_be_wrong < websocket.ways_to_be_wrong
    assert total(SSE, End.SERVER).lines < total(WEBSOCKET, End.SERVER).lines


def test_correction_only_ids_with_a_log_lose_nothing_and_repeat_nothing(recordings: tuple[Recording, ...]) -> None:
    found = resumed(recordings[1])
    assert [name for name in SERVERS if not found[name].missed and not found[name].twice] == [IDS_AND_LOG]


def test_counts_that_are_the_other_way_round_contradict_it() -> None:
    assert not any(one.holds for one in compared("both ends", total(WEBSOCKET), total(SSE)))
    assert not any(one.holds for one in compared("both ends", total(SSE), total(SSE)))


def test_an_implementation_that_carries_nothing_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    built, resume = recordings
    for server in (BUILT_SSE, BUILT_WEBSOCKET):
        lost = replace(built, captures=tuple(one for one in built.captures if one.server != server))
        assert f"{server}: " in contradicted(assert_fails("C21", lost, resume))
    other = with_bytes(built, Side.SERVER, "世".encode(), "市".encode())
    assert_fails("C21", other, resume)


def test_a_server_without_a_log_that_loses_nothing_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    built, resume = recordings
    names = {"ids, no log": IDS_AND_LOG, IDS_AND_LOG: "ids, no log"}
    assert "Ids, no log" in contradicted(assert_fails("C21", built, with_servers(resume, names)))
