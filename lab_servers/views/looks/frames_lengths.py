"""The headers of frames of different lengths, byte by byte, as a picture and as figures.

``scenarios/frames_lengths.py`` makes the recording: each message goes to the server with a mask and comes back without.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from lab_servers.capture.capture import Side
from lab_servers.recording import Recording
from lab_servers.views.frames import frames, wire_bytes
from lab_servers.views.looks.frames import websocket_capture
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, INK, PURPLE, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.websocket.records import FrameRecord

# A part of the header, and its colour.
_PARTS = {"first two bytes": BLUE, "extended payload length": PURPLE, "masking key": GREEN}


def lengths(recording: Recording) -> list[FrameRecord]:
    """The data frames of both sides by length, the masked one of each first.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    capture = websocket_capture(recording, "FrameLengths")
    found = [one for side in Side for one in frames(capture, side) if not one.is_control]
    return sorted(found, key=lambda one: (one.stop - one.payload_at, one.sender != Side.CLIENT.value))


def header_parts(frame: FrameRecord) -> list[tuple[str, bytes]]:
    """The parts of a header in order, those that it has: their names and bytes."""
    header = wire_bytes(frame)[: frame.payload_at - frame.start]
    cut = 2 + frame.length_bytes
    parts = zip(_PARTS, (header[:2], header[2:cut], header[cut:]), strict=True)
    return [(name, data) for name, data in parts if data]


def table(recording: Recording) -> Table:
    """How each length is written."""
    rows = []
    for frame in lengths(recording):
        size, header = frame.stop - frame.payload_at, frame.payload_at - frame.start
        seven = wire_bytes(frame)[1] & 0x7F
        written = f"{seven} in 7 bits" + (f", {size:,} in {8 * frame.length_bytes} bits" if frame.length_bytes else "")
        share = f"{100 * header / (header + size):.3g} %"
        rows.append(
            (
                f"{size:,}",
                frame.sender,
                "yes" if frame.is_masked else "no",
                written,
                f"{header}",
                f"{header + size:,}",
                share,
            )
        )
    return Table(
        "Each payload's length, how the header writes it, and how long that makes the header",
        ("payload bytes", "from", "masked", "length written as", "header bytes", "frame bytes", "of it header"),
        tuple(rows),
        notices=recording.notices,
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    # Two messages of one length are told once.
    told = dict.fromkeys(
        f"{frame.payload_at - frame.start} for a payload of {frame.stop - frame.payload_at:,}"
        for frame in lengths(recording)
        if frame.is_masked
    )
    return (
        f"The header of a masked frame from the client has, in bytes: {'; '.join(told)}. "
        "From the server, without the masking key, each header is 4 bytes shorter."
    )


def picture(recording: Recording) -> Picture:
    """One row for each frame: its header's bytes as cells, coloured by what they tell."""
    found = lengths(recording)
    figure, axes = new_figure(9.6, 0.9 + 0.46 * len(found))
    axes.set_axis_off()
    axes.set_xlim(-3.9, 16.6)
    axes.set_ylim(len(found) + 0.1, -0.2)
    for row, frame in enumerate(found):
        y, x = row + 0.5, 0
        axes.text(
            -0.2, y, f"{frame.sender}, {'masked' if frame.is_masked else 'not masked'}", ha="right", va="center",
            color=INK, fontsize=11,
        )  # fmt: skip
        for name, data in header_parts(frame):
            _draw_bytes(axes, x, y, data, _PARTS[name])
            x += len(data)
        axes.text(
            x + 0.2, y, f"{frame.stop - frame.payload_at:,} bytes of payload", va="center", color=INK, fontsize=12
        )
        if frame.is_masked:
            axes.plot([-3.8, 16.5], [row - 0.02] * 2, color=FAINT, linewidth=0.6)
    handles = [Line2D([], [], color=color, linewidth=5) for color in _PARTS.values()]
    legend = figure.legend(handles, list(_PARTS), loc="outside upper center", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(12)
    return Picture(figure, "The headers of frames of different lengths", sentence(recording), recording.notices)


def _draw_bytes(axes: Axes, x: int, y: float, data: bytes, color: str) -> None:
    for place, byte in enumerate(data):
        axes.add_patch(Rectangle((x + place, y - 0.34), 1, 0.64, fill=False, edgecolor=FAINT, linewidth=0.8))
        axes.text(
            x + place + 0.5, y, f"{byte:02x}", ha="center", va="center", color=INK, fontsize=11, family="monospace"
        )
    axes.plot([x + 0.05, x + len(data) - 0.05], [y + 0.3] * 2, color=color, linewidth=4, solid_capstyle="butt")
