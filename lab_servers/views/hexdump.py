"""The bytes of one direction as a plain table: offset, hexadecimal digits, text and time."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import require_whole
from lab_servers.recording import bound_notices
from lab_servers.views.table import Table

BYTES_PER_ROW = 16
DEFAULT_LIMIT_BYTES = 1024


def printable(data: bytes) -> str:
    """ASCII as it is, every other byte as a middle dot."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)


def byte_table(capture: Capture, sender: Side, *, start: int = 0, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> Table:
    """What one side sent, as it passed the relay.

    A row never spans two reads of the relay; the time of a read stands in its first row.

    Args:
        capture: The connection.
        sender: The side whose bytes are shown.
        start: Offset of the first byte shown.
        limit_bytes: How many bytes are shown at most, 1 to 1,000,000.
    """
    chunks = capture.chunks_from(sender)
    total = chunks[-1].end if chunks else 0
    require_whole("start", start, 0, total, "bytes")
    require_whole("limit_bytes", limit_bytes, 1, 1_000_000, "bytes")
    stop = min(total, start + limit_bytes)
    rows = []
    for chunk in chunks:
        first, last = max(start, chunk.offset), min(stop, chunk.end)
        for offset in range(first, last, BYTES_PER_ROW):
            data = chunk.data[offset - chunk.offset : min(offset + BYTES_PER_ROW, last) - chunk.offset]
            at = f"{(chunk.at_ns - capture.opened_ns) / 1e6:.2f} ms" if offset == first else ""
            rows.append((f"{offset}", data.hex(" "), printable(data), at))
    caption = f"What the {sender.value} sent: bytes {start} to {stop} of {total}, and when they passed the relay"
    if stop == total and start == 0:
        caption = f"What the {sender.value} sent: {total} bytes, and when they passed the relay"
    columns = ("offset", "bytes", "text", "time")
    return Table(caption, columns, tuple(rows), frozenset({0, 1, 2, 3}), bound_notices(capture))
