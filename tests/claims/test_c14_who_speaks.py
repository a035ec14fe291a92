"""C14: HTTP asks and is answered, SSE goes from server to client, WebSocket both ways; SSE's way up is a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.measure.evidence import COLUMNS, HTTP, SSE, WEBSOCKET, Part, relay_name, requests, required
from lab_servers.measure.evidence_probes import direction_of
from lab_servers.proofs.comparing import DIRECTIONS
from lab_servers.recording import Recording
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C14")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C14", recordings)


def test_the_direction_is_read_from_who_sent_when(recordings: tuple[Recording, ...]) -> None:
    found = {column: direction_of(recordings[0], column).value for column in COLUMNS}
    assert found == DIRECTIONS
    assert len(set(found.values())) == 3


def test_correction_each_message_of_the_client_of_an_event_stream_is_a_request_of_its_own(
    recordings: tuple[Recording, ...],
) -> None:
    posts = [
        one for found in required(recordings[0], SSE, Part.CHAT) for one in requests(found) if one.method == "POST"
    ]
    assert len(posts) == recordings[0].parameters["messages"]


@pytest.mark.parametrize(("one", "other"), [(HTTP, WEBSOCKET), (SSE, WEBSOCKET), (HTTP, SSE)])
def test_two_of_them_in_each_others_place_contradict_it(
    recordings: tuple[Recording, ...], one: str, other: str
) -> None:
    # The talk of each has paths of its own, so the parts are found all the same.
    names = {relay_name(one): relay_name(other), relay_name(other): relay_name(one)}
    assert one in contradicted(assert_fails("C14", with_servers(recordings[0], names)))


def test_a_chat_in_which_nothing_is_posted_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    silent = tuple(
        one
        for one in run.captures
        if not (one.server == relay_name(SSE) and one.bytes_from(Side.CLIENT).startswith(b"POST /job/chat"))
    )
    assert "0 POST requests" in contradicted(assert_fails("C14", replace(run, captures=silent)))
