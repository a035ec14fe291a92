"""When each message reached the user, one row per lane: a tick for every delivered message, produced ones faint.

``lanes.py`` reads the times off the marks, ``thinning.py`` joins ticks that stand in one column of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.measure.transports import Direction
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.lanes import LaneTimes, directions_of, lanes_of, place_of
from lab_servers.views.side.legend import legend_above
from lab_servers.views.side.thinning import Floats, Ticks, ticks
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import FAINT, GRID, INK, new_figure
from lab_servers.views.table import Table

# Ticks of a lane that stand so close that their signs would touch are strokes alone.
_SIGNS_UP_TO = 40
# Messages of one column of so many came together.
_TOGETHER = 150


def arrival_raster(recording: Recording, direction: Direction | None = None) -> Picture:
    """One row per lane: a faint tick where a message was produced, a coloured one where it was delivered.

    Args:
        recording: A run with lanes.
        direction: Which way the messages went; ``None`` for a row for each direction that there is.

    Raises:
        BadParameter: the recording has no lanes with messages in this direction.
    """
    lanes = _rows(recording, direction)
    figure, axes = new_figure(9.6, 1.5 + 0.52 * len(lanes))
    width_s = max(_last_s(one) for one in lanes)
    most = 1
    for row, one in enumerate(lanes):
        axes.axhline(-row, color=GRID, linewidth=0.8, zorder=0)
        produced, delivered = ticks(one.produced_s, width_s), ticks(one.delivered_s[one.arrived], width_s)
        most = max(most, produced.most, delivered.most)
        style = style_of(one.lane)
        _strokes(axes, produced, -row + 0.12, 0.3, FAINT, 1.2)
        _strokes(axes, delivered, -row - 0.36, 0.36, style.color, 2.0)
        if one.count <= _SIGNS_UP_TO:
            signs = {**style.sign, "markersize": 6.5}
            axes.plot(delivered.first_s, np.full(len(delivered.first_s), -row - 0.02), zorder=3, **signs)
            _count(axes, one, -row, width_s)
    axes.set_yticks([-row for row in range(len(lanes))], [_label(one) for one in lanes], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(lanes) + 0.45, 0.6)
    axes.set_xlim(-0.015 * width_s, 1.02 * width_s)
    axes.set_xlabel("seconds after the lane's first message was produced")
    _legend(figure)
    return Picture(figure, "When each message arrived", _sentence(lanes, most), recording.notices)


def arrival_rows(recording: Recording, direction: Direction | None = None) -> Table:
    """The figures of the picture: first and last message of each lane, and the longest silence of its user.

    Raises:
        BadParameter: the recording has no lanes with messages in this direction.
    """
    rows = tuple(
        (
            _label(one),
            f"{one.count:,}",
            duration(1e3 * float(np.nanmin(one.delivered_s))) if one.count else "never",
            duration(1e3 * float(np.nanmax(one.delivered_s))) if one.count else "never",
            duration(1e3 * _silence_s(one)) if one.count else "all of it",
            f"{one.lost:,}",
        )
        for one in _rows(recording, direction)
    )
    return Table(
        "When the messages arrived, after the lane's first message was produced",
        ("lane", "messages", "first after", "last after", "longest silence", "never came"),
        rows,
        notices=recording.notices,
    )


def _rows(recording: Recording, direction: Direction | None) -> tuple[LaneTimes, ...]:
    """Transport by transport, what went down before what went up."""
    ways = (direction,) if direction else directions_of(recording) or (Direction.DOWN,)
    rows = [one for way in ways for one in lanes_of(recording, way)]
    return tuple(sorted(rows, key=lambda one: place_of(one.lane)))


def _label(one: LaneTimes) -> str:
    return f"{one.lane.name}, up" if one.direction is Direction.UP else one.lane.name


def _last_s(one: LaneTimes) -> float:
    delivered = float(np.nanmax(one.delivered_s)) if one.count else 0.0
    return max(delivered, float(one.produced_s[-1]), 1e-9)


def _silence_s(one: LaneTimes) -> float:
    return float(np.diff(np.sort(one.delivered_s[one.arrived]), prepend=0.0).max())


def _strokes(axes: Axes, drawn: Ticks, low: float, height: float, color: str, width: float) -> None:
    """Ticks from ``low`` up; where some stand for several moments, the fullest has the whole height."""
    heights: Floats = height * (0.35 + 0.65 * drawn.counts / drawn.most) if drawn.most > 1 else np.full(
        len(drawn.counts), height
    )  # fmt: skip
    # One path with gaps, and not thousands of lines: a saved page stays small. The last tick ends where the last did.
    at_s = drawn.first_s.copy()
    at_s[-1:] = drawn.last_s[-1:]
    gaps = np.full(len(at_s), np.nan)
    across = np.column_stack((at_s, at_s, gaps)).ravel()
    up = np.column_stack((np.full(len(at_s), low), low + heights, gaps)).ravel()
    axes.plot(across, up, color=color, linewidth=width, solid_capstyle="butt", zorder=2)


def _count(axes: Axes, one: LaneTimes, y: float, width_s: float) -> None:
    """Write how many came where several came together, too close for signs of their own."""
    joined = ticks(one.delivered_s[one.arrived], width_s, columns=_TOGETHER)
    for at_s, count in zip(joined.last_s.tolist(), joined.counts.tolist(), strict=True):
        if count > 1:
            axes.annotate(f"{count:,}", (at_s, y), (5, -13), textcoords="offset points", color=INK, fontsize=10)


def _legend(figure: Figure) -> None:
    kinds = (
        Line2D([], [], color=FAINT, marker="|", markersize=9, markeredgewidth=1.4, linestyle=""),
        Line2D([], [], color=FAINT, marker="|", markersize=14, markeredgewidth=2.6, linestyle=""),
    )
    legend_above(figure, kinds, ("above the line: produced", "below it, in colour: delivered to the application"))


def _sentence(lanes: Sequence[LaneTimes], most: int) -> str:
    firsts = sorted((float(np.nanmin(one.delivered_s)), _label(one)) for one in lanes if one.count)
    told = listed([f"{name} {duration(first_s * 1e3)}" for first_s, name in firsts])
    lost = [f"{_label(one)} {one.lost:,}" for one in lanes if one.lost]
    never = f" Not delivered while the recording ran: {listed(lost)}." if lost else ""
    joined = f" Each tick stands for up to {most:,} messages; none is left out." if most > 1 else ""
    return f"The first message was delivered after: {told}.{never}{joined}"
