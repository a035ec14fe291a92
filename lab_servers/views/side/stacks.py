"""What the bytes of each lane were for: payload, framing and headers, per message and for the whole answer.

``measure/accounting.py`` counts them, exactly; here they are drawn as stacked bars, one for each sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lab_servers.errors import BadParameter
from lab_servers.measure.accounting import Account, Bytes, accounts
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.legend import legend_above
from lab_servers.views.side.words import listed
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, HATCHES, INK, PURPLE, VERMILION, new_figure
from lab_servers.views.table import Table

KINDS = tuple(field.name for field in fields(Bytes))
_LOOKS = {
    "payload": (GREEN, HATCHES[0]),
    "framing": (VERMILION, HATCHES[1]),
    "headers": (BLUE, HATCHES[2]),
    "other": (PURPLE, HATCHES[3]),
    "unrecorded": (FAINT, HATCHES[0]),
}
_SENDERS = ("server", "client")


def byte_stacks(recording: Recording) -> Picture:
    """Two stacked bars per lane, what the server sent and what the client sent; below per message, above in all.

    Raises:
        BadParameter: the recording has no lane over which a message came.
    """
    found = account_of_lanes(recording)
    figure, axes = new_figure(9.6, 1.9 + 0.62 * len(found))
    for row, one in enumerate(found.values()):
        for place, sender in enumerate(_SENDERS):
            _bar(axes, _sent(one, sender), one.message_count, -row + 0.2 - 0.4 * place, sender)
    axes.set_yticks([-row for row in range(len(found))], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-len(found) + 0.4, 0.6)
    longest = max(_sent(one, sender).total / one.message_count for one in found.values() for sender in _SENDERS)
    axes.set_xlim(0, 1.22 * longest)
    axes.set_xlabel("bytes per message: upper bar from the server, lower bar from the client")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    _axis_in_all(axes, {one.message_count for one in found.values()})
    used = [kind for kind in KINDS if any(getattr(one.both, kind) for one in found.values())]
    patches = [Patch(facecolor=_LOOKS[kind][0], hatch=_LOOKS[kind][1], edgecolor="white") for kind in used]
    legend_above(figure, patches, used)
    return Picture(figure, "What the bytes were for", _sentence(found), recording.notices)


def byte_rows(recording: Recording) -> Table:
    """The figures of the picture: bytes by use in both directions, requests, connections and open seconds.

    Raises:
        BadParameter: the recording has no lane over which a message came.
    """
    rows = []
    for name, one in account_of_lanes(recording).items():
        both = one.both
        rows.append(
            (
                name,
                f"{one.message_count:,}",
                f"{both.payload:,}",
                f"{both.framing:,}",
                f"{both.headers:,}",
                f"{both.total:,}",
                few(both.total / one.message_count),
                f"{one.requests:,}",
                f"{one.connections:,}",
                f"{one.open_s:.2f}",
            )
        )
    return Table(
        "What each lane cost, bytes of both directions",
        (
            "lane", "messages", "payload", "framing", "headers", "bytes in all", "per message", "requests",
            "connections", "seconds open",
        ),
        tuple(rows),
        notices=recording.notices,
    )  # fmt: skip


def account_of_lanes(recording: Recording) -> Mapping[str, Account]:
    """The lanes over which messages came, with what they cost.

    Raises:
        BadParameter: there is none.
    """
    found = {name: one for name, one in accounts(recording).items() if one.message_count}
    if not found:
        raise BadParameter("This recording has no lane over which a message came: run the scenario SideBySide.")
    return found


def _sent(one: Account, sender: str) -> Bytes:
    return one.down if sender == "server" else one.up


def _bar(axes: Axes, sent: Bytes, messages: int, y: float, sender: str) -> None:
    left = 0.0
    for kind in KINDS:
        width = getattr(sent, kind) / messages
        color, hatch = _LOOKS[kind]
        if width:
            axes.barh(y, width, 0.34, left=left, color=color, hatch=hatch, edgecolor="white", linewidth=0.6)
        left += width
    axes.annotate(
        f"{few(left)} from the {sender}", (left, y), (5, 0), textcoords="offset points", va="center", color=INK,
        fontsize=10,
    )  # fmt: skip


def _axis_in_all(axes: Axes, message_counts: set[int]) -> None:
    """A second scale for the whole answer, where all lanes carried equally many messages."""
    if len(message_counts) != 1:
        return
    (count,) = message_counts
    above = axes.secondary_xaxis("top", functions=(partial(np.multiply, count), lambda whole: np.divide(whole, count)))
    above.set_xlabel(f"bytes for all {count:,} messages", color=INK, fontsize=12)
    above.tick_params(colors=INK, labelsize=11)
    above.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    above.spines["top"].set_color(FAINT)


def few(count: float) -> str:
    """A number of bytes per message, with a digit after the point where it is small."""
    return f"{count:,.1f}" if count < 100 else f"{count:,.0f}"


def _sentence(found: Mapping[str, Account]) -> str:
    each = sorted((one.both.total / one.message_count, one.both.payload / one.message_count, name)
                  for name, one in found.items())  # fmt: skip
    told = listed([f"{name} {few(total)}" for total, _, name in each])
    payload = sorted({few(size) for _, size, _ in each})
    carried = f"{payload[0]} bytes" if len(payload) == 1 else f"{payload[0]} to {payload[-1]} bytes"
    return f"A message has {carried} of payload. With all that carries it, in bytes per message: {told}."
