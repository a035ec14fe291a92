"""Which events reached a long poller with a cursor, and which never reached the one without, read off their answers.

``scenarios/polling_between.py`` makes the recording.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, GREEN, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

WITHOUT, WITH = "without a cursor", "with a cursor"


@dataclass(frozen=True)
class Followed:
    """What one client was told.

    Attributes:
        label: The client.
        told: The numbers of the events in the answers that it got, in their order.
        lost: The numbers of the events that happened and are in none of them.
        requests: How many questions it asked.
        bytes: What both sides sent on its connection.
    """

    label: str
    told: tuple[int, ...]
    lost: tuple[int, ...]
    requests: int
    bytes: int


def followed(recording: Recording) -> dict[str, Followed]:
    """Both clients, by name.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    happened = [int(mark.detail) for mark in recording.marks_named("news: produced")]
    found = {}
    for label, capture in _captures(recording).items():
        told = _told(capture)
        lost = tuple(number for number in happened if number not in told)
        both = sum(len(capture.bytes_from(side)) for side in Side)
        found[label] = Followed(label, told, lost, len(heads(capture, Side.CLIENT)), both)
    if not happened or set(found) != {WITHOUT, WITH}:
        raise BadParameter("This recording has no two clients that follow news: run the scenario BetweenPolls.")
    return {label: found[label] for label in (WITHOUT, WITH)}


def capture_of(recording: Recording, label: str) -> Capture:
    """The connection of one of the clients: its requests tell whether it has a cursor.

    Raises:
        BadParameter: there is none.
    """
    found = _captures(recording)
    if label not in found:
        raise BadParameter(f"There is no client {label!r} in this recording: choose from {WITHOUT}, {WITH}.")
    return found[label]


def _captures(recording: Recording) -> dict[str, Capture]:
    asked = [(capture, heads(capture, Side.CLIENT)) for capture in recording.of("news")]
    return {WITH if "after=" in requests[0].target else WITHOUT: capture for capture, requests in asked if requests}


def _told(capture: Capture) -> tuple[int, ...]:
    stream = capture.bytes_from(Side.SERVER)
    numbers: list[int] = []
    for answer in heads(capture, Side.SERVER):
        if answer.is_complete:
            body = b"".join(stream[start:stop] for start, stop in answer.content.all_pieces)
            numbers += [event["id"] for event in json.loads(body)["events"]]
    return tuple(numbers)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = []
    for one in followed(recording).values():
        which = f", lost: {', '.join(map(str, one.lost))}" if one.lost else ""
        told.append(f"{one.label} {len(one.lost)} of {len(one.told) + len(one.lost)} events never arrived{which}")
    return "Counted in the answers on the wire: " + "; ".join(told) + "."


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    rows = tuple(
        (
            one.label,
            f"{one.requests}",
            f"{one.bytes:,}",
            ", ".join(map(str, one.told)),
            ", ".join(map(str, one.lost)) or "none",
        )
        for one in followed(recording).values()
    )
    return Table(
        "Which events stand in the answers that each client got",
        ("client", "requests", "bytes", "events told", "events lost"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """One lane per client: when it had a question with the server, and what it was told."""
    found = followed(recording)
    produced = recording.marks_named("news: produced")
    start_ns = min(recording.marks_named(f"{label}: asked")[0].at_ns for label in found)
    figure, axes = new_figure(8.8, 3.5)
    for mark in produced:
        at_s = (mark.at_ns - start_ns) / 1e9
        axes.axvline(at_s, ymax=0.86, color=GRID, linewidth=1.2, zorder=0)
        axes.text(at_s, 0.62, mark.detail, ha="center", va="bottom", color=INK, fontsize=11)
    for row, one in enumerate(found.values()):
        asked, answered, knew = (
            [(mark.at_ns - start_ns) / 1e9 for mark in recording.marks_named(f"{one.label}: {name}")]
            for name in ("asked", "answered", "knew")
        )
        axes.hlines([-row] * len(answered), asked[: len(answered)], answered, color=BLUE, linewidth=7, zorder=1)
        axes.plot(knew, [-row] * len(knew), "o", color=GREEN, markersize=9, zorder=3)
        lost = [(mark.at_ns - start_ns) / 1e9 for mark in produced if int(mark.detail) in one.lost]
        axes.plot(lost, [-row] * len(lost), "X", color=VERMILION, markersize=12, zorder=3)
    axes.set_yticks([0, -1], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1.6, 1.0)
    axes.set_xlabel("seconds after the first question; an event stands where it happened")
    kinds = (
        Line2D([], [], color=BLUE, linewidth=7),
        Line2D([], [], color=GREEN, marker="o", markersize=9, linestyle=""),
        Line2D([], [], color=VERMILION, marker="X", markersize=12, linestyle=""),
    )
    words = ("a question is held", "event arrives", "event lost")
    legend = figure.legend(kinds, words, loc="outside upper center", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Events between two long polls", sentence(recording), recording.notices)
