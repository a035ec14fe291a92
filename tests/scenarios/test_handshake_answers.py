"""A client fails the connection at every answer that breaks a rule, and the dissector names the same answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.scenarios import WrongAnswers
from lab_servers.scenarios.handshake_answers import CASES
from lab_servers.views.looks.handshake_answers import answers, has_right_accept, verdict
from lab_servers.views.looks.handshake_cases import Case


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def cases(lab: Lab) -> dict[str, Case]:
    return answers(WrongAnswers().run(lab))


def test_every_answer_was_given_and_only_the_right_one_is_taken(cases: dict[str, Case]) -> None:
    assert list(cases) == list(CASES)
    assert [name for name, case in cases.items() if verdict(case) == "opens"] == ["right"]


def test_the_library_and_the_dissector_agree_on_every_101(cases: dict[str, Case]) -> None:
    for name, case in cases.items():
        if case.answer.startswith("101"):
            assert bool(case.broken(Side.SERVER)) is verdict(case).startswith("fails"), name


def test_a_client_that_fails_sends_nothing_more(cases: dict[str, Case]) -> None:
    for name, case in cases.items():
        sent = case.found.records(Side.CLIENT, "websocket")
        assert bool(sent) is (name == "right"), name


def test_the_accept_value_is_right_wherever_nothing_is_wrong_with_it(cases: dict[str, Case]) -> None:
    wrong = [name for name, case in cases.items() if not has_right_accept(case)]
    assert wrong == ["value-of-another-key", "key-sent-back", "no-accept"]


def test_one_case_is_one_connection(lab: Lab) -> None:
    recording = WrongAnswers(case="no-accept").run(lab)
    assert len(recording.captures) == 1
    assert verdict(answers(recording)["no-accept"]) == "fails: missing Sec-WebSocket-Accept header"
    assert lab.problems == ()
