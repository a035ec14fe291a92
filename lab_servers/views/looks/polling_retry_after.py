"""When clients came back that a server had turned away with 503 and ``Retry-After``.

``scenarios/polling_retry_after.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

KINDS = ("Retry-After alone", "Retry-After and jitter")


@dataclass(frozen=True)
class Returned:
    """When the clients of one kind asked.

    Attributes:
        kind: The kind.
        refused_s: When those questions were asked that were answered with 503, in seconds after the first of all.
        served_s: When those were asked that were answered otherwise.
    """

    kind: str
    refused_s: tuple[float, ...]
    served_s: tuple[float, ...]

    @property
    def span_s(self) -> float:
        """How much time lies between the first that was served and the last, in seconds."""
        return max(self.served_s) - min(self.served_s)


def returned(recording: Recording) -> dict[str, Returned]:
    """Both kinds, by name.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    marks = {kind: recording.marks_named(f"{kind}: asks") for kind in KINDS}
    if not all(marks.values()):
        raise BadParameter("This recording has no clients that were turned away: run the scenario RetryAfter.")
    start_ns = min(mark.at_ns for of_kind in marks.values() for mark in of_kind)
    return {
        kind: Returned(
            kind,
            tuple((mark.at_ns - start_ns) / 1e9 for mark in of_kind if mark.detail == "503"),
            tuple((mark.at_ns - start_ns) / 1e9 for mark in of_kind if mark.detail != "503"),
        )
        for kind, of_kind in marks.items()
    }


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = "; ".join(
        f"with {one.kind} "
        + (
            f"{len(one.served_s)} clients come back within {one.span_s * 1e3:.0f} ms of each other"
            if len(one.served_s) > 1
            else f"one client comes back, {one.served_s[0]:.2f} s after its question"
        )
        for one in returned(recording).values()
    )
    return f"All were told to come back after {recording.parameters['retry_after_s']} s: {told}."


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    rows = tuple(
        (
            one.kind,
            f"{len(one.refused_s)}",
            f"{len(one.served_s)}",
            f"{min(one.served_s):.3f} s",
            f"{max(one.served_s):.3f} s",
        )
        for one in returned(recording).values()
    )
    return Table(
        "When the clients came back that had been turned away, in seconds after the first question",
        ("clients", "answers 503", "answers 200", "first to come back", "last to come back"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """One lane for each kind of client."""
    figure, axes = new_figure(8.8, 2.9)
    for row, one in enumerate(returned(recording).values()):
        axes.axhline(-row, color=GRID, linewidth=1, zorder=0)
        axes.plot(one.refused_s, [-row] * len(one.refused_s), "X", color=VERMILION, markersize=10, alpha=0.7)
        axes.plot(one.served_s, [-row] * len(one.served_s), "o", color=BLUE, markersize=10, alpha=0.7)
    axes.axvline(int(str(recording.parameters["retry_after_s"])), color=FAINT, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.set_yticks([0, -1], list(KINDS), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1.6, 0.6)
    axes.set_xlabel("seconds after the first question")
    kinds = (
        Line2D([], [], color=VERMILION, marker="X", markersize=10, linestyle=""),
        Line2D([], [], color=BLUE, marker="o", markersize=10, linestyle=""),
        Line2D([], [], color=FAINT, linewidth=1.4, linestyle=(0, (4, 3))),
    )
    legend = figure.legend(kinds, ("503", "200", "Retry-After"), loc="outside upper center", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Back after the same time", sentence(recording), recording.notices)
