"""What a crowd of answers costs each token: how late it came, beside an answer that has the kernel for itself.

``scenarios/ai_many_answers.py`` makes the recording, ``measure/many_answers.py`` reads it.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from lab_servers.measure.many_answers import ALONE, TOGETHER, Crowd, many_answers, quantiles_ms
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, DASHED, DOTTED, FAINT, GREEN, GRID, INK, PURPLE, SOLID, VERMILION, new_figure
from lab_servers.views.table import Table

_COLORS, _SIGNS = (BLUE, GREEN, PURPLE), ("o", "D", "s")
# What is faster than this is drawn here: less than any clock of a reader tells apart.
_LEAST_MS = 0.05


def _ways(crowd: Crowd) -> list[str]:
    return list(dict.fromkeys(one.way for one in crowd.answers))


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = many_answers(recording)
    alone, together = found[ALONE], found[TOGETHER]
    median_alone, median = quantiles_ms(alone.delays_s)[0], quantiles_ms(together.delays_s)[0]
    if math.isnan(median_alone) or math.isnan(median):
        return (
            f"{len(together.answers)} answers, and {len(alone.answers)} before them: of {together.parts:,} and "
            f"{alone.parts:,} parts {together.lost:,} and {alone.lost:,} were lost, so no delay can be compared."
        )
    late = quantiles_ms(together.slips_s)
    more = f"{abs(median - median_alone):.2f} ms {'more' if median >= median_alone else 'less'}"
    return (
        f"{len(together.answers)} answers, up to {together.most_at_once} of them at once: of {together.parts:,} parts "
        f"{together.lost} were lost and {together.twice} came twice, and {together.mixed} answers were mixed up. Half "
        f"of the parts came within {median:.2f} ms after the model could send them, with one answer alone within "
        f"{median_alone:.2f} ms: {more}. The model itself, measured from the most punctual part of each answer, was "
        f"late by {late[0]:.2f} ms in the median and {late[1]:.2f} ms at the 95th percentile."
    )


def table(recording: Recording) -> Table:
    """How many parts came, and how late, for each way, alone and together; then the model's own lateness."""
    found = many_answers(recording)
    rows = []
    for name, crowd in found.items():
        for way in _ways(crowd):
            rows.append(_row(f"{way}, {name}", crowd.of(way)))
    rows.append(_row(f"all ways, {TOGETHER}", found[TOGETHER]))
    for name, crowd in found.items():
        slips = _told(crowd.slips_s)
        rows.append((f"the model, {name}", str(len(crowd.answers)), f"{len(crowd.slips_s):,}", "", "", "", *slips))
    return Table(
        "Milliseconds from when a part could be sent to when it came; for the model, from its plan",
        ("who", "answers", "parts", "lost", "twice", "mixed up", "median", "95 %", "99 %", "largest"),
        tuple(rows),
        notices=recording.notices,
    )


def _told(values_s: tuple[float, ...]) -> tuple[str, ...]:
    return tuple("" if math.isnan(value) else f"{value:.2f}" for value in quantiles_ms(values_s))


def _row(name: str, crowd: Crowd) -> tuple[str, ...]:
    delays = _told(crowd.delays_s)
    counts = (f"{crowd.parts:,}", str(crowd.lost), str(crowd.twice), str(crowd.mixed))
    return (name, str(len(crowd.answers)), *counts, *delays)


def picture(recording: Recording) -> Picture:
    """For each way the share of parts that were there after so long; the model's own lateness beside them."""
    found = many_answers(recording)
    figure, axes = new_figure(9.0, 4.4)
    for color, sign, way in zip(_COLORS, _SIGNS, _ways(found[TOGETHER]), strict=False):
        _draw(axes, found[ALONE].of(way).delays_s, color, DASHED, f"{way}, one answer alone", sign)
        count = len(found[TOGETHER].of(way).answers)
        _draw(axes, found[TOGETHER].of(way).delays_s, color, SOLID, f"{way}, {count} answers of the crowd", sign)
    _draw(axes, found[TOGETHER].slips_s, VERMILION, DOTTED, "the model in the crowd, behind its plan")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_xlabel("milliseconds late")
    axes.set_ylabel("parts that were there")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(axis="x", which="minor", color=FAINT)
    legend = axes.legend(loc="lower right", frameon=False, fontsize=10)
    for text in legend.get_texts():
        text.set_color(INK)
    return Picture(figure, "Many answers from one kernel", sentence(recording), recording.notices)


def _draw(axes: Axes, values_s: tuple[float, ...], color: str, line: object, label: str, sign: str = "") -> None:
    late_ms = np.sort(np.maximum(np.asarray(values_s) * 1e3, _LEAST_MS))
    share = np.arange(1, len(late_ms) + 1) / len(late_ms)
    every = max(len(late_ms) // 8, 1)
    axes.step(
        late_ms, share, where="post", color=color, linestyle=line, linewidth=2, label=label,
        marker=sign, markersize=6, markevery=every,
    )  # fmt: skip
