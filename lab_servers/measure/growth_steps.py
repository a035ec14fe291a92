"""The steps of a run of growing work: what was marked about each, joined with the bytes that its connections carried.

``scenarios/side_growth.py`` makes such a recording, ``growth.py`` fits lines to what stands here. A step has three
phases: the connections are opened, the messages travel, the connections are closed.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.marks import Mark
from lab_servers.measure.transports import Transport, lane_named
from lab_servers.recording import Recording

CLIENTS, RATE, SIZE = "clients", "messages per second", "message size"
AXES = (CLIENTS, RATE, SIZE)

MEASURED, MEMORY, LIMIT, MACHINE = "measured", "memory", "limit", "machine"


@dataclass(frozen=True)
class Step:
    """What was measured of one step on one lane.

    Attributes:
        units: How much of what grows: clients, messages a second, or bytes of a message.
        repeat: Which run through all steps this one belongs to, from 0.
        clients: How many clients there were.
        messages: How many messages the server said to each of them.
        payload_bytes: The text of all these messages, each counted once for every client.
        opening_ns: When the first connection was asked for.
        open_ns: When every client was waiting for the first message.
        done_ns: When everybody had every message.
        closed_ns: When every client had left.
        server_opening_ns: Processor time of the server's thread while the connections were opened.
        server_ns: Processor time of the server's thread while the messages travelled.
        rest_ns: Processor time of the lab's thread meanwhile: relay and clients, of all lanes that ran then.
        delivered_ns: For each message, the time from the moment at which it was said until the last client had it.
    """

    units: int
    repeat: int
    clients: int
    messages: int
    payload_bytes: int
    opening_ns: int
    open_ns: int
    done_ns: int
    closed_ns: int
    server_opening_ns: int
    server_ns: int
    rest_ns: int
    delivered_ns: tuple[int, ...]

    @property
    def deliveries(self) -> int:
        """Messages, each counted once for every client."""
        return self.clients * self.messages

    def mark(self) -> Mark:
        """The step as it stands in a recording."""
        return Mark(self.closed_ns, MEASURED, json.dumps(asdict(self)))


@dataclass(frozen=True)
class StepBytes:
    """What passed the relay in one step, both directions together, in bytes; ``None`` if not all of it was recorded.

    Attributes:
        opening: While the connections were opened.
        messages: While the messages travelled.
        closing: After that.
        connections: How many connections there were.
    """

    opening: int
    messages: int
    closing: int
    connections: int


@dataclass(frozen=True)
class Memory:
    """The server's memory with so many connections open.

    Attributes:
        connections: How many were open.
        size_bytes: What Python held more than with none, in bytes.
    """

    connections: int
    size_bytes: int

    def mark(self, at_ns: int) -> Mark:
        """The measurement as it stands in a recording."""
        return Mark(at_ns, MEMORY, json.dumps(asdict(self)))


@dataclass(frozen=True)
class Limit:
    """Where a lane could grow no further.

    Attributes:
        units: The step at which it was met.
        because: Why, as the rest of a sentence.
    """

    units: int
    because: str

    def mark(self, at_ns: int) -> Mark:
        """The limit as it stands in a recording."""
        return Mark(at_ns, LIMIT, json.dumps(asdict(self)))


@dataclass(frozen=True)
class LaneGrowth:
    """All that a recording says of one lane.

    Attributes:
        name: The lane's name.
        steps: In the order in which they were run.
        bytes: What passed in each; ``None`` where the bound on recording was met.
        memory: The server's memory by connections; empty where it was not measured.
        limits: The limits that were met.
    """

    name: str
    steps: tuple[Step, ...]
    bytes: tuple[StepBytes | None, ...]
    memory: tuple[Memory, ...]
    limits: tuple[Limit, ...]


def lanes_growth(recording: Recording) -> dict[str, LaneGrowth]:
    """What a recording says of each lane, by the lane's name, in the order of the transports; empty if it has none.

    Raises:
        BadParameter: its marks are not as a run leaves them.
    """
    names = {mark.name.removesuffix(f": {MEASURED}") for mark in recording.marks if mark.name.endswith(f": {MEASURED}")}
    order = list(Transport)
    lanes = sorted((lane for name in names if (lane := lane_named(name))), key=lambda lane: order.index(lane.transport))
    return {lane.name: _lane_growth(recording, lane.name) for lane in lanes}


def details(recording: Recording, name: str) -> list[dict[str, Any]]:
    """What the marks of a series say, each a JSON object.

    Raises:
        BadParameter: one of them is none; a file may hold anything.
    """
    try:
        found = [json.loads(mark.detail) for mark in recording.marks_named(name)]
    except (ValueError, RecursionError):
        found = [None]
    if not all(isinstance(one, dict) for one in found):
        raise BadParameter(f"The marks {name!r} of this recording cannot be read: run its scenario anew.")
    return found


def _lane_growth(recording: Recording, name: str) -> LaneGrowth:
    try:
        steps = tuple(
            Step(**{**detail, "delivered_ns": tuple(detail["delivered_ns"])})
            for detail in details(recording, f"{name}: {MEASURED}")
        )
        memory = tuple(Memory(**detail) for detail in details(recording, f"{name}: {MEMORY}"))
        limits = tuple(Limit(**detail) for detail in details(recording, f"{name}: {LIMIT}"))
    except (TypeError, KeyError):
        raise BadParameter(f"The steps of {name} in this recording cannot be read: run its scenario anew.") from None
    captures = sorted(recording.of(name), key=lambda capture: capture.opened_ns)
    opened = [capture.opened_ns for capture in captures]
    is_whole = recording.unrecorded_connections == 0
    passed = []
    for step in steps:
        mine = captures[bisect_left(opened, step.opening_ns) : bisect_left(opened, step.closed_ns)]
        passed.append(_bytes(step, mine) if is_whole and all(one.is_complete for one in mine) else None)
    return LaneGrowth(name, steps, tuple(passed), memory, limits)


def _bytes(step: Step, captures: Sequence[Capture]) -> StepBytes:
    opening = messages = closing = 0
    for capture in captures:
        for chunk in capture.chunks:
            if chunk.at_ns < step.open_ns:
                opening += len(chunk.data)
            elif chunk.at_ns < step.done_ns:
                messages += len(chunk.data)
            else:
                closing += len(chunk.data)
    return StepBytes(opening, messages, closing, len(captures))


def measured_on(recording: Recording) -> str:
    """On what it was measured, as a sentence; empty if the recording does not say."""
    return "".join(mark.detail for mark in recording.marks_named(f"run: {MACHINE}")[:1])


def counted(captures: Sequence[Capture]) -> int:
    """What the relay counted on these connections, recorded or not, in bytes."""
    return sum(
        sum(len(chunk.data) for chunk in capture.chunks) + sum(capture.unrecorded_bytes.get(side, 0) for side in Side)
        for capture in captures
    )
