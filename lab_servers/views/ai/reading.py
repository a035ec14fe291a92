"""How much of an answer had arrived, and how far a person had read: where the two lines meet, the reader waits.

``measure/reading_pace.py`` reads, unit by unit, and cites how fast people do.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lab_servers.measure.answer_times import answer_times
from lab_servers.measure.reading_pace import ADULT, Pace, Reading, reading
from lab_servers.recording import Recording
from lab_servers.views.ai.way_style import style_of_way
from lab_servers.views.picture import Picture
from lab_servers.views.side.legend import legend_beside
from lab_servers.views.side.words import duration, listed
from lab_servers.views.style import FAINT, GRID, INK, new_figure
from lab_servers.views.table import Table


def readings_of(recording: Recording, pace: Pace = ADULT) -> tuple[Reading, ...]:
    """A reader for each way, who reads at this pace.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    return tuple(reading(times, pace) for times in answer_times(recording).values())


def reading_against_arrival(recording: Recording, pace: Pace = ADULT) -> Picture:
    """Steps where words arrived, a broad faint line where they were read; one pair for each way.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    found = readings_of(recording, pace)
    figure, axes = new_figure(9.6, 4.6)
    for place, one in enumerate(found):
        style = style_of_way(one.name)
        counts = np.arange(len(one.arrived_s) + 1)
        every = max(1, len(counts) // 5)
        axes.plot(
            [0.0, *one.arrived_s], counts, linewidth=3.4 - 2.0 * place / len(found), drawstyle="steps-post",
            markevery=(1 + place * every // len(found), every), **style.curve,
        )  # fmt: skip
        _draw_reader(axes, one, style.color)
    axes.set_xlabel("seconds after the question")
    axes.set_ylabel("words and Chinese characters")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    handles = [Line2D([], [], linewidth=2, **style_of_way(one.name).curve) for one in found]
    words = [*(one.name for one in found), "read, at this pace"]
    handles.append(Line2D([], [], color=FAINT, linewidth=7, alpha=0.35))
    if any(one.later_waits_s for one in found):
        words.append("the reader waits")
        handles.append(Line2D([], [], color=INK, linewidth=2.6))
    legend_beside(figure, handles, words, title="arrived")
    return Picture(figure, "Arrival against reading", _sentence(found, pace), recording.notices)


def _draw_reader(axes: Axes, one: Reading, color: str) -> None:
    """A broad line that rises while somebody reads, and a dark one that lies level while there is nothing to read."""
    across: list[float] = []
    up: list[int] = []
    for count, (begun_s, read_s) in enumerate(zip(one.begun_s, one.read_s, strict=True)):
        if across and begun_s > across[-1]:
            axes.plot([across[-1], begun_s], [count, count], color=INK, linewidth=2.6, zorder=4)
        across += [begun_s, read_s]
        up += [count, count + 1]
    axes.plot(across, up, color=color, linewidth=7, alpha=0.22)


def reading_table(recording: Recording, pace: Pace = ADULT) -> Table:
    """For each way: until there was something to read, how often and how long it waited then, when all was read.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    rows = tuple(
        (
            one.name,
            f"{len(one.arrived_s)}",
            duration(1e3 * one.first_wait_s),
            f"{len(one.later_waits_s)}",
            _ms(sum(one.later_waits_s)),
            duration(1e3 * one.arrived_s[-1]) if one.arrived_s else "none",
            duration(1e3 * one.done_s),
        )
        for one in readings_of(recording, pace)
    )
    return Table(
        f"A reader of {pace.words_per_minute:g} words or {pace.characters_per_minute:g} Chinese characters per minute",
        ("way", "words and characters", "waits first", "waits later", "together", "all had arrived", "all was read"),
        rows,
        notices=(pace.source, *recording.notices),
    )


def _sentence(found: tuple[Reading, ...], pace: Pace) -> str:
    waiting = sorted(found, key=lambda one: one.done_s)
    done = listed([f"{one.name} {duration(1e3 * one.done_s)}" for one in waiting])
    kept = [one for one in found if one.later_waits_s]
    later = (
        "Once there was something to read, no reader waited again: the answer arrived faster than it is read."
        if not kept
        else "After the first word these readers waited again: "
        + listed([f"{one.name} {_times(one)}, {_ms(sum(one.later_waits_s))}" for one in kept])
        + "."
    )
    return (
        f"At {pace.words_per_minute:g} words or {pace.characters_per_minute:g} Chinese characters per minute, all was "
        f"read after: {done}. {later}"
    )


def _times(one: Reading) -> str:
    count = len(one.later_waits_s)
    return "once" if count == 1 else f"{count} times"


def _ms(seconds: float) -> str:
    return duration(1e3 * seconds)
