"""Four ways of asking again tell the same lines; what they cost differs in requests, bytes and lateness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.scenarios import AskAgain
from lab_servers.scenarios.polling_ask_again import USER_AGENTS
from lab_servers.views.heads import heads
from lab_servers.views.looks.polling_ask_again import CONDITIONAL, HASTY, LONG, PLAIN, WAYS, capture_of, ways

LINES = ["checkout", "dependencies", "compile", "test", "package", "done"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["polling"]) as running:
        yield running


@pytest.fixture(scope="module")
def again(lab: Lab) -> Recording:
    return AskAgain().run(lab)


def test_every_client_learns_every_line_once_and_none_before_it_is_written(again: Recording) -> None:
    assert [mark.detail for mark in again.marks_named("job: produced")] == LINES
    for label, way in ways(again).items():
        assert [mark.detail for mark in again.marks_named(f"{label}: knew")] == LINES
        assert len(way.late_s) == len(LINES)
        assert min(way.late_s) > 0


def test_asking_twice_as_often_costs_more_requests_and_more_bytes(again: Recording) -> None:
    found = ways(again)
    # Twice as many on an idle machine; a busy one leaves questions out.
    assert found[HASTY].requests > 1.2 * found[PLAIN].requests
    assert found[HASTY].bytes > 1.2 * found[PLAIN].bytes


def test_a_plain_question_is_answered_in_full_even_if_nothing_is_new(again: Recording) -> None:
    plain = ways(again)[PLAIN]
    assert set(plain.statuses) == {200}
    assert plain.has_news.count(False) > 0


def test_a_condition_saves_bodies_and_no_requests(again: Recording) -> None:
    capture = capture_of(again, CONDITIONAL)
    requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    assert len(requests) == len(answers)
    assert requests[0].values("If-None-Match") == []
    for request, before in zip(requests[1:], answers, strict=False):
        assert request.values("If-None-Match") == before.values("ETag")
    for answer in answers:
        assert (answer.content.length == 0) is (answer.status == 304)
    assert 304 in ways(again)[CONDITIONAL].statuses


def test_a_304_repeats_the_tag_and_has_no_body_nor_a_length_of_one(again: Recording) -> None:
    answers = heads(capture_of(again, CONDITIONAL), Side.SERVER)
    unchanged = next(answer for answer in answers if answer.status == 304)
    assert unchanged.values("ETag") == answers[0].values("ETag")
    assert unchanged.values("Content-Length") == []


def test_the_long_poller_asks_seldom_and_is_seldom_late(again: Recording) -> None:
    found = ways(again)
    assert set(found[LONG].statuses) == {200, 204}
    assert found[LONG].has_news.count(True) <= len(LINES)
    assert found[LONG].mean_late_s < found[PLAIN].mean_late_s


def test_each_client_keeps_one_connection_and_names_itself_on_it(again: Recording) -> None:
    for label in WAYS:
        requests = heads(capture_of(again, label), Side.CLIENT)
        assert {tuple(request.values("User-Agent")) for request in requests} == {(USER_AGENTS[label],)}
    assert len({len(name) for name in USER_AGENTS.values()}) == 1, "a longer name would make one way dearer"
    assert len(again.of("polling")) == 1 + len(WAYS)


def test_lines_of_a_job_that_a_cancelled_run_left_behind_are_not_taken_for_this_ones(again: Recording) -> None:
    knew = min(mark.at_ns for mark in again.marks if mark.name.endswith(": knew"))
    mine = replace(again.marks_named("job: produced")[0], name="produced by polling")
    before, after = (replace(mine, at_ns=at_ns) for at_ns in (mine.at_ns - 5, knew + 5))
    others = tuple(mark for mark in again.marks if mark.name != "job: produced")
    mixed = replace(again, marks=tuple(sorted((*others, before, mine, after), key=lambda mark: mark.at_ns)))
    assert AskAgain().finished(mixed).marks_named("job: produced") == (Mark(mine.at_ns, "job: produced", "checkout"),)
