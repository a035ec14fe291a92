"""Chooses a transport for a job: which are quick enough, which of them is cheap enough, and what decided it.

``costs.py`` says what each costs. The rule is one sentence: of the transports that are quick enough, the simplest one
that costs no more than ``factor`` times as much as the cheapest, or no more than ``spare`` above it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab_servers.errors import BadParameter, require_between, shown
from lab_servers.measure.costs import CHOICES, Cost, Staleness, Units, cost_per_s, is_admissible, staleness
from lab_servers.measure.jobs import Job
from lab_servers.measure.transports import Transport

# The transports of the map. A held question is for networks through which no stream gets: it costs a request for each
# message and holds a connection open as a stream does.
STREAMS_PASS = (Transport.POLLING, Transport.SSE, Transport.WEBSOCKET)


@dataclass(frozen=True)
class Criterion:
    """By what transports are compared: one resource, or several with a price for each.

    Attributes:
        name: In a few words: ``"bytes"``.
        unit: Of what is compared.
        bytes: What one byte counts.
        requests: What one request counts.
        processor_s: What one processor second counts.
        open_s: What it counts to have a connection open for a second.
        factor: A simpler transport may cost this many times what the cheapest costs.
        spare: Or so much more than the cheapest, per user and second: what nobody would notice.

    Raises:
        BadParameter: a number is out of its bounds, or nothing counts.
    """

    name: str
    unit: str
    bytes: float = 0.0
    requests: float = 0.0
    processor_s: float = 0.0
    open_s: float = 0.0
    factor: float = 1.5
    spare: float = 0.0

    def __post_init__(self) -> None:
        for name in ("bytes", "requests", "processor_s", "open_s", "spare"):
            require_between(name, getattr(self, name), 0, 1e12)
        require_between("factor", self.factor, 1, 1_000)
        if not (self.bytes or self.requests or self.processor_s or self.open_s):
            raise BadParameter(
                "A criterion in which nothing counts cannot decide: set bytes, requests, processor_s or open_s above 0."
            )

    def of(self, cost: Cost) -> float:
        """What a cost counts."""
        return (
            self.bytes * cost.bytes
            + self.requests * cost.requests
            + self.processor_s * cost.processor_s
            + self.open_s * cost.open_s
        )

    def limit(self, least: float) -> float:
        """How much a simpler transport may cost where the cheapest costs ``least``, both per user and second."""
        return max(self.factor * least, least + self.spare)

    def with_rule(self, *, factor: float | None = None, spare: float | None = None) -> Criterion:
        """The same resource with another factor or another spare."""
        return replace(
            self,
            factor=self.factor if factor is None else factor,
            spare=self.spare if spare is None else spare,
        )


# 100 bytes a second and user are 0.8 Mbit/s for a thousand users. A millisecond of processor time in ten seconds is a
# core for ten thousand users.
CRITERIA: dict[str, Criterion] = {
    one.name: one
    for one in (
        Criterion("bytes", "bytes/s", bytes=1, spare=100),
        Criterion("requests", "requests/s", requests=1, spare=0.1),
        Criterion("processor time", "processor seconds/s", processor_s=1, spare=1e-4),
        Criterion("open connections", "connections", open_s=1, spare=0.25),
    )
}


def criterion_of(named: str | Criterion) -> Criterion:
    """A criterion by its name, or itself.

    Raises:
        BadParameter: there is none of that name.
    """
    if isinstance(named, Criterion):
        return named
    if isinstance(named, str) and named in CRITERIA:
        return CRITERIA[named]
    raise BadParameter(
        f"criterion must be one of {', '.join(CRITERIA)}, or a Criterion with weights of your own, not {shown(named)}."
    )


@dataclass(frozen=True)
class Weighed:
    """One transport in a choice.

    Attributes:
        transport: Which.
        cost: What it costs, per user and second.
        counts: The same as the criterion counts it.
        staleness: How stale the client's knowledge is.
        is_quick_enough: Whether the job tolerates that.
        is_cheap_enough: Whether it is within the criterion's limit.
    """

    transport: Transport
    cost: Cost
    counts: float
    staleness: Staleness
    is_quick_enough: bool
    is_cheap_enough: bool


@dataclass(frozen=True)
class Choice:
    """What was chosen for a job, and among what.

    Attributes:
        job: For what.
        criterion: By what.
        chosen: The transport.
        weighed: All of them, the simplest first.
    """

    job: Job
    criterion: Criterion
    chosen: Transport
    weighed: tuple[Weighed, ...]

    def of(self, transport: Transport) -> Weighed:
        """One of them.

        Raises:
            BadParameter: it was not among them.
        """
        found = next((one for one in self.weighed if one.transport is transport), None)
        if found is None:
            raise BadParameter(f"{transport.value} was not compared here.")
        return found

    @property
    def runner_up(self) -> Weighed:
        """The cheapest of the others that are quick enough; if there is none, the cheapest of the others."""
        others = [one for one in self.weighed if one.transport is not self.chosen]
        quick = [one for one in others if one.is_quick_enough]
        return min(quick or others, key=lambda one: one.counts)

    @property
    def ratio(self) -> float:
        """What the runner-up costs, as a multiple of what the chosen one costs; infinite if that costs nothing."""
        own = self.of(self.chosen).counts
        return self.runner_up.counts / own if own else float("inf")

    @property
    def is_tolerated(self) -> bool:
        """Whether the chosen one is quick enough: if no transport is, the least stale one is chosen."""
        return self.of(self.chosen).is_quick_enough


def choose(
    job: Job,
    units: Units,
    criterion: str | Criterion = "bytes",
    among: tuple[Transport, ...] = STREAMS_PASS,
) -> Choice:
    """Choose a transport for a job.

    Args:
        job: The job.
        units: The unit costs that were measured (``unit_costs.py``).
        criterion: By what; one of :data:`CRITERIA` or your own.
        among: The transports to choose from.

    Raises:
        BadParameter: there is no such criterion, or nothing to choose from.
    """
    by = criterion_of(criterion)
    candidates = tuple(one for one in CHOICES if one in among)
    if not candidates:
        raise BadParameter(f"among must name at least one of {', '.join(one.value for one in CHOICES)}.")
    costs = {one: cost_per_s(one, job, units) for one in candidates}
    quick = [one for one in candidates if is_admissible(one, job, units)]
    # If none is quick enough, something must be chosen all the same: of those that are least stale, give or take what
    # the loopback interface adds.
    least_s = min(staleness(one, job, units).worst_s for one in candidates)
    eligible = quick or [one for one in candidates if staleness(one, job, units).worst_s <= 1.1 * least_s]
    limit = by.limit(min(by.of(costs[one]) for one in eligible))
    chosen = next(one for one in eligible if by.of(costs[one]) <= limit)
    weighed = tuple(
        Weighed(
            one, costs[one], by.of(costs[one]), staleness(one, job, units), one in quick, by.of(costs[one]) <= limit
        )
        for one in candidates
    )  # fmt: skip
    return Choice(job, by, chosen, weighed)
