"""The questions and exercises of 12: right is what a recording shows, and a wrong answer fails by its own rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.comparison import comparison_of
from lab_servers.course.finding import exercise_named, question_named
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.jobs import job_named
from lab_servers.recording import Recording
from lab_servers.scenarios import Evidence, JobBothWays, UnitCosts

Spoken = list[tuple[str, float, float]]
Numbers = dict[str, float]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recordings(lab: Lab) -> dict[str, Recording]:
    return {
        "costs": UnitCosts(steps=2, batches=3).run(lab),
        "evidence": Evidence().run(lab),
        "chat": JobBothWays.of(job_named("chat room")).run(lab),
    }


@pytest.mark.parametrize(
    ("name", "recording", "answers"),
    [
        # A question and its answer are some hundreds of bytes, a comment in its chunk is 8.
        ("12-quiet", "costs", {500.0: True, 15.0: False, 86_400.0: False}),
        ("12-build", "costs", {"Polling.": True, "SSE.": False, "WebSocket.": False}),
        ("12-chat", "chat", {4.3: True, 1.0: False, 100.0: False}),
    ],
)
def test_the_recording_tells_what_is_right_and_a_wrong_answer_meets_its_misconception(
    name: str, recording: str, answers: dict[Any, bool], recordings: dict[str, Recording]
) -> None:
    question = question_named(name)
    for answer, is_right in answers.items():
        compared = comparison_of(question, answer, recordings[recording])
        assert compared.is_right is is_right
        assert (compared.misconception is None) is is_right
    assert question.shows(recordings[recording]).endswith(".")


@pytest.mark.parametrize("name", ["12-quiet", "12-build", "12-chat"])
def test_a_recording_of_another_run_cannot_answer(name: str) -> None:
    with pytest.raises(BadParameter, match="cannot be answered from this recording"):
        comparison_of(question_named(name), None, Recording("Other", ()))


# --- answers that look right and are not -------------------------------------------------------------------


def counts_messages(spoken: Spoken) -> str:
    up = sum(side == "client" for side, _, _ in spoken)
    return "request → response" if up * 2 == len(spoken) else "server → client" if up == 1 else "both"


def looks_at_the_order_alone(spoken: Spoken) -> str:
    sides = [side for side, _, _ in spoken]
    if all(side == ("client", "server")[place % 2] for place, side in enumerate(sides)):
        return "request → response"
    return "server → client" if sides.count("client") == 1 else "both"


def calls_everything_both(spoken: Spoken) -> str:
    return "both"


def looks_at_when_the_client_begins(spoken: Spoken) -> str:
    pairs = list(pairwise(spoken))
    if all(one[0] != other[0] and other[1] >= one[2] for one, other in pairs) and spoken[-1][0] == "server":
        return "request → response"
    first_s = min(begun_s for side, begun_s, _ in spoken if side == "server")
    return "both" if any(side == "client" and begun_s > first_s for side, begun_s, _ in spoken) else "server → client"


def puts_fields_into_everything(job: Numbers, unit: Numbers) -> float:
    quiet = (unit["quiet_bytes"] + job["header_bytes"]) / job["quiet_every_s"]
    down = (unit["down_bytes"] + job["header_bytes"]) / job["down_every_s"]
    return 3600 * (quiet + down + (unit["up_bytes"] + job["header_bytes"]) / job["up_every_s"])


def thinks_that_silence_is_free(job: Numbers, unit: Numbers) -> float:
    up = unit["up_bytes"] + unit["up_requests"] * job["header_bytes"]
    return 3600 * (unit["down_bytes"] / job["down_every_s"] + up / job["up_every_s"])


def forgets_what_goes_up(job: Numbers, unit: Numbers) -> float:
    quiet = unit["quiet_bytes"] + unit["quiet_requests"] * job["header_bytes"]
    return 3600 * (quiet / job["quiet_every_s"] + unit["down_bytes"] / job["down_every_s"])


def forgets_events(question: float, heartbeat: float, heartbeat_s: float, extra: float, every_s: float) -> float:
    return question * heartbeat_s / heartbeat


def always_crosses(question: float, heartbeat: float, heartbeat_s: float, extra: float, every_s: float) -> float:
    return question / (heartbeat / heartbeat_s + extra / every_s)


def turns_it_round(question: float, heartbeat: float, heartbeat_s: float, extra: float, every_s: float) -> float | None:
    per_s = heartbeat / heartbeat_s + extra / every_s
    return per_s / question if per_s > 0 else None


def takes_what_costs_less_for_nothing(
    question: float, heartbeat: float, heartbeat_s: float, extra: float, every_s: float
) -> float | None:
    return None if extra < 0 else question / (heartbeat / heartbeat_s + extra / every_s)


@pytest.mark.parametrize(
    ("name", "recording", "answer", "rule"),
    [
        ("12-direction", "evidence", counts_messages, "Where the client finishes a message after the server"),
        ("12-direction", "evidence", looks_at_the_order_alone, "Where the client finishes a message after the server"),
        ("12-direction", "evidence", calls_everything_both, "Where each message of the server answers"),
        ("12-direction", "evidence", calls_everything_both, "Where the client has fallen silent"),
        ("12-direction", "evidence", looks_at_when_the_client_begins, "Where the client finishes a message after"),
        ("12-cost", "costs", puts_fields_into_everything, "The job's own fields stand in every request"),
        ("12-cost", "costs", thinks_that_silence_is_free, "A quiet step"),
        ("12-cost", "costs", forgets_what_goes_up, "Each message is paid for once"),
        ("12-crossing", "costs", forgets_events, "What an event costs more"),
        ("12-crossing", "costs", always_crosses, "there is no crossing: None"),
        ("12-crossing", "costs", turns_it_round, "At the crossing"),
        ("12-crossing", "costs", takes_what_costs_less_for_nothing, "What an event costs more"),
    ],
)
def test_an_answer_that_looks_right_is_refused_by_the_rule_that_it_breaks(
    name: str, recording: str, answer: Callable[..., Any], rule: str, recordings: dict[str, Recording]
) -> None:
    for seed in (2026, 1, 2):
        verdict = try_out(exercise_named(name), answer, recordings[recording], seed=seed)
        assert any(rule in failure.case.rule for failure in verdict.failures), str(verdict)


def test_a_chat_that_was_not_run_on_both_has_no_ratio_and_a_sentence_says_so(lab: Lab) -> None:
    other = JobBothWays.of(job_named("chat room"), transports="polling + SSE", duration_s=0.3).run(lab)
    with pytest.raises(BadParameter, match="SSE and WebSocket were not both run"):
        question_named("12-chat").truth(other)
