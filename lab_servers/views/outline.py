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

# The JSON and the byte inspector have these as well.
SEPARATORS = frozenset({"colon", "space", "white space", "line end"})
VALUES = frozenset({"field value", "value"})

# A value is one line of a terminal; all of its bytes are in the capture.
MAX_VALUE_CHARACTERS = 100
MAX_NOTE_CHARACTERS = 1_000


def heading(dissection: Dissection) -> str:
    """One line: who talked to whom, and how much."""
    capture = dissection.capture
    sent = ", ".join(f"{side.value} {len(capture.bytes_from(side)):,} bytes" for side in Side)
    if not dissection.is_timed:
        return f"{printable(capture.server, MAX_VALUE_CHARACTERS)}: {sent}"
    server = address(capture.relay_address)
    name = "" if capture.server == server else f" ({printable(capture.server, MAX_VALUE_CHARACTERS)})"
    return f"{address(capture.client_address)} → {server}{name}: {sent}"


def outline(dissection: Dissection, *, only: str | None = None, notes_only: bool = False) -> Iterator[str]:
    """The lines, in the order in which the records became complete.

    Args:
        dissection: The connection.
        only: The one layer to tell of: ``"http"``, ``"sse"`` or ``"websocket"``.
        notes_only: Leave out fields, and records without a note.
    """
    upgrade = dissection.conversation.http_end
    for record in dissection.timeline(only):
        notes = record.notes
        if notes_only and not notes:
            continue
        yield record_line(dissection, record)
        if upgrade is not None and record.sender == "server" and record.pieces[-1][1] == upgrade["server"]:
            yield upgrade_line(dissection, upgrade)
        if not notes_only:
            yield from _field_lines(record.fields)
        yield from (_note_line(note) for note in notes)


def record_line(dissection: Dissection, record: Record) -> str:
    """One record: when it was complete, who sent it, what it is, where it lies, and what is in it."""
    state = "" if record.is_complete else " (incomplete)"
    time = f"{dissection.passed_s(record) * 1e3:10.2f} ms " if dissection.is_timed else ""
    return (
        f"{time}{ARROWS[record.sender]} {record.layer} {record.name}{state}"
        f"  [{places(record.pieces)}]  {printable(record.summary, MAX_VALUE_CHARACTERS)}"
    )


def upgrade_line(dissection: Dissection, http_end: dict[str, int]) -> str:
    """Where HTTP ended."""
    came = dissection.came_with_upgrade
    early = f"; {came} bytes of what follows came in the same read" if came else ""
    return (
        f"    HTTP ends here: from byte {http_end['client']} of the client and byte {http_end['server']} of the server "
        f"on it is {printable(str(dissection.conversation.upgraded_to), 40)}{early}"
    )


def _field_lines(fields: tuple[Field, ...]) -> Iterator[str]:
    """One line for each field, but a name and its value are one, and what only separates is left out."""
    name: Field | None = None
    for field in fields:
        if field.name in SEPARATORS:
            continue
        if name is not None and (field.name not in VALUES or field.group != name.group):
            yield _field_line(name)
            name = None
        if field.name == "field name":
            name = field
        elif name is not None:
            both = ((name.pieces[0][0], field.pieces[-1][1]),)
            yield _field_line(field._replace(name=printable(str(name.value), MAX_VALUE_CHARACTERS), pieces=both))
            name = None
        else:
            yield _field_line(field)
    if name is not None:
        yield _field_line(name)


def _field_line(field: Field) -> str:
    bits = ""
    if field.bits is not None:
        high, low = field.bits
        bits = f" bit {high}" if high == low else f" bits {high}-{low}"
    value = field.value if isinstance(field.value, int) else printable(field.value, MAX_VALUE_CHARACTERS)
    # A meaning may quote what was sent, as that of a status code does.
    meaning = printable(field.meaning, MAX_NOTE_CHARACTERS)
    return f"    [{places(field.pieces)}]{bits}  {field.name}: {value}  ({meaning} {field.spec})"


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
