"""The client's end of a WebSocket: its half of the handshake.

``websocket_connection.py`` goes on from there; ``websocket_server.py`` is the other end.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from urllib.parse import SplitResult, urlsplit

from .http_head import BadHead, head_bytes, read_head
from .websocket_connection import LIMIT_BYTES, Connection
from .websocket_handshake import HandshakeFailed, accept_value


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: SplitResult) -> None:
    """Make a client's handshake.

    Raises:
        HandshakeFailed: the server did not accept it, or answered it wrongly.
    """
    # RFC 6455 §4.1: the key is 16 bytes, chosen at random for each connection.
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    fields = (f"Host: {url.netloc}", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}")
    writer.write(head_bytes(f"GET {target} HTTP/1.1", *fields, "Sec-WebSocket-Version: 13"))
    try:
        head = await read_head(reader)
    except BadHead as bad:
        raise HandshakeFailed(str(bad)) from None
    # RFC 6455 §4.1: any status but 101 is an ordinary answer of HTTP, and no WebSocket.
    if head.start_line[1] != "101":
        raise HandshakeFailed(f"the status is {head.start_line[1]}")
    # RFC 6455 §4.1: the answer holds both Upgrade and Connection.
    if head.tokens("upgrade") != ["websocket"] or "upgrade" not in head.tokens("connection"):
        raise HandshakeFailed("the answer does not upgrade")
    # RFC 6455 §4.1: the value fits the key, or the server did not understand.
    if head.value("sec-websocket-accept") != accept_value(key):
        raise HandshakeFailed("the accepting value does not fit the key")
    # RFC 6455 §4.1: an extension or a subprotocol that was not asked for fails the connection.
    if head.value("sec-websocket-extensions") or head.value("sec-websocket-protocol"):
        raise HandshakeFailed("the server chose what was not offered")


async def connect(url: str, *, limit_bytes: int = LIMIT_BYTES) -> Connection:
    """Open a WebSocket.

    Raises:
        HandshakeFailed: the server did not accept it.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    connection = Connection(reader, writer, is_client=True, limit_bytes=limit_bytes)
    try:
        await ask(reader, writer, parts)
    except BaseException:
        writer.close()
        raise
    connection.opened()
    return connection
