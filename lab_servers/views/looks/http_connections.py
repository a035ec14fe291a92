"""Requests and the connections that carried them: a bar for each connection, and in it each exchange.

``scenarios/http_connections.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

KEPT, ANEW = "one connection kept", "a connection each"


@dataclass(frozen=True)
class Carried:
    """What one connection carried, in seconds after the first of the run was opened.

    Attributes:
        way: :data:`KEPT`, or :data:`ANEW` when the client asked for the connection to be closed.
        opened_s: When it was opened.
        closed_s: When it was closed, or when the last byte passed if it is still open.
        exchanges_s: From the first byte of each request to the last byte of its answer.
        sent_bytes: What the client sent.
        received_bytes: What the server sent.
    """

    way: str
    opened_s: float
    closed_s: float
    exchanges_s: tuple[tuple[float, float], ...]
    sent_bytes: int
    received_bytes: int


def connections(recording: Recording) -> tuple[Carried, ...]:
    """All connections of the run, in the order in which they were opened.

    Raises:
        BadParameter: the recording has none.
    """
    found = tuple(_carried(one, recording.start_ns) for one in recording.of("http") if heads(one, Side.SERVER))
    if not found:
        raise BadParameter("This recording has no requests to count: run the scenario Connections.")
    return found


def _carried(capture: Capture, start_ns: int) -> Carried:
    requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    exchanges = tuple(
        (
            (capture.time_of(Side.CLIENT, request.start) - start_ns) / 1e9,
            (capture.time_of(Side.SERVER, answer.end - 1) - start_ns) / 1e9,
        )
        for request, answer in zip(requests, answers, strict=False)
    )
    closed_s = exchanges[-1][1] if capture.closed_ns is None else (capture.closed_ns - start_ns) / 1e9
    return Carried(
        ANEW if "close" in requests[0].tokens("Connection") else KEPT,
        (capture.opened_ns - start_ns) / 1e9,
        closed_s,
        exchanges,
        len(capture.bytes_from(Side.CLIENT)),
        len(capture.bytes_from(Side.SERVER)),
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = []
    for way in (KEPT, ANEW):
        found = [one for one in connections(recording) if one.way == way]
        exchanges = sum(len(one.exchanges_s) for one in found)
        word = "connection" if len(found) == 1 else "connections"
        told.append(f"with {way}, {exchanges} exchanges took {len(found)} {word}")
    return f"{told[0].capitalize()}; {told[1]}."


def table(recording: Recording) -> Table:
    """Both ways, counted."""
    rows = []
    for way in (KEPT, ANEW):
        found = [one for one in connections(recording) if one.way == way]
        sent, received = sum(one.sent_bytes for one in found), sum(one.received_bytes for one in found)
        exchanges = sum(len(one.exchanges_s) for one in found)
        rows.append((way, f"{exchanges}", f"{len(found)}", f"{sent:,}", f"{received:,}", f"{sent + received:,}"))
    columns = ("way", "requests", "connections", "client's bytes", "server's bytes", "all bytes")
    return Table("Requests and connections", columns, tuple(rows), notices=recording.notices)


def picture(recording: Recording) -> Picture:
    """A line for each connection from its opening to its end, and on it a bar for each exchange."""
    found = connections(recording)
    figure, axes = new_figure(9.2, 1.3 + 0.34 * len(found))
    for row, one in enumerate(found):
        axes.plot([one.opened_s, one.closed_s], [-row, -row], color=FAINT, linewidth=2, zorder=1)
        axes.plot([one.opened_s, one.closed_s], [-row, -row], "|", color=INK, markersize=16, markeredgewidth=2)
        for start_s, end_s in one.exchanges_s:
            color = BLUE if one.way == KEPT else VERMILION
            axes.plot([start_s, end_s], [-row, -row], color=color, linewidth=8, solid_capstyle="butt", zorder=2)
            axes.plot([end_s], [-row], "|", color=GRID, markersize=9, markeredgewidth=2, zorder=3)
    names = [f"{number} ({one.way})" for number, one in enumerate(found, 1)]
    axes.set_yticks([-row for row in range(len(found))], names, fontsize=11)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.4, 0.6)
    axes.set_xlabel("seconds after the first connection was opened")
    signs = (
        Line2D([], [], color=FAINT, linewidth=8),
        Line2D([], [], color=FAINT, marker="|", markersize=14, markeredgecolor=INK, markeredgewidth=2),
    )
    words = ("an exchange: request and answer", "the connection, from its opening to its end")
    legend = figure.legend(signs, words, loc="outside upper center", ncols=2, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Exchanges and the connections that carry them", sentence(recording), recording.notices)
