"""How long a question in two small writes waits for its answer, beside one write and TCP_NODELAY.

``scenarios/tcp_small_writes.py`` makes the recording. Whether this machine shows the effect is read off it.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import FAINT, GRID, INK, MARKERS, SERIES, new_figure
from lab_servers.views.table import Table

TWO, NO_DELAY, ONE = "two writes", "two writes, TCP_NODELAY", "one write"
WRITERS = (TWO, NO_DELAY, ONE)
SERVER = "two parts"
WARM_UP = "warm-up"

# From here on the median of two writes is called another thing than that of one.
SHOWS_FROM = 5.0


@dataclass(frozen=True)
class Waits:
    """How long one client waited.

    Attributes:
        label: How it writes.
        warm_up_s: From the question to its answer, in seconds, for those that do not count.
        counted_s: Likewise for those that count, in the order in which they were asked.
        apart_s: How much later the relay had the second part of a question than its first, for those that count.
    """

    label: str
    warm_up_s: tuple[float, ...]
    counted_s: tuple[float, ...]
    apart_s: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """Half of the answers took longer."""
        return statistics.median(self.counted_s)

    @property
    def tenths_s(self) -> tuple[float, float]:
        """One in ten was faster than the first, and one in ten slower than the second."""
        tenths = statistics.quantiles(self.counted_s, n=10, method="inclusive")
        return tenths[0], tenths[-1]


def waits(recording: Recording) -> dict[str, Waits]:
    """The three clients, by name.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    captures = recording.of(SERVER)
    if len(captures) != len(WRITERS) or not all(recording.marks_named(f"{label}: answered") for label in WRITERS):
        raise BadParameter("This recording has no questions in two writes: run the scenario SmallWrites.")
    return {label: _waits(recording, label, capture) for label, capture in zip(WRITERS, captures, strict=True)}


def _waits(recording: Recording, label: str, capture: Capture) -> Waits:
    asked, answered = (recording.marks_named(f"{label}: {name}") for name in ("asked", "answered"))
    took = [(end.at_ns - start.at_ns) / 1e9 for start, end in zip(asked, answered, strict=False)]
    before = sum(mark.detail == WARM_UP for mark in asked)
    return Waits(label, tuple(took[:before]), tuple(took[before:]), _apart(recording, capture, len(took))[before:])


def _apart(recording: Recording, capture: Capture, exchanges: int) -> tuple[float, ...]:
    first, second = (int(str(recording.parameters[name])) for name in ("first_bytes", "second_bytes"))
    size = first + second
    return tuple(
        (
            capture.time_of(Side.CLIENT, number * size + size - 1)
            - capture.time_of(Side.CLIENT, number * size + first - 1)
        )
        / 1e9
        for number in range(exchanges)
    )


def ratio(recording: Recording, other: str = NO_DELAY) -> float:
    """How many times as long two writes take as another client, by their medians."""
    found = waits(recording)
    return found[TWO].median_s / found[other].median_s


def has_effect(recording: Recording) -> bool:
    """Whether this machine shows what the two algorithms do together."""
    return ratio(recording) >= SHOWS_FROM


def sentence(recording: Recording) -> str:
    """What the picture shows, in words; says so where the machine does not show the effect."""
    found = waits(recording)
    told = "; ".join(f"{one.label} {_ms(one.median_s)}" for one in found.values())
    count = f"{len(found[TWO].counted_s):,} questions each, after {len(found[TWO].warm_up_s):,} to warm up"
    medians = f"Medians of {count}: {told}."
    if not has_effect(recording):
        return (
            f"{medians} This machine does not show the effect: two writes take {ratio(recording):.1f} times as "
            f"long as with TCP_NODELAY, and {ratio(recording, ONE):.1f} times as long as one write. Its system "
            f"acknowledges small segments at once, or does not hold them back on this kind of connection."
        )
    return (
        f"{medians} Two writes take {ratio(recording):,.0f} times as long as with TCP_NODELAY, and "
        f"{ratio(recording, ONE):,.0f} times as long as one write. The relay had the second part "
        f"{_ms(statistics.median(found[TWO].apart_s))} after the first (median): the sender's system held it back."
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e3:.2f} ms"


def table(recording: Recording) -> Table:
    """Medians and quantiles, and the first exchange of all."""
    rows = tuple(
        (
            one.label,
            f"{len(one.counted_s):,}",
            _ms(one.median_s),
            _ms(one.tenths_s[0]),
            _ms(one.tenths_s[1]),
            _ms(statistics.median(one.apart_s)),
            _ms((one.warm_up_s or one.counted_s)[0]),
        )
        for one in waits(recording).values()
    )
    return Table(
        "From the question to its answer, and how far apart the relay had the two parts of a question",
        ("client", "questions", "median", "10 % quantile", "90 % quantile", "parts apart", "the very first"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """One lane per client, one sign per question, on a scale of powers of ten."""
    found = waits(recording)
    figure, axes = new_figure(8.8, 3.5)
    for row, one in enumerate(found.values()):
        color, marker = SERIES[row], MARKERS[row]
        axes.axhline(-row, color=GRID, linewidth=1, zorder=0)
        for times, offset, fill in ((one.warm_up_s, 0.17, "none"), (one.counted_s, 0.0, color)):
            axes.plot(
                [took * 1e3 for took in times], [-row + offset] * len(times), marker, markersize=8, linestyle="",
                color=color, markerfacecolor=fill, alpha=0.6,
            )  # fmt: skip
        axes.plot([one.median_s * 1e3] * 2, [-row - 0.3, -row + 0.3], color=INK, linewidth=2, zorder=4)
        axes.annotate(
            _ms(one.median_s), (one.median_s * 1e3, -row - 0.3), (5, -1), textcoords="offset points", va="center",
            color=INK, fontsize=11,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks([-row for row in range(len(found))], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.45, 0.5)
    low, high = axes.get_xlim()
    axes.set_xlim(low, max(high, 1.6 * high))
    axes.set_xlabel("milliseconds from the question to its answer, on a scale of powers of ten")
    kinds = (
        Line2D([], [], color=FAINT, marker="o", markersize=8, linestyle=""),
        Line2D([], [], color=FAINT, marker="o", markersize=8, linestyle="", markerfacecolor="none"),
        Line2D([], [], color=INK, linewidth=2),
    )
    legend = figure.legend(
        kinds, ("a question", "to warm up", "median"), loc="outside upper center", ncols=3, frameon=False
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Two small writes", sentence(recording), recording.notices)
