"""How many pollers ask in each slot of time after an outage, for three kinds of jitter: computed, nothing was sent.

``scenarios/polling_herd.py`` makes the marks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import floor

from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import FAINT, GRID, INK, SERIES, new_figure
from lab_servers.views.table import Table

KINDS = ("no jitter", "equal jitter", "full jitter")


@dataclass(frozen=True)
class Spread:
    """When the pollers ask, with one kind of jitter.

    Attributes:
        kind: The kind.
        slots: How many ask in each slot, by the slot's number; slot 0 begins when the server is back, and slots
            before it have negative numbers.
        requests: How many requests there are in all.
        last_s: When the last poller has its answer, in seconds after the server is back.
    """

    kind: str
    slots: dict[int, int]
    requests: int
    last_s: float

    @property
    def busiest(self) -> int:
        """How many ask in the busiest slot after the server is back."""
        return max(count for slot, count in self.slots.items() if slot >= 0)


def spreads(recording: Recording) -> dict[str, Spread]:
    """The pollers' requests in slots, for each kind of jitter.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    slot_s, outage_s = (recording.parameters.get(name) for name in ("slot_s", "outage_s"))
    if not isinstance(slot_s, int | float) or not isinstance(outage_s, int | float):
        raise BadParameter("This recording has no herd of pollers: run the scenario Herd.")
    found = {}
    for kind in KINDS:
        # In whole nanoseconds, in which the moments are given: a moment on a border must fall into the later slot.
        since_ns = [mark.at_ns - round(outage_s * 1e9) for mark in recording.marks_named(f"{kind}: asks")]
        slots = Counter(floor(at_ns / (slot_s * 1e9)) for at_ns in since_ns)
        found[kind] = Spread(kind, dict(slots), len(since_ns), max(since_ns) / 1e9)
    return found


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    parameters = recording.parameters
    told = "; ".join(
        f"with {one.kind} {one.busiest}, and the last one is answered {one.last_s:.1f} s after the outage"
        for one in spreads(recording).values()
    )
    return (
        f"Computed on a virtual clock with seed {parameters['seed']}, no request was sent. In the busiest "
        f"{parameters['slot_s']:g} s after the outage, of {parameters['pollers']} pollers ask: {told}."
    )


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    parameters = recording.parameters
    rows = tuple(
        (
            one.kind,
            f"{one.busiest:,}",
            f"{one.requests:,}",
            f"{sum(count for slot, count in one.slots.items() if slot < 0):,}",
            f"{one.last_s:.1f} s",
        )
        for one in spreads(recording).values()
    )
    return Table(
        f"{parameters['pollers']} pollers after an outage of {parameters['outage_s']:g} s, computed with seed "
        f"{parameters['seed']}: no request was sent",
        (
            "kind", f"in the busiest {parameters['slot_s']:g} s after it", "requests in all", "of them refused",
            "last one answered after it",
        ),
        rows,
    )  # fmt: skip


def picture(recording: Recording) -> Picture:
    """A histogram for each kind, one above the other, on the same scales."""
    found = spreads(recording)
    slot_s, outage_s = float(str(recording.parameters["slot_s"])), float(str(recording.parameters["outage_s"]))
    highest = max(count for one in found.values() for count in one.slots.values())
    lane = 1.3 * highest
    figure, axes = new_figure(8.8, 5.2)
    axes.axvspan(0, outage_s, color=GRID, alpha=0.35, linewidth=0, zorder=0)
    axes.text(outage_s / 2, 1.12 * highest, "the server is away", ha="center", va="bottom", color=INK, fontsize=11)
    for row, one in enumerate(found.values()):
        floor_y = -row * lane
        axes.axhline(floor_y, color=FAINT, linewidth=1)
        for is_back in (False, True):
            slots = {slot: count for slot, count in one.slots.items() if (slot >= 0) is is_back}
            axes.bar(
                [outage_s + slot * slot_s for slot in slots], list(slots.values()), width=slot_s, align="edge",
                bottom=floor_y, color=SERIES[row] if is_back else FAINT, edgecolor="none",
            )  # fmt: skip
        busy = max((slot for slot in one.slots if slot >= 0), key=lambda slot, one=one: one.slots[slot])  # type: ignore[misc]
        axes.annotate(
            f"at most {one.busiest} in {slot_s:g} s", (outage_s + busy * slot_s, floor_y + one.busiest), (8, 4),
            textcoords="offset points", color=INK, fontsize=12, va="bottom",
        )  # fmt: skip
    axes.set_yticks([-row * lane + 0.15 * lane for row in range(len(found))], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-2 * lane - 0.03 * lane, 1.3 * highest)
    axes.set_xlim(0, None)
    axes.set_xlabel("seconds after the outage began; grey: refused")
    return Picture(figure, "When a herd of pollers asks again", sentence(recording))
