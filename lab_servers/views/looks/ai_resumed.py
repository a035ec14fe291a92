"""One answer read on several connections: what was cut where, how each reader came back, and which parts it then had.

``scenarios/ai_resumed.py`` makes the recording, ``measure/resumed_reads.py`` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.measure.resumed_reads import ASKED_APART, GONE, Link, ResumedReads, ResumedWay, resumed_reads
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, DASHED, FAINT, GREEN, GRID, INK, PURPLE, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable

_MOST_CHARACTERS = 42
# One connection after the other: colour and sign change with each.
_COLORS, _SIGNS = (BLUE, GREEN), ("o", "D")


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in a few characters: ``1–4, 6``; ``none`` for none."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in found) or "none"


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = resumed_reads(recording)
    told = [
        f"{way.way}, cut {len(way.cuts)} {'time' if len(way.cuts) == 1 else 'times'}: of {len(way.produced)} parts "
        f"that the model produced, {len(way.missing)} never came and {len(way.twice)} came twice ({way.stopped})"
        for way in found.ways
    ]
    return "; ".join([*told, *_gone(found), *_unread(found)]) + "."


def _gone(found: ResumedReads) -> list[str]:
    gone = [way.way for way in found.ways if way.stopped == GONE]
    if not gone:
        return []
    return [f"the life of the server that had the answer is over, so nobody can give {', '.join(gone)} the rest of it"]


def _unread(found: ResumedReads) -> list[str]:
    if not found.unread_runs:
        return []
    tokens = sum(part.tokens for part in found.unread)
    return [f"answers that nobody could read, asked for before a cut: {found.unread_runs}, of {tokens} tokens in all"]


def table(recording: Recording) -> Table:
    """A row for each connection, and one for what each reader has in the end."""
    found = resumed_reads(recording)
    rows: list[tuple[str, ...]] = []
    for way in found.ways:
        for number, link in enumerate(way.links, 1):
            came = ranges([one for one, _ in link.received])
            rows.append((f"{way.way} {number}", _short(link.asked_for), came, _end(link)))
        has = f"{len(way.produced)} produced; missing: {ranges(way.missing)}; twice: {ranges(way.twice)}"
        rows.append((f"{way.way} in all", "", has, way.stopped))
    for line in _unread(found):
        rows.append(("nobody", "", "none", line))
    return Table(
        "Each connection: what its client said of where it was, which parts came, and how it ended",
        ("connection", "the client sent", "parts that came", "ended"),
        tuple(rows),
        frozenset({1}),
        recording.notices,
    )


def _short(text: str) -> str:
    """The beginning of what a client sent, safe to show: the column shall leave room for the others."""
    return printable(text[:_MOST_CHARACTERS], _MOST_CHARACTERS) + ("…" if len(text) > _MOST_CHARACTERS else "")


def _end(link: Link) -> str:
    if link.cut is None:
        return link.ended
    how = "reset" if link.cut.is_reset else "ended"
    return f"{how} behind byte {link.cut.at_byte:,}: {link.cut.place.value}"


def picture(recording: Recording) -> Picture:
    """For each reader: above, when the model produced each part; below, on which connection it came."""
    found = resumed_reads(recording)
    start_ns = min(way.links[0].start_ns for way in found.ways)
    figure, axes = new_figure(9.6, 1.5 + 1.15 * len(found.ways))
    if found.restarted_ns is not None:
        at_s = (found.restarted_ns - start_ns) / 1e9
        axes.axvline(at_s, color=FAINT, linewidth=1.5, linestyle=DASHED, zorder=0)
        axes.text(at_s, 0.62, " server restarted", ha="left", va="bottom", color=INK, fontsize=10)
    for row, way in enumerate(found.ways):
        _draw_way(axes, -2 * row, way, start_ns)
    heights = [-2 * row + step for row in range(len(found.ways)) for step in (0.3, -0.5)]
    labels = [label for way in found.ways for label in ("the model", way.way)]
    if found.unread:
        heights.append(-2 * len(found.ways) + 0.3)
        labels.append("the model, for nobody")
        unread_s = [(part.at_ns - start_ns) / 1e9 for part in found.unread]
        axes.plot(unread_s, [heights[-1]] * len(unread_s), "|", color=VERMILION, markersize=11)
    axes.set_yticks(heights, labels, fontsize=11)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(heights[-1] - (0.8 if not found.unread else 0.4), 1.0)
    axes.margins(x=0.04)
    axes.set_xlabel("seconds after the first question")
    _legend(figure)
    return Picture(figure, "One answer on several connections", sentence(recording), recording.notices)


def _draw_way(axes: Axes, y: float, way: ResumedWay, start_ns: int) -> None:
    produced = [((part.at_ns - start_ns) / 1e9, part.sequence) for part in way.produced]
    axes.plot([at_s for at_s, _ in produced], [y + 0.3] * len(produced), "|", color=INK, markersize=11)
    missing = [at_s for at_s, number in produced if number in way.missing]
    axes.plot(missing, [y - 0.5] * len(missing), "X", color=VERMILION, markersize=8, zorder=4)
    shown: set[int] = set()
    reads = 0
    for link in way.links:
        # A question with a connection of its own is faint; nothing of the answer can come on it.
        color, sign = (FAINT, "o") if link.ended == ASKED_APART else (_COLORS[reads % 2], _SIGNS[reads % 2])
        reads += link.ended != ASKED_APART
        begin_s, end_s = (link.start_ns - start_ns) / 1e9, (link.end_ns - start_ns) / 1e9
        axes.plot([begin_s, end_s], [y - 0.5] * 2, color=color, linewidth=5, alpha=0.35, solid_capstyle="butt")
        for number, at_ns in link.received:
            at_s = (at_ns - start_ns) / 1e9
            if number in shown:
                axes.plot(at_s, y - 0.5, "o", color=PURPLE, markersize=13, markerfacecolor="none", markeredgewidth=2)
            shown.add(number)
            axes.plot(at_s, y - 0.5, sign, color=color, markersize=6, zorder=3)
        if link.received:
            came = ranges([number for number, _ in link.received])
            axes.text(
                (link.received[0][1] - start_ns) / 1e9, y - 0.72, came, ha="left", va="top", color=INK, fontsize=9.5
            )
        if link.cut is not None:
            axes.plot([end_s] * 2, [y - 0.7, y - 0.15], color=INK, linewidth=2.5, zorder=5)
    if way.stopped == GONE:
        axes.text((way.links[-1].end_ns - start_ns) / 1e9, y - 0.5, " gone", va="center", color=INK, fontsize=11)
    axes.axhline(y - 1.2, color=GRID, linewidth=0.8, zorder=0)


def _legend(figure: Figure) -> None:
    kinds = (
        Line2D([], [], color=INK, marker="|", markersize=11, linestyle=""),
        Line2D([], [], color=BLUE, marker="o", markersize=6, linewidth=4, alpha=0.8),
        Line2D([], [], color=GREEN, marker="D", markersize=6, linewidth=4, alpha=0.8),
        Line2D([], [], color=INK, marker="|", markersize=16, markeredgewidth=2.5, linestyle=""),
        Line2D(
            [], [], color=PURPLE, marker="o", markersize=12, markerfacecolor="none", markeredgewidth=2, linestyle=""
        ),
        Line2D([], [], color=VERMILION, marker="X", markersize=8, linestyle=""),
    )
    words = ("produced", "came on a connection", "and on the next", "cut", "came twice", "never came")
    legend = figure.legend(kinds, words, loc="outside upper center", ncols=6, frameon=False, columnspacing=1.2)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(10)
