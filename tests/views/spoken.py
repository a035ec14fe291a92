"""Connections made by hand for the sequence picture: an event stream, a chat over WebSocket, and the parts of both."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from tests.views.recorded import MS, REQUEST
from tests.wire.websocket_frames import CLOSE, KEY, PING, PONG, TEXT, frame

CLIENT, SERVER = Side.CLIENT, Side.SERVER
FIN, RST, CLOSED = TransitionKind.HALF_CLOSED, TransitionKind.RESET, TransitionKind.CLOSED

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT_STREAM = CHUNKED.replace(b"text/plain", b"text/event-stream")
LAST_CHUNK = b"0\r\n\r\n"

# The key and its answer are those of RFC 6455 §1.3.
UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)

Read = tuple[float, Side, bytes]
End = tuple[float, TransitionKind, Side | None]


def connection(*reads: Read, ends: tuple[End, ...] = (), unrecorded: int = 0) -> Capture:
    """One connection, opened at 0; times in milliseconds. It is still open unless ``ends`` say otherwise."""
    offsets = {CLIENT: 0, SERVER: 0}
    chunks = []
    for at_ms, sender, data in reads:
        chunks.append(Chunk(round(at_ms * MS), sender, offsets[sender], data))
        offsets[sender] += len(data)
    transitions = (
        Transition(0, TransitionKind.OPENED, CLIENT),
        *(Transition(round(at_ms * MS), kind, by) for at_ms, kind, by in ends),
    )
    missing = {CLIENT: 0, SERVER: unrecorded}
    return Capture("http", 1, ("127.0.0.1", 4000), ("127.0.0.1", 80), tuple(chunks), transitions, missing)


def closed_at(at_ms: float) -> tuple[End, ...]:
    """Both sides close in order."""
    return (at_ms, FIN, SERVER), (at_ms + 0.2, FIN, CLIENT), (at_ms + 0.3, CLOSED, None)


def chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def by_client(opcode: int, payload: bytes = b"") -> bytes:
    """A frame as clients send it: masked."""
    return frame(opcode, payload, key=KEY)


def event_stream(count: int = 12, *, every_ms: float = 100, pause_ms: float = 2300) -> Capture:
    """An answer of so many events in a chunk each, with one long pause in its middle."""
    at_ms = 3.0
    reads: list[Read] = [(1, CLIENT, REQUEST), (at_ms, SERVER, EVENT_STREAM)]
    for number in range(count):
        at_ms += pause_ms if number == count // 2 else every_ms
        reads.append((at_ms, SERVER, chunk(b'data: {"token": %d}\n\n' % number)))
    reads.append((at_ms + 1, SERVER, LAST_CHUNK))
    return connection(*reads, ends=closed_at(at_ms + 2))


def chat(count: int = 4, *, every_ms: float = 100) -> Capture:
    """A WebSocket connection: so many texts and echoes, one ping, an orderly close."""
    at_ms = 3.0
    reads: list[Read] = [(1, CLIENT, UPGRADE), (at_ms, SERVER, SWITCHING)]
    for number in range(count):
        at_ms += every_ms
        text = f"message {number}".encode()
        reads += [(at_ms, CLIENT, by_client(TEXT, text)), (at_ms + 0.4, SERVER, frame(TEXT, text))]
        if number == count // 2:
            reads += [(at_ms + 0.6, SERVER, frame(PING)), (at_ms + 0.7, CLIENT, by_client(PONG))]
    at_ms += every_ms
    code = (1000).to_bytes(2)
    reads += [(at_ms, CLIENT, by_client(CLOSE, code)), (at_ms + 0.5, SERVER, frame(CLOSE, code))]
    return connection(*reads, ends=closed_at(at_ms + 1))
