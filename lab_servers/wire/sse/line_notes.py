"""What is remarkable about one line of an event stream by itself: ignored, empty, or easily misread.

``notes.py`` adds what concerns a block as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab_servers.wire.model import Note, Severity
from lab_servers.wire.sse.interpreter import BYTE_ORDER_MARK, Effect
from lab_servers.wire.sse.reading import Reading, ReadLine

_INTERPRETING = "HTML §9.2.6"
_NAMES = (b"data", b"event", b"id", b"retry")

_EMPTY = {
    Effect.DATA: (
        "A data field with an empty value adds an empty line to the data. Alone it makes an event with empty data."
    ),
    Effect.EVENT_TYPE: 'An empty event type is as good as none: the event is a "message".',
    Effect.ID: (
        "An empty ID resets the last event ID: a client that reconnects then sends no Last-Event-ID at all (§9.2.3)."
    ),
    Effect.RETRY_IGNORED: (
        "A retry field without a value has no digits, so it is ignored. Chromium goes back to its own "
        "reconnection time instead."
    ),
}


def notes_of_line(reading: Reading, line: ReadLine) -> Iterator[Note]:
    """The notes on one line."""
    effect = line.effect
    if effect is None or effect is Effect.COMMENT:
        return
    name, colon, space, value = line.parts
    text_place = reading.place(line.text_start, line.text_stop)
    if effect is Effect.UNKNOWN:
        severity, text = _on_unknown(name)
        yield Note(severity, text, _INTERPRETING, text_place)
        return
    if not colon:
        text = "A line that is only a field name, without a colon: its value is empty."
        yield Note(Severity.INFO, text, _INTERPRETING, text_place)
    if not value and effect in _EMPTY:
        severity = Severity.ODD if effect is Effect.RETRY_IGNORED else Severity.INFO
        yield Note(severity, _EMPTY[effect], _INTERPRETING, text_place)
    elif effect is Effect.RETRY_IGNORED:
        text = (
            "A reconnection time must be ASCII digits and nothing else, so a receiver ignores this line: "
            "no sign, no point, no unit, no second space."
        )
        yield Note(Severity.ODD, text, _INTERPRETING, reading.place(line.value_start, line.text_stop))
    elif effect is Effect.ID_IGNORED:
        at = line.value_start + value.index(b"\0")
        text = "An ID with NUL in it: a receiver ignores this line, and the last event ID stays what it was."
        yield Note(Severity.ODD, text, _INTERPRETING, reading.place(at, at + 1))
    if space and value.startswith(b" "):
        more = len(value) - len(value.lstrip(b" "))
        text = "Only one space after the colon is taken off: these belong to the value."
        yield Note(Severity.INFO, text, _INTERPRETING, reading.place(line.value_start, line.value_start + more))


def _on_unknown(name: bytes) -> tuple[Severity, str]:
    """What to say of a field name that is none, and whether it looks like a mistake."""
    if name.startswith(BYTE_ORDER_MARK):
        return Severity.ODD, (
            "A byte order mark that is not at the very beginning of the stream is not taken off: it is "
            "part of the field name, no field has such a name, and a receiver ignores the line."
        )
    near = name.strip().lower()
    if near in _NAMES:
        return Severity.ODD, (
            f"This is not the field {near.decode()}: names must match exactly, in lower case and without "
            "spaces around them. A receiver ignores the line."
        )
    return Severity.INFO, "No field has this name, so a receiver ignores the line."
