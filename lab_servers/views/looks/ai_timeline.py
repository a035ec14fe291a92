"""What the looks of leaving, stopping and asking twice share: a row of tokens per lane, and what happened when.

The other ``ai_*.py`` beside it that have such rows say what is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.views.style import BLUE, GREEN, GRID, INK, PURPLE, VERMILION, new_figure

READ, WASTED = "read", "wasted"

# Colour, marker, size and whether it is filled, for every sign that a row may have. No two share both marker and fill.
_SIGNS: dict[str, tuple[str, str, float, bool]] = {
    READ: (BLUE, "o", 5.5, True),
    WASTED: (VERMILION, "X", 7, True),
    "left": (INK, "v", 8, True),
    "noticed": (GREEN, "D", 8, True),
    "stopped": (PURPLE, "s", 8, True),
    "came back": (BLUE, "^", 9, False),
    "refused": (VERMILION, "s", 9, False),
    "result": (GREEN, "*", 14, True),
}
# What happens to the reader or the run is drawn above the tokens.
_RAISED = 0.3


@dataclass(frozen=True)
class Row:
    """One lane.

    Attributes:
        label: Its name.
        tokens_s: When its tokens were generated, in seconds on the axis of the picture, by their sign.
        happened_s: When something happened, likewise.
        told: What stands at its end, in a few words.
    """

    label: str
    tokens_s: Mapping[str, Sequence[float]]
    happened_s: Mapping[str, Sequence[float]] = field(default_factory=dict)
    told: str = ""


def draw_rows(rows: Sequence[Row], words: Mapping[str, str], xlabel: str, *, line_at_s: float | None = None) -> Figure:
    """Draw the rows, the first on top.

    Args:
        rows: What to draw.
        words: What each sign that occurs means, in the order of the legend.
        xlabel: What the axis is.
        line_at_s: Where a vertical line stands through all rows, if anywhere.
    """
    figure, axes = new_figure(9.6, 1.35 + 0.46 * len(rows))
    times = [
        at_s for row in rows for series in (row.tokens_s, row.happened_s) for all_s in series.values() for at_s in all_s
    ]
    first, last = min(times, default=0.0), max(times, default=1.0)
    span = max(last - first, 1e-3)
    if line_at_s is not None:
        axes.axvline(line_at_s, color=INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    for place, row in enumerate(rows):
        y = -place
        axes.hlines(y, first, last, color=GRID, linewidth=1, zorder=0)
        for raised, series in ((0.0, row.tokens_s), (_RAISED, row.happened_s)):
            for sign, all_s in series.items():
                color, marker, size, filled = _SIGNS[sign]
                axes.plot(
                    all_s, [y + raised] * len(all_s), marker, color=color, markersize=size, linestyle="", zorder=3,
                    markerfacecolor=color if filled else "none", markeredgewidth=1.2 if filled else 1.8,
                    markeredgecolor="none" if filled and marker == "X" else color,
                )  # fmt: skip
        axes.text(last + 0.03 * span, y, row.told, ha="left", va="center", color=INK, fontsize=11)
    axes.set_yticks([-place for place in range(len(rows))], [row.label for row in rows], fontsize=11.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(rows) + 0.45, 0.6)
    longest = max((len(row.told) for row in rows), default=0)
    axes.set_xlim(first - 0.02 * span, last + span * (0.05 + 0.0165 * longest))
    ticks = [tick for tick in axes.get_xticks() if first - 0.02 * span <= tick <= last + 0.02 * span]
    axes.set_xticks(ticks)
    axes.set_xlabel(xlabel)
    _legend(figure, words)
    return figure


def _legend(figure: Figure, words: Mapping[str, str]) -> None:
    handles = []
    for sign in words:
        color, marker, size, filled = _SIGNS[sign]
        handles.append(
            Line2D(
                [], [], color=color, marker=marker, markersize=size, linestyle="",
                markerfacecolor=color if filled else "none",
            )
        )  # fmt: skip
    legend = figure.legend(
        handles, list(words.values()), loc="outside upper center", ncols=min(len(words), 4), frameon=False,
        columnspacing=1.2, handletextpad=0.3,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
