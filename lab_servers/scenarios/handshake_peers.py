"""Both ends of an opening handshake that one of them does wrongly: the other ``handshake_*`` runs are made of these.

``frames_raw.py`` has the frames that follow, and a handshake that is always right.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol

from lab_servers.marks import Mark, now_ns
from lab_servers.scenarios.frames_raw import CLOSE, close_payload, frame, read_frame

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = "Sec-WebSocket-Key"
ACCEPT = "Sec-WebSocket-Accept"
PROTOCOL = "Sec-WebSocket-Protocol"

# Long for a machine that is busy, and still an end: a peer on loopback answers within a millisecond.
PATIENCE_S = 10.0

Fields = Sequence[tuple[str, str]]


class Request(NamedTuple):
    """The head of a request: its target, and its field lines with names in lower case (the last of each name)."""

    target: str
    fields: dict[str, str]

    @property
    def key(self) -> str:
        """What stands in ``Sec-WebSocket-Key``; empty without one."""
        return self.fields.get(KEY.lower(), "")


class Outcome(NamedTuple):
    """What a client made of a handshake.

    Attributes:
        port: The client's own port, by which the connection is found in the recording.
        is_open: Whether it holds the WebSocket for open.
        why: What it says about it.
    """

    port: int
    is_open: bool
    why: str

    @property
    def marks(self) -> list[Mark]:
        """As marks: the port first, then what it concluded."""
        verdict = "open" if self.is_open else "failed"
        return [Mark(now_ns(), "port", str(self.port)), Mark(now_ns(), verdict, self.why)]


def accept_value(key: str) -> str:
    """What belongs to a key: base64(SHA-1(key + GUID)), RFC 6455 §4.2.2."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()


def head(start_line: str, fields: Fields) -> bytes:
    """A head with its empty line. Nothing about it is checked."""
    return "".join([f"{start_line}\r\n", *(f"{name}: {value}\r\n" for name, value in fields), "\r\n"]).encode()


def switching(accept: str, *more: tuple[str, str]) -> bytes:
    """A 101 with this value of ``Sec-WebSocket-Accept``, and with more field lines."""
    fields = (("Upgrade", "websocket"), ("Connection", "Upgrade"), (ACCEPT, accept), *more)
    return head("HTTP/1.1 101 Switching Protocols", fields)


# --- the server's end -----------------------------------------------------------------------------


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read the head of a request.

    Raises:
        asyncio.IncompleteReadError: the client left first.
    """
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines[1:] if line)
    return Request(lines[0].split(" ")[1], {name.lower(): value.strip() for name, _, value in fields})


async def see_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stay until the client leaves, and answer its close frame with one (RFC 6455 §5.5.1)."""
    with suppress(asyncio.IncompleteReadError, OSError):
        while True:
            received = await read_frame(reader)
            if received.opcode == CLOSE:
                writer.write(frame(CLOSE, received.payload[:2]))
                await writer.drain()
                return


# --- the client's end -----------------------------------------------------------------------------


async def ask(url: str, request: bytes) -> int:
    """Send the bytes of a request and read the answer to its end; returns the client's own port.

    After a 101 the connection is closed with a close frame, as WebSocket has it; else the server closes it.
    """
    parts = urlsplit(url)
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        port: int = writer.get_extra_info("sockname")[1]
        try:
            with suppress(asyncio.IncompleteReadError, OSError):
                writer.write(request)
                answer = await reader.readuntil(b"\r\n\r\n")
                if answer.startswith(b"HTTP/1.1 101 "):
                    writer.write(frame(CLOSE, close_payload(1000), key=bytes(4)))
                await reader.read()
        finally:
            writer.close()
    return port


async def let_library_open(url: str, subprotocols: Sequence[str] = ()) -> Outcome:
    """What the ``websockets`` library concludes: it checks what a client must check (RFC 6455 §4.1)."""
    parts = urlsplit(url)
    own = socket.socket()
    own.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(own, (parts.hostname, parts.port))
    except BaseException:
        own.close()
        raise
    port: int = own.getsockname()[1]
    try:
        async with connect(
            url, sock=own, proxy=None, compression=None, ping_interval=None, close_timeout=2, open_timeout=PATIENCE_S,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        ) as opened:  # fmt: skip
            return Outcome(port, True, opened.subprotocol or "")
    except InvalidHandshake as error:
        return Outcome(port, False, str(error))
