"""The exercises of ``12_choosing``: who speaks to whom, what a job costs, where two costs cross, and the capstone.

``n12_choosing.py`` joins them to the objectives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.course.capstone import BYTES, REQUESTS, RUNNER_UP, TRANSPORT, capstone_job, is_met, wanted_of
from lab_servers.course.exercise import Case, Exercise
from lab_servers.measure.costs import HOUR_S, Units
from lab_servers.measure.evidence import COLUMNS, Part, required
from lab_servers.measure.jobs import JOBS
from lab_servers.measure.transports import Transport
from lab_servers.measure.turns import BOTH, REQUEST_RESPONSE, SERVER_TO_CLIENT, direction, turns
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording
from lab_servers.scenarios import Evidence, JobBothWays, UnitCosts

_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_6202 = "https://www.rfc-editor.org/rfc/rfc6202#section-"
_HTML_NOTES = "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes"
_HTML_PARSING = "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"

MADE = "made with a seed"

Spoken = list[tuple[str, float, float]]

# --- who speaks to whom ---------------------------------------------------------------------------------

_ALTERNATE = "Where each message of the server answers one of the client, which has waited, it is request → response."
_ONE_WAY = "Where the client has fallen silent before the server begins, and the server goes on, it is server → client."
_EITHER = (
    "Where the client finishes a message after the server has begun to speak, and does not take turns, it is both."
)
_RULES = {
    REQUEST_RESPONSE: (_ALTERNATE, f"{_RFC_9112}9.3.2"),
    SERVER_TO_CLIENT: (_ONE_WAY, _HTML_PARSING),
    BOTH: (_EITHER, f"{_RFC_6455}1.2"),
}


def _direction_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for column in COLUMNS if recording is not None else ():
        assert recording is not None
        found = required(recording, column, Part.TALK)[0]
        start_ns = found.capture.opened_ns
        heard = turns(found)
        spoken = [(one.side.value, (one.begun_ns - start_ns) / 1e9, (one.passed_ns - start_ns) / 1e9) for one in heard]
        yield Case((spoken,), direction(heard), *_RULES[direction(heard)])
    for _ in range(6):
        turns_made = random.randint(1, 4)
        yield _spoken("client server " * turns_made, random, REQUEST_RESPONSE)
        yield _spoken("client " + "server " * random.randint(2, 6), random, SERVER_TO_CLIENT)
        yield _spoken("client server server " + "client " * random.randint(1, 3), random, BOTH)
        yield _spoken("client server client server server client", random, BOTH)
        # In turns, and yet nobody waited: the client speaks on into the server's message.
        overlapping = [("client", 0.0, 1.0), ("server", 1.5, 3.0), ("client", 2.0, 2.5), ("server", 3.5, 4.0)]
        yield Case((_later(overlapping, random),), BOTH, *_RULES[BOTH], MADE)
        # The server does not wait for the end of what the client had begun to say.
        interrupted = [("client", 0.0, 0.5), ("client", 1.0, 3.0), ("server", 1.5, 2.0), ("server", 2.5, 3.5)]
        yield Case((_later(interrupted, random),), BOTH, *_RULES[BOTH], MADE)


def _spoken(sides: str, random: Random, expected: str) -> Case:
    at_s, spoken = 0.0, []
    for side in sides.split():
        begun_s = at_s + random.randint(1, 20) / 100
        at_s = begun_s + random.randint(0, 10) / 100
        spoken.append((side, round(begun_s, 2), round(at_s, 2)))
    return Case((spoken,), expected, *_RULES[expected], MADE)


def _later(spoken: Spoken, random: Random) -> Spoken:
    by_s = random.randint(1, 50) / 10
    return [(side, begun_s + by_s, passed_s + by_s) for side, begun_s, passed_s in spoken]


# --- what a job costs -----------------------------------------------------------------------------------

_QUIET = "A quiet step, be it a question without news or a heartbeat, is paid for as often as it is taken."
_MESSAGES = "Each message is paid for once, in its own direction and as often as it comes."
_FIELDS = "The job's own fields stand in every request, and in nothing else: a heartbeat, an event or a frame has none."


def _cost_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        units = unit_costs(recording)
        for transport in (Transport.POLLING, Transport.SSE, Transport.WEBSOCKET):
            for job in JOBS:
                is_polling = transport is Transport.POLLING
                numbers = {
                    "down_every_s": job.down_every_s,
                    "up_every_s": job.up_every_s,
                    "quiet_every_s": job.tolerated_s if is_polling else job.heartbeat_s,
                    "header_bytes": job.header_bytes,
                }
                yield _cost(numbers, _unit(units, transport, job.size_bytes), _FIELDS, "recorded")
    for _ in range(8):
        job_made = {
            "down_every_s": random.choice((0.5, 1, 4, 20)),
            "up_every_s": random.choice((0.25, 2, 8, 60)),
            "quiet_every_s": random.choice((1, 5, 15)),
            "header_bytes": random.choice((0, 100, 700)),
        }
        unit: dict[str, float] = {
            "quiet_bytes": random.randint(5, 400),
            "quiet_requests": random.randint(0, 1),
            "down_bytes": random.randint(20, 300),
            "up_bytes": random.randint(20, 600),
            "up_requests": random.randint(0, 1),
        }
        nothing = {"down_bytes": 0.0, "up_bytes": 0.0, "up_requests": 0.0, "quiet_requests": 0.0}
        yield _cost(job_made, {**unit, **nothing}, _QUIET, MADE)
        yield _cost(job_made, {**unit, "quiet_requests": 0, "up_requests": 0}, _MESSAGES, MADE)
        yield _cost(job_made, unit, _FIELDS, MADE)


def _unit(units: Units, transport: Transport, size_bytes: float) -> dict[str, float]:
    way = units[transport]
    up = way.up.of(size_bytes)
    return {
        "quiet_bytes": way.quiet.bytes,
        "quiet_requests": way.quiet.requests,
        "down_bytes": way.down.of(size_bytes).bytes,
        "up_bytes": up.bytes,
        "up_requests": up.requests,
    }


def _cost(job: dict[str, float], unit: dict[str, float], rule: str, source: str) -> Case:
    quiet = unit["quiet_bytes"] + unit["quiet_requests"] * job["header_bytes"]
    up = unit["up_bytes"] + unit["up_requests"] * job["header_bytes"]
    per_s = quiet / job["quiet_every_s"] + unit["down_bytes"] / job["down_every_s"] + up / job["up_every_s"]
    section = {_QUIET: _HTML_NOTES, _MESSAGES: f"{_RFC_6455}5.2", _FIELDS: f"{_RFC_9112}2.1"}[rule]
    return Case((job, unit), HOUR_S * per_s, rule, section, source)


# --- where two costs cross ------------------------------------------------------------------------------

_SAME_PER_S = "At the crossing, a question per step costs as much per second as the heartbeats do."
_EXTRA = "What an event costs more on the stream counts as often as there is an event."
_NOWHERE = "Where the stream costs nothing more per second than a poller's news, there is no crossing: None."


def _crossing_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        units = unit_costs(recording)
        polling, sse, socket = (units[one] for one in (Transport.POLLING, Transport.SSE, Transport.WEBSOCKET))
        for job in JOBS:
            for stream in (sse, socket):
                extra = stream.down.of(job.size_bytes).bytes - polling.down.of(job.size_bytes).bytes
                question = polling.quiet.bytes + job.header_bytes
                yield _crossing(question, stream.quiet.bytes, job.heartbeat_s, extra, job.down_every_s, "recorded")
    for _ in range(8):
        question, heartbeat, heartbeat_s = random.randint(100, 2_000), random.randint(4, 40), random.randint(5, 60)
        yield _crossing(question, heartbeat, heartbeat_s, 0, random.randint(1, 60), MADE)
        yield _crossing(question, heartbeat, heartbeat_s, random.randint(5, 40), random.randint(1, 60), MADE)
        yield _crossing(question, heartbeat, heartbeat_s, -random.randint(50, 90), 1, MADE)
        # A stream whose events cost a little less, and which has its heartbeats to pay for all the same.
        yield _crossing(question, heartbeat, heartbeat_s, -random.randint(1, 3), 60, MADE)


def _crossing(question: float, heartbeat: float, heartbeat_s: float, extra: float, every_s: float, source: str) -> Case:
    per_s = heartbeat / heartbeat_s + extra / every_s
    rule, section = (_SAME_PER_S, _HTML_NOTES) if not extra else (_EXTRA, _HTML_PARSING)
    if per_s <= 0:
        rule, section = _NOWHERE, f"{_RFC_6202}2.2"
    expected = question / per_s if per_s > 0 else None
    return Case((question, heartbeat, heartbeat_s, extra, every_s), expected, rule, section, source)


def _is_close(given: Any, expected: float | None) -> bool:
    if given is None or expected is None or isinstance(given, bool):
        return given is None and expected is None
    return math.isclose(given, expected, rel_tol=1e-6, abs_tol=1e-9)


# --- the capstone ---------------------------------------------------------------------------------------

_CAPSTONE_RULES = {
    TRANSPORT: "The transport is the simplest one that costs no more than 1.5 times as many bytes as the cheapest, or "
    "no more than 100 bytes a second above it, in the run of this very job.",
    BYTES: "Your transport's bytes per user and hour are those of the run, give or take a quarter.",
    RUNNER_UP: "The runner-up is the cheapest of the others; its bytes per user and hour are those of the run.",
    REQUESTS: "Your transport's requests per user and hour are those of the run: opening a stream is one, each message "
    "up by POST is one, each question is one.",
}


def _capstone_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is None:
        raise ValueError("without a run of the job nobody knows what is right")
    for key, part in wanted_of(recording).items():
        yield Case((), {key: part}, _CAPSTONE_RULES[key], f"{_RFC_6202}2.2" if key == TRANSPORT else "")


EXERCISES = (
    Exercise(
        "12-direction",
        "direction_of(spoken) gets who spoke when, a list of (side, begun_s, passed_s) in order, with the side "
        '"client" or "server"; it returns "request → response", "server → client" or "both".',
        "direction_of",
        _direction_cases,
        (
            "Begin with the strictest of the three: client, server, client, server, and each waits for the one before.",
            "If it is not that, look at when the server begins first: does anything of the client's pass after it?",
        ),
        """def direction_of(spoken):
    turns = [side for side, _, _ in spoken]
    in_turns = turns == ["client", "server"] * (len(turns) // 2) + ["client"] * (len(turns) % 2)
    waits = all(after[1] >= before[2] for before, after in zip(spoken, spoken[1:]))
    if in_turns and waits:
        return "request → response"
    first_s = next(begun_s for side, begun_s, _ in spoken if side == "server")
    late = [one for one in spoken if one[0] == "client" and one[2] > first_s]
    return "both" if late else "server → client"
""",
        lambda lab: Evidence().run(lab),
    ),
    Exercise(
        "12-cost",
        "bytes_per_hour(job, unit) returns what a job costs in bytes per hour. job has down_every_s, up_every_s, "
        "quiet_every_s and header_bytes; unit has quiet_bytes, quiet_requests, down_bytes, up_bytes and up_requests.",
        "bytes_per_hour",
        _cost_cases,
        (
            "Three sums, each of so many bytes divided by so many seconds; then an hour of them.",
            "Where a step or a message up is a request (1 and not 0), the job's header_bytes come on top of its bytes.",
        ),
        """def bytes_per_hour(job, unit):
    quiet = unit["quiet_bytes"] + unit["quiet_requests"] * job["header_bytes"]
    up = unit["up_bytes"] + unit["up_requests"] * job["header_bytes"]
    per_s = quiet / job["quiet_every_s"]
    per_s += unit["down_bytes"] / job["down_every_s"]
    per_s += up / job["up_every_s"]
    return 3600 * per_s
""",
        lambda lab: UnitCosts(steps=2, batches=3).run(lab),
        _is_close,
    ),
    Exercise(
        "12-crossing",
        "step_s(question, heartbeat, heartbeat_s, extra, every_s) returns the step of polling, in seconds, at which "
        "its questions cost as many bytes as a stream's heartbeats and what each event costs there in addition; None "
        "if there is none.",
        "step_s",
        _crossing_cases,
        (
            "Write down what the stream costs per second. Polling costs question / step per second: set both equal.",
            "question / (heartbeat / heartbeat_s + extra / every_s), as long as what you divide by is above 0.",
        ),
        """def step_s(question, heartbeat, heartbeat_s, extra, every_s):
    stream_per_s = heartbeat / heartbeat_s + extra / every_s
    return question / stream_per_s if stream_per_s > 0 else None
""",
        lambda lab: UnitCosts(steps=2, batches=3).run(lab),
        _is_close,
    ),
    Exercise(
        "12-capstone",
        "answer is a dict: the transport for your job, and per user and hour its bytes, the bytes of the runner-up and "
        "its requests. The run of your job decides.",
        "answer",
        _capstone_cases,
        (
            "Put the numbers of your job into bytes_per_hour, once for each transport, and add the opening of a "
            "stream, once in every stay. Of those that are quick enough, take the simplest that is cheap enough.",
            "decide(job, costs) has a table with all of these numbers. Do they agree with yours?",
        ),
        f"""from lab_servers import Lab
from lab_servers.course import capstone_job, decide
from lab_servers.scenarios import UnitCosts

with Lab([]) as own_lab:  # in the notebook, costs is there already
    costs = UnitCosts().run(own_lab)
choice = decide(capstone_job(2026), costs).choice  # the seed of your job
mine = choice.of(choice.chosen).cost.times(3600)
answer = {{
    "{TRANSPORT}": choice.chosen.value,
    "{BYTES}": mine.bytes,
    "{RUNNER_UP}": choice.runner_up.cost.bytes * 3600,
    "{REQUESTS}": mine.requests,
}}
""",
        lambda lab: JobBothWays.of(capstone_job(2026), duration_s=1.2).run(lab),
        is_met,
    ),
)
