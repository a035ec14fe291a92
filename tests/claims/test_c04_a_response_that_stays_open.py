"""C04: an event stream is an HTTP response that stays open: one head, and a body that goes on growing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import get
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import Handshake
from lab_servers.views.heads import heads
from lab_servers.views.looks.side_buffered import before_hop
from lab_servers.views.looks.sse_stream import growth
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes


@pytest.fixture(scope="module")
def stream(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


def test_the_dissector_of_http_reads_all_of_it(stream: Recording) -> None:
    (capture,) = stream.captures
    conversation = dissect(capture).conversation
    assert conversation.upgraded_to is None
    for side in Side:
        covered = sum(
            stop - start for record in conversation.records(side.value, "http") for start, stop in record.pieces
        )
        assert covered == len(capture.bytes_from(side))


def test_there_is_one_request_and_one_response_of_the_type_text_event_stream(stream: Recording) -> None:
    (capture,) = stream.captures
    (request,), (response,) = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    assert (request.method, response.status) == ("GET", 200)
    assert response.values("Content-Type") == ["text/event-stream"]


def test_its_head_comes_before_its_first_event_and_its_body_grows_with_each(stream: Recording) -> None:
    grown = growth(stream)
    times, sizes = [at_s for at_s, _, _ in grown.events], [size for _, size, _ in grown.events]
    assert grown.head_s < times[0]
    assert times == sorted(times)
    assert times[0] < times[-1]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == grown.body_bytes


def test_correction_to_a_client_that_knows_nothing_of_events_it_is_a_response_like_any_other() -> None:
    with Lab(["sse"]) as lab:
        answer = lab.run(get(lab.url("sse", "/api/stream?interval_s=0")))
    assert (answer.status, answer.text.count("data: ")) == (200, 4)


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C04")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C04", recordings)


def test_another_type_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    stream, plain, buffered = recordings
    other = with_bytes(stream, Side.SERVER, b"text/event-stream", b"text/event-scream")
    assert "no event stream" in contradicted(assert_fails("C04", other, plain, buffered))


def test_a_connection_that_was_upgraded_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    with Lab(["websocket"]) as lab:
        upgraded = Handshake().run(lab)
    assert_fails("C04", upgraded, *recordings[1:])


def test_a_hop_that_passes_on_at_once_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    stream, plain, buffered = recordings
    into = before_hop(buffered)
    at_once = replace(
        buffered,
        captures=tuple(
            replace(into, server="buffering hop") if one.server == "buffering hop" else one for one in buffered.captures
        ),
    )
    assert "Into the hop" in contradicted(assert_fails("C04", stream, plain, at_once))
