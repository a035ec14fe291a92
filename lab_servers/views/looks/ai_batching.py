"""How much delay buys how many bytes: bytes of each token against how late it was, a point for each window of batching.

``scenarios/ai_batching.py`` makes the recording, ``measure/batching.py`` computes the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.measure.batching import Batch, batches
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.legend import legend_above
from lab_servers.views.side.stacks import few
from lab_servers.views.side.words import duration
from lab_servers.views.style import FAINT, GREEN, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table


def picture(recording: Recording) -> Picture:
    """Across, how late a token was: median, and a line to the 95th percentile. Up, bytes from the server per token."""
    found = batches(recording)
    figure, axes = new_figure(9.2, 4.6)
    windows = [one for one in found if not one.is_late]
    axes.plot([_median_ms(one) for one in windows], [one.each for one in windows], color=GREEN, linewidth=1.6, zorder=1)
    right = 1.08 * max(max(1e3 * (one.lateness.p95_s or 0), 1.15 * _median_ms(one)) for one in found)
    for one in found:
        _point(axes, one)
    for group in (*together(windows, right / 4), *([one] for one in found if one.is_late)):
        # The line of the point before may lie over the last one, so its label stands below.
        _label(axes, group, is_below=group[-1] is windows[-1])
    axes.set_xlabel("how long after it was made a token was there, milliseconds")
    axes.set_ylabel("bytes from the server per token")
    axes.set_xlim(0, right)
    axes.set_ylim(0, 1.18 * max(one.each for one in found))
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    handles = [
        Line2D([], [], color=GREEN, marker="o", markersize=9, linewidth=1.6),
        Line2D([], [], color=VERMILION, marker="X", markersize=10, linestyle=""),
        Line2D([], [], color=FAINT, linewidth=1.4, marker="|", markersize=9, markevery=[1]),
    ]
    legend_above(figure, handles, ["sent in batches", "each sent, buffer emptied late", "median to 95 % of the tokens"])
    return Picture(figure, "What delay buys", sentence(recording), recording.notices)


def _point(axes: Axes, one: Batch) -> None:
    color, sign = (VERMILION, "X") if one.is_late else (GREEN, "o")
    median, p95 = _median_ms(one), 1e3 * (one.lateness.p95_s or 0)
    axes.plot([median, p95], [one.each] * 2, color=color, linewidth=1.4, zorder=1)
    axes.plot([p95], [one.each], "|", color=color, markersize=9)
    axes.plot([median], [one.each], sign, color=color, markersize=11 if one.is_late else 9, zorder=3)


def together(windows: Sequence[Batch], near_ms: float) -> list[list[Batch]]:
    """The windows, those that cost the same and lie near each other in one group: one label is enough for them."""
    groups: list[list[Batch]] = []
    for one in windows:
        first = groups[-1][0] if groups else None
        if first is not None and one.each == first.each and abs(_median_ms(one) - _median_ms(first)) < near_ms:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _label(axes: Axes, group: Sequence[Batch], *, is_below: bool) -> None:
    first, last = group[0], group[-1]
    text = first.label if first is last else f"{first.label.removesuffix(' ms')} to {last.label}"
    axes.annotate(text, (_median_ms(first), first.each), (7, -17) if is_below else (7, 7), textcoords="offset points",
                  color=INK, fontsize=11)  # fmt: skip


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = batches(recording)
    first, last = found[0], [one for one in found if not one.is_late][-1]
    told = (
        f"Each piece at once: {first.messages} messages, {few(first.each)} bytes per token, a token there after "
        f"{duration(_median_ms(first))} in the median. Batches of {last.label}: {last.messages} messages, "
        f"{few(last.each)} bytes per token, {duration(_median_ms(last))}."
    )
    late = next((one for one in found if one.is_late), None)
    if late is None:
        return told
    saves_nothing = late.down.total >= first.down.total and _median_ms(late) > 2 * _median_ms(first)
    conclusion = ": the delay of a batch without its saving." if saves_nothing else "."
    return (
        f"{told} A buffer that is emptied late: {late.messages} messages, {few(late.each)} bytes per token, "
        f"{duration(_median_ms(late))}{conclusion}"
    )


def table(recording: Recording) -> Table:
    """Events, bytes and lateness of each window."""
    found = batches(recording)
    first = found[0]
    rows = tuple(
        (
            one.label,
            f"{one.messages:,}",
            f"{one.moments:,}",
            f"{one.down.total:,}",
            few(one.each),
            f"{100 * one.down.total / first.down.total:.0f} %",
            f"{one.lateness.n}",
            duration(_median_ms(one)),
            duration(1e3 * (one.lateness.p95_s or 0)),
        )
        for one in found
    )
    return Table(
        "The same answer in batches, and once through a buffer that is emptied late",
        (
            "window", "messages", "moments of new text", "bytes from the server", "per token", "of the first",
            "tokens", "late, median", "late, 95 % under",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def _median_ms(one: Batch) -> float:
    return 1e3 * (one.lateness.median_s or 0)
