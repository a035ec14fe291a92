"""The server's end of a WebSocket: its half of the handshake, and a handler for each connection.

``websocket_connection.py`` goes on from there; ``websocket_client.py`` is the other end.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Collection

from .http_head import BadHead, Head, head_bytes, read_head, require_host
from .websocket_connection import LIMIT_BYTES, Closed, Connection
from .websocket_handshake import HandshakeFailed, accept_value

Handler = Callable[[Connection], Awaitable[None]]


def check_request(head: Head, origins: Collection[str]) -> str:
    """Check a client's request, and give the value that accepts it.

    Args:
        head: The request.
        origins: The origins whose pages may connect; a client that is no browser names none.

    Raises:
        HandshakeFailed: it asks for no WebSocket, or breaks a rule.
    """
    method, _, version = head.start_line
    # RFC 6455 §4.1: the request is a GET of HTTP/1.1 or later.
    if method != "GET" or version != "HTTP/1.1":
        raise HandshakeFailed("405 Method Not Allowed")
    # RFC 6455 §4.2.1: Upgrade holds "websocket", in any case of letters; what is only HTTP is asked to upgrade.
    if "websocket" not in head.tokens("upgrade"):
        raise HandshakeFailed("426 Upgrade Required")
    # RFC 6455 §4.2.1: Connection holds "upgrade".
    if "upgrade" not in head.tokens("connection"):
        raise HandshakeFailed("400 Bad Request")
    # RFC 6455 §4.4: another version is answered with the one that is known.
    if head.value("sec-websocket-version") != "13":
        raise HandshakeFailed("426 Upgrade Required")
    # RFC 6455 §4.2.1: the key is 16 bytes in base64.
    try:
        key = base64.b64decode(head.value("sec-websocket-key"), validate=True)
    except (binascii.Error, ValueError):
        raise HandshakeFailed("400 Bad Request") from None
    if len(key) != 16:
        raise HandshakeFailed("400 Bad Request")
    # RFC 6455 §10.2: any page may open a WebSocket anywhere, so a server has to look at Origin.
    if head.value("origin") and head.value("origin") not in origins:
        raise HandshakeFailed("403 Forbidden")
    return accept_value(head.value("sec-websocket-key"))


async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, origins: Collection[str] = ()) -> Head:
    """Answer a client's handshake, and give its request.

    Raises:
        HandshakeFailed: it was refused, and told so.
    """
    try:
        head = await read_head(reader)
        require_host(head)
        value = check_request(head, origins)
    except BadHead as bad:
        writer.write(_refusal("400 Bad Request"))
        raise HandshakeFailed(f"400 Bad Request ({bad})") from None
    except HandshakeFailed as failed:
        writer.write(_refusal(str(failed)))
        raise
    # RFC 6455 §4.2.2: 101, with Upgrade, Connection and the accepting value; no subprotocol and no extension.
    fields = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {value}")
    writer.write(head_bytes("HTTP/1.1 101 Switching Protocols", *fields))
    return head


def _refusal(status: str) -> bytes:
    # RFC 9110 §15.5.22: 426 names what is required; RFC 6455 §4.4: and the version.
    wanted = ("Upgrade: websocket", "Sec-WebSocket-Version: 13") if status.startswith("426") else ()
    connection = "Connection: Upgrade, close" if wanted else "Connection: close"
    return head_bytes(f"HTTP/1.1 {status}", *wanted, connection, "Content-Length: 0")


async def serve_sockets(
    handler: Handler, *, port: int = 0, origins: Collection[str] = (), limit_bytes: int = LIMIT_BYTES
) -> asyncio.Server:
    """Serve WebSockets on a loopback port; 0 is a free one. A connection is closed with 1000 when its handler ends."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, is_client=False, limit_bytes=limit_bytes)
        try:
            await accept(reader, writer, origins)
        except HandshakeFailed:
            writer.close()
            return
        connection.opened()
        try:
            await handler(connection)
        except Closed:
            return
        except Exception:
            # RFC 6455 §7.4.1: 1011 says that the server met something that it was not made for.
            await connection.close(1011)
            raise
        await connection.close()

    return await asyncio.start_server(handle, "127.0.0.1", port)
