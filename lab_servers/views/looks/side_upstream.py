"""What a client that speaks often pays for each message, by POST and over WebSocket, as a picture and as figures.

``scenarios/side_upstream.py`` makes the recording, ``measure/upstream.py`` reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lab_servers.measure.growth_steps import measured_on
from lab_servers.measure.transports import lane_named
from lab_servers.measure.upstream import WAYS, Spoken, spoken
from lab_servers.recording import Recording
from lab_servers.views.looks.side_growth import processor
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.words import listed
from lab_servers.views.style import BLUE, GREEN, GRID, HATCHES, INK, PURPLE, VERMILION, new_panels
from lab_servers.views.table import Table

_POST, _STREAM, _WEBSOCKET = WAYS
# What a message takes, in the order of the bars: the name, the colour, the hatch.
_PARTS = (
    ("payload", GREEN, HATCHES[0]),
    ("framing", VERMILION, HATCHES[1]),
    ("headers", BLUE, HATCHES[2]),
    ("the server's answer", PURPLE, HATCHES[3]),
)


def parts(one: Spoken) -> tuple[float, float, float, float]:
    """What a message takes on average, in bytes: payload, framing, headers, and the server's answer to it."""
    up = one.up
    sent = (up.payload, up.framing + up.other + up.unrecorded, up.headers, one.down.total)
    payload, framing, headers, answer = (count / one.messages for count in sent)
    return payload, framing, headers, answer


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = spoken(recording)
    fastest = {name: steps[-1] for name, steps in found.items()}
    told = []
    for name, one in fastest.items():
        payload, framing, headers, answer = parts(one)
        told.append(
            f"{WAYS[name]} {one.bytes_per_message:,.0f} bytes ({payload:,.0f} payload, {framing:,.0f} framing, "
            f"{headers:,.0f} headers, {answer:,.0f} answer)"
        )
    rate = fastest[_WEBSOCKET].rate
    a_second = [f"{WAYS[name]} {one.bytes_per_second:,.0f}" for name, one in fastest.items()]
    late = [f"{WAYS[name]} {processor(one.median_late_s)}" for name, one in fastest.items()]
    took = [f"{WAYS[name]} {processor(one.server_s / one.messages)}" for name, one in fastest.items()]
    return (
        f"A message takes on average: {listed(told)}. At {rate} messages a second that makes in bytes a second: "
        f"{listed(a_second)}. {_paid_back(fastest)} The server's application has a message, in the median, after: "
        f"{listed(late)}. Its thread spends on one: {listed(took)}. {measured_on(recording)}".rstrip()
    )


def _paid_back(fastest: Mapping[str, Spoken]) -> str:
    """After how many messages the handshake of the WebSocket has been worth its bytes."""
    socket, stream = fastest[_WEBSOCKET], fastest[_STREAM]
    saved = stream.bytes_per_message - socket.bytes_per_message
    more = socket.opening_bytes - stream.opening_bytes
    ratio = f"POST takes {stream.bytes_per_message / socket.bytes_per_message:.1f} times the bytes of WebSocket."
    if saved <= 0 or more <= 0:
        return ratio
    after = math.ceil(more / saved)
    words = "one message" if after == 1 else f"{after:,} messages"
    return f"{ratio} Its handshake takes {more:,} bytes more than opening the event stream, made up for after {words}."


# --- the table --------------------------------------------------------------------------------------


def table(recording: Recording) -> Table:
    """One row for each way and rate."""
    rows = []
    for name, steps in spoken(recording).items():
        for one in steps:
            payload, framing, headers, answer = parts(one)
            rows.append(
                (
                    WAYS[name],
                    f"{one.rate}/s",
                    f"{one.messages:,}",
                    *(f"{part:,.1f}" for part in (payload, framing, headers, answer)),
                    f"{one.bytes_per_message:,.1f}",
                    f"{one.bytes_per_second:,.0f}",
                    # A figure and its unit stay on one line, so that the row stays one line high.
                    processor(one.server_s / one.messages).replace(" ", "\N{NO-BREAK SPACE}"),
                    processor(one.median_late_s).replace(" ", "\N{NO-BREAK SPACE}"),
                )
            )
    return Table(
        "What each of n messages from the client takes, on average: bytes by use, bytes of a second at this "
        "rate, processor time of the server; late is the median",
        (
            "way", "rate", "n", "payload", "framing", "headers", "answer", "bytes", "bytes/s", "server",
            "late",
        ),
        tuple(rows),
        notices=recording.notices,
    )  # fmt: skip


# --- the picture ------------------------------------------------------------------------------------


def picture(recording: Recording) -> Picture:
    """Left a message's bytes by use, right the bytes of a second at each rate."""
    found = spoken(recording)
    figure, (left, right) = new_panels(9.6, 4.4, 2)
    for row, (name, steps) in enumerate(found.items()):
        _bar(left, -row, steps[-1])
        style = style_of(lane) if (lane := lane_named(name)) else None
        if style is not None:
            right.plot([one.rate for one in steps], [one.bytes_per_second for one in steps], **style.both)
    left.set_yticks([])
    left.spines["left"].set_visible(False)
    left.set_ylim(-len(found) + 0.5, 0.75)
    left.set_xlim(0, 1.15 * max(steps[-1].bytes_per_message for steps in found.values()))
    for row, name in enumerate(found):
        left.text(0, -row + 0.31, WAYS[name], ha="left", va="bottom", color=INK, fontsize=12)
    left.set_xlabel("bytes for a message")
    patches = [Patch(facecolor=color, hatch=hatch, edgecolor="white") for _, color, hatch in _PARTS]
    _legend_under(left, patches, [name for name, _, _ in _PARTS])
    right.set_xscale("log")
    right.set_yscale("log")
    rates = [one.rate for one in next(iter(found.values()))]
    right.set_xticks(rates, [str(rate) for rate in rates])
    right.minorticks_off()
    right.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    right.grid(axis="y", color=GRID, linewidth=0.7)
    right.set_xlabel("messages per second, logarithmic")
    right.set_title("bytes a second, logarithmic", fontsize=12, loc="left", color=INK)
    lines = [Line2D([], [], **style_of(lane).both) for name in found if (lane := lane_named(name))]
    _legend_under(right, lines, [WAYS[name] for name in found])
    return Picture(figure, "What a client pays for speaking", sentence(recording), recording.notices)


def _bar(axes: Axes, y: float, one: Spoken) -> None:
    start = 0.0
    for width, (_, color, hatch) in zip(parts(one), _PARTS, strict=True):
        if width:
            axes.barh(y, width, 0.55, left=start, color=color, hatch=hatch, edgecolor="white", linewidth=0.6)
        start += width
    axes.annotate(f"{start:,.0f}", (start, y), (5, 0), textcoords="offset points", va="center", color=INK, fontsize=12)


def _legend_under(axes: Axes, handles: list[Patch] | list[Line2D], words: list[str]) -> None:
    legend = axes.legend(
        handles, words, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, frameon=False, fontsize=11,
        columnspacing=1.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(INK)
