"""What a reader feels of a way: how long until the first text, and how long the silences after it.

``measure/answer_times.py`` computes both; ``arrivals.py`` shows the moments themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.measure.answer_times import AnswerTimes, Spans, answer_times
from lab_servers.recording import Recording
from lab_servers.views.ai.arrivals import soonest
from lab_servers.views.ai.way_style import style_of_way
from lab_servers.views.picture import Picture
from lab_servers.views.side.legend import legend_above
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import FAINT, GRID, INK, new_panels


def first_text_and_gaps(recording: Recording) -> Picture:
    """Left, the time until the first text; right, the gaps between moments of new text: median, 95 %, longest.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    rows = list(answer_times(recording).values())
    return drawn_waits(rows, "Until the first text, and between the next", _sentence(rows), recording.notices)


def drawn_waits(rows: Sequence[AnswerTimes], title: str, text: str, notices: tuple[str, ...]) -> Picture:
    """The same for these answers, one row each, with words that the caller has.

    Args:
        rows: At least one answer; what the model did is taken from the one whose model began soonest.
        title: What the picture shows.
        text: Its sentence.
        notices: What the reader must know about the recording.
    """
    figure, (left, right) = new_panels(9.6, 1.7 + 0.36 * (len(rows) + 1), 2)
    first = soonest(rows)
    if first.made_s:
        # From token to token: the way of the question to the model is not the model's own time.
        _spread(right, first.made_gaps, 0, INK, "|")
    if first.made_first_s is not None:
        _bar(left, first.made_first_s, 0, INK)
    for row, times in enumerate(rows, start=1):
        style = style_of_way(times.name)
        _bar(left, times.first_s, -row, style.color)
        _spread(right, times.gaps, -row, style.color, style.marker)
    for axes in (left, right):
        axes.set_ylim(-len(rows) - 0.6, 0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
    left.set_yticks([-row for row in range(len(rows) + 1)], ["the model", *(times.name for times in rows)], fontsize=12)
    right.set_yticks([])
    left.set_xlim(0, 1.35 * max(times.first_s for times in rows))
    right.set_xlim(left=0)
    left.set_xlabel("seconds until the first text")
    right.set_xlabel("seconds between moments of new text")
    handles = [
        Line2D([], [], color=FAINT, marker="o", markersize=8, linestyle=""),
        Line2D([], [], color=FAINT, linewidth=4),
        Line2D([], [], color=FAINT, linewidth=1.2),
    ]
    legend_above(figure, handles, ["median gap", "up to 95 % of the gaps", "up to the longest"])
    return Picture(figure, title, text, notices)


def _bar(axes: Axes, seconds: float, y: float, color: str) -> None:
    axes.barh(y, seconds, 0.5, color=color)
    axes.annotate(duration(1e3 * seconds), (seconds, y), (4, 0), textcoords="offset points", va="center", color=INK,
                  fontsize=10)  # fmt: skip


def _spread(axes: Axes, gaps: Spans, y: float, color: str, marker: str) -> None:
    if gaps.median_s is None or gaps.p95_s is None or gaps.longest_s is None:
        axes.annotate("no gap: all text came at one moment", (0, y), (6, 0), textcoords="offset points", va="center",
                      color=INK, fontsize=10)  # fmt: skip
        return
    axes.plot([gaps.median_s, gaps.longest_s], [y, y], color=color, linewidth=1.2)
    axes.plot([gaps.median_s, gaps.p95_s], [y, y], color=color, linewidth=4, solid_capstyle="butt")
    axes.plot([gaps.longest_s], [y], "|", color=color, markersize=9, markeredgewidth=1.2)
    axes.plot([gaps.median_s], [y], marker, color=color, markersize=9)


def _sentence(rows: Sequence[AnswerTimes]) -> str:
    told = [
        f"{times.name} {duration(1e3 * times.first_s)} and "
        + ("no gap" if times.gaps.longest_s is None else duration(1e3 * times.gaps.longest_s))
        for times in rows
    ]
    longest_s = soonest(rows).made_gaps.longest_s
    model = "" if longest_s is None else f" The model's own longest gap between tokens: {duration(1e3 * longest_s)}."
    return f"Until the first text, and the longest gap after it: {listed(told)}.{model}"
