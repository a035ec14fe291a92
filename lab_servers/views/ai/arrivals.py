"""When the model made each token, and when a reader had it: the model above, a row for each way below.

``measure/answer_times.py`` computes the times; ``waits.py`` draws what a reader feels of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.measure.answer_times import AnswerTimes, Spans, answer_times
from lab_servers.recording import Recording
from lab_servers.views.ai.way_style import style_of_way
from lab_servers.views.picture import Picture
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import FAINT, GRID, INK, new_figure
from lab_servers.views.table import Table

# The sign of one character, and how much larger that of a whole answer may become; in points.
_SMALLEST, _LARGEST = 5.5, 15.0


def answer_arrivals(recording: Recording) -> Picture:
    """A row for each way: a stroke where the model made a token, a sign where new text was there, larger for more.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    found = answer_times(recording)
    figure, axes = new_figure(9.6, 1.7 + 0.42 * (len(found) + 1))
    made_s = soonest(found.values()).made_s
    axes.plot(made_s, [0.0] * len(made_s), "|", color=INK, markersize=15, markeredgewidth=1.6)
    for row, times in enumerate(found.values(), start=1):
        _draw(axes, times, -row)
    axes.set_yticks([-row for row in range(len(found) + 1)], ["the model", *found], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) - 0.6, 0.6)
    last_s = max(times.last_s for times in found.values())
    axes.set_xlim(-0.015 * last_s, 1.03 * last_s)
    axes.set_xlabel("seconds after the question")
    _legend(figure)
    return Picture(figure, "When the answer arrived", sentence(recording), recording.notices)


def soonest(answers: Iterable[AnswerTimes]) -> AnswerTimes:
    """The answer that stands for the model: each way has a run of its own, and on a busy machine some begin late."""
    return min(answers, key=lambda times: math.inf if times.made_first_s is None else times.made_first_s)


def _draw(axes: Axes, times: AnswerTimes, y: float) -> None:
    style = style_of_way(times.name)
    axes.axhline(y, color=GRID, linewidth=1, zorder=0)
    axes.plot(times.made_s, [y] * len(times.made_s), "|", color=FAINT, markersize=12, markeredgewidth=1, zorder=1)
    if times.made_first_s is not None:
        axes.plot([times.made_first_s, times.first_s], [y, y], color=style.color, linewidth=4, alpha=0.45, zorder=1,
                  solid_capstyle="butt")  # fmt: skip
    characters = dict.fromkeys(times.moments_s, 0)
    for piece, at_s in zip(times.pieces, times.shown_s, strict=True):
        characters[at_s] += len(piece)
    for at_s, count in characters.items():
        size = min(_SMALLEST + 1.1 * math.sqrt(max(count - 1, 0)), _LARGEST) + (3 if style.marker in "*P" else 0)
        axes.plot([at_s], [y], style.marker, color=style.color, markersize=size, markeredgecolor="white",
                  markeredgewidth=0.5, zorder=3)  # fmt: skip


def _legend(figure: Figure) -> None:
    kinds = (
        Line2D([], [], color=FAINT, marker="|", markersize=12, linestyle=""),
        Line2D([], [], color=FAINT, marker="o", markersize=6, linestyle=""),
        Line2D([], [], color=FAINT, marker="o", markersize=12, linestyle=""),
        Line2D([], [], color=FAINT, linewidth=4, alpha=0.45),
    )
    words = ("token made", "new text there", "much at once", "made, and nothing there yet")
    legend = figure.legend(kinds, words, loc="outside upper center", ncols=4, frameon=False, columnspacing=1.4)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(10)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = answer_times(recording)
    by_first = sorted(found.values(), key=lambda times: times.first_s)
    firsts = listed([f"{times.name} {duration(1e3 * times.first_s)}" for times in by_first])
    lasts_s = sorted(times.last_s for times in found.values())
    made_s = sorted(times.made_first_s for times in found.values() if times.made_first_s is not None)
    made = f"The model made its first token {_from_to(made_s)} after the question. " if made_s else ""
    return (
        f"{made}Until the first text was there: {firsts}. Until all of it was there: {_from_to(lasts_s)}. "
        f"{_same(list(found.values()))}"
    )


def _from_to(seconds: Sequence[float]) -> str:
    first, last = _ms(seconds[0]), _ms(seconds[-1])
    return first if first == last else f"{first} to {last}"


def _same(answers: Sequence[AnswerTimes]) -> str:
    """Whether all have the same text."""
    count = len(answers[0].text)
    points = f"{count} code point{'s' if count != 1 else ''}"
    if len({one.text for one in answers}) > 1:
        return f"Not all have the same text: {listed([f'{one.name} {len(one.text)} code points' for one in answers])}."
    return f"All ways brought the same {points}." if len(answers) > 1 else f"It has {points}."


def answer_times_table(recording: Recording) -> Table:
    """What a reader felt on each way, against what the model did.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    found = answer_times(recording)
    first = soonest(found.values())
    model = (
        "the model", _or_none(first.made_first_s), *_spans(first.made_gaps), "",
        _or_none(first.tokens[-1].made_s if first.tokens else None),
    )  # fmt: skip
    rows = [
        (times.name, _ms(times.first_s), *_spans(times.gaps), _or_none(times.lateness.median_s), _ms(times.last_s))
        for times in found.values()
    ]
    count = len(first.tokens)
    return Table(
        f"What a reader felt: one answer of {count} token{'s' if count != 1 else ''} on each way, times after the "
        "question; late is how long after it was made a token was there",
        ("way", "first text", "gaps", "median gap", "95 % under", "longest gap", "late, median", "all text"),
        (model, *rows),
        notices=recording.notices,
    )  # fmt: skip


def _spans(spans: Spans) -> tuple[str, str, str, str]:
    return f"{spans.n}", _or_none(spans.median_s), _or_none(spans.p95_s), _or_none(spans.longest_s)


def _or_none(seconds: float | None) -> str:
    return "none" if seconds is None else _ms(seconds)


def _ms(seconds: float) -> str:
    return duration(1e3 * seconds)
