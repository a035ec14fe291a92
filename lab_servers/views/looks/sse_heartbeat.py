"""Two silent streams behind a hop with an idle limit: which of them is still there when the silence ends.

``scenarios/sse_heartbeat.py`` makes the recording; everything is read off the captures between client and hop.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import answer_of, blocks_of, request_of
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, INK, VERMILION, new_figure
from lab_servers.views.table import Table

WITH, WITHOUT = "with heartbeats", "without"
_TARGETS = {"/with": WITH, "/without": WITHOUT}
HOP = "hop"


@dataclass(frozen=True)
class Silence:
    """One stream.

    Attributes:
        label: Which of the two.
        events: Of each event, when it passed, in seconds after the connection was opened, and its data.
        comments_s: When each comment passed.
        comment_bytes: How many bytes the comments have.
        ended_s: When the connection was at its end.
        is_complete: Whether the stream ended in good order.
    """

    label: str
    events: tuple[tuple[float, str], ...]
    comments_s: tuple[float, ...]
    comment_bytes: int
    ended_s: float
    is_complete: bool


def silences(recording: Recording) -> dict[str, Silence]:
    """Both streams, by name.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    for capture in recording.of(HOP):
        request = request_of(capture)
        if request is not None and request.target in _TARGETS and answer_of(capture) is not None:
            label = _TARGETS[request.target]
            found[label] = _silence(label, capture)
    if set(found) != {WITH, WITHOUT}:
        raise BadParameter("This recording has no two streams behind a hop: run the scenario Heartbeat.")
    return {label: found[label] for label in (WITH, WITHOUT)}


def _silence(label: str, capture: Capture) -> Silence:
    dissection, blocks, answer = dissect(capture), blocks_of(capture), answer_of(capture)
    comments = [block for block in blocks if block.name == "comment"]
    ended_ns = capture.closed_ns if capture.closed_ns is not None else capture.chunks[-1].at_ns
    return Silence(
        label,
        tuple((dissection.passed_s(block), block.event.data) for block in blocks if block.event is not None),
        tuple(dissection.passed_s(block) for block in comments),
        sum(stop - start for block in comments for start, stop in block.pieces),
        (ended_ns - capture.opened_ns) / 1e9,
        answer is not None and answer.is_complete,
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = []
    for one in silences(recording).values():
        end = "ended in good order" if one.is_complete else "was cut"
        comments = f", {len(one.comments_s)} comments ({one.comment_bytes} bytes)" if one.comments_s else ""
        told.append(f"{one.label} {len(one.events)} of 2 events arrived{comments}, and the stream {end}")
    return f"The hop cuts after {recording.parameters['idle_s']} s of silence: {'; '.join(told)}."


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    rows = tuple(
        (
            one.label,
            ", ".join(data for _, data in one.events),
            f"{len(one.comments_s)}",
            f"{one.comment_bytes}",
            "in good order" if one.is_complete else "cut",
            f"{one.ended_s * 1e3:.0f} ms",
        )
        for one in silences(recording).values()
    )
    return Table(
        "A silence behind a hop with an idle limit",
        ("stream", "events", "comments", "bytes of comments", "ended", "after"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """One lane per stream: how long its connection lasted, its events and its comments."""
    found = silences(recording)
    figure, axes = new_figure(8.8, 2.7)
    for row, one in enumerate(found.values()):
        axes.plot([0, one.ended_s], [-row] * 2, color=FAINT, linewidth=3, zorder=1)
        axes.plot(one.comments_s, [-row] * len(one.comments_s), "|", color=BLUE, markersize=18, markeredgewidth=2.5)
        axes.plot([at_s for at_s, _ in one.events], [-row] * len(one.events), "o", color=GREEN, markersize=11, zorder=3)
        if not one.is_complete:
            axes.plot([one.ended_s], [-row], "X", color=VERMILION, markersize=13, zorder=3)
    axes.set_yticks([0, -1], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1.6, 0.6)
    axes.set_xlim(-0.02, max(one.ended_s for one in found.values()) * 1.05)
    axes.set_xlabel("seconds after the connection was opened")
    kinds = (
        Line2D([], [], color=GREEN, marker="o", markersize=10, linestyle=""),
        Line2D([], [], color=BLUE, marker="|", markersize=14, markeredgewidth=2.5, linestyle=""),
        Line2D([], [], color=VERMILION, marker="X", markersize=11, linestyle=""),
    )
    legend = figure.legend(
        kinds, ("event", "comment", "cut by the hop"), loc="outside upper right", ncols=3, frameon=False
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "A silence, with heartbeats and without", sentence(recording), recording.notices)
