"""A server of event streams over asyncio's streams: one response for each client, with what the log has for it.

``sse_log.py`` is that log, ``sse_events.py`` what an event is, ``sse_reader.py`` the other end. The response has no
length and no chunks: it ends with the connection, which every client of HTTP understands (RFC 9112 §6.3).
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from .http_head import BadHead, Head, head_bytes, read_head, require_host
from .sse_events import encode
from .sse_log import EventLog


class Refused(Exception):
    """The request gets no stream; the message is the status line's code and reason."""


def place_of(head: Head) -> int:
    """After how many events a client wants to go on.

    Raises:
        Refused: the request is none that gets an event stream.
    """
    method, _, version = head.start_line
    # RFC 9112 §2.3: what is no HTTP/1 cannot be answered in HTTP/1.
    if not version.startswith("HTTP/1."):
        raise Refused("505 HTTP Version Not Supported")
    # HTML §9.2.2: an EventSource asks with GET.
    if method != "GET":
        raise Refused("405 Method Not Allowed")
    # HTML §9.2.4: Last-Event-ID says which event came last; one that this log never gave means "from the beginning".
    given = head.value("last-event-id")
    return int(given) if re.fullmatch("[0-9]{1,9}", given) else 0


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: EventLog, retry_ms: int) -> None:
    """Answer one request with the log's events, as they happen."""
    try:
        head = await read_head(reader)
        require_host(head)
        after = place_of(head)
        # HTML §9.2.1: 204 tells a client that there is nothing to come back for.
        if log.has_told_all(after):
            raise Refused("204 No Content")
    except BadHead:
        writer.write(head_bytes("HTTP/1.1 400 Bad Request", "Content-Length: 0", "Connection: close"))
        return
    except Refused as refusal:
        writer.write(head_bytes(f"HTTP/1.1 {refusal}", "Connection: close", "Allow: GET"))
        return
    writer.write(
        head_bytes(
            "HTTP/1.1 200 OK",
            # HTML §9.2.3: any other type makes an EventSource give up for good.
            "Content-Type: text/event-stream",
            # RFC 9111 §5.2.2.4: events of the past are no answer to whoever connects now.
            "Cache-Control: no-cache",
            # RFC 9112 §9.6: this connection will end with this response.
            "Connection: close",
        )
    )
    # HTML §9.2.6: retry sets the reconnection time; a block without data dispatches nothing.
    writer.write(f"retry: {retry_ms}\n\n".encode())
    async for event in log.follow(after):
        # HTML §9.2.7: a comment now and then keeps proxies from cutting a silent stream.
        writer.write(encode(event) if event is not None else b":\n\n")
        await writer.drain()


async def serve_events(log: EventLog, *, port: int = 0, retry_ms: int = 2_000) -> asyncio.Server:
    """Serve a log on a loopback port; 0 is a free one."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # a client that has left is no error
            await answer(reader, writer, log, retry_ms)
            writer.close()
            await writer.wait_closed()

    return await asyncio.start_server(handle, "127.0.0.1", port)
