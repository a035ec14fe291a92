"""What the bytes of connections were for: messages' own text, framing around it, headers; exact to the byte.

``messages.py`` finds the messages; ``timing.py`` says when they passed. The kinds always add up to what the relay
counted, however broken the bytes are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.measure.messages import Sent, sent_by
from lab_servers.measure.transports import Transport, lane_named
from lab_servers.recording import Recording


@dataclass(frozen=True)
class Bytes:
    """Bytes that one side sent, by what they were for.

    Attributes:
        payload: The messages' own text: what an application gets, without ``data:``, comma, line end or mask. Of a
            compressed message or content, the bytes that it travelled in.
        framing: What says where messages begin and end, and keeps the connection in order: sizes of chunks, names of
            fields in events, ids, comments, line ends, brackets and commas, headers of frames with their masking keys,
            control frames.
        headers: Heads of HTTP with their start lines; that of a WebSocket handshake too.
        other: Bytes of which nobody can tell what they are.
        unrecorded: Bytes that passed after the bound on recording was reached.
    """

    payload: int = 0
    framing: int = 0
    headers: int = 0
    other: int = 0
    unrecorded: int = 0

    @property
    def total(self) -> int:
        """All of them: what the relay counted."""
        return self.payload + self.framing + self.headers + self.other + self.unrecorded

    def __add__(self, more: Bytes) -> Bytes:
        return Bytes(
            self.payload + more.payload,
            self.framing + more.framing,
            self.headers + more.headers,
            self.other + more.other,
            self.unrecorded + more.unrecorded,
        )


@dataclass(frozen=True)
class Account:
    """What some connections cost.

    Attributes:
        up: What the clients sent.
        down: What the server sent.
        requests: HTTP requests; the one of a WebSocket handshake too.
        connections: TCP connections.
        open_s: How long they were open, added up, in seconds.
        message_count_up: Messages that came whole from the clients.
        message_count_down: Messages that came whole from the server.
    """

    up: Bytes = field(default_factory=Bytes)
    down: Bytes = field(default_factory=Bytes)
    requests: int = 0
    connections: int = 0
    open_s: float = 0.0
    message_count_up: int = 0
    message_count_down: int = 0

    @property
    def both(self) -> Bytes:
        """What both sides sent."""
        return self.up + self.down

    @property
    def message_count(self) -> int:
        """Messages that came whole, in both directions."""
        return self.message_count_up + self.message_count_down

    def __add__(self, more: Account) -> Account:
        return Account(
            self.up + more.up,
            self.down + more.down,
            self.requests + more.requests,
            self.connections + more.connections,
            self.open_s + more.open_s,
            self.message_count_up + more.message_count_up,
            self.message_count_down + more.message_count_down,
        )


def account(captures: Iterable[Capture]) -> Account:
    """What these connections cost. Whatever the bytes are, it raises nothing, and the kinds add up.

    Args:
        captures: Connections, such as ``recording.of("SSE")``.
    """
    return sum((_of_one(capture) for capture in captures), Account())


def accounts(recording: Recording) -> dict[str, Account]:
    """What each lane of a recording cost, by the lane's name, in the order of the transports."""
    names = {capture.server for capture in recording if lane_named(capture.server)}
    return {name: account(recording.of(name)) for name in sorted(names, key=_place)}


def _place(name: str) -> tuple[int, str]:
    lane = lane_named(name)
    return (list(Transport).index(lane.transport), lane.library) if lane else (len(Transport), name)


def _of_one(capture: Capture) -> Account:
    conversation = conversation_of(capture)
    up, down = (sent_by(conversation, side.value) for side in (Side.CLIENT, Side.SERVER))
    return Account(
        _bytes(capture, Side.CLIENT, up),
        _bytes(capture, Side.SERVER, down),
        up.requests,
        1,
        open_seconds(capture),
        sum(one.is_complete for one in up.messages),
        sum(one.is_complete for one in down.messages),
    )


def _bytes(capture: Capture, side: Side, sent: Sent) -> Bytes:
    chunks = capture.chunks_from(side)
    recorded = chunks[-1].end if chunks else 0
    known = sent.payload_bytes + sent.header_bytes + sent.other_bytes
    unrecorded = capture.unrecorded_bytes.get(side, 0)
    return Bytes(sent.payload_bytes, recorded - known, sent.header_bytes, sent.other_bytes, unrecorded)


def open_seconds(capture: Capture) -> float:
    """How long a connection was open, in seconds; of one that is still open, up to the last thing that it did."""
    last_ns = capture.transitions[-1].at_ns
    if capture.closed_ns is None and capture.chunks:
        last_ns = max(last_ns, capture.chunks[-1].at_ns)
    return max(last_ns - capture.opened_ns, 0) / 1e9
