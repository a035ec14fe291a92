"""The server's end of an event stream, written by hand: what is asked, the head of the answer, chunks, blocks.

The other ``sse_*`` runs are made of these: what they show, no framework would send.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

# RFC 9112 §7.1: a chunk of size 0 ends the body.
LAST_CHUNK = b"0\r\n\r\n"


class Asked(NamedTuple):
    """What a request asks for.

    Attributes:
        target: Its request target.
        last_event_id: What stands in ``Last-Event-ID``; empty without one.
    """

    target: str
    last_event_id: str


async def read_request(reader: asyncio.StreamReader) -> Asked:
    """Read the head of a request.

    Raises:
        asyncio.IncompleteReadError: the client left first.
    """
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Asked(lines[0].split(" ")[1], fields.get("last-event-id", ""))


def head(status: str = "200 OK", content_type: str = "text/event-stream", *fields: str) -> bytes:
    """The head of an answer whose connection ends with it; further fields such as ``"Content-Length: 0"``."""
    type_line = [f"Content-Type: {content_type}"] if content_type else []
    lines = [f"HTTP/1.1 {status}", *type_line, *fields, "Cache-Control: no-cache", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def stream_head() -> bytes:
    """The head of an event stream in chunks, so that everybody can see whether its end is its end."""
    return head("200 OK", "text/event-stream", "Transfer-Encoding: chunked")


def chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112 §7.1); of no data none, since that would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def block(data: str, event_id: str = "") -> bytes:
    """One event as bytes, with its blank line."""
    id_line = f"id: {event_id}\n" if event_id else ""
    return f"{id_line}data: {data}\n\n".encode()
