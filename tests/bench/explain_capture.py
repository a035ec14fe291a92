"""The capture file that ``explain.py`` has explained: HTTP, event streams in chunks and WebSocket, from our own writer.

It is the same in each run: made from numbers, with made-up times.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.capture.pcapng import write_pcapng
from tests.bench import wire_traffic as traffic
from tests.wire.websocket_frames import CLOSE, PING, PONG, TEXT, frame

CLIENT, SERVER = Side.CLIENT, Side.SERVER
SERVER_ADDRESS = ("127.0.0.1", 8080)

EXCHANGES = 50  # of one HTTP connection: 100 packets with data
EVENTS = 200  # of one event stream, each in a chunk and a packet of its own
ROUND_TRIPS = 50  # of one WebSocket connection: a text from each side

# A connection of each kind in turn; together they have about this many packets, opening and closing included.
PACKETS_OF_THREE = 2 * EXCHANGES + EVENTS + 2 * ROUND_TRIPS + 30

_STEP_NS = 1_000_003
_WALL_CLOCK_OFFSET_NS = 1_700_000_000_000_000_000

# The example of RFC 6455 §1.2.
_UPGRADE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
_EVENT_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_KEY = bytes.fromhex("37fa213d")

Talk = Iterator[tuple[Side, bytes]]


def write(file: Path, packets: int) -> None:
    """Write a file of about so many packets."""
    kinds = (exchanges(), event_stream(), websocket())
    talks = [list(kind) for kind in kinds]
    captures = [
        _recorded(number * 3 + place, talk)
        for number in range(max(packets // PACKETS_OF_THREE, 1))
        for place, talk in enumerate(talks)
    ]
    with file.open("wb") as stream:
        write_pcapng(stream, captures, wall_clock_offset_ns=_WALL_CLOCK_OFFSET_NS, comment="made by tests.bench")


def exchanges() -> Talk:
    """Small exchanges on one connection, each answered before the next."""
    for number in range(EXCHANGES):
        yield CLIENT, traffic.request(number)
        yield SERVER, traffic.response(number)


def event_stream() -> Talk:
    """One response with an event in each chunk."""
    yield CLIENT, traffic.REQUEST
    yield SERVER, _EVENT_STREAM
    for number in range(EVENTS):
        yield SERVER, traffic.chunk(traffic.event(number))
    yield SERVER, b"0\r\n\r\n"


def websocket() -> Talk:
    """A handshake, texts in both directions, a ping, and the closing handshake."""
    yield CLIENT, _UPGRADE
    yield SERVER, _SWITCHING
    for number in range(ROUND_TRIPS):
        yield CLIENT, frame(TEXT, traffic.token(number), key=_KEY)
        yield SERVER, frame(TEXT, traffic.token(number + 1))
    yield SERVER, frame(PING, b"still there?")
    yield CLIENT, frame(PONG, b"still there?", key=_KEY)
    yield CLIENT, frame(CLOSE, (1000).to_bytes(2), key=_KEY)
    yield SERVER, frame(CLOSE, (1000).to_bytes(2))


def _recorded(number: int, talk: list[tuple[Side, bytes]]) -> Capture:
    moments = count(number * 1_000_000, _STEP_NS)
    transitions = [
        Transition(next(moments), TransitionKind.OPENED, CLIENT),
        Transition(next(moments), TransitionKind.CONNECTED, None),
    ]
    sent = {CLIENT: 0, SERVER: 0}
    chunks = []
    for sender, data in talk:
        chunks.append(Chunk(next(moments), sender, sent[sender], data))
        sent[sender] += len(data)
    transitions += [
        Transition(next(moments), TransitionKind.HALF_CLOSED, CLIENT),
        Transition(next(moments), TransitionKind.HALF_CLOSED, SERVER),
        Transition(next(moments), TransitionKind.CLOSED, None),
    ]
    address = ("127.0.0.1", 40_000 + number)
    return Capture(
        "bench", number + 1, address, SERVER_ADDRESS, tuple(chunks), tuple(transitions), dict.fromkeys(Side, 0)
    )
