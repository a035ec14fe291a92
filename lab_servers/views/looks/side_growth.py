"""What each transport costs as work grows, as a picture and as figures: processor, memory, bytes; lines named.

``scenarios/side_growth.py`` makes the recording, ``measure/growth_found.py`` finds the trends in it.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from lab_servers.measure.growth import STEPS_EACH_SIDE, Trend, Words
from lab_servers.measure.growth_found import Found, Points, axis_of, growth_found
from lab_servers.measure.growth_steps import CLIENTS, RATE, SIZE, measured_on
from lab_servers.measure.transports import Lane, lane_named
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.legend import legend_above
from lab_servers.views.side.words import listed
from lab_servers.views.style import GRID, INK, new_panels
from lab_servers.views.table import Table

_KIB = 1024
_WORDS = {
    CLIENTS: Words("client"),
    RATE: Words("message a second", each="message", base=" a second"),
    SIZE: Words("byte", each="KiB", per=_KIB),
}
_COUNTED = "Processor time is that of the server's thread alone, the system's part included"


def processor(seconds: float) -> str:
    """Processor time with the digits that it has: ``"0.24 µs"``, ``"36 µs"``, ``"1.3 ms"``."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if abs(seconds) * factor >= 1 or unit == "ns":
            return f"{float(f'{seconds * factor:.2g}'):,g} {unit}"
    raise AssertionError("unreachable: the last unit takes every value")


def in_bytes(count: float) -> str:
    """``"84 bytes"``; a fraction only where there is one."""
    return f"{count:,.0f} bytes" if abs(count - round(count)) < 0.05 else f"{count:,.1f} bytes"


def in_kib(count: float) -> str:
    """``"9.8 KiB"``."""
    return f"{count / _KIB:,.1f} KiB"


# --- sentences --------------------------------------------------------------------------------------


def statements(recording: Recording) -> tuple[str, ...]:
    """Every line, bend and limit of a run by name, one sentence each.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    axis = axis_of(recording)
    words, told = _WORDS[axis], []
    for name, found in growth_found(recording).items():
        each = "a second" if axis == RATE else "a message"
        told += _told(found.processor.trend, f"{name}, processor time of the server for {each}", processor, words)
        if axis != RATE:
            told += _told(found.waiting.trend, f"{name}, time until the last client has it", processor, words)
        told += _told(found.size.trend, f"{name}, bytes for {each}", in_bytes, words)
        told += _told(found.memory.trend, f"{name}, memory of the server", in_kib, Words("connection"), sure=False)
        told += [f"{name}, limit at {words.count(limit.units)}: {limit.because}." for limit in found.growth.limits]
        if not found.growth.limits:
            told.append(f"{name}: no limit was met up to {words.count(found.growth.steps[-1].units)}.")
    return tuple(told)


def _told(
    trend: Trend | None, what: str, shown: Callable[[float], str], words: Words, *, sure: bool = True
) -> list[str]:
    return [trend.sentence(what, shown, words, sure=sure)] if trend else []


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    axis, found = axis_of(recording), growth_found(recording)
    words = _WORDS[axis]
    steps = next(iter(found.values())).growth.steps
    first, last = words.count(min(one.units for one in steps)), words.count(max(one.units for one in steps))
    costs = [f"{name} {_last(one.processor, processor)}" for name, one in found.items()]
    each = "a second" if axis == RATE else "one message to all of them" if axis == CLIENTS else "a message"
    told = [f"At {last}, {each} takes of the server's processor: {listed(costs)}"]
    told.append(_bytes_told(axis, found, first, last))
    if axis == CLIENTS:
        held = [f"{name} {_held(one.memory)}" for name, one in found.items() if one.memory.costs]
        told.append(f"The server holds for each of the open connections, at the most of them: {listed(held)}")
    bent = [name for name, one in found.items() if (trend := one.processor.trend) and trend.bend_at]
    told.append(f"A bend was found on {listed(bent)}" if bent else _no_bend(found))
    limited = [
        f"{name} at {words.count(one.growth.limits[0].units)}" for name, one in found.items() if one.growth.limits
    ]
    told.append(f"Limits: {listed(limited)}" if limited else f"No limit was met up to {last}")
    told.append(_COUNTED)
    return f"{'. '.join(told)}. {measured_on(recording)}".rstrip()


def _no_bend(found: dict[str, Found]) -> str:
    # What was not looked for was not missing either.
    most = max(len(set(one.processor.steps)) for one in found.values())
    needed = 2 * STEPS_EACH_SIDE
    return (
        "No bend was found" if most >= needed else f"{most} steps are too few to look for a bend, which takes {needed}"
    )


def _bytes_told(axis: str, found: dict[str, Found], first: str, last: str) -> str:
    told = [f"{name} {_bytes_at(one, axis)}" for name, one in found.items()]
    if axis == CLIENTS:
        return f"Each client gets it in so many bytes of both directions, at {first} as at {last}: {listed(told)}"
    return f"Bytes of both directions for a message, at {first} and at {last}: {listed(told)}"


def _bytes_at(found: Found, axis: str) -> str:
    first, last = found.bytes_per_message_at_first, found.bytes_per_message
    if first is None or last is None:
        return "not recorded whole"
    if axis == CLIENTS and abs(first - last) < 0.05:
        return f"{last:,.0f}"
    return f"{first:,.0f} and {last:,.0f}"


def _last(points: Points, shown: Callable[[float], str]) -> str:
    return shown(_medians(points)[-1][1])


def _held(memory: Points) -> str:
    """The memory for each connection where the most were open: measured there, where a line may be lost in noise."""
    most = max(memory.units)
    return in_kib(median(cost for units, cost in zip(memory.units, memory.costs, strict=True) if units == most) / most)


def _medians(points: Points) -> list[tuple[float, float, float, float]]:
    """Each step's place as achieved, and the median, least and greatest of what it cost, in the order of the steps."""
    found = []
    for step in sorted(set(points.steps)):
        mine = [place for place, one in enumerate(points.steps) if one == step]
        costs = [points.costs[place] for place in mine]
        found.append((median(points.units[place] for place in mine), median(costs), min(costs), max(costs)))
    return found


# --- the table --------------------------------------------------------------------------------------


def table(recording: Recording) -> Table:
    """The figures of each transport, and how its processor time grows."""
    axis, found = axis_of(recording), growth_found(recording)
    words = _WORDS[axis]
    steps = next(iter(found.values())).growth.steps
    first, last = (words.count(pick(one.units for one in steps)) for pick in (min, max))
    rows = []
    for name, one in found.items():
        trend = one.processor.trend
        row = [
            name,
            _count(one.opening_bytes),
            _count(one.bytes_per_message_at_first),
            _count(one.bytes_per_message),
            trend.brief(processor, words) if trend else "one step only",
            processor(median(one.growth.steps[-1].delivered_ns) / 1e9),
        ]
        if axis == CLIENTS:
            row.append(_held(one.memory) if one.memory.costs else "not measured")
        row.append(
            "; ".join(f"{words.count(limit.units)}: {limit.because}" for limit in one.growth.limits) or "none met"
        )
        rows.append(tuple(row))
    until = f"until the last of {last} has it" if axis == CLIENTS else f"until it is there, at {last}"
    head = (
        "transport", "bytes to open", f"bytes per message, {first}", f"at {last}",
        f"server's processor for {'a second' if axis == RATE else 'a message'}", until,
        *(("server's memory per connection",) if axis == CLIENTS else ()), "limit",
    )  # fmt: skip
    return Table(
        f"What grows with {axis}: bytes of both directions for each client; {_COUNTED[0].lower()}{_COUNTED[1:]}",
        head,
        tuple(rows),
        notices=recording.notices,
    )


def _count(value: float | None) -> str:
    return "not recorded whole" if value is None else f"{value:,.0f}"


# --- the picture ------------------------------------------------------------------------------------


def picture(recording: Recording) -> Picture:
    """Processor time on the left; memory, or bytes for a message, on the right; all axes logarithmic."""
    axis, found = axis_of(recording), growth_found(recording)
    figure, (left, right) = new_panels(9.6, 4.6, 2)
    lanes = [(lane, one) for name, one in found.items() if (lane := lane_named(name))]
    for lane, one in lanes:
        _draw(left, lane, one.processor, lambda cost, _: cost * 1e3)
        if axis == CLIENTS:
            _draw(right, lane, one.memory, lambda cost, _: cost / _KIB)
        else:
            # A second has as many messages as the place on the axis says, and a message so many bytes.
            _draw(right, lane, one.size, lambda cost, units: cost / units)
    x_words = {
        CLIENTS: "clients",
        RATE: "messages per second, as achieved",
        SIZE: "bytes of a message",
    }
    left.set_xlabel(x_words[axis])
    left.set_title(
        f"server's processor for {'a second' if axis == RATE else 'a message'}, ms", fontsize=12, loc="left", color=INK
    )
    right.set_xlabel("open connections" if axis == CLIENTS else x_words[axis])
    right_title = {
        CLIENTS: "server's memory for open connections, KiB",
        RATE: "bytes for a message, both directions",
        SIZE: "bytes for each byte of a message",
    }
    right.set_title(right_title[axis], fontsize=12, loc="left", color=INK)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: _tick(value))
        axes.yaxis.set_major_formatter(lambda value, _: _tick(value))
        # Where an axis spans little, powers of ten alone would leave one tick or two.
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
        axes.minorticks_off()
        axes.grid(axis="y", color=GRID, linewidth=0.7)
    legend_above(figure, [Line2D([], [], **style_of(lane).both) for lane, _ in lanes], [lane.name for lane, _ in lanes])
    return Picture(figure, f"Cost as {axis} grow", sentence(recording), recording.notices)


def _draw(axes: Axes, lane: Lane, points: Points, shown: Callable[[float, float], float]) -> None:
    """A sign for each step's median with a whisker from least to greatest, and the line where one was found.

    Args:
        axes: Where.
        lane: Whose.
        points: What was measured.
        shown: Makes of a cost, and of the place at which it was met, what the axis shows.
    """
    if not points.units:
        return
    style, found = style_of(lane), _medians(points)
    places = [one[0] for one in found]
    middle, least, most = ([_drawn(shown(one[which], one[0])) for one in found] for which in (1, 2, 3))
    axes.vlines(places, least, most, color=style.color, linewidth=1.0, alpha=0.6)
    axes.plot(places, middle, zorder=3, **style.sign)
    trend = points.trend
    if trend is not None and trend.is_line:
        places = [float(place) for place in np.geomspace(places[0], places[-1], 100)]
        middle = [_drawn(shown(trend.at(place), place)) for place in places]
    axes.plot(places, middle, **style.line)


def _drawn(value: float) -> float:
    # A logarithmic axis has no zero, and a clock of coarse steps may have measured none.
    return max(value, 1e-6)


def _tick(value: float) -> str:
    return f"{value:,g}" if value < 1e6 else f"{value / 1e6:g} M"
