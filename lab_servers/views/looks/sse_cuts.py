"""One stream, cut at each of its bytes in turn: which reader got the right events, byte by byte and by kind of place.

``scenarios/sse_cuts.py`` makes the recording. The stream and the right events are read off the bytes; what a reader
made of the pieces is a mark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import blocks_of, content_of, data_of
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, INK, VERMILION, new_figure, payload_fonts
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable

STANDARD, NAIVE = "by the standard", "piece by piece"
READERS = (STANDARD, NAIVE)
CHARACTER, LINE_END, EVENT, BETWEEN = (
    "inside a character", "between CR and LF", "inside an event", "between two events",
)  # fmt: skip
_PLACES = (CHARACTER, LINE_END, EVENT, BETWEEN)
_SIGNS = {"\n": "↵", "\r": "←", " ": "·"}
_MOST_CHARACTERS = 60


@dataclass(frozen=True)
class Cut:
    """One cut.

    Attributes:
        offset: The byte before which the stream was cut.
        place: What it cut: one of the names above.
        got: What each reader made of the two pieces.
    """

    offset: int
    place: str
    got: dict[str, list[str]]


@dataclass(frozen=True)
class Cuts:
    """All of them.

    Attributes:
        stream: The bytes of the stream.
        events: The data of its events.
        ends: Where each of its blocks ends.
        cuts: The cuts, in the order of the bytes.
    """

    stream: bytes
    events: list[str]
    ends: tuple[int, ...]
    cuts: tuple[Cut, ...]

    def right(self, reader: str, place: str = "") -> int:
        """How many cuts, of one kind or of all, left this reader with the right events."""
        return sum(cut.got[reader] == self.events for cut in self.cuts if place in ("", cut.place))


def cuts(recording: Recording) -> Cuts:
    """The cuts of a run.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    named = (mark.name.removeprefix("cut ").partition(":")[0] for mark in recording.marks if mark.name.endswith(NAIVE))
    known = sorted(int(offset) for offset in named if offset.isdecimal())
    if not known or not recording.captures:
        raise BadParameter("This recording has no stream that was cut at every byte: run the scenario CutEverywhere.")
    whole = recording.captures[0]
    stream, ends, so_far = content_of(whole), [], 0
    for block in blocks_of(whole):
        so_far += sum(stop - start for start, stop in block.pieces)
        ends.append(so_far)
    got = {mark.name: mark.detail for mark in recording.marks}
    found = [
        Cut(
            offset,
            _place(stream, offset, ends),
            {reader: json.loads(got[f"cut {offset}: {reader}"]) for reader in READERS},
        )
        for offset in known
    ]
    return Cuts(stream, data_of(whole), tuple(ends), tuple(found))


def _place(stream: bytes, offset: int, ends: list[int]) -> str:
    if stream[offset] & 0xC0 == 0x80:
        return CHARACTER
    if stream[offset - 1 : offset + 1] == b"\r\n":
        return LINE_END
    return BETWEEN if offset in ends else EVENT


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = cuts(recording)
    count = len(found.cuts)
    events = f"{len(found.events)} events"
    return (
        f"A stream of {len(found.stream)} bytes with {events} was cut at each of {count} places. Read by the standard, "
        f"{found.right(STANDARD)} of {count} cuts give the same {events}; taken piece by piece, {found.right(NAIVE)} "
        f"of {count} do."
    )


def table(recording: Recording) -> Table:
    """Right results by the kind of place that was cut, with the first wrong one of each kind."""
    found = cuts(recording)
    rows = []
    for place in _PLACES:
        here = [cut for cut in found.cuts if cut.place == place]
        if here:
            wrong = next((cut for cut in here if cut.got[NAIVE] != found.events), None)
            rows.append(
                (
                    place,
                    str(len(here)),
                    str(found.right(STANDARD, place)),
                    str(found.right(NAIVE, place)),
                    f"byte {wrong.offset}: {printable(', '.join(wrong.got[NAIVE]), _MOST_CHARACTERS)}" if wrong else "",
                )
            )
    return Table(
        "Cuts by what they cut, and how many of them left the right events",
        ("the cut is", "cuts", "right by the standard", "right piece by piece", "first wrong result, piece by piece"),
        tuple(rows),
        frozenset({4}),
        recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """The stream, byte by byte, and below each place whether a cut there has hurt."""
    found = cuts(recording)
    figure, axes = new_figure(10.4, 3.0)
    _draw_stream(axes, found)
    for row, reader in enumerate(READERS):
        for is_right, color, sign in ((True, GREEN, "o"), (False, VERMILION, "X")):
            at = [cut.offset for cut in found.cuts if (cut.got[reader] == found.events) is is_right]
            axes.plot(at, [-row - 1.2] * len(at), sign, color=color, markersize=5 if is_right else 8, zorder=3)
    axes.set_yticks([0, -1.2, -2.2], ["the stream", *READERS], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.5, len(found.stream) + 0.5)
    axes.set_ylim(-2.8, 0.75)
    axes.set_xlabel("the byte before which the stream is cut")
    signs = (
        Line2D([], [], color=GREEN, marker="o", markersize=6, linestyle=""),
        Line2D([], [], color=VERMILION, marker="X", markersize=8, linestyle=""),
    )
    words = ("a cut here leaves the right events", "a cut here does not")
    legend = figure.legend(signs, words, loc="outside upper right", ncols=2, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "One stream, cut at every byte", sentence(recording), recording.notices)


def _draw_stream(axes: Axes, found: Cuts) -> None:
    start = 0
    for number, stop in enumerate(found.ends):
        axes.plot([start + 0.15, stop - 0.15], [-0.55] * 2, color=BLUE if number % 2 else FAINT, linewidth=4)
        axes.axvline(stop, ymin=0.1, ymax=0.95, color=GRID, linewidth=1, zorder=0)
        start = stop
    at = 0
    for char in found.stream.decode("utf-8", "replace"):
        size = len(char.encode())
        axes.text(
            at + size / 2, 0, _SIGNS.get(char, char), ha="center", va="center", color=INK, fontsize=10,
            fontfamily=["DejaVu Sans Mono", *payload_fonts()], parse_math=False,
        )  # fmt: skip
        at += size
