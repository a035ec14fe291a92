"""Frames of a WebSocket as bytes and back (RFC 6455 §5.2); ``websocket_connection.py`` makes messages of them."""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass

LONGEST_CONTROL_BYTES = 125
LENGTH_16, LENGTH_64 = 126, 127


class Opcode(enum.IntEnum):
    """What a frame is (RFC 6455 §5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10

    @property
    def is_control(self) -> bool:
        """Whether it speaks about the connection and not for the application."""
        return self >= Opcode.CLOSE


class Failed(Exception):
    """The peer broke a rule, so the connection is failed (RFC 6455 §7.1.7).

    Attributes:
        code: What the Close frame says about it (RFC 6455 §7.4.1).
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Frame:
    """One frame, its payload unmasked."""

    opcode: Opcode
    payload: bytes
    is_final: bool = True


def mask(payload: bytes, key: bytes) -> bytes:
    """Put the mask on, or take it off: the same operation."""
    # RFC 6455 §5.3: each byte is XORed with byte i mod 4 of the key; here all of them at once, as one number.
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(size)


def encode(frame: Frame, key: bytes = b"") -> bytes:
    """A frame as bytes, masked if there is a key of four bytes."""
    size = len(frame.payload)
    mask_bit = 0x80 if key else 0
    # RFC 6455 §5.2: a length takes 7 bits, or 16, or 64, in network byte order and in the fewest that hold it.
    if size < LENGTH_16:
        length = bytes([mask_bit | size])
    elif size < 1 << 16:
        length = bytes([mask_bit | LENGTH_16]) + size.to_bytes(2)
    else:
        length = bytes([mask_bit | LENGTH_64]) + size.to_bytes(8)
    first = bytes([(0x80 if frame.is_final else 0) | frame.opcode])
    return first + length + key + (mask(frame.payload, key) if key else frame.payload)


async def read_frame(reader: asyncio.StreamReader, *, is_masked: bool, limit_bytes: int) -> Frame:
    """Read the next frame.

    Args:
        reader: Where it comes from.
        is_masked: Whether the peer has to mask, as a client has to.
        limit_bytes: The longest payload that is taken.

    Raises:
        Failed: it breaks a rule, or is longer than ``limit_bytes``.
        asyncio.IncompleteReadError: the connection ended first.
    """
    first, second = await reader.readexactly(2)
    # RFC 6455 §5.2: a reserved bit is 0 unless an extension was negotiated; here none is.
    if first & 0x70:
        raise Failed(1002, "a reserved bit is set")
    # RFC 6455 §5.2: an unknown opcode fails the connection.
    if first & 0x0F not in set(Opcode):
        raise Failed(1002, "an unknown opcode")
    opcode, is_final, size = Opcode(first & 0x0F), bool(first & 0x80), second & 0x7F
    # RFC 6455 §5.1: a client masks every frame, a server none.
    if bool(second & 0x80) != is_masked:
        raise Failed(1002, "a client must mask, and a server must not")
    # RFC 6455 §5.5: a control frame has at most 125 bytes.
    if opcode.is_control and size > LONGEST_CONTROL_BYTES:
        raise Failed(1002, "a control frame is too long")
    # RFC 6455 §5.5: a control frame is not fragmented.
    if opcode.is_control and not is_final:
        raise Failed(1002, "a control frame is fragmented")
    if size >= LENGTH_16:
        digits = 2 if size == LENGTH_16 else 8
        least = LENGTH_16 if size == LENGTH_16 else 1 << 16
        size = int.from_bytes(await reader.readexactly(digits))
        # RFC 6455 §5.2: the fewest bytes that hold the length are used.
        if size < least:
            raise Failed(1002, "a length in more bytes than it needs")
        # RFC 6455 §5.2: the most significant bit of 64 is 0.
        if size >> 63:
            raise Failed(1002, "a length beyond 63 bits")
    # RFC 6455 §10.4: a receiver has to bound what it takes; §7.4.1: 1009 says so.
    if size > limit_bytes and not opcode.is_control:
        raise Failed(1009, "the message is too big")
    key = await reader.readexactly(4) if is_masked else b""
    payload = await reader.readexactly(size)
    return Frame(opcode, mask(payload, key) if key else payload, is_final)
