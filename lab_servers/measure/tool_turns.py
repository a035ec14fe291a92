"""What many tool turns cost: bytes up, requests and time of each turn, read from a recording of ``ToolTurns``.

``scenarios/ai_tool_turns.py`` makes the recording and its marks. Bytes come from the wire, moments from marks, and both
are on one clock.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.wire.websocket.records import FrameRecord

WEBSOCKET, CONVERSATION, HISTORY = "WebSocket", "POST with a conversation id", "POST with the whole history"
WAYS = (WEBSOCKET, CONVERSATION, HISTORY)

BEGINS, SENDS, FIRST, DONE = "network begins", "sends", "first token", "turn done"


@dataclass(frozen=True)
class Turn:
    """One turn: what the client sent, and when the model's next words came.

    Attributes:
        payload_bytes: The JSON that went up.
        around_bytes: What stood around it: the head of a request, or the header of a frame.
        first_s: From the moment at which the tool's result was there to the model's first token, seconds.
        done_s: To the end of what the model said, seconds.
    """

    payload_bytes: int
    around_bytes: int
    first_s: float
    done_s: float

    @property
    def up_bytes(self) -> int:
        """All that went up."""
        return self.payload_bytes + self.around_bytes


@dataclass(frozen=True)
class Worked:
    """A conversation with many tool turns on one way, through one network.

    Attributes:
        network: The network.
        way: The way.
        turns: In order; the first carries the task.
        requests: HTTP requests, that of a WebSocket's handshake included.
        connections: TCP connections.
        opening_bytes: Bytes of the client's for opening: the handshake of a WebSocket.
        down_bytes: What the server sent.
        took_s: From the task to the last word, the opening included, seconds.
    """

    network: str
    way: str
    turns: tuple[Turn, ...]
    requests: int
    connections: int
    opening_bytes: int
    down_bytes: int
    took_s: float

    @property
    def up_bytes(self) -> int:
        """What the client sent."""
        return self.opening_bytes + sum(turn.up_bytes for turn in self.turns)

    @property
    def median_first_s(self) -> float:
        """Half of the turns had their first token sooner."""
        return statistics.median(turn.first_s for turn in self.turns)


def worked(recording: Recording) -> tuple[Worked, ...]:
    """Each conversation: network by network, and in each the ways in the order of :data:`WAYS`.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    begun = recording.marks_named(f"run: {BEGINS}")
    if recording.name != "ToolTurns" or not begun:
        raise BadParameter("No model uses tools in this recording: run the scenario ToolTurns.")
    found = []
    for place, mark in enumerate(begun):
        until_ns = begun[place + 1].at_ns if place + 1 < len(begun) else 2**63
        found += [_conversation(recording, mark.detail, way, mark.at_ns, until_ns) for way in WAYS]
    return tuple(found)


def _conversation(recording: Recording, network: str, way: str, since_ns: int, until_ns: int) -> Worked:
    def times(name: str) -> list[int]:
        return [one.at_ns for one in recording.marks_named(f"{way}: {name}") if since_ns <= one.at_ns < until_ns]

    captures = [one for one in recording.of(way) if since_ns <= one.opened_ns < until_ns]
    sends, firsts, dones, opened = times(SENDS), times(FIRST), times(DONE), times("opens")
    sizes = [size for capture in captures for size in _sent(capture)]
    if not (captures and opened and len(sends) == len(firsts) == len(dones) == len(sizes)):
        raise BadParameter(f"The turns over {way} through {network} are not whole: run the scenario ToolTurns again.")
    turns = tuple(
        Turn(payload, around, (first - sent) / 1e9, (done - sent) / 1e9)
        for (payload, around), sent, first, done in zip(sizes, sends, firsts, dones, strict=True)
    )
    up_bytes = sum(len(one.bytes_from(Side.CLIENT)) for one in captures)
    control = sum(_control(one) for one in captures)
    requests = sum(
        message.sender == Side.CLIENT.value for one in captures for message in conversation_of(one).messages()
    )
    return Worked(
        network,
        way,
        turns,
        requests,
        len(captures),
        up_bytes - control - sum(turn.up_bytes for turn in turns),
        sum(len(one.bytes_from(Side.SERVER)) for one in captures),
        (dones[-1] - opened[0]) / 1e9,
    )


def _sent(capture: Capture) -> list[tuple[int, int]]:
    """For each message of the client's: the bytes of its JSON, and those around it."""
    conversation = conversation_of(capture)
    frames = [
        (record.stop - record.payload_at, record.payload_at - record.start)
        for record in conversation.records(Side.CLIENT.value, "websocket")
        if isinstance(record, FrameRecord) and not record.is_control
    ]
    bodies = [
        (message.content.length, message.end - message.start - message.content.length)
        for message in conversation.messages()
        if message.sender == Side.CLIENT.value and message.method == "POST"
    ]
    return frames or bodies


def _control(capture: Capture) -> int:
    """Bytes of control frames, such as the Close at the end, which belong to no turn and to no opening."""
    records = conversation_of(capture).records(Side.CLIENT.value, "websocket")
    return sum(one.stop - one.start for one in records if isinstance(one, FrameRecord) and one.is_control)
