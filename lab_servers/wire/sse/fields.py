"""The parts of the lines of an event stream, with the meaning of each from a table.

``reading.py`` says where the lines of a block are and what they did; ``notes.py`` has what is remarkable about them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from lab_servers.wire.model import Field, preview
from lab_servers.wire.sse.interpreter import Effect
from lab_servers.wire.sse.reading import Kind, Reading, ReadLine

# A named tuple made in one step instead of two: of the many fields of a block each takes a third less time.
_field = partial(tuple.__new__, Field)

_PARSING = "HTML §9.2.5"
_INTERPRETING = "HTML §9.2.6"

_LINE_ENDS = {b"\n": "LF", b"\r": "CR", b"\r\n": "CRLF"}


class _Meaning(NamedTuple):
    """What to say of a field name, and of its value."""

    name: str
    value: str


_MEANINGS = {
    Effect.DATA: _Meaning(
        "data: this line's value becomes a line of the event's data.",
        "A line of the event's data. Several data lines are joined with line feeds.",
    ),
    Effect.EVENT_TYPE: _Meaning(
        "event: this line's value names the type of the event.",
        'The type of the event: only listeners for this type get it. Without a type it is "message".',
    ),
    Effect.ID: _Meaning(
        "id: this line's value becomes the last event ID when its block ends.",
        "The last event ID, from this block on. A client that reconnects sends it as Last-Event-ID.",
    ),
    Effect.ID_IGNORED: _Meaning(
        "id: this line would set the last event ID, but its value is not fit for that.",
        "Ignored, because it contains NUL. The last event ID stays what it was.",
    ),
    Effect.RETRY: _Meaning(
        "retry: this line's value sets the reconnection time of the stream, at once.",
        "How long a client waits before it reconnects, in milliseconds.",
    ),
    Effect.RETRY_IGNORED: _Meaning(
        "retry: this line would set the reconnection time, but its value is not fit for that.",
        "Ignored, because it is not made of ASCII digits alone. The reconnection time stays what it was.",
    ),
    Effect.UNKNOWN: _Meaning(
        "No field has this name, so the whole line is ignored. Names must match exactly, in lower case.",
        "Ignored with its line.",
    ),
}
_UNFINISHED = _Meaning(
    "The beginning of a line. It means nothing before its line end has come.",
    "The rest of a line so far. It means nothing before its line end has come.",
)
_COLON = "Ends the field name. All further colons of the line belong to the value."
_COMMENT_COLON = "A line that begins with a colon is a comment."
_COMMENT = "Ignored by every receiver. Servers send comments so that a silent connection is not cut as idle."
_SPACE = "One space after the colon is taken off; it is not part of the value."
_LINE_END = "Ends the line. LF, CR and CRLF all do, and CRLF is one line end even when it arrives in two reads."
_BYTE_ORDER_MARK = "U+FEFF in UTF-8. One at the very beginning of the stream is taken off."
_SKIPPED = "Further lines. They are interpreted like the others, but not shown one by one."


def fields_of(reading: Reading) -> tuple[Field, ...]:
    """The fields of a block: they tile it."""
    fields: list[Field] = []
    skipped_start, skipped_stop = reading.skipped
    for number, line in enumerate(reading.lines, start=1):
        if skipped_start < skipped_stop == line.start:
            raw = reading.raw[skipped_start:skipped_stop]
            place = reading.place(skipped_start, skipped_stop)
            fields.append(Field("further lines", place, preview(raw), _SKIPPED, _INTERPRETING))
            number = reading.line_count
        fields.extend(_fields_of_line(reading, line, f"line {number}"))
    return tuple(fields)


def _fields_of_line(reading: Reading, line: ReadLine, group: str) -> Iterator[Field]:
    place = reading.place
    start, text_start, text_stop, stop, kind, effect, (name, colon, space, value) = line[:7]
    if start < text_start:
        yield _field(
            ("byte order mark", place(start, text_start), "U+FEFF", _BYTE_ORDER_MARK, _INTERPRETING, None, group)
        )
    at = text_start + len(name)
    if kind is Kind.BLANK:
        value_of_end = _LINE_ENDS[reading.raw[text_stop:stop]]
        meaning_of_end = _dispatch_meaning(reading)
        yield _field(("blank line", place(text_stop, stop), value_of_end, meaning_of_end, _INTERPRETING, None, group))
        return
    if colon and not name:
        yield _field(("colon", place(at, at + 1), ":", _COMMENT_COLON, _INTERPRETING, None, group))
        if at + 1 < text_stop:
            comment = preview(space + value)
            yield _field(("comment", place(at + 1, text_stop), comment, _COMMENT, _INTERPRETING, None, group))
    else:
        meaning = _UNFINISHED if effect is None else _MEANINGS[effect]
        if name:
            yield _field(("field name", place(text_start, at), preview(name), meaning.name, _INTERPRETING, None, group))
        if colon:
            yield _field(("colon", place(at, at + 1), ":", _COLON, _INTERPRETING, None, group))
            at += 1
        if space:
            yield _field(("space", place(at, at + 1), " ", _SPACE, _INTERPRETING, None, group))
            at += 1
        if value:
            shown = line.retry_ms if effect is Effect.RETRY and line.retry_ms is not None else preview(value)
            yield _field(("value", place(at, text_stop), shown, meaning.value, _INTERPRETING, None, group))
    if text_stop < stop:
        value_of_end = _LINE_ENDS[reading.raw[text_stop:stop]]
        yield _field(("line end", place(text_stop, stop), value_of_end, _LINE_END, _PARSING, None, group))


def _dispatch_meaning(reading: Reading) -> str:
    """What the blank line of a block does."""
    if event := reading.event:
        size = len(event.data)
        length = "1 character" if size == 1 else f"{size:,} characters"
        event_type = preview(event.type.encode())
        identity = f" and last event ID {preview(event.last_event_id.encode())}" if event.last_event_id else ""
        return (
            f'A blank line ends a block and dispatches its event: the application receives "{event_type}"'
            f" with {length} of data{identity}."
        )
    if reading.has_fields:
        why = "no data field came in its block"
    elif reading.has_comments:
        why = "its block has only comments"
    else:
        why = "there is nothing between it and what came before"
    return f"A blank line ends a block. This one dispatches nothing, because {why}."
