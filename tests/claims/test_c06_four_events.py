"""C06: /api/stream sends four events and completes; and cut at every byte they are the same four."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.proofs.sse import TOKENS
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import answer_of, content_of
from lab_servers.views.looks.sse_cuts import CHARACTER, STANDARD, cuts
from lab_servers.views.looks.sse_stream import growth
from lab_servers.wire.sse.decoder import EventStreamDecoder
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks


@pytest.fixture(scope="module")
def stream(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


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


def test_correction_chunk_event_token_and_character_are_four_things_on_the_wire_too(
    recordings: tuple[Recording, ...],
) -> None:
    found = cuts(recordings[1])
    assert found.right(STANDARD) == len(found.cuts) == len(found.stream) - 1
    assert any(cut.place == CHARACTER for cut in found.cuts)
    assert found.events == TOKENS


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C06")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C06", recordings)


def test_another_token_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    stream, everywhere = recordings
    other = with_bytes(stream, Side.SERVER, "世".encode(), "市".encode())
    assert "events" in contradicted(assert_fails("C06", other, everywhere))


def test_four_events_from_elsewhere_contradict_it(recordings: tuple[Recording, ...]) -> None:
    stream, everywhere = recordings
    assert_fails("C06", with_bytes(stream, Side.CLIENT, b"GET /api/stream?", b"GET /api/dreams?"), everywhere)


def test_a_cut_that_was_not_made_on_the_wire_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    stream, everywhere = recordings
    one_less = replace(everywhere, captures=everywhere.captures[:-1])
    assert "by the standard" in contradicted(assert_fails("C06", stream, one_less))


def test_three_events_contradict_it(recordings: tuple[Recording, ...]) -> None:
    stream, everywhere = recordings
    assert_fails(
        "C06", with_bytes(stream, Side.SERVER, 'data: {"d":"界'.encode(), 'dato: {"d":"界'.encode()), everywhere
    )


def test_a_reader_that_got_other_events_at_one_cut_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    stream, everywhere = recordings
    wrong = with_marks(everywhere, lambda one: replace(one, detail="[]") if one.name == f"cut 40: {STANDARD}" else one)
    assert "by the standard" in contradicted(assert_fails("C06", stream, wrong))
