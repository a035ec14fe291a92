"""C07: chunked lets a server send before it knows the length; and event streams do without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import OneStream
from lab_servers.views.looks.sse import answer_of, content_of
from lab_servers.views.looks.sse_stream import growth
from lab_servers.wire.http1.message import Framing


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["sse"]) as running:
        yield running


@pytest.fixture(scope="module")
def chunked(lab: Lab) -> Recording:
    return OneStream(interval_s=0.15).run(lab)


@pytest.fixture(scope="module")
def closed(lab: Lab) -> Recording:
    return OneStream(interval_s=0.15, http="1.0").run(lab)


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
