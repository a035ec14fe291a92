"""What a run of growing work found on each lane: the trends of processor time, waiting, bytes and memory.

``growth_steps.py`` reads the steps off the recording, ``growth.py`` fits, ``views/looks/side_growth.py`` shows.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.errors import BadParameter
from lab_servers.measure.growth import Trend, trend
from lab_servers.measure.growth_steps import AXES, CLIENTS, RATE, LaneGrowth, Step, lanes_growth
from lab_servers.recording import Recording


@dataclass(frozen=True)
class Points:
    """What was measured at each step, each repeat for itself.

    Attributes:
        steps: The step's place on the axis, as it was asked for.
        units: The same as it was achieved; only a rate may differ.
        costs: What it cost there.
    """

    steps: tuple[int, ...]
    units: tuple[float, ...]
    costs: tuple[float, ...]

    @property
    def trend(self) -> Trend | None:
        """How it grows; ``None`` with fewer than two steps."""
        return trend(self.units, self.costs) if len(set(self.units)) > 1 else None


@dataclass(frozen=True)
class Found:
    """What was found on one lane.

    The costs are those of one message to all clients; on the axis of rates, those of one second.

    Attributes:
        growth: The steps that it rests on.
        processor: Processor time of the server's thread, seconds.
        waiting: From the moment a message was said until the last client had it, seconds: the step's median.
        size: Bytes on the wire while the messages travelled, both directions together.
        memory: What the server held for open connections, bytes.
    """

    growth: LaneGrowth
    processor: Points
    waiting: Points
    size: Points
    memory: Points

    @property
    def bytes_per_message(self) -> float | None:
        """At the last step, for each message and client; ``None`` if the bytes were not recorded whole."""
        return _per_delivery(self.growth, -1)

    @property
    def bytes_per_message_at_first(self) -> float | None:
        """The same at the first step."""
        return _per_delivery(self.growth, 0)

    @property
    def payload_per_message(self) -> float:
        """Bytes of a message itself, at the last step."""
        last = self.growth.steps[-1]
        return last.payload_bytes / last.deliveries

    @property
    def opening_bytes(self) -> float | None:
        """Bytes that opening one client's connection takes, at the last step; the first question is part of it."""
        last, passed = self.growth.steps[-1], self.growth.bytes[-1]
        return passed.opening / last.clients if passed else None

    @property
    def opening_s(self) -> float:
        """Processor time of the server for opening one client's connection, at the last step, in seconds."""
        last = self.growth.steps[-1]
        return last.server_opening_ns / last.clients / 1e9


def _per_delivery(growth: LaneGrowth, place: int) -> float | None:
    passed = growth.bytes[place]
    return passed.messages / growth.steps[place].deliveries if passed else None


def axis_of(recording: Recording) -> str:
    """What grew in a run.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    axis = recording.parameters.get("axis")
    if axis not in AXES or not lanes_growth(recording):
        raise BadParameter("This recording has no steps of growing work: run the scenario Growth.")
    return str(axis)


def growth_found(recording: Recording) -> dict[str, Found]:
    """What was found, by the lane's name, in the order of the transports.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    axis = axis_of(recording)
    return {name: _found(growth, axis) for name, growth in lanes_growth(recording).items()}


def _found(growth: LaneGrowth, axis: str) -> Found:
    steps = growth.steps
    counted = [(step, passed) for step, passed in zip(steps, growth.bytes, strict=True) if passed]
    memory = growth.memory if axis == CLIENTS else ()
    return Found(
        growth,
        _points(steps, axis, [step.server_ns / 1e9 / _share(step, axis) for step in steps]),
        _points(steps, axis, [statistics.median(step.delivered_ns) / 1e9 for step in steps]),
        _points(
            [step for step, _ in counted], axis, [passed.messages / _share(step, axis) for step, passed in counted]
        ),
        Points(
            tuple(one.connections for one in memory),
            tuple(float(one.connections) for one in memory),
            tuple(float(one.size_bytes) for one in memory),
        ),
    )


def _points(steps: Sequence[Step], axis: str, costs: Sequence[float]) -> Points:
    achieved = (step.messages / _lasted_s(step) if axis == RATE else float(step.units) for step in steps)
    return Points(tuple(step.units for step in steps), tuple(achieved), tuple(costs))


def _share(step: Step, axis: str) -> float:
    """What a step's sum is divided by: its seconds on the axis of rates, else its messages."""
    return _lasted_s(step) if axis == RATE else step.messages


def _lasted_s(step: Step) -> float:
    return (step.done_ns - step.open_ns) / 1e9
