"""What each network condition was asked for and what came, as a picture and as figures with their errors.

``scenarios/side_conditions.py`` makes the recording, ``measure/networks_shown.py`` computes what was asked from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from lab_servers.measure.network_errors import asked_rate_bytes_s, quantiles, rate_bytes_s
from lab_servers.measure.networks_shown import Shown, shown
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

WAYS = {"down": (BLUE, "o", 0.2), "up": (VERMILION, "s", -0.2)}
BITS_PER_BYTE = 8

# Below so many milliseconds the scale is linear, so that a delay of nothing has its place on it.
LINEAR_MS = 1.0

# The bars of what was asked: light, so that marks in any colour can be told on them in both themes.
ASKED_PT = 11.0
ASKED_ALPHA = 0.3
LEAST_BAR_MS = 0.1


def table(recording: Recording) -> Table:
    """Asked and achieved, for each direction of each network."""
    return Table(
        "What was asked of each network, and what came. Later: how long after the asked time each of n messages came. "
        "Off by: the rate against that at which the same bytes were to come, jitter included",
        (
            "network", "way", "asked, ms", "n", "later, ms: median", "p5–p95", "most",
            "rate asked", "rate came", "off by",
        ),
        tuple(_row(one) for one in shown(recording)),
        notices=recording.notices,
    )  # fmt: skip


def _row(one: Shown) -> tuple[str, ...]:
    later_ms = quantiles([message.error_s * 1e3 for message in one.probes])
    came = rate_bytes_s(one.bulk)
    off = _rate_error(one)
    return (
        one.network.name,
        one.way,
        _asked_delay(one),
        f"{later_ms.n:,}",
        f"{later_ms.median:.2f}",
        f"{later_ms.p5:.2f}–{later_ms.p95:.2f}",
        f"{later_ms.most:.2f}",
        "–" if math.isinf(one.rate_bytes_s) else in_bits(one.rate_bytes_s),
        "–" if came is None else in_bits(came),
        "–" if off is None else _percent(off),
    )


def _asked_delay(one: Shown) -> str:
    asked_ms = [message.asked_s * 1e3 for message in one.probes]
    least, most = min(asked_ms), max(asked_ms)
    return _ms(most) if most - least < 0.1 else f"{_ms(least)}–{_ms(most)}"


def _ms(value_ms: float) -> str:
    return f"{value_ms:.2f}" if value_ms < 1 else f"{value_ms:.1f}"


def _rate_error(one: Shown) -> float | None:
    """By which part of it the rate of a transfer is off the one at which its bytes were to come."""
    asked, came = asked_rate_bytes_s(one.bulk), rate_bytes_s(one.bulk)
    return None if asked is None or came is None else came / asked - 1


def in_bits(rate_bytes_s: float) -> str:
    """A rate as it is sold: ``"1.6 Mbit/s"``."""
    bits = rate_bytes_s * BITS_PER_BYTE
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6)):
        if bits >= size:
            return f"{bits / size:.3g} {unit}"
    return f"{bits / 1e3:.3g} kbit/s"


def _percent(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f} %"  # plus nothing, which makes 0 of -0


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = shown(recording)
    later_ms = [message.error_s * 1e3 for one in found for message in one.probes]
    spread = quantiles(later_ms)
    early = sum(later < 0 for later in later_ms)
    none_early = "none came early" if not early else f"{early:,} came early"
    said = (
        f"Of {spread.n:,} small messages behind {len(found) // 2} networks, half came at most {spread.median:.2f} ms "
        f"later than asked and 95 in 100 at most {spread.p95:.2f} ms; {none_early}."
    )
    rates = [(off, one) for one in found if (off := _rate_error(one)) is not None]
    if not rates:
        return said
    half = quantiles([abs(off) for off, _ in rates]).median
    off, furthest = max(rates, key=lambda rate: abs(rate[0]))
    return (
        f"{said} Of {len(rates)} transfers, half came within {100 * half:.1f} % of the rate asked; furthest off was "
        f"{furthest.network.name} {furthest.way} with {_percent(off)}."
    )


def picture(recording: Recording) -> Picture:
    """A row for each network: the delays that were asked for as bars, those of each message as marks on them."""
    found = shown(recording)
    names = list(dict.fromkeys(one.network.name for one in found))
    figure, axes = new_figure(9.2, 1.2 + 0.52 * len(names))
    for one in found:
        _draw(axes, one, -names.index(one.network.name))
    for row in range(1, len(names)):
        axes.axhline(0.5 - row, color=GRID, linewidth=0.8, zorder=0)
    axes.set_xscale("symlog", linthresh=LINEAR_MS, linscale=0.6)
    axes.set_xlim(-0.08, 1.6 * max(message.achieved_s * 1e3 for one in found for message in one.probes))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks([0, 1, 10, 100])
    axes.set_xlabel("milliseconds from the sender to the receiver, one way")
    axes.set_yticks([-row for row in range(len(names))], names, fontsize=11.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0.5 - len(names), 0.5)
    _figures_beside(axes, found, names)
    handles = [Line2D([], [], color=FAINT, linewidth=ASKED_PT, alpha=ASKED_ALPHA)]
    handles += [
        Line2D([], [], color=color, marker=marker, markerfacecolor="none", linestyle="")
        for color, marker, _ in WAYS.values()
    ]
    labels = ("asked, from the least to the most", "came, server to client (down)", "came, client to server (up)")
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=10.5, labelcolor=INK)
    return Picture(figure, "Network conditions: asked and achieved", sentence(recording), recording.notices)


def _draw(axes: Axes, one: Shown, y: float) -> None:
    color, marker, beside = WAYS[one.way]
    asked_ms = [message.asked_s * 1e3 for message in one.probes]
    came_ms = [message.achieved_s * 1e3 for message in one.probes]
    if max(asked_ms) - min(asked_ms) < LEAST_BAR_MS:  # too short for a bar
        axes.plot(
            [asked_ms[0]], [y + beside], "s", color=FAINT, markersize=ASKED_PT, markeredgewidth=0, alpha=ASKED_ALPHA
        )
    else:
        axes.plot(
            [min(asked_ms), max(asked_ms)], [y + beside] * 2, color=FAINT, linewidth=ASKED_PT, alpha=ASKED_ALPHA,
            solid_capstyle="projecting", zorder=1,
        )  # fmt: skip
    axes.plot(
        came_ms, [y + beside] * len(came_ms), marker, color=color, markersize=4.5, markerfacecolor="none", zorder=3
    )


def _figures_beside(axes: Axes, found: Sequence[Shown], names: Sequence[str]) -> None:
    """The errors as figures, at the right of each row."""
    beside = axes.get_yaxis_transform()
    for x, words in ((1.02, "later\n(median)"), (1.16, "rate that came\n(off by)")):
        axes.text(x, 0.6, words, transform=beside, ha="left", va="bottom", color=INK, fontsize=10)
    for one in found:
        y = WAYS[one.way][2] - names.index(one.network.name)
        later_ms = quantiles([message.error_s * 1e3 for message in one.probes]).median
        axes.text(1.02, y, f"{later_ms:.2f} ms", transform=beside, ha="left", va="center", color=INK, fontsize=9.5)
        came, off = rate_bytes_s(one.bulk), _rate_error(one)
        if came is not None and off is not None:
            words = f"{in_bits(came)} ({_percent(off)})"
            axes.text(1.16, y, words, transform=beside, ha="left", va="center", color=INK, fontsize=9.5)
