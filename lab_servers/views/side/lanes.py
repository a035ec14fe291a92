"""The lanes of a comparison as marks tell them: when each message was produced and when it was delivered.

``scenarios/side_by_side.py`` makes the marks ``"LANE: produced"`` and ``"LANE: delivered"`` (and ``… up`` for what the
client sends); ``measure/timing.py`` finds the bytes of the same messages. The pictures beside this module draw both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab_servers.errors import BadParameter
from lab_servers.measure.transports import Direction, Lane, Transport, lane_named
from lab_servers.recording import Recording

Seconds = NDArray[np.float64]

_SUFFIX = {Direction.DOWN: "", Direction.UP: " up"}
_ORDER = tuple(Transport)


@dataclass(frozen=True, eq=False)
class LaneTimes:
    """One lane's messages in one direction, in the order in which they were produced.

    Attributes:
        lane: The transport and the library.
        direction: Which way the messages went.
        produced_s: When each was produced, in seconds since this lane's first.
        delivered_s: When the other application had each, on the same clock; ``nan`` for one that never came.
    """

    lane: Lane
    direction: Direction
    produced_s: Seconds
    delivered_s: Seconds

    @cached_property
    def arrived(self) -> NDArray[np.bool_]:
        """Which messages were delivered."""
        return ~np.isnan(self.delivered_s)

    @cached_property
    def late_s(self) -> Seconds:
        """How long after it was produced each delivered message was there, in seconds."""
        late: Seconds = (self.delivered_s - self.produced_s)[self.arrived]
        return late

    @property
    def count(self) -> int:
        """How many messages were delivered."""
        return len(self.late_s)

    @property
    def lost(self) -> int:
        """How many were produced and never delivered while the recording ran."""
        return len(self.produced_s) - self.count


def lanes_of(recording: Recording, direction: Direction = Direction.DOWN) -> tuple[LaneTimes, ...]:
    """The lanes with messages in this direction, in the order of :class:`Transport`, second libraries after the first.

    Raises:
        BadParameter: the recording has none.
    """
    times = _by_series(recording, _SUFFIX[direction])
    found = [_lane(lane, direction, series) for lane, series in times.items() if series["produced"]]
    if not found:
        raise BadParameter(
            f"This recording has no messages {direction.value} any lane of a comparison: run the scenario "
            f"{recording.name if recording.name in ('SideBySide', 'Latencies') else 'SideBySide'}."
        )
    return tuple(sorted(found, key=lambda one: place_of(one.lane)))


def place_of(lane: Lane) -> tuple[int, str]:
    """By what lanes are ordered: as :class:`Transport` has them, second libraries after the first."""
    return _ORDER.index(lane.transport), lane.library


def directions_of(recording: Recording) -> tuple[Direction, ...]:
    """The directions in which a recording has messages."""
    names = {mark.name.rpartition(": ")[2] for mark in recording.marks}
    return tuple(one for one in Direction if f"produced{_SUFFIX[one]}" in names)


def _by_series(recording: Recording, suffix: str) -> dict[Lane, dict[str, dict[str, int]]]:
    """One pass over the marks: lane → series → number of the message → nanoseconds. A first delivery counts."""
    wanted = {f"{name}{suffix}": name for name in ("produced", "delivered")}
    found: dict[Lane, dict[str, dict[str, int]]] = {}
    # There are many marks and few names: what a name means is looked up once.
    kept: dict[str, dict[str, int] | None] = {}
    for mark in recording.marks:
        name = mark.name
        if name not in kept:
            server, _, series = name.rpartition(": ")
            lane = lane_named(server) if series in wanted else None
            kept[name] = (
                None if lane is None else found.setdefault(lane, {"produced": {}, "delivered": {}})[wanted[series]]
            )
        times = kept[name]
        if times is not None and mark.detail not in times:
            times[mark.detail] = mark.at_ns
    return found


def _lane(lane: Lane, direction: Direction, series: Mapping[str, Mapping[str, int]]) -> LaneTimes:
    produced = sorted(series["produced"].items(), key=lambda one: one[1])
    start_ns = produced[0][1]
    delivered: Sequence[int | None] = [series["delivered"].get(number) for number, _ in produced]
    return LaneTimes(
        lane,
        direction,
        np.array([(at_ns - start_ns) / 1e9 for _, at_ns in produced]),
        np.array([np.nan if at_ns is None else (at_ns - start_ns) / 1e9 for at_ns in delivered]),
    )
