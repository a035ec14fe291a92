"""The decision for one's own job, in a call and with controls; and the capstone that a run decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab_servers.course import capstone_job, decide, decision_tool, six_jobs
from lab_servers.course.capstone import words_of
from lab_servers.course.checking import check
from lab_servers.course.decision_tool import MY_OWN, DecisionTool
from lab_servers.course.finding import exercise_named
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.costs import HOUR_S
from lab_servers.measure.decision import CRITERIA, Criterion, choose
from lab_servers.measure.jobs import JOBS, Job, job_named
from lab_servers.measure.transports import Transport
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording
from lab_servers.scenarios import JobBothWays, UnitCosts


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def costs(lab: Lab) -> Recording:
    return UnitCosts(steps=2, batches=3).run(lab)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
@pytest.mark.parametrize("criterion", list(CRITERIA))
def test_an_answer_names_the_measurement_the_runner_up_and_what_flips_it(
    job: Job, criterion: str, costs: Recording
) -> None:
    decision = decide(job, costs, criterion)
    said = str(decision)
    assert decision.transport is choose(job, unit_costs(costs), criterion).chosen
    assert f"{job.name}: {decision.transport.value}" in said
    assert f"What decided against {decision.rival.value}" in said
    assert decision.choice.runner_up.transport.value in said
    assert all(flip.sentence in said for flip in decision.flips)
    assert "<strong>" in decision._repr_html_()
    assert "<script" not in decision._repr_html_()


def test_the_six_jobs_flip_by_what_one_would_expect(costs: Recording) -> None:
    flips = {(job.name, flip.parameter, flip.becomes) for job in JOBS for flip in decide(job, costs).flips}
    assert ("build status", "tolerated_s", Transport.SSE) in flips
    assert ("build status", "header_bytes", Transport.SSE) in flips
    assert ("chat room", "up_every_s", Transport.SSE) in flips
    assert ("log tail", "tolerated_s", Transport.POLLING) in flips
    assert ("AI answer", "size_bytes", Transport.WEBSOCKET) in flips


def test_by_bytes_alone_websocket_wins_all_six_jobs(costs: Recording) -> None:
    strict = CRITERIA["bytes"].with_rule(factor=1, spare=0)
    assert {decide(job, costs, strict).transport for job in JOBS} == {Transport.WEBSOCKET}


def test_what_costs_nothing_is_not_told_as_a_multiple(costs: Recording) -> None:
    # A poller that keeps no connection has none open.
    decision = decide(Job("my job", keep_alive_s=0), costs, "open connections")
    assert decision.sentence == "short polling: 0 against 1 connections per user by SSE."


def test_the_measurement_that_decided_opens_at_its_bytes(costs: Recording) -> None:
    decision = decide(job_named("build status"), costs)
    shown = decision.show()
    assert "short polling" in str(shown)
    assert shown.selection["sender"] == "client"
    transport, part = decide(job_named("chat room"), costs).decisive
    assert (transport, part.value) == (Transport.SSE, "messages from the client")


def test_the_call_gives_the_same_answer(costs: Recording) -> None:
    mine = Criterion("mine", "points", bytes=1, requests=200)
    for criterion in ("requests", mine):
        decision = decide(JOBS[0], costs, criterion)
        names = {"decide": decide, "Job": Job, "Criterion": Criterion, "costs": costs}
        assert eval(decision.call, names).transport is decision.transport


def test_a_name_from_somewhere_is_text_and_never_markup(costs: Recording) -> None:
    html = decide(Job("<img src=x onerror=alert(1)>"), costs)._repr_html_()
    assert "<img" not in html


def test_a_job_that_no_transport_is_quick_enough_for_is_answered_and_says_so(costs: Recording) -> None:
    decision = decide(Job("impossible", tolerated_s=0.05, round_trip_s=2), costs)
    assert "too late" in decision.sentence


@pytest.mark.parametrize(
    ("job", "recording", "complaint"),
    [
        ("a form", "costs", "needs a Job"),
        (JOBS[0], None, "needs a recording of UnitCosts"),
        (JOBS[0], "other", "UnitCosts"),
    ],
)
def test_what_cannot_be_decided_is_refused(job: Job, recording: str | None, complaint: str, costs: Recording) -> None:
    given = {"costs": costs, "other": Recording("Other", ()), None: None}[recording]
    with pytest.raises(BadParameter, match=complaint):
        decide(job, given)  # type: ignore[arg-type]


def test_the_six_jobs_are_told_with_what_is_assumed_of_them(costs: Recording) -> None:
    table = six_jobs(costs)
    assert [row[0] for row in table.rows] == [job.name for job in JOBS]
    assert all(job.source in row for job, row in zip(JOBS, table.rows, strict=True))
    assert "requests" in six_jobs(costs, "requests").caption


# --- the tool ---------------------------------------------------------------------------------------------


@pytest.fixture
def tool(costs: Recording) -> DecisionTool:
    return decision_tool(costs)


def type_in(tool: DecisionTool, **typed: str) -> None:
    tool.form.typed = {**tool.form.typed, **typed}


def test_choosing_a_job_fills_the_fields_and_changing_one_makes_it_ones_own(tool: DecisionTool) -> None:
    type_in(tool, **{"start with": "chat room"})
    assert tool.decision.transport.value == "WebSocket"
    assert tool.form.typed["up_every_s"] == "2"
    type_in(tool, up_every_s="60")
    assert tool.decision.transport.value == "SSE"
    assert tool.form.typed["start with"] == MY_OWN
    assert "SSE" in tool.form.answer


def test_another_criterion_brings_its_own_spare_which_can_be_changed(tool: DecisionTool) -> None:
    type_in(tool, **{"start with": "build status"})
    type_in(tool, criterion="requests")
    assert float(tool.form.typed["spare"]) == CRITERIA["requests"].spare
    assert tool.decision.transport.value == "short polling"
    type_in(tool, spare="0")
    assert tool.decision.transport.value == "SSE"


@pytest.mark.parametrize(
    "typed",
    [{"up_every_s": "often"}, {"up_every_s": "-1"}, {"users": "1.5"}, {"criterion": "beauty"}, {"factor": "0.5"}],
)
def test_a_mistake_is_named_and_the_last_answer_stays(tool: DecisionTool, typed: dict[str, str]) -> None:
    before = tool.form.answer
    type_in(tool, **typed)
    assert next(iter(typed)) in tool.form.status
    assert tool.form.wrong == next(iter(typed))
    assert tool.form.answer == before
    type_in(
        tool, **{"start with": "AI answer", "up_every_s": "60", "users": "1", "criterion": "bytes", "factor": "1.5"}
    )
    assert tool.form.status == tool.form.wrong == ""


def test_a_page_may_send_anything(tool: DecisionTool) -> None:
    before = tool.form.answer
    for typed in ({}, {"down_every_s": 3}, {"down_every_s": ["<b>"]}, {"start with": "x" * 10_000}):
        tool.form.typed = typed
        assert tool.form.answer == before


def test_beside_the_widget_stand_its_page_and_its_text(tool: DecisionTool) -> None:
    data, _ = tool._repr_mimebundle_()
    assert data["text/html"] == tool.decision._repr_html_()
    assert "decide(Job(" in data["text/plain"]


# --- the capstone -----------------------------------------------------------------------------------------


def answer_of(costs: Recording, job: Job) -> dict[str, object]:
    choice = decide(job, costs).choice
    mine = choice.of(choice.chosen).cost.times(HOUR_S)
    return {
        "transport": choice.chosen.value,
        "bytes_per_hour": mine.bytes,
        "runner_up_bytes_per_hour": choice.runner_up.cost.bytes * HOUR_S,
        "requests_per_hour": mine.requests,
    }


# A seed for each of the three.
@pytest.fixture(
    scope="module", params=[Transport.POLLING, Transport.SSE, Transport.WEBSOCKET], ids=lambda one: one.value
)
def job_for(request: pytest.FixtureRequest, costs: Recording) -> Job:
    jobs = map(capstone_job, range(100))
    return next(job for job in jobs if choose(job, unit_costs(costs)).chosen is request.param)


@pytest.fixture(scope="module")
def trial(job_for: Job, lab: Lab) -> Recording:
    return JobBothWays.of(job_for).run(lab)


def test_a_choice_with_its_numbers_from_unit_costs_is_confirmed_by_the_run(
    costs: Recording, job_for: Job, trial: Recording
) -> None:
    assert check("12-capstone", answer_of(costs, job_for), trial).passed


def test_numbers_by_the_exercises_own_function_are_confirmed_once_opening_a_stream_is_added(
    costs: Recording, job_for: Job, trial: Recording
) -> None:
    namespace: dict[str, Callable[[dict[str, float], dict[str, float]], float]] = {}
    exec(exercise_named("12-cost").solution, namespace)
    units, by_hand = unit_costs(costs), dict[Transport, float]()
    for transport in (Transport.POLLING, Transport.SSE, Transport.WEBSOCKET):
        way, is_polling = units[transport], transport is Transport.POLLING
        up = way.up.of(job_for.size_bytes)
        per_hour = namespace["bytes_per_hour"](
            {
                "down_every_s": job_for.down_every_s,
                "up_every_s": job_for.up_every_s,
                "quiet_every_s": job_for.tolerated_s if is_polling else job_for.heartbeat_s,
                "header_bytes": job_for.header_bytes,
            },
            {
                "quiet_bytes": way.quiet.bytes,
                "quiet_requests": way.quiet.requests,
                "down_bytes": way.down.of(job_for.size_bytes).bytes,
                "up_bytes": up.bytes,
                "up_requests": up.requests,
            },
        )
        opening = 0.0 if is_polling else way.opening.bytes + job_for.header_bytes
        by_hand[transport] = per_hour + opening * HOUR_S / job_for.stay_s
    chosen = choose(job_for, units).chosen
    answer = {
        **answer_of(costs, job_for),
        "bytes_per_hour": by_hand.pop(chosen),
        "runner_up_bytes_per_hour": min(by_hand.values()),
    }
    assert check("12-capstone", answer, trial).passed


@pytest.mark.parametrize(
    ("key", "wrong", "rule"),
    [
        ("transport", "long polling", "simplest one"),
        ("bytes_per_hour", 2, "bytes per user and hour are those"),
        ("runner_up_bytes_per_hour", 0.5, "runner-up"),
        ("requests_per_hour", 3, "requests per user and hour"),
    ],
)
def test_a_wrong_choice_or_number_is_refused_by_its_rule_alone_and_the_right_one_is_not_told(
    key: str, wrong: float | str, rule: str, costs: Recording, job_for: Job, trial: Recording
) -> None:
    right = answer_of(costs, job_for)
    value = right[key]
    answer = {**right, key: wrong if isinstance(wrong, str) else float(str(value)) * wrong}
    verdict = check("12-capstone", answer, trial)
    assert [rule in failure.case.rule for failure in verdict.failures] == [True]
    expected = next(line for line in str(verdict).splitlines() if "expected" in line)
    assert "as in the run" in expected
    assert not any(character.isdigit() for character in expected.replace("25%", ""))


@pytest.mark.parametrize("answer", [{}, {"transport": 3}, None, "SSE", {"transport": True, "bytes_per_hour": "many"}])
def test_whatever_is_given_as_an_answer_is_refused_and_never_raises(answer: object, trial: Recording) -> None:
    assert not check("12-capstone", answer, trial).passed


def test_without_a_run_nobody_knows_what_is_right() -> None:
    assert "needs the recording" in str(check("12-capstone", {"transport": "SSE"}))


def test_every_seed_has_its_job_and_many_jobs_differ() -> None:
    assert capstone_job(7) == capstone_job(7)
    assert len({words_of(capstone_job(seed)) for seed in range(60)}) == 60
    with pytest.raises(BadParameter, match="seed must be a whole number"):
        capstone_job(-1)


def test_the_words_of_a_job_do_not_tell_what_carries_it() -> None:
    for seed in range(60):
        words = words_of(capstone_job(seed)).lower()
        assert not any(name in words for name in ("poll", "sse", "socket", "event"))
