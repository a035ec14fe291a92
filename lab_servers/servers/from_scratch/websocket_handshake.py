"""The opening handshake of a WebSocket, both ends (RFC 6455 §4): the last that the connection says in HTTP.

``http_head.py`` reads the heads; ``websocket_connection.py`` goes on from there.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections.abc import Collection
from urllib.parse import SplitResult

from .http_head import BadHead, Head, head_bytes, read_head, require_host

# RFC 6455 §1.3: the same for everybody. Whoever appends it has understood what was asked.
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class HandshakeFailed(Exception):
    """There is no WebSocket; a server's message is the status line's code and reason."""


def accept_value(key: str) -> str:
    """What a server has to answer to a key."""
    # RFC 6455 §4.2.2: base64 of the SHA-1 of key and GUID.
    return base64.b64encode(hashlib.sha1((key + GUID).encode("latin-1"), usedforsecurity=False).digest()).decode()


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
