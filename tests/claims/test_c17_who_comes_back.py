"""C17: EventSource reconnects by itself, a plain client does not; and it does so after a clean end, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import ComingBack, ResumeAfterCut
from lab_servers.views.looks.sse_coming_back import CLEAN, CLOSED, CUT, EVENT_SOURCE, PLAIN, askings, captures_of
from lab_servers.views.looks.sse_resume import IDS_AND_LOG, resumed

WATCHED = 4


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def back(lab: Lab) -> Recording:
    return ComingBack(watch_requests=WATCHED, retry_ms=10).run(lab)


def test_after_a_cut_the_event_source_asks_again_and_the_plain_client_does_not(back: Recording) -> None:
    found = askings(back)
    assert found[EVENT_SOURCE, CUT].requests == WATCHED
    assert found[PLAIN, CUT].requests == 1


def test_it_says_how_far_it_came(lab: Lab) -> None:
    found = resumed(ResumeAfterCut(events=4, every_s=0.01, cut_in=3, retry_ms=20).run(lab))[IDS_AND_LOG]
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
