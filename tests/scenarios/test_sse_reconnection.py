"""What an EventSource does when its stream has ended: how often it asks, with which ID, and what it misses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import ComingBack, ResumeAfterCut
from lab_servers.scenarios import sse_coming_back as scenario
from lab_servers.views.looks import sse_coming_back as look
from lab_servers.views.looks.sse_coming_back import CLEAN, CLOSED, CUT, EVENT_SOURCE, PLAIN, askings
from lab_servers.views.looks.sse_resume import IDS_AND_LOG, IDS_ONLY, LOG_ONLY, NEITHER, resumed


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def back(lab: Lab) -> Recording:
    return ComingBack(watch_requests=4, retry_ms=10).run(lab)


@pytest.fixture(scope="module")
def after_cut(lab: Lab) -> Recording:
    return ResumeAfterCut(events=8, every_s=0.03, cut_in=4, retry_ms=70).run(lab)


# --- coming back ----------------------------------------------------------------------------------------


def test_the_look_knows_every_case_of_the_run() -> None:
    assert tuple(scenario.CASES) == look.CASES
    assert (scenario.EVENT_SOURCE, scenario.PLAIN) == (look.EVENT_SOURCE, look.PLAIN)


def test_an_event_source_comes_back_after_a_clean_end_as_after_a_cut(back: Recording) -> None:
    found = askings(back)
    for case, answer in ((CLEAN, "a whole stream"), (CUT, "a stream, cut")):
        asking = found[EVENT_SOURCE, case]
        assert (asking.requests, asking.goes_on, asking.state) == (4, True, "CONNECTING")
        assert set(asking.answers) == {answer}


@pytest.mark.parametrize(
    ("case", "last_answer"), [("204", "204"), ("other type", "200 text/plain"), ("status 500", "500")]
)
def test_an_answer_that_is_no_stream_stops_it_at_the_second_request(
    back: Recording, case: str, last_answer: str
) -> None:
    asking = askings(back)[EVENT_SOURCE, case]
    assert (asking.requests, asking.goes_on, asking.state) == (2, False, "CLOSED")
    assert asking.answers == ("a whole stream", last_answer)


def test_close_stops_it_at_the_first(back: Recording) -> None:
    asking = askings(back)[EVENT_SOURCE, CLOSED]
    assert (asking.requests, asking.state) == (1, "CLOSED")


def test_a_plain_reader_asks_once_whatever_happens(back: Recording) -> None:
    assert {asking.requests for (who, _), asking in askings(back).items() if who == PLAIN} == {1}


def test_one_case_alone_can_be_watched(lab: Lab) -> None:
    found = askings(ComingBack(case="204", retry_ms=0).run(lab))
    assert list(found) == [(EVENT_SOURCE, "204"), (PLAIN, "204")]


# --- after a cut ------------------------------------------------------------------------------------------


def test_ids_and_a_log_together_lose_nothing_and_repeat_nothing(after_cut: Recording) -> None:
    found = resumed(after_cut)[IDS_AND_LOG]
    assert found.got == list(range(1, 9))
    assert found.sent_ids == ("", "3", "8")


def test_the_event_that_was_cut_does_not_count_and_neither_does_its_id(after_cut: Recording) -> None:
    for found in resumed(after_cut).values():
        assert found.connections[0] == (1, 2, 3)
        assert found.sent_ids[1] in ("", "3")


def test_without_a_log_what_happened_meanwhile_is_missed_ids_or_not(after_cut: Recording) -> None:
    found = resumed(after_cut)
    for server in (IDS_ONLY, NEITHER):
        assert found[server].missed[0] == 4
        assert found[server].twice == []
        assert len(found[server].missed) > 1
    assert found[IDS_ONLY].sent_ids[1] == "3"
    assert set(found[NEITHER].sent_ids) == {""}


def test_without_ids_a_server_with_a_log_can_only_begin_again(after_cut: Recording) -> None:
    found = resumed(after_cut)[LOG_ONLY]
    assert (found.missed, found.twice) == ([], [1, 2, 3])


def test_a_cut_behind_the_last_event_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadParameter, match="cut_in must be at most 4, since so many events happen, not 5"):
        ResumeAfterCut(events=4, cut_in=5)
