"""A model interrupted in three ways: what each frame of sound took up, and what passed after the interruption.

``scenarios/ai_barge_in.py`` makes the recording, ``measure/barge_in.py`` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lab_servers.capture.conditions import PRESETS
from lab_servers.capture.conditions.jitter import Jitter
from lab_servers.capture.conditions.network import most_bytes_s
from lab_servers.measure.barge_in import FRAME_EVERY_S, POSTS, UPLOAD, WEBSOCKET, Barged, barged
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, HATCHES, INK, PURPLE, VERMILION, new_panels
from lab_servers.views.table import Table

_KINDS = (("sound", BLUE, HATCHES[0]), ("framing", GREEN, HATCHES[1]), ("heads of requests", VERMILION, HATCHES[2]))
_ANSWERS = ("answers, down", PURPLE, HATCHES[3])

# Where these stand: RFC 9113 section 5, RFC 7541, the Fetch Standard's HTTP-network fetch, nginx's documentation.
FLIPS = (
    "HTTP/2 would give each POST a stream of one connection and send a head that repeats as a few bytes. A browser's "
    "fetch streams a request body over HTTP/2 or later only, and not every browser does; a proxy that collects request "
    "bodies, as nginx does unless proxy_request_buffering is off, holds one upload back.",
    "Where no sound waits to be sent, a POST interrupts as soon as a message. Where it does wait, the interruption "
    "stands behind it on the WebSocket and in the upload, while the POST has a connection of its own.",
    "The relay delays bytes, not the opening of connections: a new connection costs a round trip more on a real "
    "network, and with TLS another. And it gives each connection the whole rate of the network, so that POSTs on "
    "several of them have more here than one line would give.",
)


def notices(recording: Recording) -> tuple[str, ...]:
    """What a reader of this run must know beside its figures."""
    found = barged(recording)
    told = []
    for one in found[::3]:
        network = PRESETS.get(one.network)
        if network is None:
            continue
        needed = (one.up.payload + one.up.framing) / one.up.frames / FRAME_EVERY_S
        rate = most_bytes_s(network.up)
        if needed > rate:
            told.append(
                f"Sound over the WebSocket is {needed:,.0f} bytes a second, and {one.network} takes {rate:,.0f} up: "
                f"it waits longer the longer one speaks."
            )
        jitter_s = sum(each.most_s for each in (*network.up, *network.down) if isinstance(each, Jitter))
        if jitter_s:
            told.append(
                f"The jitter of {one.network} is drawn for each connection, up to {duration(jitter_s * 1e3)} there and "
                f"back: so much between two ways is the draw, not the way."
            )
    return (*told, *FLIPS)


def table(recording: Recording) -> Table:
    """One row for each network and way."""
    rows = []
    for one in barged(recording):
        count = max(one.up.frames, 1)
        rows.append(
            (
                f"{one.network}: {one.way}",
                f"{one.up.frames:,}",
                f"{one.up.requests:,}",
                f"{one.connections:,}",
                f"{one.up.payload / count:,.0f}\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}{one.up.framing / count:,.0f}"
                f"\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}{one.up.headers / count:,.0f}",
                f"{one.answers_bytes / count:,.0f}",
                f"{duration(one.median_late_s * 1e3)}, {duration(max(one.late_s) * 1e3)}",
                duration(one.stopped_s * 1e3),
                f"{one.generated_after:,}, {one.shown_after:,}",
            )
        )
    return Table(
        "A frame of sound every 20 ms, and an interruption: what it took, and how soon the model fell silent; bytes up "
        "are sound + framing + heads",
        (
            "network: way", "frames", "requests", "connections", "bytes up a frame", "bytes down a frame",
            "late: median, most", "model stopped after", "tokens after it: generated, shown",
        ),
        tuple(rows),
        notices=(*recording.notices, *notices(recording)),
    )  # fmt: skip


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = barged(recording)
    last = [one for one in found if one.network == found[-1].network]
    cost = {one.way: _around(one) for one in found[:3]}
    told = listed([f"{cost[way]:,.0f} by {way}" for way in (WEBSOCKET, UPLOAD, POSTS)])
    stops = listed([f"{duration(one.stopped_s * 1e3)} ({one.way})" for one in last])
    late = {one.way: one for one in last}
    return (
        f"Through {found[0].network}, a frame of {recording.parameters['frame_bytes']} bytes of sound has so many "
        f"bytes around it, both directions: {told}. Through {last[0].network}, the model stopped {stops} after the "
        f"interruption, and {listed([str(one.generated_after) for one in last])} tokens were generated meanwhile. "
        f"There the POSTs' frames were late by up to {duration(max(late[POSTS].late_s) * 1e3)}, those of the "
        f"WebSocket by up to {duration(max(late[WEBSOCKET].late_s) * 1e3)}."
    )


def _around(one: Barged) -> float:
    """Bytes that are no sound, of both directions, for each frame."""
    return (one.up.framing + one.up.headers + one.answers_bytes) / max(one.up.frames, 1)


def picture(recording: Recording) -> Picture:
    """Left, the bytes of one frame; right, what the model still said after it had been interrupted."""
    found = barged(recording)
    figure, (left, right) = new_panels(11.2, 2.0 + 0.42 * len(found), 2)
    _bytes(left, found)
    _after(right, found)
    _legends(figure)
    return Picture(figure, "Talking to a model that talks", sentence(recording), recording.notices)


def _rows(axes: Axes, found: Sequence[Barged]) -> list[float]:
    """A row for each talk, and room between two networks."""
    places = [-(place + 0.7 * (place // 3)) for place in range(len(found))]
    axes.set_ylim(places[-1] - 0.7, 1.1)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return places


def _bytes(axes: Axes, found: Sequence[Barged]) -> None:
    places = _rows(axes, found)
    for y, one in zip(places, found, strict=True):
        count, left = max(one.up.frames, 1), 0.0
        parts = (one.up.payload, one.up.framing, one.up.headers, one.answers_bytes)
        for value, (_, color, hatch) in zip(parts, (*_KINDS, _ANSWERS), strict=True):
            axes.barh(
                y, value / count, left=left, height=0.62, color=color, hatch=hatch, edgecolor="white", linewidth=0
            )
            left += value / count
        axes.annotate(
            f"{left:,.0f}", (left, y), (4, 0), textcoords="offset points", va="center", color=INK, fontsize=10
        )
    axes.set_yticks(places, [one.way for one in found], fontsize=11)
    for y, one in zip(places[::3], found[::3], strict=True):
        axes.text(0, y + 0.42, one.network, color=INK, fontsize=11, fontweight="bold", va="bottom", parse_math=False)
    axes.set_xlim(0, 1.15 * max((one.up.total + one.answers_bytes) / max(one.up.frames, 1) for one in found))
    axes.set_xlabel("bytes for one frame of sound, both directions")


def _after(axes: Axes, found: Sequence[Barged]) -> None:
    places = _rows(axes, found)
    axes.axvline(0, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
    least_ms = 1e3 * max(0.06, 0.6 * max(one.silent_s for one in found))
    for y, one in zip(places, found, strict=True):
        axes.axhline(y, color=GRID, linewidth=1, zorder=0)
        axes.plot([0, one.stopped_s * 1e3], [y + 0.16] * 2, color=VERMILION, linewidth=3, solid_capstyle="butt")
        made = [at_s * 1e3 for at_s in one.produced_s if at_s * 1e3 > -least_ms]
        shown = [at_s * 1e3 for at_s in one.shown_s if at_s * 1e3 > -least_ms]
        axes.plot(made, [y + 0.16] * len(made), "o", color=BLUE, markersize=5)
        axes.plot(shown, [y - 0.18] * len(shown), "s", color=BLUE, markerfacecolor="none", markersize=5)
        axes.plot([one.stopped_s * 1e3], [y + 0.16], "|", color=VERMILION, markersize=13, markeredgewidth=2.5)
    axes.set_yticks(places, [""] * len(found))
    axes.set_xlim(-least_ms, 1.08e3 * max(one.silent_s for one in found) + 5)
    axes.set_xlabel("milliseconds after the interruption")


def _legends(figure: Figure) -> None:
    bars = [
        Patch(facecolor=color, hatch=hatch, edgecolor="white", linewidth=0) for _, color, hatch in (*_KINDS, _ANSWERS)
    ]
    dots = [
        Line2D([], [], marker="o", color=BLUE, linestyle="", markersize=6),
        Line2D([], [], marker="s", color=BLUE, markerfacecolor="none", linestyle="", markersize=6),
        Line2D([], [], color=VERMILION, marker="|", markersize=12, linewidth=3, markeredgewidth=2.5),
    ]
    words = [name for name, _, _ in (*_KINDS, _ANSWERS)] + [
        "token generated",
        "token at the reader",
        "until the model stopped",
    ]
    legend = figure.legend([*bars, *dots], words, loc="outside upper center", ncols=4, frameon=False, columnspacing=1.4)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(10)
