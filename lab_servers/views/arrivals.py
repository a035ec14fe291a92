"""When each piece of an answer was produced and when it was shown, one lane per transport."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import FAINT, GRID, INK, MARKERS, SERIES, new_figure, payload_fonts
from lab_servers.views.table import Table


@dataclass(frozen=True)
class Lane:
    """One transport's answer.

    Attributes:
        label: The transport, as the picture names it.
        pieces: The pieces of the answer, in order.
        produced_s: When the server had each piece, in seconds since the question.
        shown_s: When the client's application had each piece, in seconds since the question.
    """

    label: str
    pieces: tuple[str, ...]
    produced_s: tuple[float, ...]
    shown_s: tuple[float, ...]


def lanes(recording: Recording, labels: Sequence[str]) -> tuple[Lane, ...]:
    """Read the lanes off the marks ``"LABEL: asked"``, ``"LABEL: produced"`` and ``"LABEL: shown"``.

    Raises:
        BadParameter: the recording has no such marks for a label.
    """
    found = []
    for label in labels:
        asked = recording.marks_named(f"{label}: asked")
        shown = recording.marks_named(f"{label}: shown")
        if not asked or not shown:
            raise BadParameter(f"This recording has no answer over {label!r}: run the scenario that makes one.")
        start_ns = asked[0].at_ns
        produced = recording.marks_named(f"{label}: produced")
        found.append(
            Lane(
                label,
                tuple(mark.detail for mark in shown),
                tuple((mark.at_ns - start_ns) / 1e9 for mark in produced),
                tuple((mark.at_ns - start_ns) / 1e9 for mark in shown),
            )
        )
    return tuple(found)


def sentence(drawn: Sequence[Lane]) -> str:
    """What the picture shows, in words."""
    firsts = ", ".join(f"{lane.label} {lane.shown_s[0]:.2f} s" for lane in drawn)
    lasts = ", ".join(f"{lane.label} {lane.shown_s[-1]:.2f} s" for lane in drawn)
    return f"Until the first text was shown: {firsts}. Until all of it was shown: {lasts}."


def arrival_table(recording: Recording, labels: Sequence[str]) -> Table:
    """The times of the picture as a table, in seconds since the question."""
    drawn = lanes(recording, labels)
    rows = tuple(
        (
            lane.label,
            f"{lane.shown_s[0]:.3f}",
            f"{lane.shown_s[-1]:.3f}",
            ", ".join(f"{piece} at {shown:.3f}" for piece, shown in zip(lane.pieces, lane.shown_s, strict=True)),
        )
        for lane in drawn
    )
    return Table(
        "When the answer was shown, in seconds after the question",
        ("transport", "first text", "all text", "each piece"),
        rows,
        notices=recording.notices,
    )


def arrival_picture(recording: Recording, labels: Sequence[str], *, same_scale_as: Recording | None = None) -> Picture:
    """One lane per transport: a stroke where a piece was produced, a sign with the piece where it was shown.

    Args:
        recording: The run.
        labels: Its transports, from top to bottom.
        same_scale_as: Another run of the same transports, to be compared with this one.
    """
    drawn = lanes(recording, labels)
    scaled = [*drawn, *(lanes(same_scale_as, labels) if same_scale_as is not None else ())]
    figure, axes = new_figure(8.4, 1.5 + 0.9 * len(drawn))
    for row, lane in enumerate(drawn):
        color, marker, y = SERIES[row % len(SERIES)], MARKERS[row % len(MARKERS)], -row
        axes.axhline(y, color=GRID, linewidth=1, zorder=0)
        for produced, shown in zip(lane.produced_s, lane.shown_s, strict=False):
            axes.plot([produced, shown], [y, y], color=color, linewidth=3, solid_capstyle="butt", zorder=1)
        axes.plot(lane.produced_s, [y] * len(lane.produced_s), "|", color=FAINT, markersize=26, markeredgewidth=2)
        axes.plot(lane.shown_s, [y] * len(lane.shown_s), marker, color=color, markersize=10, zorder=3)
        _label_pieces(axes, lane, y)
    axes.set_yticks([-row for row in range(len(drawn))], [lane.label for lane in drawn], fontsize=13, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(drawn) + 0.45, 0.75)
    axes.set_xlim(0, 1.04 * max(lane.shown_s[-1] for lane in scaled))
    axes.set_xlabel("seconds after the question")
    _legend(figure)
    return Picture(figure, "When each piece of the answer was shown", sentence(drawn), recording.notices)


def _legend(figure: Figure) -> None:
    produced = Line2D([], [], color=FAINT, marker="|", markersize=16, markeredgewidth=2, linestyle="")
    waits = Line2D([], [], color=FAINT, linewidth=3)
    shown = Line2D([], [], color=FAINT, marker="o", markersize=9, linestyle="")
    words = ("produced by the server", "waits", "shown to the reader")
    legend = figure.legend((produced, waits, shown), words, loc="outside upper center", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)


def _label_pieces(axes: Axes, lane: Lane, y: float) -> None:
    """Write the pieces above their signs; pieces shown at the same moment are written as one."""
    groups: list[tuple[float, str]] = []
    close_s = 0.02 * max(lane.shown_s[-1], 1e-9)
    for piece, shown in zip(lane.pieces, lane.shown_s, strict=True):
        if groups and shown - groups[-1][0] < close_s:
            groups[-1] = (groups[-1][0], groups[-1][1] + piece)
        else:
            groups.append((shown, piece))
    look: dict[str, Any] = {"ha": "center", "va": "bottom", "color": INK, "fontsize": 15}
    for shown, text in groups:
        axes.text(shown, y + 0.28, text, fontfamily=payload_fonts(), parse_math=False, **look)
