"""C13: WebSocket is a new protocol, plain HTTP and SSE are not; the connection and its port stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import RefusedUpgrades, WrongAnswers
from lab_servers.views.looks.handshake_refused import refusals
from lab_servers.views.looks.handshake_share import connections, is_new_protocol
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http", "sse", "websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def share(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


def test_it_is_computed_from_the_upgrade_and_the_frames(share: Recording) -> None:
    found = {kind: is_new_protocol(one.capture) for kind, one in connections(share).items()}
    assert found == {"HTTP": "no", "SSE": "no", "WebSocket": "yes"}


def test_after_the_upgrade_both_sides_send_frames(share: Recording) -> None:
    found = connections(share)["WebSocket"]
    assert found.conversation.upgraded_to == "websocket"
    assert all(found.records(side, "websocket") for side in Side)


def test_events_are_no_new_protocol_they_lie_in_the_body_of_a_response(share: Recording) -> None:
    found = connections(share)["SSE"]
    assert found.conversation.upgraded_to is None
    assert found.records(Side.SERVER, "sse")
    assert all(status.status == 200 for status in found.conversation.messages("server"))


def test_correction_a_wish_for_an_upgrade_is_not_one(lab: Lab) -> None:
    (case,) = refusals(RefusedUpgrades(case="old-version").run(lab)).values()
    assert case.request.values("Upgrade") == ["websocket"]
    assert is_new_protocol(case.capture) == "no"


def test_correction_a_new_protocol_needs_no_new_connection_and_no_other_port(share: Recording) -> None:
    (capture,) = share.of("websocket")
    assert is_new_protocol(capture) == "yes"


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C13")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C13", recordings)


def test_a_websocket_in_the_place_of_plain_http_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    share, old_version = recordings
    swapped = with_servers(share, {"http": "websocket", "websocket": "http"})
    assert "HTTP: yes" in contradicted(assert_fails("C13", swapped, old_version))


def test_a_wish_that_came_true_contradicts_the_correction(lab: Lab, recordings: tuple[Recording, ...]) -> None:
    share, _ = recordings
    opened = WrongAnswers(case="right").run(lab)
    opened = replace(opened, name="RefusedUpgrades")
    assert_fails("C13", share, opened)


def test_two_connections_contradict_the_correction(recordings: tuple[Recording, ...]) -> None:
    share, old_version = recordings
    (capture,) = share.of("websocket")
    twice = replace(share, captures=(*share.captures, replace(capture, number=9)))
    assert "2 connections" in contradicted(assert_fails("C13", twice, old_version))


def test_a_server_that_sent_nothing_shows_nothing(recordings: tuple[Recording, ...]) -> None:
    share, old_version = recordings
    for recording in (share, old_version):
        silent = replace(
            recording,
            captures=tuple(replace(one, chunks=tuple(one.chunks_from(Side.CLIENT))) for one in recording.captures),
        )
        given = tuple(silent if one is recording else one for one in recordings)
        assert_fails("C13", *given)
