"""The decision map: event interval × tolerated staleness, with the transport that is chosen in each place.

``measure/regions.py`` finds the areas and ``measure/crossings.py`` the lines, both from measured unit costs
(``measure/unit_costs.py``); here they are drawn, with the six jobs of ``measure/jobs.py`` where they belong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from lab_servers.errors import require_one_of
from lab_servers.measure.costs import Units
from lab_servers.measure.crossings import (
    BOTH,
    DIRECTIONS,
    DOWN,
    crossing_every_s,
    crossing_tolerated_s,
    equal_cost_line,
    rounded,
)
from lab_servers.measure.decision import STREAMS_PASS, Criterion, choose, criterion_of
from lab_servers.measure.jobs import JOBS, SELDOM_S, Job
from lab_servers.measure.regions import INTERVALS_S, TOLERATED_S, Column, area_of, column_at, columns
from lab_servers.measure.transports import Lane, Transport
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.legend import legend_above
from lab_servers.views.style import INK, new_figure
from lab_servers.views.table import Table

# The job that the map is drawn for: a browser's fields and a session cookie in each request, as the six jobs have.
BASE = Job("the map", header_bytes=700, size_bytes=200)

_HATCHES = {Transport.POLLING: "////", Transport.SSE: "", Transport.WEBSOCKET: "...."}
_NAMES = {Transport.POLLING: "polling", Transport.SSE: "SSE", Transport.WEBSOCKET: "WebSocket"}
_EVERY = {DOWN: "event from the server every", "up": "event from the client every", BOTH: "event each way every"}
_TICKS = (
    (0.01, "10 ms"), (0.1, "0.1 s"), (1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3_600, "1 h"),
)  # fmt: skip
_EQUAL: dict[str, Any] = {"color": INK, "linewidth": 1.6, "linestyle": (0, (5, 3)), "zorder": 3}
# Intervals at which the table tells the crossings, seconds.
_TOLD_S = (0.03, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0)


def jobs_of(direction: str) -> tuple[Job, ...]:
    """Those of the six that belong on the map of a direction.

    Raises:
        BadParameter: there is no such direction.
    """
    require_one_of("direction", direction, DIRECTIONS)
    return tuple(one for one in JOBS if direction_of(one) == direction)


def direction_of(job: Job) -> str:
    """Which map a job belongs on: one direction, where less than a tenth of its messages go in the other."""
    down, up = 1 / job.down_every_s, 1 / job.up_every_s
    if up < down / 10:
        return DOWN
    return BOTH if job.down_every_s < SELDOM_S else "up"


def decision_map(
    recording: Recording, direction: str = DOWN, criterion: str | Criterion = "bytes", base: Job = BASE
) -> Picture:
    """Draw the map from a recording of ``UnitCosts``.

    Args:
        recording: The unit costs.
        direction: ``"down"``, ``"up"`` or ``"both ways"``.
        criterion: By what is chosen: ``"bytes"``, ``"requests"``, ``"processor time"``, ``"open connections"``, or
            a :class:`~lab_servers.measure.decision.Criterion` with weights of your own.
        base: All other numbers of the job.

    Raises:
        BadParameter: this is no recording of unit costs, or there is no such direction or criterion.
    """
    units, by = unit_costs(recording), criterion_of(criterion)
    found = columns(units, base, direction, by)
    figure, axes = new_figure(9.6, 6.2)
    axes.set(xscale="log", yscale="log", xlim=INTERVALS_S, ylim=TOLERATED_S)
    for transport in STREAMS_PASS:
        _draw_area(axes, found, transport)
    _draw_lines(axes, found, units, base, direction, by)
    for job in jobs_of(direction):
        _draw_job(axes, job, units, by, found)
    for axis, bounds in ((axes.xaxis, INTERVALS_S), (axes.yaxis, TOLERATED_S)):
        ticks = [(at_s, words) for at_s, words in _TICKS if bounds[0] <= at_s <= bounds[1]]
        axis.set_ticks([at_s for at_s, _ in ticks], [words for _, words in ticks])
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel(_EVERY[direction])
    axes.set_ylabel("tolerated staleness")
    kinds = (
        Line2D([], [], color=INK, linewidth=2.4),
        Line2D([], [], color=INK, linewidth=1.6, linestyle=(0, (5, 3))),
        Line2D([], [], color=INK, marker="o", markersize=8, linestyle=""),
    )
    legend_above(figure, kinds, ("the choice changes", "equal cost", "one of the six jobs, and its own choice"))
    title = f"Which transport, by {by.name}: {direction}"
    return Picture(figure, title, _sentence(found, units, direction, by, base), recording.notices)


def _draw_area(axes: Axes, found: Sequence[Column], transport: Transport) -> None:
    """One transport's area, border included; columns in which it has no part divide it."""
    color = style_of(Lane(transport)).color
    for has, run in groupby(found, key=lambda column: transport in column.order):
        part = list(run)
        if not has:
            continue
        spans = [next(one for one in column.spans if one.transport is transport) for column in part]
        every_s = [column.every_s for column in part]
        low, high = [one.from_s for one in spans], [one.to_s for one in spans]
        axes.fill_between(every_s, low, high, facecolor=color, alpha=0.16, linewidth=0, zorder=0)
        axes.fill_between(
            every_s, low, high, facecolor="none", edgecolor=color, alpha=0.3, hatch=_HATCHES[transport], linewidth=0,
            zorder=1,
        )  # fmt: skip
        axes.plot(
            [every_s[0], *every_s, every_s[-1]], [low[0], *high, low[-1]], color=INK, linewidth=2.4, zorder=2,
            clip_on=True,
        )  # fmt: skip
        _name_area(axes, transport, every_s, low, high)


def _name_area(
    axes: Axes, transport: Transport, every_s: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> None:
    """The name, in the middle of the place where there is most room for it in both directions."""
    rooms = []
    for below, above in zip(low, high, strict=True):
        middle = math.sqrt(below * above)
        inside = [x for x, least, most in zip(every_s, low, high, strict=True) if least <= middle <= most]
        # A name is three times as wide as it is high.
        room = min(math.log(above / below), math.log(inside[-1] / inside[0]) / 3)
        rooms.append((room, math.sqrt(inside[0] * inside[-1]), middle))
    room, x, y = max(rooms)
    if room > 0.3:
        if transport is Transport.POLLING:  # through whose middle the line of equal cost goes
            at = min(range(len(every_s)), key=lambda column: abs(math.log(every_s[column] / x)))
            y = low[at] ** 0.2 * high[at] ** 0.8
        axes.text(
            x, y, _NAMES[transport], ha="center", va="center", fontsize=18, fontweight="bold",
            color=INK, zorder=3,
        )  # fmt: skip


def _draw_lines(axes: Axes, found: Sequence[Column], units: Units, base: Job, direction: str, by: Criterion) -> None:
    """The lines of equal cost between two transports, where both of them are chosen."""
    for other in (Transport.SSE, Transport.WEBSOCKET):
        here = [column.every_s for column in found if {Transport.POLLING, other} <= set(column.order)]
        line = equal_cost_line(units, base, direction, here, (Transport.POLLING, other), by)
        if len(line.points) > 1:
            axes.plot(*zip(*line.points, strict=True), **_EQUAL)
            at = line.points[4 * len(line.points) // 5]
            # Where the name of a job stands just above the line, that of the line stands below it.
            is_below = any(
                abs(math.log(_every_s(job) / at[0])) < math.log(60) and 1 <= job.tolerated_s / at[1] < 6
                for job in jobs_of(direction)
            )
            axes.annotate(
                f"polling = {_NAMES[other]}", at, (0, -7 if is_below else 7), textcoords="offset points", color=INK,
                fontsize=11, ha="center" if at[0] < 1_500 else "right", va="top" if is_below else "bottom", zorder=4,
            )  # fmt: skip
    upright = crossing_every_s(units, base, direction, 1.0, (Transport.SSE, Transport.WEBSOCKET), by)
    has_both = any(Transport.WEBSOCKET in column.order for column in found)
    if has_both and upright is not None and INTERVALS_S[0] < upright < INTERVALS_S[1]:
        axes.axvline(upright, **_EQUAL)
        is_left = upright < math.sqrt(INTERVALS_S[0] * INTERVALS_S[1])
        axes.annotate(
            "SSE = WebSocket", (upright, TOLERATED_S[0]), (7 if is_left else -7, 8), textcoords="offset points",
            color=INK, fontsize=11, ha="left" if is_left else "right", zorder=4,
        )  # fmt: skip


def _every_s(job: Job) -> float:
    """Where it stands on the map: by what it has more of."""
    return min(job.down_every_s, job.up_every_s)


def _draw_job(axes: Axes, job: Job, units: Units, by: Criterion, found: Sequence[Column]) -> None:
    chosen = choose(job, units, by).chosen
    every_s = _every_s(job)
    style = style_of(Lane(chosen))
    axes.plot(
        every_s, job.tolerated_s, style.marker, color=style.color, markersize=18 if style.marker == "*" else 13,
        markeredgecolor=INK, markeredgewidth=1.2, zorder=5,
    )  # fmt: skip
    # Where a border is near on the right, the name stands on the left.
    near = {column.order for column in found if every_s <= column.every_s <= 30 * every_s}
    is_left = len(near) > 1 and every_s > 0.1
    axes.annotate(
        f"{job.name}: {_NAMES[chosen]}", (every_s, job.tolerated_s), (-9 if is_left else 9, 7),
        textcoords="offset points", ha="right" if is_left else "left", color=INK, fontsize=12, zorder=6,
    )  # fmt: skip


# --- words ----------------------------------------------------------------------------------------------------------


def _sentence(found: Sequence[Column], units: Units, direction: str, by: Criterion, base: Job) -> str:
    """What the map shows, in words."""
    shares = {one: area_of(found, one) for one in STREAMS_PASS}
    parts = [f"{_NAMES[one]} {share:.0%}" for one, share in shares.items() if share > 0]
    told = f"By {by.name}, {direction}, with {base.header_bytes:,.0f} bytes of fields in each request, of the map "
    told += f"{_listed(parts)}."
    equal = crossing_tolerated_s(units, base, direction, 60.0, (Transport.POLLING, Transport.SSE), by)
    if equal is not None:
        told += f" With an event a minute, polling costs as much as SSE where {rounded(equal)} seconds are tolerated."
    jobs = [f"{one.name}: {_NAMES[choose(one, units, by).chosen]}" for one in jobs_of(direction)]
    return f"{told} {'; '.join(jobs)}." if jobs else told


def _listed(parts: Sequence[str]) -> str:
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def crossing_table(
    recording: Recording, direction: str = DOWN, criterion: str | Criterion = "bytes", base: Job = BASE
) -> Table:
    """Where the lines of the map cross some event intervals.

    Raises:
        BadParameter: this is no recording of unit costs, or there is no such direction or criterion.
    """
    units, by = unit_costs(recording), criterion_of(criterion)
    rows = []
    for every_s in _TOLD_S:
        equal = [
            crossing_tolerated_s(units, base, direction, every_s, (Transport.POLLING, other), by)
            for other in (Transport.SSE, Transport.WEBSOCKET)
        ]
        rows.append((_seconds(every_s), *map(_seconds, equal), _changes(units, base, direction, every_s, by)))
    upright = crossing_every_s(units, base, direction, 1.0, (Transport.SSE, Transport.WEBSOCKET), by)
    beyond = "" if upright is None else f" SSE and WebSocket cost the same at an event every {_seconds(upright)}."
    return Table(
        f"Crossings by {by.name}, {direction}: the tolerated staleness at which two cost the same.{beyond}",
        (_EVERY[direction], "polling = SSE", "polling = WebSocket", "the choice, from little tolerated to much"),
        tuple(rows),
        notices=recording.notices,
    )


def _changes(units: Units, base: Job, direction: str, every_s: float, by: Criterion) -> str:
    """``"SSE, from 9.8 s polling"``."""
    first, *later = column_at(units, base, direction, every_s, by).spans
    return ", ".join(
        (_NAMES[first.transport], *(f"from {_seconds(one.from_s)} {_NAMES[one.transport]}" for one in later))
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "nowhere"
    return f"{rounded(value)} s" if value < 600 else f"{rounded(value / 60)} min"
