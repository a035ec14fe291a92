"""Who spoke when on a connection: its messages as turns, and which way they go.

A message here is what an application hands over or gets as one thing: an HTTP request or response, an event of an event
stream, a message of a WebSocket. ``evidence_probes.py`` asks for the direction of a connection.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection
from lab_servers.wire.model import Record
from lab_servers.wire.websocket.records import FrameRecord

REQUEST_RESPONSE, SERVER_TO_CLIENT, CLIENT_TO_SERVER = "request → response", "server → client", "client → server"
BOTH, SILENT = "both", "neither"


@dataclass(frozen=True)
class Turn:
    """One message of one side.

    Attributes:
        side: Who sent it.
        start: The offset of its first byte in what this side sent.
        stop: The offset after its last byte.
        begun_ns: When its first byte passed.
        passed_ns: When its last byte passed.
    """

    side: Side
    start: int
    stop: int
    begun_ns: int
    passed_ns: int


def turns(found: Dissection) -> tuple[Turn, ...]:
    """The messages of both sides, in the order in which they began.

    A response is one message whatever arrives in it piece by piece, unless it is an event stream: then each event is
    one. An opening handshake is left out: it carries nothing of the application's. So are control frames.
    """
    made = [*_http_turns(found), *_event_turns(found)]
    for side in Side:
        made += _frame_turns(found, side)
    return tuple(sorted(made, key=lambda turn: (turn.begun_ns, turn.side is Side.SERVER)))


def _http_turns(found: Dissection) -> list[Turn]:
    made = []
    end = found.conversation.http_end
    for message in found.conversation.messages():
        side = Side(message.sender)
        answer = message if side is Side.SERVER else None
        if end is not None and message.head_end == end[message.sender]:
            continue  # the handshake
        if answer is None or answer.media_type != "text/event-stream":
            made.append(_turn(found, side, message.start, message.end))
    return made


def _event_turns(found: Dissection) -> list[Turn]:
    return [_of_record(found, one) for one in found.records(Side.SERVER, "sse") if one.name == "event"]


def _frame_turns(found: Dissection, side: Side) -> list[Turn]:
    """Messages of a WebSocket: from the first byte of the first fragment to the last of the last."""
    made = []
    begun: FrameRecord | None = None
    for frame in found.records(side, "websocket"):
        if not isinstance(frame, FrameRecord) or frame.is_control:
            continue
        begun = frame if frame.begins_message or begun is None else begun
        if frame.is_final:
            made.append(_turn(found, side, begun.start, frame.stop))
            begun = None
    return made


def _of_record(found: Dissection, record: Record) -> Turn:
    return _turn(found, Side(record.sender), record.pieces[0][0], record.pieces[-1][1])


def _turn(found: Dissection, side: Side, start: int, stop: int) -> Turn:
    time_of = found.capture.time_of
    return Turn(side, start, stop, time_of(side, start), time_of(side, stop - 1))


def direction(spoken: tuple[Turn, ...]) -> str:
    """Which way messages went on one connection, from who spoke when.

    ``"request → response"`` where each message of the server's answers one of the client's, which waited for it;
    ``"server → client"`` where the client fell silent after its first word and the server went on; ``"both"`` where
    either spoke without having to wait for the other.
    """
    up = [turn for turn in spoken if turn.side is Side.CLIENT]
    down = [turn for turn in spoken if turn.side is Side.SERVER]
    if not up and not down:
        return SILENT
    if not down:
        return CLIENT_TO_SERVER
    if _is_alternating(spoken):
        return REQUEST_RESPONSE
    if not any(turn.passed_ns > down[0].begun_ns for turn in up):
        return SERVER_TO_CLIENT
    return BOTH


def _is_alternating(spoken: tuple[Turn, ...]) -> bool:
    """Whether the client began each exchange, and neither side began before the other had finished."""
    for place, turn in enumerate(spoken):
        expected = Side.CLIENT if place % 2 == 0 else Side.SERVER
        if turn.side is not expected or (place and turn.begun_ns < spoken[place - 1].passed_ns):
            return False
    return True


def spoken_over(spoken: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The client's messages in whose midst the server began one of its own."""
    down = [turn.begun_ns for turn in spoken if turn.side is Side.SERVER]
    return tuple(
        turn
        for turn in spoken
        if turn.side is Side.CLIENT and any(turn.begun_ns < at_ns < turn.passed_ns for at_ns in down)
    )
