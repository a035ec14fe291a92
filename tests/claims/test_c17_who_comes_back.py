"""C17: EventSource reconnects by itself, a plain client does not; and it does so after a clean end, too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.measure.evidence import WEBSOCKET, Part, connections
from lab_servers.proofs.coming_back import WATCHED
from lab_servers.recording import Recording
from lab_servers.views.looks.sse_coming_back import CLEAN, CLOSED, CUT, EVENT_SOURCE, PLAIN, askings, captures_of
from lab_servers.views.looks.sse_resume import IDS_AND_LOG, resumed
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks


@pytest.fixture(scope="module")
def back(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


def test_after_a_cut_the_event_source_asks_again_and_the_plain_client_does_not(back: Recording) -> None:
    found = askings(back)
    assert found[EVENT_SOURCE, CUT].requests == WATCHED
    assert found[PLAIN, CUT].requests == 1


def test_it_says_how_far_it_came(recordings: tuple[Recording, ...]) -> None:
    found = resumed(recordings[1])[IDS_AND_LOG]
    assert found.sent_ids[:2] == ("", "2")
    assert found.got == [1, 2, 3, 4]


def test_correction_after_a_clean_end_it_repeats_the_very_same_request(back: Recording) -> None:
    found = askings(back)
    assert found[EVENT_SOURCE, CLEAN].requests == WATCHED
    assert found[PLAIN, CLEAN].requests == 1
    sent = {capture.bytes_from(Side.CLIENT) for capture in captures_of(back, EVENT_SOURCE, CLEAN)}
    assert len(sent) == 1


@pytest.mark.parametrize(("case", "requests"), [("204", 2), ("other type", 2), ("status 500", 2), (CLOSED, 1)])
def test_correction_only_204_or_another_failed_response_or_close_stops_it(
    back: Recording, case: str, requests: int
) -> None:
    asking = askings(back)[EVENT_SOURCE, case]
    assert (asking.requests, asking.goes_on, asking.state) == (requests, False, "CLOSED")


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C17")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C17", recordings)


def test_an_event_source_that_stays_away_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    back, resume, talks = recordings
    stayed = replace(
        back, captures=tuple(one for one in back.captures if one not in captures_of(back, EVENT_SOURCE, CUT)[1:])
    )
    assert "After a cut" in contradicted(assert_fails("C17", stayed, resume, talks))


def test_a_plain_reader_in_its_place_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    back, resume, talks = recordings
    swapped = with_bytes(back, Side.CLIENT, b"/event-source/0 HTTP", b"/other-source/0 HTTP")
    assert "After a clean end" in contradicted(assert_fails("C17", swapped, resume, talks))


def test_one_that_does_not_say_how_far_it_came_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    back, resume, talks = recordings
    silent = with_bytes(resume, Side.CLIENT, b"Last-Event-ID", b"First-EventID")
    assert "how far it came" in contradicted(assert_fails("C17", back, silent, talks))


def test_one_that_204_does_not_stop_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    back, resume, talks = recordings
    goes_on = with_marks(
        back,
        lambda one: replace(one, detail="it would go on") if one.name == f"{EVENT_SOURCE}, 204: stopped" else one,
    )
    assert "204" in contradicted(assert_fails("C17", goes_on, resume, talks))


def test_a_websocket_after_which_nobody_opened_another_one_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    back, resume, talks = recordings
    by_hand = [one.capture for one in connections(talks, WEBSOCKET, Part.BY_HAND)]
    alone = replace(talks, captures=tuple(one for one in talks.captures if one not in by_hand[1:]))
    assert "WebSocket: no." in contradicted(assert_fails("C17", back, resume, alone))


def test_a_websocket_that_came_back_by_itself_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    back, resume, talks = recordings
    (cut,) = connections(talks, WEBSOCKET, Part.CUT)
    twice = replace(talks, captures=(*talks.captures, replace(cut.capture, number=99)))
    assert "WebSocket: built in" in contradicted(assert_fails("C17", back, resume, twice))
