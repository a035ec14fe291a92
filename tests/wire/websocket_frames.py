"""Writes frames for the tests of the WebSocket dissector, right and wrong ones, and says all that it found in some."""

from __future__ import annotations

import zlib

from lab_servers.wire.model import CLIENT, SERVER, Field, Layer, Note, Pieces, Record
from lab_servers.wire.websocket.stream import Deflate, FrameStream
from tests.wire.tiling import assert_tiles

KEY = bytes.fromhex("37fa213d")  # the key of the examples in RFC 6455 §5.7
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# All that a record says.
Seen = tuple[str, Pieces, bool, tuple[Field, ...], tuple[Note, ...], tuple[Layer, ...], str]


def frame(
    opcode: int, payload: bytes = b"", *, fin: int = 1, rsv: int = 0, key: bytes = b"", length_bytes: int | None = None
) -> bytes:
    """One frame. ``rsv`` is three bits, as 0b100 for RSV1; ``length_bytes`` forces a longer form of the length."""
    size = len(payload)
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65536 else 8
    short = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([fin << 7 | rsv << 4 | opcode, (0x80 if key else 0) | short])
    extended = size.to_bytes(length_bytes) if length_bytes else b""
    return head + extended + key + masked(payload, key)


def masked(payload: bytes, key: bytes) -> bytes:
    """The payload XOR its key, byte by byte as §5.3 writes it."""
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if key else payload


def server_stream(data: bytes, *, deflate: Deflate | None = None) -> FrameStream:
    """The frames that a server sent, all at once."""
    return stream(SERVER, data, deflate=deflate)


def client_stream(data: bytes, *, deflate: Deflate | None = None) -> FrameStream:
    """The frames that a client sent, all at once."""
    return stream(CLIENT, data, deflate=deflate)


def stream(sender: str, data: bytes, *, start: int = 0, deflate: Deflate | None = None) -> FrameStream:
    """The frames that one side sent, all at once, and proven to tile."""
    found = FrameStream(sender, bytearray(data), start, deflate=deflate)
    found.advance()
    assert_tiles(found.records, found.tail(), start, len(data))
    return found


def stream_in_parts(sender: str, parts: list[bytes], *, deflate: Deflate | None = None, look: bool) -> FrameStream:
    """The frames that one side sent in parts; with ``look``, everything is asked for after each of them."""
    data = bytearray()
    found = FrameStream(sender, data, deflate=deflate)
    for part in parts:
        data += part
        found.advance()
        if look:
            everything(found)
    return found


def seen(record: Record) -> Seen:
    """All that a record says."""
    return (
        record.name, record.pieces, record.is_complete, record.fields, record.notes, record.layers, record.summary
    )  # fmt: skip


def everything(found: FrameStream) -> list[Seen]:
    """All that the records and the tail of a stream say."""
    tail = found.tail()
    return [seen(record) for record in [*found.records, *([tail] if tail is not None else [])]]


def values(record: Record) -> dict[str, int | str]:
    """The values of a record's fields by their names."""
    return {field.name: field.value for field in record.fields}


def layer(record: Record, name: str) -> bytes:
    """The data of one layer."""
    return next(layer.data for layer in record.layers if layer.name == name)


def compressed(data: bytes, compressor: zlib._Compress | None = None) -> bytes:
    """One message as RFC 7692 §7.2.1 compresses it."""
    compressor = compressor or zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")
