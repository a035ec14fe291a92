"""What three jobs cost on each transport, and for which job each is the first choice: the row "typical use".

``evidence_probes.py`` beside it has the other rows. What is counted is on the wire; when a message existed and when the
other application had it are marks.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import (
    COLUMNS,
    Cell,
    Dimension,
    Part,
    connections,
    counted,
    head_of,
    relay_name,
    requests,
    sent_bytes,
    series,
)
from lab_servers.recording import Recording

JOBS = {Part.CRUD: "CRUD", Part.AI_ANSWER: "AI output", Part.CHAT: "chat and collaboration"}
NO_JOB = "none of these jobs"

# In which order costs decide; each only where those before it are equal.
ORDER = "fresh first, then fewer requests, then fewer round trips before the first word, then fewer bytes"


@dataclass(frozen=True)
class JobCost:
    """One job on one transport.

    Attributes:
        job: Which job.
        column: The transport: one of ``evidence.COLUMNS``.
        requests: HTTP requests, an opening handshake included.
        connections: TCP connections.
        round_trips: Exchanges that had to pass before a word of the job could be sent: opening handshakes.
        up_bytes: What the client sent.
        down_bytes: What the server sent.
        open_s: How long its connections were open, added up, in seconds.
        stale_s: How long a message existed before the client had it, in seconds; the median.
        messages: How many messages came from the server.
        fresh: How many of them the client had before the next one existed; of the last one, that it came at all.
    """

    job: Part
    column: str
    requests: int
    connections: int
    round_trips: int
    up_bytes: int
    down_bytes: int
    open_s: float
    stale_s: float
    messages: int
    fresh: int

    @property
    def total_bytes(self) -> int:
        """What passed in both directions."""
        return self.up_bytes + self.down_bytes

    @property
    def is_fresh(self) -> bool:
        """Whether more than half of the messages were with the client before the next one existed."""
        return self.fresh * 2 > self.messages

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """What decides, in the order of :data:`ORDER`; less is better."""
        return not self.is_fresh, self.requests, self.round_trips, self.total_bytes


def job_cost(recording: Recording, column: str, job: Part) -> JobCost:
    """What one job cost on one transport.

    Raises:
        BadParameter: the recording has no such job.
    """
    found = connections(recording, column, job)
    produced = {one.detail: one.at_ns for one in recording.marks_named(series(column, job, "produced"))}
    had = {one.detail: one.at_ns for one in recording.marks_named(series(column, job, "delivered"))}
    if not found or not produced:
        raise BadParameter(
            f"This recording has no job {JOBS[job]!r} by {relay_name(column)!r}: run the scenario Evidence."
        )
    existed = sorted(produced, key=lambda text: produced[text])
    following = [*(produced[text] for text in existed[1:]), None]
    fresh = sum(
        text in had and (next_ns is None or had[text] < next_ns)
        for text, next_ns in zip(existed, following, strict=True)
    )
    stale_s = [(had[text] - at_ns) / 1e9 for text, at_ns in produced.items() if text in had]
    captures = [one.capture for one in found]
    return JobCost(
        job,
        column,
        sum(len(requests(one)) for one in found),
        len(found),
        sum(one.conversation.upgraded_to is not None for one in found),
        sum(sent_bytes(one, Side.CLIENT) for one in found),
        sum(sent_bytes(one, Side.SERVER) for one in found),
        sum(((one.closed_ns or one.chunks[-1].at_ns) - one.opened_ns) / 1e9 for one in captures),
        statistics.median(stale_s) if stale_s else float("inf"),
        len(existed),
        fresh,
    )


def job_costs(recording: Recording) -> tuple[JobCost, ...]:
    """Every job on every transport.

    Raises:
        BadParameter: the recording lacks one of them.
    """
    return tuple(job_cost(recording, column, job) for job in JOBS for column in COLUMNS)


def cheapest(costs: tuple[JobCost, ...], job: Part) -> JobCost:
    """The first choice for a job."""
    return min((one for one in costs if one.job is job), key=lambda one: one.rank)


def typical_use(recording: Recording, column: str) -> Cell:
    """The jobs for which this transport is the first choice among the three."""
    costs = job_costs(recording)
    won = [job for job in JOBS if cheapest(costs, job).column == column]
    shown = won or list(JOBS)
    told = [
        f"{JOBS[job] + ': ' if len(shown) > 1 else ''}{_told(_of(costs, column, job))}{_against(costs, column, job)}"
        for job in shown
    ]
    heads = tuple(
        head_of(one, asked)
        for job in shown
        for one in connections(recording, column, job)
        for asked in requests(one)[:1]
    )
    value = ", ".join(JOBS[job] for job in won) or NO_JOB
    return Cell(Dimension.TYPICAL_USE, column, value, f"{'; '.join(told)}.", heads, _flip(costs, won, column), "")


def _of(costs: tuple[JobCost, ...], column: str, job: Part) -> JobCost:
    return next(one for one in costs if one.job is job and one.column == column)


def _told(one: JobCost) -> str:
    fresh = "" if one.messages == 1 else f", {one.fresh} of {one.messages} messages fresh"
    waits = f", {counted(one.round_trips, 'round trip')} first" if one.round_trips else ""
    return f"{counted(one.requests, 'request')}{waits}, {one.total_bytes:,} bytes{fresh}"


def _against(costs: tuple[JobCost, ...], column: str, job: Part) -> str:
    others = [f"{one.column} {_told(one)}" for one in costs if one.job is job and one.column != column]
    return f" ({'; '.join(others)})"


def _flip(costs: tuple[JobCost, ...], won: list[Part], column: str) -> str:
    """Who would be first if bytes alone counted among those that are fresh."""
    told = []
    for job in won:
        fresh = [one for one in costs if one.job is job and one.is_fresh]
        least = min(fresh, key=lambda one: one.total_bytes) if fresh else None
        if least is not None and least.column != column:
            told.append(f"by bytes alone {least.column} would be first for {JOBS[job]}")
    by_bytes = f": {'; '.join(told)}" if told else ""
    return f"The order decides ({ORDER}){by_bytes}. Fresh is what the client had before the next message existed."
