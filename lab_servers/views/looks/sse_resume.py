"""Which numbered events an EventSource got after a cut, which it missed, and which came twice, from four servers.

``scenarios/sse_resume.py`` makes the recording; everything is counted in the events on the wire.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import data_of, last_event_id_sent
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, GREEN, GRID, INK, PURPLE, VERMILION, new_figure
from lab_servers.views.table import Table

IDS_AND_LOG, IDS_ONLY, LOG_ONLY, NEITHER = "ids and a log", "ids, no log", "a log, no ids", "neither"
SERVERS = (IDS_AND_LOG, IDS_ONLY, LOG_ONLY, NEITHER)
_PREFIX = "line "


@dataclass(frozen=True)
class Resumed:
    """What came from one server.

    Attributes:
        server: Its name.
        connections: For each request, the numbers of the events that its answer has brought.
        sent_ids: What each request said in ``Last-Event-ID``; empty where it said nothing.
        happened: The numbers of the events that happened.
    """

    server: str
    connections: tuple[tuple[int, ...], ...]
    sent_ids: tuple[str, ...]
    happened: tuple[int, ...]

    @property
    def got(self) -> list[int]:
        """All events, in the order in which they came."""
        return [number for connection in self.connections for number in connection]

    @property
    def missed(self) -> list[int]:
        """The events that never came."""
        return [number for number in self.happened if number not in self.got]

    @property
    def twice(self) -> list[int]:
        """The events that came more than once."""
        return [number for number, times in sorted(Counter(self.got).items()) if times > 1]


def resumed(recording: Recording) -> dict[str, Resumed]:
    """The four servers, by name.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    for server in SERVERS:
        captures = recording.of(server)
        happened = [_number(mark.detail) for mark in recording.marks_named(f"{server}: happened")]
        if not captures or not happened:
            raise BadParameter("This recording has no streams to come back to: run the scenario ResumeAfterCut.")
        found[server] = Resumed(
            server, tuple(map(_numbers, captures)), tuple(map(last_event_id_sent, captures)), tuple(happened)
        )
    return found


def _numbers(capture: Capture) -> tuple[int, ...]:
    return tuple(_number(data) for data in data_of(capture))


def _number(data: str) -> int:
    return int(data.removeprefix(_PREFIX))


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = [
        f"{one.server}: missed {_listed(one.missed)}, twice {_listed(one.twice)}" for one in resumed(recording).values()
    ]
    count = len(next(iter(resumed(recording).values())).happened)
    return f"Of {count} events, after a cut inside number {recording.parameters['cut_in']}. {'; '.join(told)}."


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    rows = tuple(
        (
            one.server,
            f"{len(one.sent_ids)}",
            ", ".join(sent or "none" for sent in one.sent_ids),
            f"{len(one.got)}",
            _listed(one.missed),
            _listed(one.twice),
        )
        for one in resumed(recording).values()
    )
    return Table(
        "What an EventSource got from each server",
        ("the server has", "requests", "Last-Event-ID of each", "events received", "missed", "received twice"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """A row per server and a column per event: on which connection it came, twice, or never."""
    found = resumed(recording)
    count = len(next(iter(found.values())).happened)
    figure, axes = new_figure(9.4, 3.4)
    cut_in = recording.parameters["cut_in"]
    assert isinstance(cut_in, int)
    axes.axvline(cut_in, color=GRID, linewidth=9, zorder=0)
    axes.text(cut_in, 0.62, "cut", ha="center", va="bottom", color=INK, fontsize=11)
    for row, one in enumerate(found.values()):
        _draw_server(axes, -row, one)
    axes.set_yticks([-row for row in range(len(found))], list(found), fontsize=12)
    axes.set_xticks(range(1, count + 1))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.4, 1.0)
    axes.set_xlim(0.4, count + 0.6)
    axes.set_xlabel("number of the event")
    kinds = (
        Line2D([], [], color=BLUE, marker="o", markersize=9, linestyle=""),
        Line2D([], [], color=GREEN, marker="D", markersize=8, linestyle=""),
        Line2D(
            [], [], color=PURPLE, marker="o", markersize=15, linestyle="", markerfacecolor="none", markeredgewidth=2
        ),
        Line2D([], [], color=VERMILION, marker="X", markersize=10, linestyle=""),
    )
    words = ("came before the cut", "came after it", "came twice", "never came")
    legend = figure.legend(kinds, words, loc="outside upper right", ncols=4, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Events after a cut", sentence(recording), recording.notices)


def _draw_server(axes: Axes, y: float, one: Resumed) -> None:
    axes.axhline(y, color=GRID, linewidth=1, zorder=0)
    first = one.connections[0] if one.connections else ()
    later = [number for connection in one.connections[1:] for number in connection]
    axes.plot(later, [y - 0.11] * len(later), "D", color=GREEN, markersize=7, zorder=3)
    axes.plot(first, [y + 0.11] * len(first), "o", color=BLUE, markersize=8, zorder=3)
    axes.plot(
        one.twice, [y] * len(one.twice), "o", color=PURPLE, markersize=24, markerfacecolor="none", markeredgewidth=2
    )
    axes.plot(one.missed, [y] * len(one.missed), "X", color=VERMILION, markersize=12, zorder=3)
