"""Masking (RFC 6455 §5.3): each byte of a payload XOR one of the four bytes of its frame's key."""

from __future__ import annotations


def unmask(payload: bytes | bytearray, key: bytes | bytearray) -> bytes:
    """The payload without its mask, or with it: XOR undoes itself.

    Args:
        payload: The bytes, of which the first meets the first byte of the key.
        key: Four bytes, or none where the payload is not masked.
    """
    size = len(payload)
    if not key:
        return bytes(payload)
    # One XOR of two long integers is far faster than a loop over bytes.
    pad = int.from_bytes((key * (size // 4 + 1))[:size])
    return (int.from_bytes(payload) ^ pad).to_bytes(size)
