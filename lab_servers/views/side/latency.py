"""How late messages were: for each lane the share of its messages that were there within a time (an ECDF).

``lanes.py`` reads the times off the marks. Whole distributions, since a median alone hides who is late now and then.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from lab_servers.measure.statistics import summarise
from lab_servers.measure.transports import Direction
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.lanes import LaneTimes, lanes_of
from lab_servers.views.side.legend import legend_beside
from lab_servers.views.side.thinning import Floats, kept
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import FAINT, GRID, new_figure
from lab_servers.views.table import Table

# From here on a linear axis would press the quick lanes against its edge.
_LOG_FROM_RATIO = 12


def latency_curves(recording: Recording, direction: Direction = Direction.DOWN, *, warm_up: int = 0) -> Picture:
    """The distribution of lateness of each lane: delivered to the application minus produced.

    Args:
        recording: A run with lanes.
        direction: Which way the messages went.
        warm_up: How many first messages of each lane to leave out, as the recording's statistics do.

    Raises:
        BadParameter: the recording has no lanes with messages in this direction.
    """
    drawn = [(one, one.late_s[warm_up:] * 1e3) for one in lanes_of(recording, direction)]
    drawn = sorted(((one, late) for one, late in drawn if len(late)), key=lambda pair: float(np.median(pair[1])))
    figure, axes = new_figure(9.6, 1.6 + max(3.0, 0.31 * len(drawn)))
    is_log = _is_log([late for _, late in drawn])
    axes.axhline(0.5, color=GRID, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
    for one, late in drawn:
        _draw(axes, one, np.sort(late), is_log)
    _scale(axes, is_log)
    axes.set_xlabel(f"milliseconds from produced to delivered{', logarithmic' if is_log else ''}")
    axes.set_ylabel("share of the messages")
    _legend(figure, drawn)
    way = "" if direction is Direction.DOWN else ", upstream"
    return Picture(figure, f"How late the messages were{way}", _sentence(drawn), recording.notices)


def latency_table(recording: Recording, direction: Direction = Direction.DOWN, *, warm_up: int = 0) -> Table:
    """The figures of the picture, with a 95 % interval of each median.

    Raises:
        BadParameter: the recording has no lanes with messages in this direction.
    """
    rows = []
    for one in lanes_of(recording, direction):
        late = one.late_s * 1e3
        if len(late) <= warm_up:
            rows.append((one.lane.name, "0", *["none"] * 5, f"{one.lost:,}"))
            continue
        found = summarise([float(value) for value in late], warm_up=warm_up)
        rows.append(
            (
                one.lane.name,
                f"{found.n:,}",
                duration(found.median),
                f"{duration(found.low)} to {duration(found.high)}",
                duration(found.p5),
                duration(found.p95),
                duration(found.most),
                f"{one.lost:,}",
            )
        )
    return Table(
        "How long after it was produced a message was delivered to the application",
        ("lane", "n", "median", "95 % interval of it", "5 %", "95 %", "latest", "never came"),
        tuple(rows),
        notices=recording.notices,
    )


def _is_log(all_late_ms: Sequence[Floats]) -> bool:
    """Where the latest of all is many times as late as a usual message of the quickest lane."""
    least = min((float(late.min()) for late in all_late_ms), default=0)
    greatest = max((float(late.max()) for late in all_late_ms), default=0)
    quickest = min((float(np.median(late)) for late in all_late_ms), default=0)
    return least > 0 and greatest > _LOG_FROM_RATIO * quickest


def _draw(axes: Axes, one: LaneTimes, late_ms: Floats, is_log: bool) -> None:
    style = style_of(one.lane)
    share = np.arange(1, len(late_ms) + 1) / len(late_ms)
    chosen = kept(np.log(late_ms) if is_log else late_ms, share)
    across = np.concatenate((late_ms[:1], late_ms[chosen]))
    axes.plot(across, np.concatenate(([0.0], share[chosen])), drawstyle="steps-post", zorder=2, **style.line)
    axes.plot([float(np.median(late_ms))], [0.5], zorder=3, **style.sign)


def _scale(axes: Axes, is_log: bool) -> None:
    if is_log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.4g}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylim(0, 1.02)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.tick_params(which="minor", colors=FAINT)


def _legend(figure: Figure, drawn: Sequence[tuple[LaneTimes, Floats]]) -> None:
    handles = [Line2D([], [], **style_of(one.lane).both) for one, _ in drawn]
    counts = sorted({len(late) for _, late in drawn})
    words = [f"{one.lane.name}: {duration(float(np.median(late)))}" for one, late in drawn]
    if len(counts) > 1:
        words = [f"{word}, n = {len(late):,}" for word, (_, late) in zip(words, drawn, strict=True)]
        legend_beside(figure, handles, words, "median, number of messages n")
    else:
        legend_beside(figure, handles, words, f"median of n = {counts[0]:,} each")


def _sentence(drawn: Sequence[tuple[LaneTimes, Floats]]) -> str:
    medians = [f"{one.lane.name} {duration(float(np.median(late)))}" for one, late in drawn]
    return f"Half of the messages were delivered within, least first: {listed(medians)}."
