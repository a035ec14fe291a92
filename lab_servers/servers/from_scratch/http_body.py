"""The body of an HTTP/1.1 response, piece by piece as it arrives: what a reader of event streams needs of HTTP.

``http_head.py`` has read the head before. A WebSocket has no body: its connection stops being HTTP at the head.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from .http_head import Head

PIECE_BYTES = 64 * 1024
LONGEST_DIGITS = 16


class CutOff(Exception):
    """The body ended before its end, or breaks its framing; the message says how."""


async def body_of(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """The content of a response without its framing.

    Raises:
        CutOff: while iterating, when the body ends before it is complete or breaks a rule.
    """
    # RFC 9112 §6.3: Transfer-Encoding decides before Content-Length does; without both the connection's end decides.
    if "transfer-encoding" in head.fields:
        # RFC 9112 §6.1: what a client does not understand, it must not take for the content.
        if head.tokens("transfer-encoding") != ["chunked"]:
            raise CutOff("a transfer coding other than chunked")
        pieces = _chunks(reader)
    elif "content-length" in head.fields:
        # RFC 9110 §8.6: a length is digits and nothing else.
        if not re.fullmatch(f"[0-9]{{1,{LONGEST_DIGITS}}}", head.value("content-length")):
            raise CutOff("a Content-Length that is no length")
        pieces = _exactly(reader, int(head.value("content-length")))
    else:
        pieces = _until_the_end(reader)
    async for piece in pieces:
        yield piece


async def _until_the_end(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE_BYTES):
        yield piece


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        piece = await reader.read(min(size, PIECE_BYTES))
        # RFC 9112 §8: fewer bytes than were announced are an incomplete message.
        if not piece:
            raise CutOff("the connection ended within the body")
        size -= len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        # RFC 9112 §7.1: a size in hexadecimal digits; §7.1.1: extensions after a semicolon are ignored.
        digits = (await _line(reader)).partition(b";")[0].strip(b" \t")
        if not re.fullmatch(b"[0-9A-Fa-f]{1,%d}" % LONGEST_DIGITS, digits):
            raise CutOff("a chunk without a size")
        size = int(digits, 16)
        # RFC 9112 §7.1: a chunk of size 0 is the last one.
        if size == 0:
            break
        async for piece in _exactly(reader, size):
            yield piece
        if await _line(reader):
            raise CutOff("a chunk that is longer than its size")
    # RFC 9112 §7.1.2: trailer fields may follow, up to an empty line.
    while await _line(reader):
        pass


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise CutOff("the connection ended within a chunk's line, or the line is too long") from None
