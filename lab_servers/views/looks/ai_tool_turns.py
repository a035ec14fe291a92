"""Many tool turns in three ways: what the client had to send each turn, and when the model's next words came.

``scenarios/ai_tool_turns.py`` makes the recording, ``measure/tool_turns.py`` reads it.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from matplotlib.ticker import MaxNLocator

from lab_servers.measure.tool_turns import CONVERSATION, HISTORY, WAYS, WEBSOCKET, Worked, worked
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import DASHED, DOTTED, INK, MARKERS, SERIES, SOLID, new_panels
from lab_servers.views.table import Table

_LINES = (SOLID, DASHED, DOTTED)

FLIPS = (
    "The connection is not what decides: a server that remembers spares the history, whether it remembers by the "
    "connection or by an id. A WebSocket's memory ends with the connection, an id's need not.",
    "HTTP/2 would send a repeated head as a few bytes, and gzip would shrink a history of text; keep-alive is on here, "
    "and without it each POST would cost a round trip more, and with TLS another.",
    "A first turn waits for what it sends and hears: the WebSocket's handshake comes before it, and stands in the last "
    "column, while the first POST opens its connection within the turn.",
    "The relay models delay and rate, neither a slow start nor what the model spends on reading the history again. "
    "A vendor whose server keeps that work with the connection may measure more than the way's share.",
)


def table(recording: Recording) -> Table:
    """One row for each network and way."""
    rows = tuple(
        (
            f"{one.network}: {one.way}",
            f"{len(one.turns):,}",
            f"{one.requests:,}",
            f"{one.connections:,}",
            f"{one.up_bytes:,}",
            f"{one.turns[0].up_bytes:,}",
            f"{one.turns[-1].up_bytes:,}",
            f"{one.turns[-1].around_bytes:,}",
            duration(one.median_first_s * 1e3),
            duration(one.turns[-1].first_s * 1e3),
            duration(one.took_s * 1e3),
        )
        for one in worked(recording)
    )
    return Table(
        "A model that uses a tool again and again: what went up, and how long each turn waited for the model's words",
        (
            "network: way", "turns", "requests", "connections", "bytes up", "of them the first turn", "the last turn",
            "of the last, around the JSON", "first token, median turn", "first token, last turn", "all of it",
        ),
        rows,
        notices=(*recording.notices, *FLIPS),
    )  # fmt: skip


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = worked(recording)
    first = {one.way: one for one in found[:3]}
    count = len(first[HISTORY].turns)
    told = []
    for network in dict.fromkeys(one.network for one in found):
        last = [duration(one.turns[-1].first_s * 1e3) for one in found if one.network == network]
        told.append(f"{last[0]}, {last[1]} and {last[2]} through {network}")
    return (
        f"In {count} turns the client sent {first[WEBSOCKET].up_bytes:,} bytes over WebSocket, "
        f"{first[CONVERSATION].up_bytes:,} by POST with an id, and {first[HISTORY].up_bytes:,} by POST with the whole "
        f"history, which is {first[HISTORY].up_bytes / first[WEBSOCKET].up_bytes:.1f} times as many as over WebSocket. "
        f"In the last turn the first token was there after {listed(told)}, in this order of ways."
    )


def picture(recording: Recording) -> Picture:
    """Left, bytes up so far; then for each network, how long each turn waited for the model's first token."""
    found = worked(recording)
    networks = tuple(dict.fromkeys(one.network for one in found))
    # One network alone leaves room for its two panels; the names of the ways above them need more.
    figure, (left, *others) = new_panels(max(8.2, 3.6 + 2.9 * len(networks)), 4.2, 1 + len(networks))
    highest_ms = 1.12e3 * max(turn.first_s for one in found for turn in one.turns)
    for place, way in enumerate(WAYS):
        style: dict[str, Any] = {
            "color": SERIES[place], "marker": MARKERS[place], "linestyle": _LINES[place], "linewidth": 2,
            "markersize": 6,
        }  # fmt: skip
        of_way = _of(found, networks[0], way)
        sums = list(accumulate((turn.up_bytes for turn in of_way.turns), initial=of_way.opening_bytes))[1:]
        left.plot(range(1, len(sums) + 1), [value / 1e3 for value in sums], label=way, **style)
        for axes, network in zip(others, networks, strict=True):
            waits = [turn.first_s * 1e3 for turn in _of(found, network, way).turns]
            axes.plot(range(1, len(waits) + 1), waits, **style)
            axes.set_title(network, fontsize=12, color=INK)
            axes.set_ylim(0, highest_ms)
            axes.set_xlabel("turn")
    figure.set_layout_engine("constrained", w_pad=0.1)
    left.set_title("sent by the client so far", fontsize=12, color=INK)
    left.set_ylabel("thousand bytes")
    left.set_xlabel("turn")
    left.set_ylim(bottom=0)
    for axes in (left, *others):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    others[0].set_ylabel("first token after, milliseconds")
    legend = figure.legend(loc="outside upper center", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Many tool turns in three ways", sentence(recording), recording.notices)


def _of(found: tuple[Worked, ...], network: str, way: str) -> Worked:
    return next(one for one in found if one.network == network and one.way == way)
