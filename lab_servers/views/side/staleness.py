"""How stale what the user knows is, against how often something new happens: a curve per lane, from several runs.

Each point is one lane of one run: its messages per second, measured, and how late its messages were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from matplotlib.lines import Line2D

from lab_servers.errors import BadParameter
from lab_servers.measure.transports import Direction, Lane
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.lanes import lanes_of, place_of
from lab_servers.views.side.legend import legend_beside
from lab_servers.views.side.words import duration, listed, rate_words
from lab_servers.views.style import GRID, new_figure
from lab_servers.views.table import Table


@dataclass(frozen=True)
class Staleness:
    """How late the messages of one lane were at one rate.

    Attributes:
        lane: The transport and the library.
        rate_per_s: Messages per second, as measured.
        mean_s: How late a message was on average, in seconds.
        worst_s: How late the latest was.
        count: How many messages this rests on.
    """

    lane: Lane
    rate_per_s: float
    mean_s: float
    worst_s: float
    count: int


def staleness_of(recordings: Iterable[Recording], direction: Direction = Direction.DOWN) -> tuple[Staleness, ...]:
    """One for each lane of each recording, lanes in their order and rates rising.

    A lane that produced fewer than two messages has no rate, and is left out.

    Raises:
        BadParameter: a recording has no lanes with messages in this direction.
    """
    found = []
    for recording in recordings:
        for one in lanes_of(recording, direction):
            span_s = float(one.produced_s[-1])
            if one.count and span_s > 0:
                rate = (len(one.produced_s) - 1) / span_s
                found.append(Staleness(one.lane, rate, float(one.late_s.mean()), float(one.late_s.max()), one.count))
    return tuple(sorted(found, key=lambda one: (*place_of(one.lane), one.rate_per_s)))


def staleness_curves(points: Sequence[Staleness]) -> Picture:
    """Mean staleness against messages per second, both logarithmic; a whisker reaches up to the latest message.

    Args:
        points: From :func:`staleness_of`, or measured otherwise.

    Raises:
        BadParameter: there are none.
    """
    if not points:
        raise BadParameter("There is nothing to draw: give the recordings of at least one run of SideBySide.")
    figure, axes = new_figure(9.6, 5.0)
    ends: list[tuple[float, Lane]] = []
    for lane, group in groupby(points, key=lambda one: one.lane):
        own = sorted(group, key=lambda one: one.rate_per_s)
        rates, means = [one.rate_per_s for one in own], [_shown_ms(one.mean_s) for one in own]
        style = style_of(lane)
        worst = [_shown_ms(one.worst_s) for one in own]
        axes.vlines(rates, means, worst, color=style.color, linewidth=1.0, alpha=0.6)
        axes.plot(rates, means, zorder=3, **style.both)
        ends.append((means[-1], lane))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: rate_words(value))
    axes.yaxis.set_major_formatter(lambda value, _: duration(value) if value >= 1 else f"{value:g} ms")
    axes.set_xticks(_apart(sorted(one.rate_per_s for one in points)), minor=False)
    axes.minorticks_off()
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_xlabel("messages per second, logarithmic")
    axes.set_ylabel("a message is late by, on average")
    ends.sort(key=lambda end: end[0], reverse=True)
    handles = [Line2D([], [], **style_of(lane).both) for _, lane in ends]
    legend_beside(figure, handles, [lane.name for _, lane in ends])
    return Picture(figure, "Staleness against the rate of events", _sentence(points))


def staleness_table(points: Sequence[Staleness]) -> Table:
    """The figures of the picture."""
    rows = tuple(
        (
            one.lane.name,
            f"{rate_words(one.rate_per_s)} per second",
            f"{one.count:,}",
            duration(one.mean_s * 1e3),
            duration(one.worst_s * 1e3),
            f"{one.mean_s * one.rate_per_s:,.2f}",
        )
        for one in points
    )
    return Table(
        "How late messages were at each rate",
        ("lane", "messages produced", "n", "late on average", "latest", "behind by, in messages"),
        rows,
    )


def _apart(rates: Sequence[float]) -> list[float]:
    """Rates to be written at the axis: of those that lie close together, the first."""
    found: list[float] = []
    for rate in rates:
        if not found or rate > 1.4 * found[-1]:
            found.append(rate)
    return found


def _shown_ms(seconds: float) -> float:
    # A logarithmic axis has no zero; below a microsecond nothing is measured here.
    return max(seconds * 1e3, 1e-3)


def _sentence(points: Sequence[Staleness]) -> str:
    told = []
    for lane, group in groupby(points, key=lambda one: one.lane):
        own = sorted(group, key=lambda one: one.rate_per_s)
        first, last = own[0], own[-1]
        told.append(f"{lane.name} {duration(first.mean_s * 1e3)} and {duration(last.mean_s * 1e3)}")
    rates = sorted(one.rate_per_s for one in points)
    return (
        f"Late on average at {rate_words(rates[0])} and at {rate_words(rates[-1])} messages per second: {listed(told)}."
    )
