"""When each record of a slow answer was there, and when a client could work with it: one lane for each way of reading.

``scenarios/http_late_parse.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import FAINT, GRID, INK, MARKERS, SERIES, new_figure
from lab_servers.views.table import Table

# The lanes from top to bottom, and the path by which each one's connection is known.
LANES = {
    "document, read whole": "/document/whole",
    "document, read as it comes": "/document/streaming",
    "lines, read whole": "/lines/whole",
    "lines, read as they come": "/lines/streaming",
}


@dataclass(frozen=True)
class Reading:
    """One client's answer, in seconds after it asked.

    Attributes:
        lane: The client.
        passed_s: When the last byte of each record had passed, in order.
        last_byte_s: When the last byte of the body had passed, its framing left out.
        values_s: When the client had each value.
        tries: How often it tried to parse in vain.
    """

    lane: str
    passed_s: tuple[float, ...]
    last_byte_s: float
    values_s: tuple[float, ...]
    tries: int


def readings(recording: Recording) -> dict[str, Reading]:
    """All four clients, by lane.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return {lane: _reading(recording, lane, path) for lane, path in LANES.items()}


def _reading(recording: Recording, lane: str, path: str) -> Reading:
    asked = recording.marks_named(f"{lane}: asked")
    for capture in recording.of("slow"):
        requests = heads(capture, Side.CLIENT)
        if asked and requests and requests[0].target == path:
            passed_ns = _ends_of_records(capture)
            start_ns = asked[0].at_ns
            values = recording.marks_named(f"{lane}: value")
            return Reading(
                lane,
                tuple((at_ns - start_ns) / 1e9 for at_ns in passed_ns),
                (passed_ns[-1] - start_ns) / 1e9,
                tuple((mark.at_ns - start_ns) / 1e9 for mark in values),
                len(recording.marks_named(f"{lane}: no value yet")),
            )
    raise BadParameter("This recording has no records that came slowly: run the scenario LateParse.")


def _ends_of_records(capture: Capture) -> list[int]:
    """When each chunk's data had passed: this server writes a chunk for each record."""
    pieces = heads(capture, Side.SERVER)[0].content.all_pieces
    return [capture.time_of(Side.SERVER, stop - 1) for _, stop in pieces]


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = "; ".join(
        f"{one.lane}: first value after {one.values_s[0]:.2f} s, last byte after {one.last_byte_s:.2f} s"
        for one in readings(recording).values()
    )
    return f"{told[0].upper()}{told[1:]}."


def table(recording: Recording) -> Table:
    """The times of the picture."""
    rows = tuple(
        (
            one.lane,
            f"{one.passed_s[0]:.3f}",
            f"{one.values_s[0]:.3f}",
            f"{one.last_byte_s:.3f}",
            f"{one.values_s[-1]:.3f}",
            f"{one.tries}",
        )
        for one in readings(recording).values()
    )
    columns = ("client", "first record there", "first value", "last byte there", "last value", "tries in vain")
    return Table("When bytes were there and when values were, in seconds after the question", columns, rows)


def picture(recording: Recording) -> Picture:
    """One lane for each client: a stroke where a record was complete on the wire, a sign where its value was parsed."""
    found = list(readings(recording).values())
    figure, axes = new_figure(9.2, 1.3 + 0.8 * len(found))
    for row, one in enumerate(found):
        color, marker, y = SERIES[row % len(SERIES)], MARKERS[row % len(MARKERS)], -row
        axes.axhline(y, color=GRID, linewidth=1, zorder=0)
        # Records that wait lie over each other: the longest wait is drawn first.
        for passed_s, value_s in zip(one.passed_s, one.values_s, strict=False):
            axes.plot([passed_s, value_s], [y, y], color=color, linewidth=3, solid_capstyle="butt", zorder=1)
        axes.plot(one.passed_s, [y] * len(one.passed_s), "|", color=FAINT, markersize=24, markeredgewidth=2)
        axes.plot(one.values_s, [y] * len(one.values_s), marker, color=color, markersize=10, zorder=3)
    axes.set_yticks([-row for row in range(len(found))], [one.lane for one in found], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.45, 0.6)
    axes.set_xlim(0, 1.05 * max(one.values_s[-1] for one in found))
    axes.set_xlabel("seconds after the question")
    signs = (
        Line2D([], [], color=FAINT, marker="|", markersize=16, markeredgewidth=2, linestyle=""),
        Line2D([], [], color=FAINT, linewidth=3),
        Line2D([], [], color=FAINT, marker="o", markersize=9, linestyle=""),
    )
    words = ("all bytes of a record are there", "waits", "parsed: the program has its value")
    legend = figure.legend(signs, words, loc="outside upper center", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Bytes that are there, and values", sentence(recording), recording.notices)
