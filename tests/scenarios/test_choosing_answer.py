"""An answer that is read to its end, stopped, failing, cut off and resumed: what each side did, in data and order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.clients import get
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.proofs.answering_cases import captures_by_case
from lab_servers.recording import Recording
from lab_servers.scenarios.choosing_answer import CUT, FAILING, RESUMED, STOPPED, WHOLE, PromptedAnswer
from lab_servers.views.looks import look_of
from lab_servers.views.looks.sse import data_of

RUN = PromptedAnswer(tokens=6, broken_after=2, interval_s=0.04)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def run(lab: Lab) -> Recording:
    recording = RUN.run(lab)
    assert lab.problems == ()
    return recording


def events(run: Recording, case: str) -> list[str]:
    return [mark.detail.partition(":")[0] for mark in run.marks_named(f"{case}: event")]


def test_what_the_client_received_in_each_case(run: Recording) -> None:
    assert events(run, WHOLE) == ["message"] * 6 + ["done"]
    assert events(run, FAILING) == ["message"] * 2 + ["error"]
    assert events(run, CUT) == ["message"] * 2
    assert events(run, RESUMED) == ["message"] * 4 + ["done"]
    assert len(events(run, STOPPED)) >= 2


def test_how_the_client_was_left_in_each_case(run: Recording) -> None:
    ended = {case: run.marks_named(f"{case}: ended")[0].detail for case in (WHOLE, STOPPED, FAILING, CUT, RESUMED)}
    assert ended == {WHOLE: "complete", STOPPED: "left", FAILING: "complete", CUT: "lost", RESUMED: "complete"}


def test_the_server_notices_a_reader_who_left_and_only_him(run: Recording) -> None:
    noticed = {mark.name.partition(":")[0] for mark in run.marks if mark.name.endswith("server noticed")}
    assert noticed == {STOPPED}
    assert len(run.marks_named(f"{STOPPED}: produced")) < RUN.tokens


def test_every_case_is_a_post_with_the_prompt_on_a_connection_of_its_own_that_closed(run: Recording) -> None:
    assert len(run.captures) == len(captures_by_case(run)) == 5
    for capture in run.captures:
        assert capture.bytes_from(Side.CLIENT).startswith(b"POST /answer")
        assert capture.bytes_from(Side.CLIENT).endswith('{"prompt":"世界?"}'.encode())
        assert capture.transitions[-1].kind is TransitionKind.CLOSED


def test_the_tokens_before_the_cut_and_after_it_are_those_of_the_whole_answer(run: Recording) -> None:
    found = captures_by_case(run)
    assert data_of(found[CUT][0]) + data_of(found[RESUMED][0]) == data_of(found[WHOLE][0])


def test_a_request_for_something_else_is_told_so(lab: Lab, run: Recording) -> None:
    assert lab.run(get(lab.url("model", "/favicon.ico"))).status == 404
    assert lab.problems == ()


def test_an_answer_cannot_break_off_after_its_end() -> None:
    with pytest.raises(BadParameter, match="broken_after must be below the 5 tokens of the answer, not 5"):
        PromptedAnswer(tokens=5, broken_after=5)


def test_it_is_shown_as_a_sequence(run: Recording) -> None:
    look = look_of(run)
    assert look.picture is not None
    assert any("POST /answer" in cell for row in look.table.rows for cell in row)


def test_a_recording_of_something_else_is_refused_with_what_to_run() -> None:
    with pytest.raises(BadParameter, match="run the scenario PromptedAnswer"):
        captures_by_case(Recording("PromptedAnswer", ()))
