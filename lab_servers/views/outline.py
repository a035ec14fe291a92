"""A connection as lines of plain text: every record with its fields and notes, for terminals and screen readers.

``python -m lab_servers explain`` prints it; the byte inspector has it as its text.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection
from lab_servers.wire.model import Field, Note, Pieces, Record, Severity
from lab_servers.wire.printable import printable

SIGNS = {Severity.FORBIDDEN: "✗", Severity.ODD: "!", Severity.INFO: "i"}
ARROWS = {"client": "→", "server": "←"}

# A value is one line of a terminal; all of its bytes are in the capture.
MAX_VALUE_CHARACTERS = 100
MAX_NOTE_CHARACTERS = 1_000


def heading(dissection: Dissection) -> str:
    """One line: who talked to whom, and how much."""
    capture = dissection.capture
    sent = ", ".join(f"{side.value} {len(capture.bytes_from(side)):,} bytes" for side in Side)
    return f"{address(capture.client_address)} → {address(capture.relay_address)}: {sent}"


def outline(dissection: Dissection, *, only: str | None = None, notes_only: bool = False) -> Iterator[str]:
    """The lines, in the order in which the records became complete.

    Args:
        dissection: The connection.
        only: The one layer to tell of: ``"http"``, ``"sse"`` or ``"websocket"``.
        notes_only: Leave out fields, and records without a note.
    """
    for record in dissection.timeline(only):
        notes = record.notes
        if notes_only and not notes:
            continue
        yield record_line(dissection, record)
        if not notes_only:
            yield from (_field_line(field) for field in record.fields)
        yield from (_note_line(note) for note in notes)


def record_line(dissection: Dissection, record: Record) -> str:
    """One record: when it was complete, who sent it, what it is, where it lies, and what is in it."""
    state = "" if record.is_complete else " (incomplete)"
    return (
        f"{dissection.passed_s(record) * 1e3:10.2f} ms {ARROWS[record.sender]} {record.layer} {record.name}{state}"
        f"  [{places(record.pieces)}]  {printable(record.summary, MAX_VALUE_CHARACTERS)}"
    )


def _field_line(field: Field) -> str:
    bits = ""
    if field.bits is not None:
        high, low = field.bits
        bits = f" bit {high}" if high == low else f" bits {high}-{low}"
    value = field.value if isinstance(field.value, int) else printable(field.value, MAX_VALUE_CHARACTERS)
    return f"    [{places(field.pieces)}]{bits}  {field.name}: {value}  ({field.meaning} {field.spec})"


def _note_line(note: Note) -> str:
    text = printable(note.text, MAX_NOTE_CHARACTERS)
    return f"    {SIGNS[note.severity]} {note.severity.value} [{places(note.pieces)}]  {text}  ({note.spec})"


def places(pieces: Pieces) -> str:
    """``0-15``, or ``0-3 9-12``: first and last offsets."""
    told = [f"{start}-{stop - 1}" if stop - start > 1 else f"{start}" for start, stop in pieces[:4]]
    return " ".join([*told, *(["…"] if len(pieces) > 4 else [])])


def address(pair: tuple[str, int]) -> str:
    """``127.0.0.1:80`` or ``[::1]:80``."""
    host, port = pair
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
