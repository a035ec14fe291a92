"""Puts one claim to the test: runs its scenarios on a lab, and has its judge decide from what was recorded.

A judge is a pure function of recordings, so a test can hand it any; it must be able to say no. ``registry.py`` has a
trial for each claim of the course, or the reason why there is none yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab_servers.course.claims import CLAIMS
from lab_servers.errors import LabError
from lab_servers.lab import Lab
from lab_servers.proofs.proof import Judgement, Proof, Verdict, seen
from lab_servers.recording import Recording
from lab_servers.scenarios import Scenario


@dataclass(frozen=True)
class Trial:
    """How a claim is tried.

    Attributes:
        claim_id: ``"C01"``.
        run: Makes the recordings, on a lab that runs ``servers``.
        judge: Reads them, in the order in which ``run`` returns them.
        servers: The servers of the lab that ``run`` asks.
    """

    claim_id: str
    run: Callable[[Lab], tuple[Recording, ...]]
    judge: Callable[..., Judgement]
    servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotYet:
    """A claim that nothing here can show yet.

    Attributes:
        claim_id: ``"C09"``.
        why_not: What is missing, in one sentence.
    """

    claim_id: str
    why_not: str


def trial_of(claim_id: str, judge: Callable[..., Judgement], *scenarios: Scenario) -> Trial:
    """A trial whose recordings are the runs of these scenarios, one after the other."""

    def run(lab: Lab) -> tuple[Recording, ...]:
        return tuple(scenario.run(lab) for scenario in scenarios)

    servers = dict.fromkeys(name for scenario in scenarios for name in scenario.servers)
    return Trial(claim_id, run, judge, tuple(servers))


def put_to_the_test(trial: Trial | NotYet, lab: Lab | None = None) -> Proof:
    """Try a claim on a fresh recording, and block until that is done.

    Args:
        trial: The trial.
        lab: A running lab with the trial's servers; a lab of its own unless told.
    """
    if isinstance(trial, NotYet):
        return Proof(CLAIMS[trial.claim_id], Verdict.NOT_SHOWN_YET, why_not=trial.why_not)
    try:
        if lab is not None:
            recordings = trial.run(lab)
        else:
            with Lab(trial.servers) as own:
                recordings = trial.run(own)
    except LabError as error:
        return Proof(CLAIMS[trial.claim_id], Verdict.FAILS, why_not=f"Its trial did not come to an end: {error}")
    return judged(trial, *recordings)


def judged(trial: Trial, *recordings: Recording) -> Proof:
    """What a trial's judge says about these recordings.

    A recording that lacks what the judge looks for contradicts the claim: it fails.

    What reads recordings takes for granted that a run came to its end. Where a mark or a byte is missing it looks in
    vain (``LookupError``), finds no number where one should stand (``ValueError``), or none to divide by
    (``ZeroDivisionError``); that is a lack as well.
    """
    try:
        found = trial.judge(*recordings)
    except LabError as error:
        found = _lacking(str(error))
    except (LookupError, ValueError, ZeroDivisionError) as error:
        found = _lacking(f"Reading it ended with {type(error).__name__}: {error}.")
    return Proof(CLAIMS[trial.claim_id], found.verdict, found.evidence, found.correction)


def _lacking(what: str) -> Judgement:
    return Judgement((seen(f"The recording lacks what would show it. {what}", False),), ())
