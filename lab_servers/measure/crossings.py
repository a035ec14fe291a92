"""Where a choice changes: along one number of a job, and as lines over event interval and tolerated staleness.

Each crossing is found in the model of ``costs.py`` by root finding (SciPy's ``brentq`` and ``bisect``); nothing is
drawn by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lab_servers.errors import BadParameter, require_one_of
from lab_servers.measure.costs import Units, cost_per_s
from lab_servers.measure.decision import STREAMS_PASS, Criterion, choose, criterion_of
from lab_servers.measure.jobs import Job
from lab_servers.measure.transports import Transport
from lab_servers.parameters import Number, parameters_of

DOWN, UP, BOTH = "down", "up", "both ways"
DIRECTIONS = (DOWN, UP, BOTH)

# What can flip an answer, in the order in which it is told. How many do it at once flips nothing: costs are per user.
TURNED = (
    "tolerated_s", "down_every_s", "up_every_s", "size_bytes", "header_bytes", "heartbeat_s", "keep_alive_s", "stay_s",
)  # fmt: skip
# A number of a job is looked at in so many steps on each side of its value; a change and its reverse between two
# neighbours would be missed.
STEPS = 60
# A number that is told to somebody, who will try it, is found to this part of itself.
EXACTLY = 1e-5


@dataclass(frozen=True)
class Flip:
    """The nearest value of one number of a job at which another transport is chosen.

    Attributes:
        parameter: The number's name.
        value: Where the choice changes.
        unit: Its unit.
        is_above: Whether that is above the job's own value.
        becomes: What is chosen beyond it.
    """

    parameter: str
    value: float
    unit: str
    is_above: bool
    becomes: Transport

    @property
    def sentence(self) -> str:
        """``"tolerated_s of 34 seconds or more: polling"``, which is true of the very number that is told."""
        told = rounded(self.value, up=self.is_above)
        return f"{self.parameter} of {told} {self.unit} or {self._side}: {self.becomes.value}"

    @property
    def _side(self) -> str:
        return "more" if self.is_above else "less"


def job_at(base: Job, direction: str, every_s: float, tolerated_s: float) -> Job:
    """The job at a point of the map: an event every so many seconds, in one direction or in both.

    Raises:
        BadParameter: there is no such direction, or a number is out of its bounds.
    """
    require_one_of("direction", direction, DIRECTIONS)
    seldom_s = 86_400.0
    return replace(
        base,
        down_every_s=seldom_s if direction == UP else every_s,
        up_every_s=seldom_s if direction == DOWN else every_s,
        tolerated_s=tolerated_s,
    )


def flips(
    job: Job,
    units: Units,
    criterion: str | Criterion = "bytes",
    among: tuple[Transport, ...] = STREAMS_PASS,
) -> tuple[Flip, ...]:
    """For each number of a job, and on each side of it, the nearest value at which the choice changes, if there is one.

    Raises:
        BadParameter: there is no such criterion.
    """
    by = criterion_of(criterion)
    known = {one.name: one for one in parameters_of(Job)}
    found = []
    for name in TURNED:
        parameter = known[name]
        assert isinstance(parameter, Number)
        for bound in (parameter.most, parameter.least):
            flip = _flip(job, parameter, float(bound), lambda turned: choose(turned, units, by, among).chosen)
            if flip is not None:
                found.append(flip)
    return tuple(found)


def _flip(job: Job, turned: Number, bound: float, chosen: Callable[[Job], Transport]) -> Flip | None:
    name = turned.name
    own = chosen(job)
    before = float(getattr(job, name))
    for value in _steps(before, bound):
        if chosen(job.with_number(name, value)) is not own:
            at = edge(lambda turned_to: chosen(job.with_number(name, turned_to)) is own, before, value, EXACTLY)
            # A little further than edge() may be off: there it has changed. Still further on may be a third one.
            there = min(at * (1 + 2 * EXACTLY), value) if value > before else max(at * (1 - 2 * EXACTLY), value)
            becomes = chosen(job.with_number(name, there))
            return Flip(name, there, turned.unit, bound > float(getattr(job, name)), becomes)
        before = value
    return None


def _steps(start: float, bound: float) -> Iterator[float]:
    """From ``start`` to ``bound`` in equal factors; from or to 0 in equal steps of the square root."""
    if start == bound:
        return
    for step in range(1, STEPS):
        share = step / STEPS
        if start > 0 and bound > 0:
            yield start * (bound / start) ** share
        else:
            yield (math.sqrt(start) + share * (math.sqrt(bound) - math.sqrt(start))) ** 2
    yield bound


def edge(is_so: Callable[[float], bool], inside: float, outside: float, within: float = 1e-3) -> float:
    """Where something that is so at ``inside`` and not so at ``outside`` stops to be so, to a part of the value."""
    # Imported here: SciPy takes a while to import, and whoever only runs and looks needs none of it.
    from scipy.optimize import bisect

    return float(bisect(lambda at: 1.0 if is_so(at) else -1.0, inside, outside, rtol=within, xtol=1e-9))


# --- lines on the map ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crossing:
    """A line on which two transports cost the same, or on which one is just cheap enough.

    Attributes:
        simpler: The simpler one of the two.
        other: The other one.
        points: ``(event interval, tolerated staleness)`` in seconds, in the order of the first that was asked for.
    """

    simpler: Transport
    other: Transport
    points: tuple[tuple[float, float], ...]


def crossing_tolerated_s(
    units: Units,
    base: Job,
    direction: str,
    every_s: float,
    pair: tuple[Transport, Transport],
    criterion: str | Criterion = "bytes",
    factor: float = 1.0,
) -> float | None:
    """The tolerated staleness at which polling costs ``factor`` times what another transport costs, seconds.

    Args:
        units: The unit costs.
        base: All other numbers of the job.
        direction: Which way the events go.
        every_s: The event interval.
        pair: Polling, and the other one.
        criterion: By what.
        factor: 1 for equal cost.

    Returns:
        ``None`` where one of the two is cheaper however much is tolerated.
    """
    by, (first, second) = criterion_of(criterion), pair

    def difference(log_s: float) -> float:
        job = job_at(base, direction, every_s, math.exp(log_s))
        return _log_ratio(by.of(cost_per_s(first, job, units)), factor * by.of(cost_per_s(second, job, units)))

    # Below half a round trip nothing is in time.
    return _root(difference, max(0.05, 2 * base.round_trip_s), 86_400.0)


def crossing_every_s(
    units: Units,
    base: Job,
    direction: str,
    tolerated_s: float,
    pair: tuple[Transport, Transport],
    criterion: str | Criterion = "bytes",
    factor: float = 1.0,
) -> float | None:
    """The event interval at which the first of two transports costs ``factor`` times what the second costs, seconds.

    Returns:
        ``None`` where one of the two is cheaper however often something happens.
    """
    by, (first, second) = criterion_of(criterion), pair

    def difference(log_s: float) -> float:
        job = job_at(base, direction, math.exp(log_s), tolerated_s)
        return _log_ratio(by.of(cost_per_s(first, job, units)), factor * by.of(cost_per_s(second, job, units)))

    return _root(difference, 0.01, 86_400.0)


def _log_ratio(one: float, other: float) -> float:
    """Positive where the first is more; of nothing and nothing, 0."""
    tiny = 1e-30  # a poller that has nothing open costs 0 of that
    return math.log(max(one, tiny) / max(other, tiny))


def _root(difference: Callable[[float], float], least: float, most: float) -> float | None:
    from scipy.optimize import brentq  # imported here for the reason above

    low, high = math.log(least), math.log(most)
    if difference(low) * difference(high) >= 0:
        return None
    return float(math.exp(brentq(difference, low, high, xtol=1e-6)))


def equal_cost_line(
    units: Units,
    base: Job,
    direction: str,
    intervals_s: Iterable[float],
    pair: tuple[Transport, Transport],
    criterion: str | Criterion = "bytes",
) -> Crossing:
    """The line on which polling costs as much as another transport.

    Raises:
        BadParameter: the first of the pair is not polling, which alone depends on what is tolerated.
    """
    if pair[0] is not Transport.POLLING:
        raise BadParameter("The first of the pair must be polling: the cost of the others does not depend on that.")
    found: list[tuple[float, float]] = []
    for every_s in intervals_s:
        tolerated_s = crossing_tolerated_s(units, base, direction, every_s, pair, criterion)
        if tolerated_s is not None:
            found.append((every_s, tolerated_s))
    return Crossing(pair[0], pair[1], tuple(found))


def rounded(value: Any, up: bool | None = None) -> str:
    """A number as it is told: two digits that count, from a hundred on all before the point; thousands apart.

    Args:
        value: The number.
        up: Whether to the next one above (``True``) or below (``False``); to the nearest one unless told.
    """
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    places = max(0, digits - (value < 100))
    near = round(value, places)
    if up is not None and (near < value if up else near > value):
        near = round(near + (1 if up else -1) * 10.0**-places, places)
    return f"{near:,.0f}" if abs(near) >= 10 else f"{near:g}"
