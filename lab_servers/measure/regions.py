"""The areas of the decision map: over event interval and tolerated staleness, which transport is chosen where.

Every border is found by bisection between two points with different choices (``crossings.py``); the grid only tells
where to look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from lab_servers.measure.costs import Units
from lab_servers.measure.crossings import edge, job_at
from lab_servers.measure.decision import Criterion, choose, criterion_of
from lab_servers.measure.jobs import Job
from lab_servers.measure.transports import Transport

# What the map spans, in seconds: from a cursor that moves to somebody else's change once an hour.
INTERVALS_S = (0.01, 7_200.0)
TOLERATED_S = (0.05, 7_200.0)
COLUMNS, ROWS = 40, 24
# Where a border changes from one column to the next by more than a factor of e ** STEEP, so many take their place.
BESIDE = 5
STEEP = 0.6


@dataclass(frozen=True)
class Span:
    """One transport's part of a column.

    Attributes:
        transport: What is chosen.
        from_s: From which tolerated staleness on, seconds.
        to_s: Up to which.
    """

    transport: Transport
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Column:
    """What is chosen for one event interval, from the least tolerated staleness to the most."""

    every_s: float
    spans: tuple[Span, ...]

    @property
    def order(self) -> tuple[Transport, ...]:
        """The transports, from the least tolerated staleness to the most."""
        return tuple(one.transport for one in self.spans)


def spaced(least: float, most: float, count: int) -> list[float]:
    """So many numbers from one to the other, each the same multiple of the one before."""
    return [least * (most / least) ** (step / (count - 1)) for step in range(count)]


def columns(
    units: Units, base: Job, direction: str, criterion: str | Criterion = "bytes", count: int = COLUMNS
) -> tuple[Column, ...]:
    """The map, column by column; where the order changes between two of them, one more on each side of the change.

    Raises:
        BadParameter: there is no such direction or criterion.
    """

    def column(every_s: float) -> Column:
        return column_at(units, base, direction, every_s, criterion)

    def has_order(order: tuple[Transport, ...], every_s: float) -> bool:
        return column(every_s).order == order

    even = [column(every_s) for every_s in spaced(*INTERVALS_S, count)]
    found = [even[0]]
    for before, after in pairwise(even):
        if before.order != after.order:
            at_s = edge(partial(has_order, before.order), before.every_s, after.every_s)
            found += [column(at_s * 0.998), column(at_s * 1.002)]
        found.append(after)
    for before, after in pairwise(tuple(found)):
        if _bends(before, after):
            found += [column(every_s) for every_s in spaced(before.every_s, after.every_s, BESIDE)[1:-1]]
    return tuple(sorted(found, key=lambda one: one.every_s))


def column_at(units: Units, base: Job, direction: str, every_s: float, criterion: str | Criterion = "bytes") -> Column:
    """One column of the map.

    Raises:
        BadParameter: there is no such direction or criterion.
    """
    by = criterion_of(criterion)
    return _column(every_s, lambda late_s: choose(job_at(base, direction, every_s, late_s), units, by).chosen)


def _column(every_s: float, chosen: Callable[[float], Transport]) -> Column:
    def is_chosen(transport: Transport, late_s: float) -> bool:
        return chosen(late_s) is transport

    rows = spaced(*TOLERATED_S, ROWS)
    spans: list[Span] = []
    current, from_s, before_s = chosen(rows[0]), rows[0], rows[0]
    for late_s in rows[1:]:
        here = chosen(late_s)
        if here is not current:
            at_s = edge(partial(is_chosen, current), before_s, late_s)
            spans.append(Span(current, from_s, at_s))
            current, from_s = here, at_s
        before_s = late_s
    return Column(every_s, (*spans, Span(current, from_s, rows[-1])))


def _bends(before: Column, after: Column) -> bool:
    """Whether a border rises or falls so steeply between two columns that a straight line would not be the border."""
    if before.order != after.order:
        return False
    borders = zip(before.spans[1:], after.spans[1:], strict=True)
    return any(abs(math.log(right.from_s / left.from_s)) > STEEP for left, right in borders)


def area_of(found: Sequence[Column], transport: Transport) -> float:
    """The share of the map that a transport has, both axes logarithmic."""
    whole = math.log(TOLERATED_S[1] / TOLERATED_S[0])
    shares = [
        sum(math.log(one.to_s / one.from_s) for one in column.spans if one.transport is transport) / whole
        for column in found
    ]
    widths = [math.log(after.every_s / before.every_s) for before, after in pairwise(found)]
    pairs = zip(widths, shares, shares[1:], strict=False)
    return sum(width * (left + right) / 2 for width, left, right in pairs) / sum(widths)
