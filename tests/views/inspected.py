"""Connections made by hand for the tests of the inspector: every protocol, hostile text in every place, a megabyte."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from tests.views.recorded import capture

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ASK = b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"

# What a page, a terminal or a log would obey if it were not text.
MARKUP = (
    "<script>window.obeyed=1</script>",
    "<img/src=x/onerror=window.obeyed=1>",
    "javascript:window.obeyed=1",
    "</script></style></textarea><svg/onload=window.obeyed=1>",
    "]]><!--<iframe/src=//127.0.0.1:9/x>",
    "\x1b[31m\x1b]0;obeyed\x07",
    "\u202egnp.exe\u2066\u200f",
    "'\"&lt;&amp;${window.obeyed=1}{{7*7}}`",
)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def frame(first: int, payload: bytes, key: bytes = b"") -> bytes:
    """One frame of up to 65,535 bytes; masked if there is a key."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2)
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if key else payload
    return bytes([first, length[0] | (0x80 if key else 0)]) + length[1:] + key + masked


def event_stream() -> Capture:
    """Two events in chunks, the second cut by a chunk's border."""
    return capture(
        (1, Side.CLIENT, ASK),
        (2, Side.SERVER, STREAM_HEAD),
        (12, Side.SERVER, chunk("id: 1\ndata: 你好\n\n".encode())),
        (22, Side.SERVER, chunk(b"data: wor")),
        (32, Side.SERVER, chunk(b"ld\n\n") + b"0\r\n\r\n"),
    )


def socket() -> Capture:
    """A masked text frame, an answer, and a close with a code that must not travel."""
    return capture(
        (1, Side.CLIENT, UPGRADE),
        (2, Side.SERVER, SWITCHING),
        (5, Side.CLIENT, frame(0x81, b"hello", b"\x01\x02\x03\x04")),
        (6, Side.SERVER, frame(0x81, "你好".encode())),
        (9, Side.SERVER, frame(0x88, (1005).to_bytes(2))),
    )


def hostile(payload: str) -> list[Capture]:
    """The payload in every place that a sender can fill: one connection for each protocol."""
    word = payload.encode()
    token = word.replace(b" ", b"/")
    request = b"GET /%s HTTP/1.1\r\nHost: a\r\n%s: %s\r\nX-%s : y\r\n %s\r\n\r\n" % (token, token, word, token, word)
    response = (
        b"HTTP/1.1 200 %s\r\nContent-Type: text/event-stream; %s\r\nSet-Cookie: %s\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" % (word, word, word)
    )
    events = b": %s\nevent: %s\nid: %s\ndata: %s\nretry: %s\n%s: x\n%s\n\nid: %s" % (
        word,
        word,
        word,
        word,
        word,
        word,
        word,
        word,
    )
    body = b"5;%s=%s\r\nhello\r\n" % (token, token) + chunk(events) + b"0\r\nX-Trailer: %s\r\n\r\n" % word
    key = b"\x0a\x0b\x0c\x0d"
    return [
        capture((1, Side.CLIENT, request), (2, Side.SERVER, response + body)),
        capture(
            (1, Side.CLIENT, UPGRADE),
            (2, Side.SERVER, SWITCHING + frame(0x81, word) + frame(0x82, word) + frame(0x89, word)),
            (3, Side.CLIENT, frame(0x01, word[:2], key) + frame(0x80, word[2:], key) + frame(0x83, word, key)),
            (4, Side.SERVER, frame(0x88, (4000).to_bytes(2) + word)),
        ),
        capture((1, Side.CLIENT, word * 3), (2, Side.SERVER, word * 3)),
    ]


def megabyte() -> Capture:
    """1 MiB from the server in 10,000 chunks with one event each: 20,000 records and more."""
    events = [b"id: %d\ndata: %s\n\n" % (i, b"%d " % i * 17) for i in range(10_000)]
    chunks = [(3 + i // 10, Side.SERVER, chunk(one)) for i, one in enumerate(events)]
    return capture((1, Side.CLIENT, ASK), (2, Side.SERVER, STREAM_HEAD), *chunks, (1_100, Side.SERVER, b"0\r\n\r\n"))
