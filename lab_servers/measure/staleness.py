"""How late messages were at each of several rates, on each lane: the points of a staleness curve, from one recording.

``scenarios/side_staleness.py`` makes it: the messages of all rates are numbered on, and a mark says which belong to
which rate. ``timing.py`` has the series that they stand in.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from lab_servers.errors import BadParameter
from lab_servers.marks import Mark
from lab_servers.measure.growth_steps import details
from lab_servers.measure.timing import DELIVERED, PRODUCED, mark_name
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.recording import Recording

LANES = tuple(Lane(one) for one in (Transport.POLLING, Transport.LONG_POLLING, Transport.SSE, Transport.WEBSOCKET))
RATE = "rate"


@dataclass(frozen=True)
class Span:
    """The messages of one rate.

    Attributes:
        rate: Messages per second, as asked for.
        first: The number of the first.
        last: The number of the last.
    """

    rate: float
    first: int
    last: int

    def mark(self, at_ns: int) -> Mark:
        """The span as it stands in a recording."""
        return Mark(at_ns, RATE, json.dumps(asdict(self)))


@dataclass(frozen=True)
class LateAtRate:
    """One lane's messages at one rate.

    Attributes:
        lane: The lane.
        rate: Messages per second, as asked for.
        late_s: For each message, from produced to delivered, in seconds.
    """

    lane: Lane
    rate: float
    late_s: tuple[float, ...]

    @property
    def mean_s(self) -> float:
        """How late a message was on average."""
        return sum(self.late_s) / len(self.late_s)

    @property
    def worst_s(self) -> float:
        """How late the latest was."""
        return max(self.late_s)


def late_at_rates(recording: Recording) -> tuple[LateAtRate, ...]:
    """Every lane at every rate, rates rising within a lane.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    try:
        spans = sorted((Span(**detail) for detail in details(recording, f"run: {RATE}")), key=lambda one: one.rate)
        found = tuple(_late(recording, lane, span) for lane in LANES for span in spans)
    except (TypeError, KeyError, ValueError):
        found = ()
    if not found:
        raise BadParameter("This recording has no messages at several rates: run the scenario StalenessAtRates.")
    return found


def _late(recording: Recording, lane: Lane, span: Span) -> LateAtRate:
    produced, delivered = (
        {int(mark.detail): mark.at_ns for mark in recording.marks_named(mark_name(lane.name, what, Direction.DOWN))}
        for what in (PRODUCED, DELIVERED)
    )
    numbers = range(span.first, span.last + 1)
    return LateAtRate(lane, span.rate, tuple((delivered[n] - produced[n]) / 1e9 for n in numbers))
