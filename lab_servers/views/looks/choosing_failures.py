"""Four demands and who met them: a field for each attempt, with what decided.

``scenarios/choosing_failures.py`` makes the recording, ``measure/demands.py`` judges it.
"""

from __future__ import annotations

import textwrap

from matplotlib.patches import Rectangle

from lab_servers.measure.demands import Demand, Verdict, verdicts
from lab_servers.measure.evidence import COLUMNS
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import GREEN, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

_LINE_CHARACTERS = 22


def met_by(found: tuple[Verdict, ...], demand: Demand) -> tuple[str, ...]:
    """The transports that met a demand."""
    return tuple(one.column for one in found if one.demand is demand and one.met)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = verdicts(recording)
    told = [f"{one.value}: {' and '.join(met_by(found, one)) or 'none of the three'}" for one in Demand]
    failed = {column: sum(not one.met for one in found if one.column == column) for column in COLUMNS}
    fails = ", ".join(f"{column} {count}" for column, count in failed.items())
    return f"Who can do it? {'; '.join(told)}. Of the {len(Demand)} demands each fails at some: {fails}."


def table(recording: Recording) -> Table:
    """Every attempt and what decided."""
    rows = tuple(
        (one.demand.value, one.column, "met" if one.met else "failed", one.sentence) for one in verdicts(recording)
    )
    return Table(
        "Four demands on each of the three", ("demand", "transport", "", "why"), rows, notices=recording.notices
    )


def picture(recording: Recording) -> Picture:
    """A field for each attempt."""
    found = verdicts(recording)
    figure, axes = new_figure(8.8, 6.8)
    for row, demand in enumerate(Demand):
        axes.text(
            -0.03, -row - 0.5, textwrap.fill(demand.value, 22), ha="right", va="center", fontsize=13, color=INK,
        )  # fmt: skip
        for place, column in enumerate(COLUMNS):
            one = next(one for one in found if one.demand is demand and one.column == column)
            color = GREEN if one.met else VERMILION
            axes.add_patch(
                Rectangle((place + 0.02, -row - 0.95), 0.96, 0.9, fill=False, edgecolor=GRID, linewidth=1)
            )  # fmt: skip
            axes.add_patch(
                Rectangle((place + 0.02, -row - 0.95), 0.06, 0.9, facecolor=color, hatch=None if one.met else "//",
                          edgecolor="white", linewidth=0)
            )  # fmt: skip
            sign = "✓  met" if one.met else "✗  failed"
            axes.text(place + 0.12, -row - 0.2, sign, va="center", fontsize=14, fontweight="bold", color=INK)
            axes.text(
                place + 0.12, -row - 0.35, textwrap.fill(one.sentence, _LINE_CHARACTERS), va="top", fontsize=10.5,
                color=INK, parse_math=False,
            )  # fmt: skip
    for place, column in enumerate(COLUMNS):
        axes.text(place + 0.5, 0.08, column, ha="center", va="bottom", fontsize=15, fontweight="bold", color=INK)
    axes.set_xlim(-0.62, len(COLUMNS))
    axes.set_ylim(-len(Demand), 0.3)
    axes.set_axis_off()
    return Picture(figure, "What each of the three can do, and what it cannot", sentence(recording), recording.notices)
