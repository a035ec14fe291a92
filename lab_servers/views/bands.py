"""What each side of a connection sent, drawn as a band of bytes: so much is HTTP, and from here on it is WebSocket.

``looks/handshake*.py`` put bands of one or of many connections under each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection
from lab_servers.views.style import BLUE, FAINT, INK, VERMILION, new_figure

HTTP, WEBSOCKET = "HTTP", "WebSocket"

_HATCHES = {HTTP: "", WEBSOCKET: "////"}
_COLORS = {HTTP: BLUE, WEBSOCKET: VERMILION}
_HEIGHT = 0.5
FONT_PT = 11
# About how much of the width one character takes.
_CHARACTER_SHARE = 0.0122


class Part(NamedTuple):
    """A run of bytes of one kind: ``[start, stop)``, in what one side sent."""

    start: int
    stop: int
    kind: str


class Band(NamedTuple):
    """Everything that one side of a connection sent.

    Attributes:
        label: What stands before it.
        parts: Its bytes: one part for all of HTTP, one for each frame.
        reads: The offsets at which a read of the relay ended.
        words: What stands behind it.
    """

    label: str
    parts: tuple[Part, ...]
    reads: tuple[int, ...] = ()
    words: str = ""

    @property
    def end(self) -> int:
        """How many bytes there are."""
        return self.parts[-1].stop if self.parts else 0

    @property
    def http_bytes(self) -> int:
        """How many of them are HTTP."""
        return sum(part.stop - part.start for part in self.parts if part.kind == HTTP)


def band_of(dissection: Dissection, side: Side, label: str, words: str = "") -> Band:
    """What one side sent, by what its dissectors say it is."""
    conversation, capture = dissection.conversation, dissection.capture
    chunks = capture.chunks_from(side)
    sent = chunks[-1].end if chunks else 0
    http_stop = conversation.http_end[side.value] if conversation.http_end else sent
    parts = [Part(0, http_stop, HTTP)] if http_stop else []
    for record in conversation.records(side.value, "websocket"):
        parts.append(Part(record.pieces[0][0], record.pieces[-1][1], WEBSOCKET))
    return Band(label, tuple(parts), tuple(chunk.end for chunk in chunks), words)


def draw_bands(bands: Sequence[Band], *, reads: bool = False) -> Figure:
    """Bands under each other on one scale of bytes.

    Args:
        bands: From the top down.
        reads: Whether to mark where a read of the relay ended.
    """
    figure, axes = new_figure(9.6, 1.35 + (0.62 if reads else 0.44) * len(bands))
    room = _room(bands)
    for row, band in enumerate(bands):
        _draw_band(axes, band, -row, room * 0.01)
        if reads:
            for offset in band.reads:
                axes.plot([offset], [-row - _HEIGHT / 2 - 0.1], marker="^", color=INK, markersize=7, clip_on=False)
    axes.set_yticks([-row for row in range(len(bands))], [band.label for band in bands], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, room)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= max(band.end for band in bands)])
    axes.set_ylim(-len(bands) + 0.35, 0.55)
    axes.set_xlabel("bytes sent on this connection")
    signs: list[Patch | Line2D] = [
        Patch(facecolor="none", edgecolor=_COLORS[kind], hatch=_HATCHES[kind], linewidth=1.6)
        if _HATCHES[kind]
        else Patch(facecolor=_COLORS[kind])
        for kind in _COLORS
    ]
    words = [HTTP, "WebSocket, frame by frame"]
    if reads:
        signs.append(Line2D([], [], color=INK, marker="^", markersize=8, linestyle=""))
        words.append("one read of the relay ended here")
    legend = figure.legend(signs, words, loc="outside upper center", ncols=len(words), frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return figure


def _draw_band(axes: Axes, band: Band, row: float, gap: float) -> None:
    for part in band.parts:
        is_plain = not _HATCHES[part.kind]
        axes.barh(
            row, part.stop - part.start, left=part.start, height=_HEIGHT, linewidth=1.6, hatch=_HATCHES[part.kind],
            facecolor=_COLORS[part.kind] if is_plain else "none", edgecolor=_COLORS[part.kind],
        )  # fmt: skip
    if not band.parts:
        axes.text(0, row, "nothing", va="center", color=FAINT, fontsize=11)
    if band.http_bytes and band.http_bytes < band.end:
        half = _HEIGHT / 2 + 0.06
        axes.plot([band.http_bytes] * 2, [row - half, row + half], color=INK, linewidth=2.5)
    axes.text(band.end + gap, row, _behind(band), va="center", color=INK, fontsize=FONT_PT, parse_math=False)


def _behind(band: Band) -> str:
    """What stands behind a band: where HTTP ends, if it does, and the band's own words."""
    ends = f"HTTP ends at byte {band.http_bytes}" if 0 < band.http_bytes < band.end else ""
    return "; ".join(filter(None, (band.words, ends)))


def _room(bands: Sequence[Band]) -> float:
    """How many bytes the scale must hold, so that the words behind the bands have room."""
    return (
        max([band.end / (1 - min(0.7, len(_behind(band)) * _CHARACTER_SHARE + 0.02)) for band in bands], default=1) or 1
    )
