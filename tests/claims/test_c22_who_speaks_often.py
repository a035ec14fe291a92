"""C22: who speaks often pays a head for each message by POST, and none by WebSocket; what the gain depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.measure.transports import Transport
from lab_servers.measure.upstream import spoken
from lab_servers.proofs.speaking import POST, WEBSOCKET
from lab_servers.recording import Recording
from lab_servers.scenarios.side_upstream import RATES
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C22")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C22", recordings)


def test_at_each_of_the_three_rates_a_message_is_a_request_or_a_frame(recordings: tuple[Recording, ...]) -> None:
    found = spoken(recordings[0])
    assert tuple(one.rate for one in found[POST]) == RATES == (1, 10, 60)
    for post, websocket in zip(found[POST], found[WEBSOCKET], strict=True):
        assert (post.requests, websocket.requests) == (post.messages, 0)
        assert post.up.payload == websocket.up.payload, "the same text"
        assert post.up.headers > websocket.up.headers == 0


def test_correction_the_gain_grows_with_the_heads_and_shrinks_with_the_messages(
    recordings: tuple[Recording, ...],
) -> None:
    short, long, large_heads = (spoken(one) for one in recordings)
    times = [
        one[POST][-1].bytes_per_message / one[WEBSOCKET][-1].bytes_per_message for one in (long, short, large_heads)
    ]
    assert times == sorted(times)
    assert times[0] > 1


def test_the_two_in_each_others_place_contradict_it(recordings: tuple[Recording, ...]) -> None:
    names = {
        Transport.SSE.value: Transport.WEBSOCKET.value,
        Transport.WEBSOCKET.value: Transport.SSE.value,
    }
    short, *rest = recordings
    assert "At 60 a second" in contradicted(assert_fails("C22", with_servers(short, names), *rest))


def test_runs_that_differ_the_other_way_contradict_the_correction(recordings: tuple[Recording, ...]) -> None:
    short, long, large_heads = recordings
    assert "With messages" in contradicted(assert_fails("C22", long, short, large_heads))
    assert "With heads" in contradicted(assert_fails("C22", large_heads, long, short))


def test_the_bytes_shown_for_a_rate_are_of_that_rate(recordings: tuple[Recording, ...]) -> None:
    proof = assert_holds("C22", recordings)
    # A client masks each frame with a new key, so that the same bytes twice would be the same frame.
    shown = [excerpt.data for one in proof.evidence for excerpt in one.excerpts if excerpt.server == WEBSOCKET]
    assert len(shown) == len(set(shown)) == len(proof.evidence)


def test_messages_that_never_passed_by_websocket_are_not_cheap(recordings: tuple[Recording, ...]) -> None:
    short, *rest = recordings
    first = short.of(WEBSOCKET)[0]
    less = replace(short, captures=tuple(one for one in short.captures if one is not first))
    assert_fails("C22", less, *rest)
