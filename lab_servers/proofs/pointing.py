"""Points at the bytes of a capture that decide: a start line, a field line, a record, a range.

Judges put what these functions return into their evidence (``proof.py``). What a recording does not hold is pointed at
by nothing: then the result is an empty tuple, so a judge need not ask first.
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.proofs.proof import Excerpt
from lab_servers.views.heads import heads
from lab_servers.wire.model import Record

MOST_BYTES = 48


def range_of(capture: Capture, sender: Side, start: int, stop: int) -> tuple[Excerpt, ...]:
    """The bytes ``start`` to ``stop`` of what one side sent, as far as they were recorded."""
    data = capture.bytes_from(sender)
    start, stop = max(start, 0), min(stop, len(data))
    if start >= stop:
        return ()
    shown = data[start : min(stop, start + MOST_BYTES)]
    return (Excerpt(capture.server, capture.number, sender, start, stop, shown),)


def record_of(capture: Capture, record: Record) -> tuple[Excerpt, ...]:
    """A record, where it begins."""
    start, stop = record.pieces[0]
    return range_of(capture, Side(record.sender), start, stop)


def start_line(capture: Capture, sender: Side, index: int = 0) -> tuple[Excerpt, ...]:
    """The start line of a message that one side sent: its first unless told."""
    found = heads(capture, sender)
    if not -len(found) <= index < len(found):
        return ()
    message = found[index]
    line_end = capture.bytes_from(sender).find(b"\n", message.start, message.head_end) + 1
    return range_of(capture, sender, message.start, line_end or message.head_end)


def field_line(capture: Capture, sender: Side, name: str, index: int = 0) -> tuple[Excerpt, ...]:
    """The first line of a field, by its name in any case, in a message that one side sent."""
    found = heads(capture, sender)
    if not -len(found) <= index < len(found):
        return ()
    message, data = found[index], capture.bytes_from(sender)
    start = data[: message.head_end].lower().find(f"\n{name.lower()}:".encode(), message.start) + 1
    return range_of(capture, sender, start, data.find(b"\n", start, message.head_end) + 1) if start else ()


def last_bytes(capture: Capture, sender: Side, count: int) -> tuple[Excerpt, ...]:
    """The last ``count`` bytes that one side sent."""
    end = len(capture.bytes_from(sender))
    return range_of(capture, sender, end - count, end)
