"""C07: chunked lets a server send before it knows the length; and event streams do without it."""

from __future__ import annotations

import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import answer_of, content_of
from lab_servers.views.looks.sse_stream import growth
from lab_servers.wire.http1.message import Framing
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes


@pytest.fixture(scope="module")
def chunked(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


@pytest.fixture(scope="module")
def closed(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[1]


def test_the_head_names_no_length_and_every_chunk_its_own(chunked: Recording) -> None:
    (capture,) = chunked.captures
    answer = answer_of(capture)
    assert answer is not None
    assert answer.framing is Framing.CHUNKED
    assert answer.values("Content-Length") == []
    chunks = [one for one in dissect(capture).records(Side.SERVER, "http") if one.name.startswith("chunk")]
    assert len(chunks) == len(growth(chunked).events)


def test_the_head_and_the_first_events_are_there_before_the_length_can_be_known(chunked: Recording) -> None:
    grown = growth(chunked)
    assert grown.head_s < grown.events[0][0] < grown.events[-1][0] <= grown.end_s


def test_correction_a_body_that_ends_with_the_connection_streams_the_same_bytes(
    chunked: Recording, closed: Recording
) -> None:
    (capture,) = closed.captures
    answer = answer_of(capture)
    assert answer is not None
    assert (answer.framing, answer.is_complete) == (Framing.CLOSE, True)
    assert answer.values("Transfer-Encoding") == []
    assert content_of(capture) == content_of(chunked.captures[0])
    times = [at_s for at_s, _, _ in growth(closed).events]
    assert times == sorted(times)
    assert times[0] < times[-1], "not all at once"


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C07")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C07", recordings)


def test_a_body_without_chunks_contradicts_it_and_one_in_chunks_its_correction(
    recordings: tuple[Recording, ...],
) -> None:
    chunked, closed = recordings
    told = contradicted(assert_fails("C07", closed, chunked))
    assert "The head says close" in told
    assert "until the chunked" in told


def test_a_body_with_other_bytes_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    chunked, closed = recordings
    assert_fails("C07", chunked, with_bytes(closed, Side.SERVER, "世".encode(), "市".encode()))
