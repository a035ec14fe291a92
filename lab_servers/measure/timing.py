"""When each message was produced, when its first and last byte passed the relay, and when it was delivered.

Produced and delivered are marks of the applications; the bytes' times come from the capture, at the places that
``messages.py`` found. All are on the one clock of :func:`lab_servers.marks.now_ns`.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.dissection import conversation_of
from lab_servers.measure.messages import sent_by
from lab_servers.measure.transports import Direction
from lab_servers.recording import Recording

PRODUCED, DELIVERED = "produced", "delivered"


@dataclass(frozen=True)
class MessageTimes:
    """One message's way, in nanoseconds on the clock of the recording.

    Attributes:
        number: Its number ``n``.
        produced_ns: When its sender's application had it.
        first_byte_ns: When the first byte of its own text passed the relay.
        last_byte_ns: When the last byte of its own text passed the relay.
        delivered_ns: When the receiver's application had it.
        payload_bytes: How long its text is, in bytes.
    """

    number: int
    produced_ns: int
    first_byte_ns: int
    last_byte_ns: int
    delivered_ns: int
    payload_bytes: int

    @property
    def latency_s(self) -> float:
        """From produced to delivered, in seconds."""
        return (self.delivered_ns - self.produced_ns) / 1e9


def mark_name(lane_name: str, what: str, direction: Direction) -> str:
    """The name of a lane's series of marks.

    Args:
        lane_name: ``lane.name``.
        what: :data:`PRODUCED` or :data:`DELIVERED`.
        direction: Which way the messages go.
    """
    return f"{lane_name}: {what}" + (" up" if direction is Direction.UP else "")


def message_times(
    recording: Recording, lane_name: str, direction: Direction = Direction.DOWN
) -> tuple[MessageTimes, ...]:
    """The messages of a lane that were produced, passed whole and were delivered, in the order of their numbers.

    What lacks one of these moments is in :func:`lost_numbers`. Of a message that passed twice, the first time counts.

    Args:
        recording: A run with lanes.
        lane_name: ``lane.name``.
        direction: Which way the messages go.
    """
    produced = _marked(recording, mark_name(lane_name, PRODUCED, direction))
    delivered = _marked(recording, mark_name(lane_name, DELIVERED, direction))
    found = []
    for number, (first_ns, last_ns, size) in sorted(_passed(recording, lane_name, direction).items()):
        if number in produced and number in delivered:
            found.append(MessageTimes(number, produced[number], first_ns, last_ns, delivered[number], size))
    return tuple(found)


def lost_numbers(recording: Recording, lane_name: str, direction: Direction = Direction.DOWN) -> tuple[int, ...]:
    """The numbers of the messages that were produced, and did not pass whole or were not delivered."""
    known = {one.number for one in message_times(recording, lane_name, direction)}
    return tuple(sorted(_marked(recording, mark_name(lane_name, PRODUCED, direction)).keys() - known))


def latencies_s(recording: Recording, lane_name: str, direction: Direction = Direction.DOWN) -> tuple[float, ...]:
    """From produced to delivered, in seconds, in the order of the messages' numbers; taken from the marks alone."""
    produced = _marked(recording, mark_name(lane_name, PRODUCED, direction))
    delivered = _marked(recording, mark_name(lane_name, DELIVERED, direction))
    return tuple((delivered[n] - produced[n]) / 1e9 for n in sorted(produced.keys() & delivered.keys()))


def _marked(recording: Recording, name: str) -> dict[int, int]:
    """When each number was marked first. A detail is the number as text; another is no message of a lane."""
    found: dict[int, int] = {}
    for mark in recording.marks_named(name):
        if mark.detail.isascii() and mark.detail.isdigit():
            found.setdefault(int(mark.detail), mark.at_ns)
    return found


def _passed(recording: Recording, lane_name: str, direction: Direction) -> dict[int, tuple[int, int, int]]:
    side = Side.SERVER if direction is Direction.DOWN else Side.CLIENT
    found: dict[int, tuple[int, int, int]] = {}
    for capture in recording.of(lane_name):
        for one in sent_by(conversation_of(capture), side.value).messages:
            # A message of no bytes has no time of its own; none of a lane is empty, since each says its number.
            if one.number is None or not one.is_complete or one.start >= one.stop:
                continue
            passed = (capture.time_of(side, one.start), capture.time_of(side, one.stop - 1), one.size_bytes)
            if one.number not in found or passed < found[one.number]:
                found[one.number] = passed
    return found
