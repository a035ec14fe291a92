"""The bytes that ``wire.py`` has read: many small frames, chunks, events and exchanges, the same in each run.

All are of the sizes that a streamed answer has. ``wire_readers.py`` has those who read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from lab_servers.wire.model import CLIENT, SERVER
from tests.wire.websocket_frames import TEXT, frame

# What one side sent, and then perhaps the other: reads in the order in which they came.
Reads = list[tuple[str, bytes]]

READ_BYTES = 64 * 1024

REQUEST = b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"

_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: bench\r\n\r\n"
)
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "naps")


def frames(count: int) -> bytes:
    """Masked text frames of a client, each with a key of its own and 9 to 13 bytes of JSON."""
    return b"".join(
        frame(TEXT, token(number), key=(number * 2_654_435_761 & 0xFFFFFFFF).to_bytes(4)) for number in range(count)
    )


def chunks(count: int) -> bytes:
    """A chunked response with so many chunks of data."""
    return _CHUNKED + b"".join(chunk(token(number)) for number in range(count)) + b"0\r\n\r\n"


def events(count: int) -> bytes:
    """An event stream: every other event has data only, the rest an id and a type too."""
    return b"".join(event(number) for number in range(count))


def event(number: int) -> bytes:
    """One event of the stream."""
    if number % 2:
        return b"id: %d\nevent: line\ndata: %s\n\n" % (number, token(number))
    return b"data: %s\n\n" % token(number)


def requests(count: int) -> bytes:
    """Small requests, one after the other on one connection."""
    return b"".join(map(request, range(count)))


def request(number: int) -> bytes:
    """One of them."""
    target = b"/api/user/info?number=%d" % number
    return b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n" % target


def responses(count: int) -> bytes:
    """What answers :func:`requests`."""
    return b"".join(map(response, range(count)))


def response(number: int) -> bytes:
    """One of them."""
    body = token(number)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"
        b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: bench\r\n\r\n"
    )
    return head % len(body) + body


def token(number: int) -> bytes:
    """A piece of a streamed answer."""
    return json.dumps({"d": _WORDS[number % len(_WORDS)]}, separators=(",", ":")).encode()


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(client: bytes = b"", server: bytes = b"") -> Reads:
    """All of each side in one read."""
    return [(sender, data) for sender, data in ((CLIENT, client), (SERVER, server)) if data]


def in_reads(client: bytes = b"", server: bytes = b"", size: int = READ_BYTES) -> Reads:
    """Reads of at most so many bytes, from both sides in turn."""
    both = zip_longest(_cut(client, size), _cut(server, size), fillvalue=b"")
    return [read for pair in both for read in whole(*pair)]


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def sent_by(sender: str, reads: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The reads of one side."""
    return (data for who, data in reads if who == sender)
