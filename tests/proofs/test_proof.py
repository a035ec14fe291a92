"""A verdict needs evidence of both, claim and correction; what is only cited decides nothing."""

from __future__ import annotations

import pytest

from lab_servers.course.claims import CLAIMS
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.proofs import PROOFS, Verdict, prove
from lab_servers.proofs.proof import Evidence, Judgement, cited, seen
from lab_servers.proofs.registry import require_known
from lab_servers.proofs.trial import Trial, judged, put_to_the_test
from lab_servers.recording import Recording

YES, NO = seen("It was so.", True), seen("It was not so.", False)
SAID = cited("It is written.", "RFC 9110 §1")


@pytest.mark.parametrize(
    ("evidence", "correction", "verdict"),
    [
        ((YES,), (YES,), Verdict.HOLDS),
        ((YES, SAID), (YES, SAID), Verdict.HOLDS),
        ((YES, NO), (YES,), Verdict.FAILS),
        ((YES,), (YES, NO), Verdict.FAILS),
        ((), (YES,), Verdict.FAILS),
        ((YES,), (), Verdict.FAILS),
        ((YES,), (SAID,), Verdict.FAILS),
        ((SAID,), (YES,), Verdict.FAILS),
        ((), (), Verdict.FAILS),
    ],
)
def test_a_claim_holds_if_both_were_seen_and_nothing_contradicts(
    evidence: tuple[Evidence, ...], correction: tuple[Evidence, ...], verdict: Verdict
) -> None:
    assert Judgement(evidence, correction).verdict is verdict


def test_a_recording_of_something_else_contradicts_and_says_what_to_run() -> None:
    trial = PROOFS["C03"]
    assert isinstance(trial, Trial)
    proof = judged(trial, Recording("something else", ()))
    assert proof.verdict is Verdict.FAILS
    assert "run the scenario LateParse" in proof.evidence[0].sentence


@pytest.mark.parametrize(
    "error", [IndexError("out of range"), KeyError("cut 1"), ValueError("no int"), ZeroDivisionError()]
)
def test_a_recording_that_cannot_be_read_to_its_end_fails_and_nothing_is_raised(error: Exception) -> None:
    def judge() -> Judgement:
        raise error

    proof = judged(Trial("C01", lambda lab: (), judge))
    assert proof.verdict is Verdict.FAILS
    assert proof.evidence[0].sentence.startswith("The recording lacks what would show it. ")
    assert type(error).__name__ in proof.evidence[0].sentence


def test_a_mistake_in_a_judge_is_not_taken_for_a_lack() -> None:
    def judge() -> Judgement:
        raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        judged(Trial("C01", lambda lab: (), judge))


def test_a_trial_can_use_a_lab_that_runs_already_and_leaves_it_running() -> None:
    trial = PROOFS["C07"]
    assert isinstance(trial, Trial)
    with Lab(trial.servers) as lab:
        assert put_to_the_test(trial, lab).verdict is Verdict.HOLDS
        assert lab.is_running
        assert lab.problems == ()


def test_each_trial_records_anew() -> None:
    first, second = (next(iter(prove("C10"))) for _ in range(2))
    keys = [
        one.sentence for proof in (first, second) for one in proof.correction if "follows from the key" in one.sentence
    ]
    assert len(set(keys)) == 2


def test_claims_come_in_the_order_of_the_course_whatever_the_order_in_which_they_are_named() -> None:
    assert require_known(["c20", "C09", "C20"]) == ("C09", "C20")
    assert require_known([]) == tuple(sorted(CLAIMS))


def test_an_unknown_claim_is_named() -> None:
    with pytest.raises(BadParameter, match=r"^There is no claim 'C99': the course has C01 to C25\.$"):
        prove("C01", "C99")
