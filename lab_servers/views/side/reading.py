"""What the user has read so far, over time, one curve per lane beside the line of what had been produced.

``lanes.py`` reads the times off the marks. The area between a curve and the line of what was produced is waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.lines import Line2D

from lab_servers.errors import BadParameter, require_one_of
from lab_servers.measure.timing import message_times
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

MESSAGES, BYTES = "messages", "bytes"
UNITS = (MESSAGES, BYTES)


def read_so_far(recording: Recording, direction: Direction = Direction.DOWN, *, unit: str = MESSAGES) -> Picture:
    """Steps that rise with each message delivered; the faint line rises with each one produced.

    Args:
        recording: A run with lanes.
        direction: Which way the messages went.
        unit: ``"messages"``, or ``"bytes"`` for payload bytes, which are looked up in the captures.

    Raises:
        BadParameter: the recording has no lanes with messages in this direction; another unit.
    """
    require_one_of("unit", unit, UNITS)
    lanes = lanes_of(recording, direction)
    sizes = {one.lane.name: _sizes(recording, one, unit) for one in lanes}
    figure, axes = new_figure(9.6, 1.6 + max(3.2, 0.3 * len(lanes)))
    first = lanes[0]
    axes.plot(*_stairs(first.produced_s, sizes[first.lane.name]), color=FAINT, linewidth=9, alpha=0.35, zorder=1,
              drawstyle="steps-post", solid_capstyle="butt")  # fmt: skip
    for place, one in enumerate(lanes):
        order = np.argsort(np.where(one.arrived, one.delivered_s, np.inf), kind="stable")[: one.count]
        across, up = _stairs(one.delivered_s[order], sizes[one.lane.name][order])
        style = style_of(one.lane)
        # Curves that lie on each other can be told: later ones are thinner, and signs stand at different places.
        every = max(1, len(across) // 5)
        look = {**style.both, "linewidth": 4.5 - 3.0 * place / len(lanes)}
        look |= {"markevery": (1 + place * every // len(lanes), every), "drawstyle": "steps-post", "zorder": 2}
        axes.plot(across, up, **look)
    axes.set_xlabel("seconds after the lane's first message was produced")
    axes.set_ylabel(f"{'payload bytes' if unit == BYTES else unit} the {_reader(direction)} has")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    handles = [Line2D([], [], color=FAINT, linewidth=9, alpha=0.35)]
    handles += [Line2D([], [], **style_of(one.lane).both) for one in lanes]
    legend_beside(figure, handles, ["produced", *(one.lane.name for one in lanes)])
    way = "" if direction is Direction.DOWN else ", upstream"
    return Picture(figure, f"What has been read so far{way}", _sentence(lanes), recording.notices)


def reading_table(recording: Recording, direction: Direction = Direction.DOWN) -> Table:
    """For each lane: when a quarter, half and all was there, and how much waited on average.

    Raises:
        BadParameter: the recording has no lanes with messages in this direction.
    """
    rows = []
    for one in lanes_of(recording, direction):
        there = np.sort(one.delivered_s[one.arrived])
        moments = [duration(1e3 * float(there[_position(len(there), part)])) for part in (0, 0.25, 0.5, 1)] if len(
            there
        ) else ["never"] * 4  # fmt: skip
        rows.append((one.lane.name, *moments, _few(waiting(one))))
    return Table(
        f"When the {_reader(direction)} had how much, after the lane's first message was produced",
        ("lane", "the first", "a quarter", "half", "all", "messages waiting, on average"),
        tuple(rows),
        notices=recording.notices,
    )


def waiting(one: LaneTimes) -> float:
    """How many messages were produced and not yet delivered, on average over the time until the last delivery."""
    return float(one.late_s.sum() / np.nanmax(one.delivered_s)) if one.count else 0.0


def _few(count: float) -> str:
    return f"{count:.3f}" if count < 0.1 else f"{count:.1f}" if count < 100 else f"{count:,.0f}"


def _position(count: int, part: float) -> int:
    """Which message completes this part of all: the first for 0, the last for 1."""
    return max(0, int(np.ceil(part * count)) - 1)


def _sizes(recording: Recording, one: LaneTimes, unit: str) -> Floats:
    """What each message adds, in the order in which the lane's were produced."""
    if unit == MESSAGES:
        return np.ones(len(one.produced_s))
    found: Mapping[int, int] = {
        message.number: message.payload_bytes for message in message_times(recording, one.lane.name, one.direction)
    }
    if len(found) != len(one.produced_s):
        raise BadParameter(
            f"{one.lane.name} produced {len(one.produced_s):,} messages, and {len(found):,} are on the wire: "
            f"let the curves count messages."
        )
    return np.array([float(found[number]) for number in sorted(found)])


def _stairs(moments_s: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """The curve's corners, from nothing at 0 on; of a long one those that set its outline."""
    across = np.concatenate(([0.0], moments_s))
    up = np.concatenate(([0.0], np.cumsum(sizes)))
    chosen = kept(across, up)
    return across[chosen], up[chosen]


def _reader(direction: Direction) -> str:
    return "user" if direction is Direction.DOWN else "server"


def _sentence(lanes: Sequence[LaneTimes]) -> str:
    ordered = sorted((one for one in lanes if one.count), key=waiting)
    told = listed([f"{one.lane.name} {_few(waiting(one))}" for one in ordered])
    return (
        f"Messages produced and not yet delivered, on average: {told}. "
        f"All had been produced after {duration(1e3 * max(float(one.produced_s[-1]) for one in lanes))}."
    )
