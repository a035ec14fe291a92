"""Unit costs, read off a recording of ``UnitCosts``: what one question, answer, message and heartbeat takes.

Bytes and requests are those that passed a lane's relay between two marks; processor time stands in the marks. What
they are multiplied by is the business of ``costs.py``.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter, shown
from lab_servers.marks import Mark
from lab_servers.measure.costs import CHOICES, Cost, MessageCost, WayCosts
from lab_servers.measure.timing import latencies_s
from lab_servers.measure.transports import Lane, Transport
from lab_servers.recording import Recording

SCENARIO = "UnitCosts"

# Payload bytes of the messages that are sent, so that the line through both tells what a message of any size takes.
SMALL_BYTES, LARGE_BYTES = 40, 800
# Messages that share one answer where answers can be shared.
SEVERAL = 8


class Step(enum.Enum):
    """What is done over and over between two marks. Its value is its name in the marks."""

    OPENING = "opening"  # a stream is asked for, or a handshake is made
    QUIET = "quiet"  # a question without news, or a heartbeat
    ONE = "one small message down"
    SEVERAL = "several small messages down"  # SEVERAL of them, which share an answer of polling
    LARGE = "one large message down"
    UP = "one small message up"
    UP_LARGE = "one large message up"


@dataclass(frozen=True)
class Batch:
    """A step that was done some times in a row.

    Attributes:
        transport: On which way.
        step: What was done.
        cost: What one of the steps took on average; how long the connection was open is not part of it.
    """

    transport: Transport
    step: Step
    cost: Cost


def mark_of(transport: Transport, step: Step) -> str:
    """The name of the marks around a batch of this step."""
    return f"{Lane(transport).name}: {step.value}"


def detail_of(count: int, processor_ns: int) -> str:
    """A mark's detail: how many steps were done since the batch began, and the clock of the thread's processor time."""
    return f"{count} {processor_ns}"


def batches(recording: Recording) -> tuple[Batch, ...]:
    """All batches, in the order in which they were done.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    if not isinstance(recording, Recording):
        raise BadParameter(f"Unit costs are read off a recording of {SCENARIO}, not {shown(recording)}.")
    found = [one for transport in CHOICES for one in _batches_of(recording, transport)]
    if {one.transport for one in found} != set(CHOICES):
        raise BadParameter(f"This recording has no unit costs: run the scenario {SCENARIO}.")
    return tuple(found)


def unit_costs(recording: Recording) -> dict[Transport, WayCosts]:
    """The unit costs of each transport: medians over the batches.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = batches(recording)
    return {transport: _way_costs(recording, transport, found) for transport in CHOICES}


def _batches_of(recording: Recording, transport: Transport) -> Iterator[Batch]:
    passed = _passed(recording, transport)
    asked = _asked(recording, transport)
    for step in Step:
        marks = recording.marks_named(mark_of(transport, step))
        for begin, end in zip(marks[::2], marks[1::2], strict=False):
            count, spent_ns = _read(end)[0], _read(end)[1] - _read(begin)[1]
            if count < 1:
                continue
            size = sum(size for at_ns, size in passed if begin.at_ns <= at_ns <= end.at_ns)
            requests = sum(begin.at_ns <= at_ns <= end.at_ns for at_ns in asked)
            yield Batch(transport, step, Cost(size, requests, spent_ns / 1e9).times(1 / count))


def _read(mark: Mark) -> tuple[int, int]:
    """What :func:`detail_of` wrote.

    Raises:
        BadParameter: somebody else wrote it.
    """
    count, _, processor_ns = mark.detail.partition(" ")
    try:
        return int(count), int(processor_ns)
    except ValueError:
        raise BadParameter(f"The mark {mark.name!r} has no unit costs in it: run the scenario {SCENARIO}.") from None


def _passed(recording: Recording, transport: Transport) -> list[tuple[int, int]]:
    """When how many bytes passed, in either direction, on all connections of a lane."""
    captures = recording.of(Lane(transport).name)
    return [(chunk.at_ns, len(chunk.data)) for capture in captures for chunk in capture.chunks]


def _asked(recording: Recording, transport: Transport) -> list[int]:
    """When each request began on the connections of a lane."""
    return [
        capture.time_of(Side.CLIENT, message.start)
        for capture in recording.of(Lane(transport).name)
        for message in dissect(capture).conversation.messages(Side.CLIENT.value)
    ]


def _way_costs(recording: Recording, transport: Transport, found: tuple[Batch, ...]) -> WayCosts:
    mine = [one for one in found if one.transport is transport]
    cost = {step: _median(one.cost for one in mine if one.step is step) for step in Step}
    # One answer with one message, against one with several: the difference is messages alone. On a stream, which has
    # no answers, it is the same difference, and what is left over for "news" is nothing.
    message = _less(cost[Step.SEVERAL], cost[Step.ONE]).times(1 / (SEVERAL - 1))
    is_asked = transport in (Transport.POLLING, Transport.LONG_POLLING)
    down = message if is_asked else cost[Step.ONE]
    news = _less(cost[Step.ONE], cost[Step.QUIET] + message) if is_asked else Cost()
    return WayCosts(
        opening=cost[Step.OPENING],
        quiet=cost[Step.QUIET],
        news=news,
        down=_line(down, _slope(cost[Step.ONE], cost[Step.LARGE])),
        up=_line(cost[Step.UP], _slope(cost[Step.UP], cost[Step.UP_LARGE])),
        delivery_s=_delivery_s(recording, transport),
    )


def _line(small: Cost, slope: float) -> MessageCost:
    """The straight line through the small message with this slope."""
    return MessageCost(small + Cost(bytes=-slope * SMALL_BYTES), slope)


def _slope(small: Cost, large: Cost) -> float:
    return (large.bytes - small.bytes) / (LARGE_BYTES - SMALL_BYTES)


def _median(costs: Iterator[Cost]) -> Cost:
    """Each part's own median; nothing where nothing was measured, as a poller has no opening."""
    all_of_them = list(costs)
    if not all_of_them:
        return Cost()
    return Cost(
        statistics.median(one.bytes for one in all_of_them),
        statistics.median(one.requests for one in all_of_them),
        statistics.median(one.processor_s for one in all_of_them),
    )


def _less(more: Cost, less: Cost) -> Cost:
    """The difference; of processor time at least nothing, since a pause of the machine may fall into either."""
    return Cost(
        more.bytes - less.bytes, more.requests - less.requests, max(0.0, more.processor_s - less.processor_s)
    )  # fmt: skip


def _delivery_s(recording: Recording, transport: Transport) -> float:
    """From produced to delivered; of polling, whose messages wait for a question, what its answers take is unknown."""
    if transport is Transport.POLLING:
        return 0.0
    return statistics.median(latencies_s(recording, Lane(transport).name) or (0.0,))
