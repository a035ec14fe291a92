"""Unit costs as a picture and as figures: what a question, an answer, a message and a heartbeat take on each transport.

``scenarios/choosing_costs.py`` makes the recording, ``measure/unit_costs.py`` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.patches import Patch

from lab_servers.measure.costs import CHOICES, Cost, Units
from lab_servers.measure.transports import Lane, Transport
from lab_servers.measure.unit_costs import SMALL_BYTES, unit_costs
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.legend import legend_above
from lab_servers.views.style import GRID, HATCHES, INK, new_figure
from lab_servers.views.table import Table

_ASKED = (Transport.POLLING, Transport.LONG_POLLING)


@dataclass(frozen=True)
class Row:
    """One kind of step.

    Attributes:
        words: What happens.
        costs: What it takes, by transport.
    """

    words: str
    costs: dict[Transport, Cost]


def rows(units: Units) -> tuple[Row, ...]:
    """The steps that a job is made of."""
    small = {one: way.down.of(SMALL_BYTES) for one, way in units.items()}
    alone = {one: small[one] + (way.quiet + way.news if one in _ASKED else Cost()) for one, way in units.items()}
    return (
        Row("nothing is new", {one: way.quiet for one, way in units.items()}),
        Row(f"{SMALL_BYTES} bytes of news", alone),
        Row(f"{SMALL_BYTES} bytes more with them", small),
        Row(f"{SMALL_BYTES} bytes up", {one: way.up.of(SMALL_BYTES) for one, way in units.items()}),
        Row("opening", {one: way.opening for one, way in units.items() if one not in _ASKED}),
    )


def table(recording: Recording) -> Table:
    """Bytes, requests and processor time of each step on each transport."""
    units = unit_costs(recording)
    told = []
    for row in rows(units):
        told.append((row.words, *(_words(row.costs.get(transport)) for transport in CHOICES)))
    late = (f"{units[one].delivery_s * 1e3:.2f} ms" if one is not Transport.POLLING else "its step" for one in CHOICES)
    told.append(("from produced to delivered", *late))
    return Table(
        "What one step takes, both directions together; processor time of client, relay and server, medians",
        ("step", *(transport.value for transport in CHOICES)),
        tuple(told),
        notices=recording.notices,
    )


def _words(cost: Cost | None) -> str:
    if cost is None:
        return "none"
    asked = f"{cost.requests:.0f} request, " if cost.requests else ""
    return f"{asked}{cost.bytes:,.0f} bytes, {cost.processor_s * 1e6:,.0f} µs"


def picture(recording: Recording) -> Picture:
    """The bytes of each step, a bar for each transport, on a logarithmic scale."""
    units = unit_costs(recording)
    found = rows(units)
    figure, axes = new_figure(9.2, 5.8)
    height = 0.8 / len(CHOICES)
    for place, transport in enumerate(CHOICES):
        style = style_of(Lane(transport))
        for at, row in enumerate(found):
            cost = row.costs.get(transport)
            if cost is None:
                continue
            y = -at + 0.4 - (place + 0.5) * height
            axes.barh(
                y, cost.bytes, height * 0.9, left=0, color=style.color, hatch=HATCHES[place], edgecolor="white",
                linewidth=0.6,
            )  # fmt: skip
            axes.annotate(
                f"{cost.bytes:,.0f}", (cost.bytes, y), (4, 0), textcoords="offset points", va="center", color=INK,
                fontsize=10.5,
            )  # fmt: skip
    axes.set_xscale("log")
    most = max(cost.bytes for row in found for cost in row.costs.values())
    axes.set_xlim(1, most * 2.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_yticks([-at for at in range(len(found))], [row.words for row in found], fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel("bytes on the wire, both directions")
    patches = [
        Patch(facecolor=style_of(Lane(one)).color, hatch=HATCHES[place], edgecolor="white")
        for place, one in enumerate(CHOICES)
    ]
    legend_above(figure, patches, [one.value for one in CHOICES])
    return Picture(figure, "What one step takes", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    units = unit_costs(recording)
    quiet = {one: units[one].quiet.bytes for one in CHOICES}
    down = {one: units[one].down.of(SMALL_BYTES).bytes - SMALL_BYTES for one in CHOICES}
    up = {one: units[one].up.of(SMALL_BYTES).bytes - SMALL_BYTES for one in CHOICES}
    polling, sse, socket = Transport.POLLING, Transport.SSE, Transport.WEBSOCKET
    return (
        f"That nothing is new costs {quiet[polling]:,.0f} bytes by polling; the heartbeat of an open stream costs "
        f"{quiet[sse]:,.0f} by SSE (a comment) and {quiet[socket]:,.0f} by WebSocket (a ping and its pong). Around "
        f"{SMALL_BYTES} bytes from the server stand {down[sse]:,.0f} bytes in an event and {down[socket]:,.0f} in a "
        f"frame; around as many from the client {up[sse]:,.0f} in a POST with its answer and {up[socket]:,.0f} in a "
        "masked frame."
    )
