"""What one relay sees of HTTP, SSE and WebSocket: two byte streams each, with times and sizes and nothing else.

``scenarios/tcp_one_relay.py`` makes the recording.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.sequence_words import plain
from lab_servers.views.style import BLUE, FAINT, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

# The servers, in the order of the picture, and the names that their clients' marks have.
LABELS = {"http": "HTTP", "sse": "SSE", "websocket": "WebSocket"}
COLORS = {Side.CLIENT: BLUE, Side.SERVER: VERMILION}
SHOWN_BYTES = 24
HALF_LANE = 0.42


@dataclass(frozen=True)
class Carried:
    """One connection through the relay.

    Attributes:
        label: What was spoken on it, which the relay does not know.
        capture: What the relay recorded.
        answer: The answer that the client's application got.
    """

    label: str
    capture: Capture
    answer: str


def carried(recording: Recording) -> tuple[Carried, ...]:
    """The three connections.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = []
    for server, label in LABELS.items():
        captures, got = recording.of(server), recording.marks_named(f"{label}: got")
        if not captures or not got:
            raise BadParameter(f"This recording has no answer over {label}: run the scenario OneRelay.")
        found.append(Carried(label, captures[0], got[0].detail))
    return tuple(found)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = carried(recording)
    told = "; ".join(
        f"{one.label} {len(one.capture.bytes_from(Side.CLIENT)):,} bytes from the client and "
        f"{len(one.capture.bytes_from(Side.SERVER)):,} from the server"
        for one in found
    )
    answers = {one.answer for one in found}
    same = f"All three clients got {next(iter(answers))!r}." if len(answers) == 1 else "The answers differ."
    return f"The same relay code carried all of it: {told}. {same}"


def table(recording: Recording) -> Table:
    """The figures, and how each stream begins."""
    rows = tuple(
        (
            one.label,
            f"{len(one.capture.bytes_from(Side.CLIENT)):,}",
            f"{len(one.capture.bytes_from(Side.SERVER)):,}",
            beginning(one.capture, Side.CLIENT),
            beginning(one.capture, Side.SERVER),
            one.answer,
        )
        for one in carried(recording)
    )
    return Table(
        "What the relay recorded of each connection: bytes in two directions",
        (
            "spoken on it", "bytes from client", "bytes from server", "first bytes from client",
            "first bytes from server", "answer that the client got",
        ),
        rows,
        frozenset({3, 4}),
        recording.notices,
    )  # fmt: skip


def beginning(capture: Capture, side: Side) -> str:
    """The first bytes of one direction as text, with escapes for what cannot be printed."""
    return plain(capture.bytes_from(side)[:SHOWN_BYTES].decode("latin-1"))


def picture(recording: Recording) -> Picture:
    """One lane for each connection; a bar for each read of the relay: up from the client, down from the server."""
    found = carried(recording)
    start_ns = min(one.capture.opened_ns for one in found)
    largest = max(len(chunk.data) for one in found for chunk in one.capture.chunks)
    figure, axes = new_figure(8.8, 0.8 + 1.15 * len(found))
    for row, one in enumerate(found):
        axes.axhline(-row, color=GRID, linewidth=1, zorder=0)
        for chunk in one.capture.chunks:
            height = HALF_LANE * math.log2(1 + len(chunk.data)) / math.log2(1 + largest)
            up = 1 if chunk.sender is Side.CLIENT else -1
            at_ms = (chunk.at_ns - start_ns) / 1e6
            axes.plot([at_ms] * 2, [-row, -row + up * height], color=COLORS[chunk.sender], linewidth=3.5)
            axes.annotate(
                f"{len(chunk.data)}", (at_ms, -row + up * height), (5, -4 * up), textcoords="offset points",
                va="center", color=INK, fontsize=9.5,
            )  # fmt: skip
    axes.set_yticks([-row for row in range(len(found))], [one.label for one in found], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.42, 0.55)
    axes.set_xlabel("milliseconds after the first connection was opened; the numbers are bytes")
    kinds = [Line2D([], [], color=COLORS[side], linewidth=3.5) for side in Side]
    legend = figure.legend(
        kinds, ("a read from the client", "a read from the server"),
        loc="outside upper center", ncols=2, frameon=False,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    axes.spines["bottom"].set_color(FAINT)
    return Picture(figure, "Three protocols through one relay", sentence(recording), recording.notices)
