"""HTTP, SSE and WebSocket side by side: who spoke when, how long connections were open, what followed a cut.

``scenarios/choosing_evidence.py`` makes the recording. ``views/evidence_cells.py`` shows it as the evidence table.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection
from lab_servers.measure.evidence import COLUMNS, Dimension, Part, connections
from lab_servers.measure.evidence_probes import visit_span_ns
from lab_servers.measure.turns import turns
from lab_servers.recording import Recording
from lab_servers.views.evidence_cells import EvidenceTable, evidence_table
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, INK, VERMILION
from lab_servers.views.table import Table

_QUESTIONS = {
    Dimension.DIRECTION: "who spoke when",
    Dimension.DURATION: "connections of a visit",
    Dimension.RECONNECTION: "connections after a cut",
}
# A message of a few bytes passes in no time: so much of the panel's width is drawn at least.
_LEAST_SHARE = 0.012


def table(recording: Recording) -> Table:
    """The values of all seven rows."""
    return evidence_table(recording).table


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    cells = evidence_table(recording)
    told = [
        f"{column}: {', '.join(f'{one.value} {cells.cell(one.value, column).value}' for one in _QUESTIONS)}"
        for column in COLUMNS
    ]
    return f"{'; '.join(told)}."


def picture(recording: Recording) -> Picture:
    """Three questions, a row for each transport; the answer stands above each panel."""
    cells = evidence_table(recording)
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    talk_ms = max(_span_ms(connections(recording, column, Part.TALK)[0], 0)[1] for column in COLUMNS)
    panels = figure.subplots(len(COLUMNS), len(_QUESTIONS), sharex="col", squeeze=False)
    for row, column in zip(panels, COLUMNS, strict=True):
        for axes, question in zip(row, _QUESTIONS, strict=True):
            _dress(axes, cells, question, column)
        row[0].set_ylabel(column, fontsize=14, color=INK)
        _draw_turns(row[0], connections(recording, column, Part.TALK)[0], talk_ms * _LEAST_SHARE)
        _draw_visit(row[1], recording, column)
        _draw_cut(row[2], recording, column)
    for axes, question in zip(panels[-1], _QUESTIONS, strict=True):
        axes.set_xlabel(f"{_QUESTIONS[question]}, ms", fontsize=12, color=INK)
    for axes in panels.flat:
        axes.set_xlim(left=min(0, axes.get_xlim()[0]))
    _legend(figure)
    title = "What HTTP, SSE and WebSocket did when they were put to the same tests"
    return Picture(figure, title, sentence(recording), recording.notices)


def _dress(axes: Axes, cells: EvidenceTable, question: Dimension, column: str) -> None:
    axes.set_title(cells.cell(question.value, column).value, fontsize=13, color=INK, loc="left", fontweight="bold")
    axes.tick_params(colors=INK, labelsize=11)
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


def _draw_turns(axes: Axes, found: Dissection, least_ms: float) -> None:
    """The client's messages above the line, the server's below it, each as long as it took to pass."""
    from_ns = found.capture.opened_ns
    axes.axhline(0, color=GRID, linewidth=1)
    for turn in turns(found):
        is_client = turn.side is Side.CLIENT
        axes.broken_barh(
            [((turn.begun_ns - from_ns) / 1e6, max((turn.passed_ns - turn.begun_ns) / 1e6, least_ms))],
            (0.12, 0.7) if is_client else (-0.82, 0.7),
            facecolor=VERMILION if is_client else BLUE,
            hatch="//" if is_client else None,
            edgecolor="white",
            linewidth=0,
        )
    axes.set_ylim(-1, 1)


def _draw_visit(axes: Axes, recording: Recording, column: str) -> None:
    """A bar for each connection of the visit; kept and waiting ones of HTTP below."""
    begun_ns, _ = visit_span_ns(recording)
    lines = [(Part.VISIT, ""), (Part.VISIT_KEPT, "kept"), (Part.VISIT_WHOLE, "waiting for an AI answer")]
    shown = [(connections(recording, column, part), word) for part, word in lines]
    shown = [(found, word) for found, word in shown if found]
    for place, (found, word) in enumerate(shown):
        spans = [_span_ms(one, begun_ns) for one in found]
        axes.broken_barh(
            [(start, max(width, 6)) for start, width in spans], (-place - 0.3, 0.6),
            facecolor="none" if word else GREEN, edgecolor=GREEN, hatch="..." if word else None, linewidth=1.5,
        )  # fmt: skip
        if word:
            axes.text(spans[0][0], -place - 0.36, word, ha="left", va="top", fontsize=10, color=INK)
    axes.set_ylim(-len(shown) + 0.2 - 0.3 * (len(shown) > 1), 0.6)


def _draw_cut(axes: Axes, recording: Recording, column: str) -> None:
    """The connection that was cut, and those that followed: above by the client itself, below by hand."""
    for place, part in enumerate((Part.CUT, Part.BY_HAND)):
        found = connections(recording, column, part)
        for number, one in enumerate(found):
            start, width = _span_ms(one, found[0].capture.opened_ns)
            is_by_hand = part is Part.BY_HAND
            axes.plot(
                [start], [-place], marker="s" if is_by_hand else "o", markersize=11, color=BLUE,
                fillstyle="none" if is_by_hand else "full", zorder=3,
            )  # fmt: skip
            if number == 0:
                axes.plot([start + width], [-place], marker="x", markersize=11, color=VERMILION, mew=2.5, zorder=4)
        if found:
            words = f"{len(found) - 1} more{' by hand' if part is Part.BY_HAND else ', by itself'}"
            axes.annotate(
                words, (1, -place), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=10.5,
                color=INK, xytext=(0, 7), textcoords="offset points",
            )  # fmt: skip
    axes.set_ylim(-1.6, 0.9)


def _span_ms(found: Dissection, from_ns: int) -> tuple[float, float]:
    capture = found.capture
    end_ns = capture.closed_ns if capture.closed_ns is not None else capture.chunks[-1].at_ns
    return (capture.opened_ns - from_ns) / 1e6, (end_ns - capture.opened_ns) / 1e6


def _legend(figure: Figure) -> None:
    kinds = (
        Patch(facecolor=VERMILION, hatch="//", edgecolor="white", linewidth=0),
        Patch(facecolor=BLUE),
        Patch(facecolor=GREEN),
        Line2D([], [], color=BLUE, marker="o", linestyle="", markersize=10),
        Line2D([], [], color=BLUE, marker="s", linestyle="", markersize=10, fillstyle="none"),
        Line2D([], [], color=VERMILION, marker="x", linestyle="", markersize=10, mew=2.5),
    )
    words = (
        "message of the client",
        "message of the server",
        "open connection",
        "connection opened",
        "opened by hand",
        "cut",
    )
    legend = figure.legend(
        kinds, words, loc="outside upper center", ncols=6, frameon=False, columnspacing=1.2, handletextpad=0.5
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(10.5)
