"""The plain forms of the byte inspector: HTML that survives a sanitiser and prints, and text for a terminal.

Both are bounded and say what they leave out. ``outline.py`` makes the lines of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice

from lab_servers.capture.capture import Capture
from lab_servers.views.hexdump import printable as ascii_text
from lab_servers.views.inspector_model import SEVERITIES, Inspected, value_text
from lab_servers.views.outline import ARROWS, heading, outline, places
from lab_servers.views.outline import SIGNS as SEVERITY_SIGNS
from lab_servers.wire.model import Field, Note, Record, joined
from lab_servers.wire.printable import printable
from lab_servers.wire.spec import spec_url

MAX_LINES = 150
MAX_RECORDS = 60
MAX_FIELDS = 150  # in all
SHOWN_BYTES = 16  # of each field
MAX_CELL_CHARACTERS = 200

_CELL = "text-align:left;vertical-align:top;padding:0.25em 0.5em"
_CODE = f"{_CELL};font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere"
_RECORD_COLUMNS = ("time", "from", "record", "content", "bytes", "notes")
_FIELD_COLUMNS = ("offset", "bytes", "field", "value", "meaning")


def title_of(capture: Capture) -> str:
    """What a connection is called where there are several."""
    return f"{printable(capture.server, MAX_CELL_CHARACTERS)} connection {capture.number}"


# --- text -----------------------------------------------------------------------------------


def as_text(shown: Inspected, notices: Iterable[str], connections: int) -> str:
    """The outline of a connection, at most :data:`MAX_LINES` lines of it."""
    lines = [heading(shown.dissection)]
    told = outline(shown.dissection)
    lines += islice(told, MAX_LINES)
    if next(told, None) is not None:
        lines.append("… and more: the widget shows all of it, and `python -m lab_servers explain` prints all of it.")
    return "\n".join((*lines, *notices, *_others(connections)))


def _others(connections: int) -> Iterator[str]:
    if connections > 1:
        yield f"One of {connections} connections; set .connection to show another."


# --- HTML -----------------------------------------------------------------------------------


def as_html(shown: Inspected, notices: Iterable[str], connections: int) -> str:
    """Tables of the first records and of their fields. Styles are inline; nothing in it loads or runs.

    Titles are no headings: they would skip a level under whatever heading of the page they come to stand.
    """
    title = escape(heading(shown.dissection))
    remarks = "".join(f"<p>{escape(notice)}</p>" for notice in (*notices, *_others(connections)))
    return f"<p><strong>{title}</strong></p>{remarks}{_record_table(shown)}{''.join(_field_tables(shown))}"


def _record_table(shown: Inspected) -> str:
    records = shown.records[:MAX_RECORDS]
    rows = "".join(_record_row(shown, record) for record in records)
    left = len(shown.records) - len(records)
    more = f"<p>The first {len(records)} of {len(shown.records):,} records; the widget shows all.</p>" if left else ""
    return _table("Records in order of time", _RECORD_COLUMNS, rows) + more


def _record_row(shown: Inspected, record: Record) -> str:
    stop = record.pieces[-1][1]
    name = record.name if record.is_complete else f"{record.name} (incomplete)"
    return _row(
        f"{shown.dissection.passed_s(record) * 1e3:,.2f} ms" if shown.dissection.is_timed else "",
        f"{ARROWS[record.sender]} {record.sender}",
        printable(name, MAX_CELL_CHARACTERS),
        printable(record.summary, MAX_CELL_CHARACTERS),
        f"{record.pieces[0][0]} to {stop - 1}",
        ", ".join(f"{SEVERITY_SIGNS[note.severity]} {note.severity.value}" for note in _worst_first(record.notes)),
        code={3},
    )


def _worst_first(notes: Sequence[Note]) -> list[Note]:
    """One note of each severity that there is."""
    found = {note.severity: note for note in notes}
    return sorted(found.values(), key=lambda note: -SEVERITIES.index(note.severity))


def _field_tables(shown: Inspected) -> Iterator[str]:
    left = MAX_FIELDS
    for number, record in enumerate(shown.records[:MAX_RECORDS]):
        fields = record.fields[:left]
        left -= len(fields)
        title = f"{ARROWS[record.sender]} {record.name}: {record.summary}"
        rows = "".join(_field_row(shown.data[record.sender], field) for field in fields)
        yield f"<p><strong>{escape(printable(title, MAX_CELL_CHARACTERS))}</strong></p>"
        yield from map(_note, record.notes)
        yield _table(f"Fields of record {number + 1}", _FIELD_COLUMNS, rows)
        if not left:
            yield f"<p>Fields are listed up to {MAX_FIELDS}; the widget explains every byte.</p>"
            return


def _field_row(data: bytes, field: Field) -> str:
    raw = joined(data, field.pieces)
    more = " …" if len(raw) > SHOWN_BYTES else ""
    where = places(field.pieces)
    if field.bits:
        high, low = field.bits
        where += f", bit {high}" if high == low else f", bits {high} to {low}"
    value = printable(value_text(field.value), MAX_CELL_CHARACTERS)
    name = printable(f"{field.group}: {field.name}" if field.group else field.name, MAX_CELL_CHARACTERS)
    shown = f"{raw[:SHOWN_BYTES].hex(' ')}{more}  {ascii_text(raw[:SHOWN_BYTES])}"
    meaning = f"{escape(printable(field.meaning, 1_000))} {_link(field.spec)}"
    return _row(where, shown, name, value, meaning, code={1, 3}, html={4})


def _note(note: Note) -> str:
    sign = f"{SEVERITY_SIGNS[note.severity]} {note.severity.value}"
    text = escape(printable(note.text, 1_000))
    return f"<p><strong>{escape(sign)}</strong> at {places(note.pieces)}: {text} {_link(note.spec)}</p>"


def _link(spec: str) -> str:
    url = spec_url(spec)
    if not url.startswith("https://"):
        return escape(spec)
    return f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener noreferrer">{escape(spec)}</a>'


def _table(label: str, columns: Sequence[str], rows: str) -> str:
    heads = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in columns)
    return (
        f'<div style="overflow-x:auto"><table style="margin-left:0" aria-label="{escape(label, quote=True)}">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(*cells: str, code: Iterable[int] = (), html: Iterable[int] = ()) -> str:
    made = []
    for number, cell in enumerate(cells):
        style = _CODE if number in set(code) else _CELL
        tag, scope = ("th", ' scope="row"') if number == 0 else ("td", "")
        made.append(f'<{tag}{scope} style="{style}">{cell if number in set(html) else escape(cell)}</{tag}>')
    return f"<tr>{''.join(made)}</tr>"
