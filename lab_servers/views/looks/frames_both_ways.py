"""Who spoke when on one connection: a lane for each side, where a message lasts from its first frame to its last.

``scenarios/frames_both_ways.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.recording import Recording
from lab_servers.views.frames import frame_table, frames
from lab_servers.views.looks.frames import websocket_capture
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.websocket.messages import messages_of

_LANES = {Side.CLIENT: (0.0, BLUE), Side.SERVER: (-1.0, VERMILION)}


@dataclass(frozen=True)
class Said:
    """One data message on the wire.

    Attributes:
        sender: Who said it.
        frames_ns: When each of its frames had passed, on the clock of the capture.
        text: What it says, as far as it is text.
    """

    sender: Side
    frames_ns: tuple[int, ...]
    text: str


def said(capture: Capture) -> tuple[Said, ...]:
    """The data messages of both sides, in the order in which they began."""
    found = []
    for side in Side:
        for message in messages_of(frames(capture, side)):
            if not message.frames[0].is_control:
                times = tuple(capture.time_of(side, frame.stop - 1) for frame in message.frames)
                text = next((layer.text for layer in message.layers if layer.name == "text"), "")
                found.append(Said(side, times, text))
    return tuple(sorted(found, key=lambda one: one.frames_ns[0]))


def inside(recording: Recording) -> tuple[Said, ...]:
    """The server's messages that passed after the client had begun its longest message and before it had ended it.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    everything = said(websocket_capture(recording, "BothWays"))
    longest = max((one for one in everything if one.sender is Side.CLIENT), key=lambda one: len(one.frames_ns))
    first, last = longest.frames_ns[0], longest.frames_ns[-1]
    return tuple(one for one in everything if one.sender is Side.SERVER and first < one.frames_ns[0] < last)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    everything = said(websocket_capture(recording, "BothWays"))
    longest = max((one for one in everything if one.sender is Side.CLIENT), key=lambda one: len(one.frames_ns))
    lasted_ms = (longest.frames_ns[-1] - longest.frames_ns[0]) / 1e6
    count = len(inside(recording))
    sends = f"{count} message{'' if count == 1 else 's'} of its own, which nobody asked for" if count else "nothing"
    return (
        f"The client's message takes {len(longest.frames_ns)} frames and {lasted_ms:.0f} ms. Between its first and its "
        f"last frame the server sends {sends}."
    )


def table(recording: Recording) -> Table:
    """Every frame in order."""
    return frame_table(websocket_capture(recording, "BothWays"))


def picture(recording: Recording) -> Picture:
    """Two lanes over time; what overlaps in time lies one above the other."""
    capture = websocket_capture(recording, "BothWays")
    everything = said(capture)
    start_ns = everything[0].frames_ns[0]
    figure, axes = new_figure(8.8, 2.8)
    for y, _ in _LANES.values():
        axes.axhline(y, color=GRID, linewidth=1, zorder=0)
    for one in everything:
        y, color = _LANES[one.sender]
        times = [(at_ns - start_ns) / 1e6 for at_ns in one.frames_ns]
        axes.plot([times[0], times[-1]], [y, y], color=color, linewidth=4, solid_capstyle="butt")
        axes.plot(times, [y] * len(times), "o" if one.sender is Side.CLIENT else "s", color=color, markersize=9)
        if len(times) > 1:
            for at_ms in (times[0], times[-1]):
                axes.plot([at_ms, at_ms], [-1.35, 0.0], color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
    axes.set_yticks([y for y, _ in _LANES.values()], [f"from the {side.value}" for side in _LANES], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1.4, 0.5)
    axes.set_xlabel("milliseconds after the first frame")
    handles = (
        Line2D([], [], color=INK, marker="o", linewidth=4, markersize=9),
        Line2D([], [], color=INK, marker="s", linestyle="", markersize=9),
    )
    words = ("frames of one message of the client", "a message of the server")
    legend = figure.legend(handles, words, loc="outside upper right", ncols=2, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Both directions at once", sentence(recording), recording.notices)
