"""Decides for a job, and says why: the measurement that decided, the runner-up, and what would flip the answer.

``measure/decision.py`` chooses and ``measure/crossings.py`` finds what flips it, from the unit costs of one recording.
``decision_tool.py`` is the same with controls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape

from lab_servers.capture.capture import Capture
from lab_servers.errors import BadParameter, shown
from lab_servers.measure.costs import HOUR_S, Cost, Part, Units, parts_per_s
from lab_servers.measure.crossings import Flip, flips, rounded
from lab_servers.measure.decision import CRITERIA, Choice, Criterion, Weighed, choose
from lab_servers.measure.jobs import Job
from lab_servers.measure.transports import Lane, Transport
from lab_servers.measure.unit_costs import Step, mark_of, unit_costs
from lab_servers.recording import Recording
from lab_servers.views.inspector_widget import Inspector, inspector
from lab_servers.views.table import Table

# Which step of the unit costs a part of a cost rests on. What stays open is counted, not measured.
_STEP_OF = {
    Part.QUESTIONS: Step.QUIET,
    Part.HEARTBEATS: Step.QUIET,
    Part.NEWS: Step.ONE,
    Part.DOWN: Step.ONE,
    Part.UP: Step.UP,
    Part.OPENING: Step.OPENING,
    Part.OPEN: Step.QUIET,
}
# A flip that is further away than this, as a factor, is told last.
NEAR = 10.0


@dataclass(frozen=True)
class Decision:
    """The answer for one job. As the last line of a cell it shows itself.

    Attributes:
        choice: What was chosen, by what, and what the others cost.
        recording: The unit costs that it rests on.
    """

    choice: Choice
    recording: Recording

    @property
    def transport(self) -> Transport:
        """The answer."""
        return self.choice.chosen

    @cached_property
    def _units(self) -> Units:
        return unit_costs(self.recording)

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """What would change the answer: for each number of the job the nearest value, the least change first."""
        by = self.choice.criterion
        found = flips(self.choice.job, self._units, by, tuple(one.transport for one in self.choice.weighed))
        return tuple(sorted(found, key=self._factor))

    def _factor(self, flip: Flip) -> float:
        own = max(float(getattr(self.choice.job, flip.parameter)), 1.0 if flip.parameter == "header_bytes" else 1e-9)
        return max(flip.value, own) / max(min(flip.value, own), 1e-9)

    @property
    def rival(self) -> Transport:
        """Against what it was decided: the cheapest simpler one, which was too expensive; else the runner-up."""
        order = [one.transport for one in self.choice.weighed]
        simpler = order[: order.index(self.choice.chosen)]
        refused = [one for one in self.choice.weighed if one.transport in simpler and one.is_quick_enough]
        return min(refused or [self.choice.runner_up], key=lambda one: one.counts).transport

    @cached_property
    def decisive(self) -> tuple[Transport, Part]:
        """The part of a cost in which the answer and its rival differ most, and on which of them it is greater."""
        job, by = self.choice.job, self.choice.criterion
        pair = (self.choice.chosen, self.rival)
        first, second = (parts_per_s(one, job, self._units) for one in pair)
        counts = {part: [by.of(parts.get(part, Cost())) for parts in (first, second)] for part in Part}
        # Where all is the same on both, the part that costs most.
        part = max(counts, key=lambda one: (abs(counts[one][0] - counts[one][1]), counts[one][0]))
        return (pair[0] if counts[part][0] >= counts[part][1] else pair[1]), part

    # --- in words ---------------------------------------------------------------------------------------

    @property
    def sentence(self) -> str:
        """The answer and its reason in one or two sentences."""
        choice, by = self.choice, self.choice.criterion
        own, other = choice.of(choice.chosen), choice.runner_up
        name, second = choice.chosen.value, other.transport.value
        if not choice.is_tolerated:
            return (
                f"{name}, though it is too late: over a round trip of {rounded(choice.job.round_trip_s)} seconds "
                f"nothing is known within {rounded(choice.job.tolerated_s)} seconds, and no transport is less late."
            )
        if not other.is_quick_enough:
            return f"{name}: no other transport is quick enough."
        amounts = f"{amount(own.counts)} against {amount(other.counts)} {by.unit} per user by {second}"
        if other.counts >= own.counts:
            more = f", which is {times_as_much(choice.ratio)} as much" if own.counts else ""
            return f"{name}: {amounts}{more}."
        if own.counts <= by.factor * other.counts:
            return (
                f"{name}: {amounts}; it is the simpler of the two, and costs no more than {by.factor:g} times as much."
            )
        return (
            f"{name}: {amounts}; it is the simpler of the two, and a difference of up to {amount(by.spare)} does not "
            "count here."
        )

    @property
    def measurement(self) -> str:
        """The measurement that decided, with its figure."""
        transport, part = self.decisive
        by, way = self.choice.criterion, self._units[transport]
        unit = {
            Part.QUESTIONS: way.quiet,
            Part.HEARTBEATS: way.quiet,
            Part.NEWS: way.news,
            Part.DOWN: way.down.of(self.choice.job.size_bytes),
            Part.UP: way.up.of(self.choice.job.size_bytes),
            Part.OPENING: way.opening,
            Part.OPEN: Cost(open_s=1),
        }[part]
        share = by.of(parts_per_s(transport, self.choice.job, self._units)[part])
        return (
            f"{part.value} by {transport.value}: {_measured(unit, self.choice.job, part)}, which comes to "
            f"{amount(share)} {by.unit} in this job"
        )

    def show(self) -> Inspector:
        """The byte inspector on the connection of the measurement that decided, at the first byte of that step.

        Raises:
            BadParameter: the recording has no such bytes.
        """
        transport, part = self.decisive
        at_ns = self.recording.marks_named(mark_of(transport, _STEP_OF[part]))[0].at_ns
        capture, side, offset = _first_after(self.recording.of(Lane(transport).name), at_ns)
        shown_bytes = inspector(capture)
        shown_bytes.selection = {"sender": side, "offset": offset}
        return shown_bytes

    @property
    def table(self) -> Table:
        """What each transport costs in this job, per user and hour."""
        rows = tuple(_row(one, self.choice) for one in self.choice.weighed)
        columns = (
            "transport", "bytes per hour", "requests per hour", "processor per hour", "connections", "late by up to",
            "verdict",
        )  # fmt: skip
        caption = f"{self.choice.job.name}, per user, by the model of measured unit costs"
        return Table(caption, columns, rows, notices=self.recording.notices)

    @property
    def call(self) -> str:
        """The call that gives this answer, as Python."""
        by = self.choice.criterion
        return f"decide({self.choice.job.call()}, costs, {repr(by.name) if CRITERIA.get(by.name) == by else by})"

    @property
    def _together(self) -> str:
        """What it comes to for all users."""
        own = self.choice.of(self.choice.chosen).cost.times(self.choice.job.users)
        return (
            f"For {self.choice.job.users:,} users at once, {self.choice.chosen.value} takes "
            f"{rounded(own.bytes * 8 / 1e6)} Mbit/s and {own.open_s:,.0f} open connections."
        )

    def _lines(self) -> Iterator[str]:
        yield f"{self.choice.job.name}: {self.sentence}"
        yield f"What decided against {self.rival.value}: {self.measurement}. {self._together}"
        if not self.flips:
            yield "No number of the job alone would flip it within its bounds."
            return
        yield "What would flip it, the least change first:"
        for flip in self.flips:
            yield f"  {flip.sentence} (now {rounded(float(getattr(self.choice.job, flip.parameter)))})"

    def __str__(self) -> str:
        return "\n".join((*self._lines(), str(self.table), self.call))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        answer, decided, *rest = self._lines()
        listed = "".join(f"<li>{escape(line.strip())}</li>" for line in rest[1:])
        below = f'<p style="margin:0.5em 0 0.2em">{escape(rest[0])}</p>' + (
            f'<ul style="margin:0 0 0.5em">{listed}</ul>' if listed else ""
        )
        return (
            '<div style="border:1px solid #8a8a8a;border-left:6px solid #0072b2;border-radius:4px;max-width:72em;'
            'padding:0.6em 1em">'
            f'<p style="margin:0;font-size:1.12em"><strong>{escape(answer)}</strong></p>'
            f'<p style="margin:0.5em 0 0">{escape(decided)}</p>{below}</div>{self.table._repr_html_()}'
            f'<p style="margin:0.3em 0"><code style="white-space:pre-wrap">{escape(self.call)}</code></p>'
        )


def decide(job: Job, costs: Recording, criterion: str | Criterion = "bytes") -> Decision:
    """Choose a transport for a job, and say why.

    Args:
        job: The job; :data:`~lab_servers.measure.jobs.JOBS` has six to begin with.
        costs: A recording of ``UnitCosts``.
        criterion: ``"bytes"``, ``"requests"``, ``"processor time"``, ``"open connections"``, or a ``Criterion`` with
            weights of your own.

    Raises:
        BadParameter: this is no job, no recording of unit costs, or there is no such criterion.
    """
    if not isinstance(job, Job):
        raise BadParameter(f"decide() needs a Job, not {shown(job)}: write Job('my job', down_every_s=2), for example.")
    if not isinstance(costs, Recording):
        raise BadParameter(f"decide() needs a recording of UnitCosts, not {shown(costs)}: run UnitCosts().run(lab).")
    return Decision(choose(job, unit_costs(costs), criterion), costs)


# --- figures -----------------------------------------------------------------------------------------------------


def amount(value: float) -> str:
    """A rate with the digits that count."""
    return rounded(value) if value >= 0.01 or value == 0 else f"{value:.2g}"


def times_as_much(ratio: float) -> str:
    """A ratio in words."""
    return f"{rounded(ratio)} times" if ratio < float("inf") else "infinitely"


def _measured(cost: Cost, job: Job, part: Part) -> str:
    if part is Part.OPEN:
        return "a connection that is open"
    parts = [f"{cost.bytes:,.0f} bytes"]
    if cost.requests:
        own = f" and {job.header_bytes:,.0f} of the job's own fields" if job.header_bytes else ""
        parts[0] += f"{own} in {cost.requests:.0f} request"
    parts.append(f"{cost.processor_s * 1e6:,.0f} µs of processor time")
    return ", ".join(parts) + " each"


def _row(one: Weighed, choice: Choice) -> tuple[str, ...]:
    hour = one.cost.times(HOUR_S)
    verdict = "chosen" if one.transport is choice.chosen else (
        "not quick enough" if not one.is_quick_enough else "cheap enough, and less simple" if one.is_cheap_enough
        else "too expensive"
    )  # fmt: skip
    return (
        one.transport.value,
        f"{hour.bytes:,.0f}",
        f"{hour.requests:,.0f}",
        f"{hour.processor_s:.2g} s",
        f"{one.cost.open_s:.2f}",
        f"{rounded(one.staleness.worst_s)} s",
        verdict,
    )


def _first_after(captures: tuple[Capture, ...], at_ns: int) -> tuple[Capture, str, int]:
    """The first byte that passed on one of these connections from a time on: the connection, its sender, its offset."""
    found = [
        (chunk.at_ns, position, chunk) for position, one in enumerate(captures) for chunk in one.chunks
        if chunk.at_ns >= at_ns
    ]  # fmt: skip
    if not found:
        raise BadParameter("The bytes of this measurement are not in the recording: run UnitCosts anew.")
    _, position, chunk = min(found, key=lambda one: one[:2])
    return captures[position], chunk.sender.value, chunk.offset
