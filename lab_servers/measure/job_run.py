"""One job as it was really run on several transports: what each cost, beside what the model says.

``scenarios/choosing_job.py`` makes the recording. The model (``costs.py``) gets the unit costs of another run, so that
it can be wrong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.measure.costs import CHOICES, Cost, Units, cost_per_s
from lab_servers.measure.decision import Criterion
from lab_servers.measure.jobs import Job
from lab_servers.measure.timing import latencies_s
from lab_servers.measure.transports import Lane, Transport
from lab_servers.parameters import parameters_of
from lab_servers.recording import Recording
from lab_servers.wire.conversation import Conversation

SCENARIO = "JobBothWays"

_STREAMS = frozenset({Transport.SSE, Transport.WEBSOCKET})


@dataclass(frozen=True)
class Ran:
    """What a job cost on one transport.

    Attributes:
        transport: Which.
        cost: Of the whole run: bytes and requests. Processor time is not told apart, since all ran at once.
        opening: What of it was the opening of a stream, which a user pays once for a whole stay.
        messages: How many were delivered to the client.
        mean_s: How late a message was known on average, in the job's own seconds; 0 if there was none.
        worst_s: How late at most.
        passed_s: How much of the job's own time passed.
    """

    transport: Transport
    cost: Cost
    opening: Cost
    messages: int
    mean_s: float
    worst_s: float
    passed_s: float

    def per_s(self, stay_s: float) -> Cost:
        """The cost per second of the job, for a user who stays so long."""
        running = self.cost + self.opening.times(-1)
        return running.times(1 / self.passed_s) + self.opening.times(1 / stay_s)


def _require(recording: Recording) -> None:
    if recording.name != SCENARIO or "speed" not in recording.parameters:
        raise BadParameter(f"This recording has no job on several transports: run the scenario {SCENARIO}.")


def job_of(recording: Recording) -> Job:
    """The job that was run: as late as polling's step makes it, over a network whose round trip takes no time.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    _require(recording)
    known = recording.parameters
    job = Job("the job of this run", round_trip_s=0.0)
    for name in (one.name for one in parameters_of(Job)):
        if name in known:
            job = job.with_number(name, float(str(known[name])))
    return replace(job, tolerated_s=max(0.05, float(str(known["poll_every_s"]))))


def passed_s(recording: Recording) -> float:
    """How much of the job's own time passed in the run, in seconds."""
    return float(str(recording.parameters["duration_s"])) * speed_of(recording)


def speed_of(recording: Recording) -> float:
    """How many seconds of the job passed in one second of the run."""
    return float(str(recording.parameters["speed"]))


def ran(recording: Recording) -> tuple[Ran, ...]:
    """What the job cost on each transport that it was run on, the simplest first.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    _require(recording)
    found = tuple(_ran(recording, one) for one in CHOICES if recording.of(Lane(one).name))
    if not found:
        raise BadParameter(f"This recording has no job on several transports: run the scenario {SCENARIO}.")
    return found


def _ran(recording: Recording, transport: Transport) -> Ran:
    captures = recording.of(Lane(transport).name)
    talks = [dissect(capture).conversation for capture in captures]
    size = sum(len(capture.bytes_from(side)) for capture in captures for side in Side)
    requests = sum(len(talk.messages(Side.CLIENT.value)) for talk in talks)
    late_s: Sequence[float] = [one * speed_of(recording) for one in latencies_s(recording, Lane(transport).name)]
    return Ran(
        transport,
        Cost(size, requests),
        _opening(talks[0]) if transport in _STREAMS else Cost(),
        len(late_s),
        sum(late_s) / len(late_s) if late_s else 0.0,
        max(late_s, default=0.0),
        passed_s(recording),
    )


def _opening(talk: Conversation) -> Cost:
    """The first request of a connection and the head of its response."""
    first = [talk.messages(side.value)[:1] for side in Side]
    return Cost(sum(head.head_end - head.start for heads in first for head in heads), 1)


def predicted_per_s(recording: Recording, transport: Transport, units: Units) -> Cost:
    """What the model says that the job of this run costs on a transport, per second of the job.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return cost_per_s(transport, job_of(recording), units)


def chosen_by_run(recording: Recording, criterion: Criterion) -> Transport:
    """What the rule of a choice picks by what was measured in this run, without any model.

    All transports of the run are quick enough: polling asks as often as the job needs it.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    stay_s = job_of(recording).stay_s
    counts = {one.transport: criterion.of(one.per_s(stay_s)) for one in ran(recording)}
    limit = criterion.limit(min(counts.values()))
    return next(transport for transport in CHOICES if counts.get(transport, limit + 1) <= limit)
