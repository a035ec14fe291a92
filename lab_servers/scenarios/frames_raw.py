"""Frames written by hand, for runs that need what no library would send: the other ``frames_*`` runs use it.

It builds frames, right or wrong, and does the opening handshake for a raw server and a raw client (RFC 6455 §4).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from lab_servers.errors import ExchangeFailed

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"^sec-websocket-key:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_LARGEST_FRAME_BYTES = 1 << 20


class Received(NamedTuple):
    """A frame as it was read: its opcode, and its payload without a mask."""

    opcode: int
    payload: bytes


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    key: bytes = b"",
    length_bits: int | None = None,
    announced: int | None = None,
) -> bytes:
    """The bytes of one frame (RFC 6455 §5.2). Nothing about it is checked.

    Args:
        opcode: 0 to 15.
        payload: What it carries.
        fin: Whether it is the last fragment.
        rsv: The three reserved bits as a number: 4 is RSV1 alone.
        key: The masking key of four bytes; without one nothing is masked.
        length_bits: 7, 16 or 64: how the length is written; the fewest that will do unless told.
        announced: The length that the header tells; the true one unless told.
    """
    length = len(payload) if announced is None else announced
    bits = length_bits or (7 if length <= 125 else 16 if length <= 65_535 else 64)
    mask_bit = 0x80 if key else 0
    header = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if bits == 7:
        header += bytes([mask_bit | length])
    else:
        header += bytes([mask_bit | (126 if bits == 16 else 127)]) + length.to_bytes(bits // 8)
    return header + key + masked(payload, key)


def masked(payload: bytes, key: bytes) -> bytes:
    """A payload under a key, or without it again: XOR undoes itself (§5.3). Without a key, the payload."""
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(payload)) if key else payload


def close_payload(code: int, reason: str = "") -> bytes:
    """What a close frame carries: two bytes of code, then the reason in UTF-8 (§5.5.1)."""
    return code.to_bytes(2) + reason.encode()


async def read_frame(reader: asyncio.StreamReader) -> Received:
    """Read the next frame of up to 1 MiB.

    Raises:
        asyncio.IncompleteReadError: the stream ended first.
        ExchangeFailed: the frame is longer.
    """
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
    if length > _LARGEST_FRAME_BYTES:
        raise ExchangeFailed(f"The peer announced a frame of {length:,} bytes, more than this run reads.")
    key = await reader.readexactly(4) if second & 0x80 else b""
    return Received(first & 0x0F, masked(await reader.readexactly(length), key))


async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """The server's half of the opening handshake, without an extension; returns the target of the request.

    Raises:
        ExchangeFailed: the client sent no key.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    found = _KEY.search(head)
    if found is None:
        raise ExchangeFailed("The request has no Sec-WebSocket-Key: it does not ask for a WebSocket.")
    digest = base64.b64encode(hashlib.sha1(found[1] + _GUID, usedforsecurity=False).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
    )
    await writer.drain()
    return head.split(b" ", 2)[1].decode("latin-1")


async def connect_raw(url: str, nonce: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The client's half: a TCP connection on which the opening handshake is done, without an extension.

    Args:
        url: A ``ws`` or ``http`` URL on this machine.
        nonce: The 16 bytes behind ``Sec-WebSocket-Key``.

    Raises:
        ExchangeFailed: the server did not switch protocols.
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(nonce).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            said = head.split(b"\r\n", 1)[0].decode("latin-1")
            raise ExchangeFailed(f"{url} did not switch to WebSocket: it said {said!r}.")
    except BaseException:
        writer.close()
        raise
    return reader, writer
