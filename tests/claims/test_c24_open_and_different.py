"""C24: SSE and WebSocket both hold a connection open; one is a response that has not ended, one is frames."""

from __future__ import annotations

import pytest

from lab_servers.measure.evidence import SSE, WEBSOCKET, Part, relay_name, required
from lab_servers.measure.holding import Kind, holding
from lab_servers.recording import Recording
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C24")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C24", recordings)


def test_in_the_midst_of_both_the_connection_is_open_and_is_something_else(recordings: tuple[Recording, ...]) -> None:
    held = {column: holding(required(recordings[0], column, Part.VISIT)[0].capture) for column in (SSE, WEBSOCKET)}
    assert {column: one.kind for column, one in held.items()} == {SSE: Kind.RESPONSE, WEBSOCKET: Kind.FRAMES}
    assert all(one.open_after_s > 0 for one in held.values())


def test_correction_the_one_is_still_http_and_the_other_is_not(recordings: tuple[Recording, ...]) -> None:
    ends = {column: required(recordings[0], column, Part.VISIT)[0].conversation.http_end for column in (SSE, WEBSOCKET)}
    assert ends[SSE] is None
    assert ends[WEBSOCKET] is not None


def test_one_in_the_place_of_the_other_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    names = {relay_name(SSE): relay_name(WEBSOCKET), relay_name(WEBSOCKET): relay_name(SSE)}
    told = contradicted(assert_fails("C24", with_servers(recordings[0], names)))
    assert "SSE: In the midst of its life it was a framed two-way stream" in told
