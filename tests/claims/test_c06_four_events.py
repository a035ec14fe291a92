"""C06: /api/stream sends four events and completes; and cut at every byte they are the same four."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import CutEverywhere, OneStream
from lab_servers.views.looks.sse import answer_of, content_of
from lab_servers.views.looks.sse_cuts import CHARACTER, STANDARD, cuts
from lab_servers.views.looks.sse_stream import growth
from lab_servers.wire.sse.decoder import EventStreamDecoder

TOKENS = ['{"d":"你"}', '{"d":"好"}', '{"d":"世"}', '{"d":"界"}']


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["sse"]) as running:
        yield running


@pytest.fixture(scope="module")
def stream(lab: Lab) -> Recording:
    return OneStream(interval_s=0.15).run(lab)


def test_four_events_arrive_and_then_the_response_is_complete(stream: Recording) -> None:
    assert [data for _, _, data in growth(stream).events] == TOKENS
    answer = answer_of(stream.captures[0])
    assert answer is not None
    assert answer.is_complete


def test_they_come_one_after_the_other_while_the_response_goes_on(stream: Recording) -> None:
    grown = growth(stream)
    times = [grown.head_s, *(at_s for at_s, _, _ in grown.events)]
    # A lower bound with much room: a machine may be slow, and then two of them come closer together.
    assert times[-1] - times[0] > 0.1
    assert times == sorted(times)


def test_correction_cut_at_every_byte_offset_the_body_gives_identical_events(stream: Recording) -> None:
    body = content_of(stream.captures[0])
    for cut in range(len(body) + 1):
        decoder = EventStreamDecoder()
        assert [event.data for piece in (body[:cut], body[cut:]) for event in decoder.feed(piece)] == TOKENS


def test_correction_chunk_event_token_and_character_are_four_things_on_the_wire_too(lab: Lab) -> None:
    found = cuts(CutEverywhere().run(lab))
    assert found.right(STANDARD) == len(found.cuts) == len(found.stream) - 1
    assert any(cut.place == CHARACTER for cut in found.cuts)
    assert found.events == TOKENS
