"""The fields of a head and of a trailer section: every part of every line (RFC 9112 §3 to §5).

It walks the same lines that ``stream.py`` read; what is wrong with them is found in ``head_notes.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from lab_servers.wire.http1.head_notes import head_notes, trailer_notes
from lab_servers.wire.http1.lines import (
    MAX_EXPLAINED_LINES,
    REQUEST_LINE,
    STATUS_LINE,
    Line,
    explained_lines,
    is_folded,
    split_field_line,
)
from lab_servers.wire.http1.meanings import METHODS, OTHER_METHOD, Meaning, of_field, of_status
from lab_servers.wire.http1.message import Message
from lab_servers.wire.model import CLIENT, Field, text_of

__all__ = ["head_fields", "head_notes", "trailer_fields", "trailer_notes"]

# A named tuple made in one step instead of two: of the many fields of a head each takes a third less time.
_field = partial(tuple.__new__, Field)

_LINE_ENDS = {b"\r\n": "CR LF", b"\n": "LF"}

# What each part of a start line is called and means, in the order of the groups of its pattern.
_TARGET = Meaning("What is asked for, as the server knows it.", "RFC 9112 §3.2")
_VERSION = Meaning("The version of HTTP. It tells how the rest of the head is to be read.", "RFC 9112 §2.3")
_REASON = Meaning("The status in words, for people; clients ignore it. HTTP/2 has none.", "RFC 9112 §4")
_SPACE = Meaning("Separates the parts of the start line.", "RFC 9112 §3")
_LINE_END = Meaning("Ends the line.", "RFC 9112 §2.2")
_EMPTY_LINE = Meaning("The empty line: the head ends here.", "RFC 9112 §2.1")
_EMPTY_BEFORE = Meaning("An empty line before the message; a server ignores it.", "RFC 9112 §2.2")
_COLON = Meaning("Separates the name from the value; no space may stand before it.", "RFC 9112 §5")
_WHITE_SPACE = Meaning("Optional white space; it is not part of the value.", "RFC 9112 §5")
_FURTHER_LINES = Meaning(
    f"More lines than the {MAX_EXPLAINED_LINES:,} that are explained one by one; most servers refuse so many.",
    "RFC 6585 §5",
)
_FIELD_NAME = Meaning("The name of the field; upper and lower case are the same.", "RFC 9110 §5.1")


def head_fields(data: bytearray, start: int, stop: int, sender: str, message: Message | None) -> list[Field]:
    """The fields of a head, which may be cut off anywhere."""
    found, rest = explained_lines(data, start, stop)
    lines = iter(found)
    fields = []
    for line in lines:
        if line.start == line.stop:
            fields += _line_end(data, line, "", "empty line before the message", _EMPTY_BEFORE)
            continue
        group = "request line" if sender == CLIENT else "status line"
        fields += _start_line(data, line, sender, group, message)
        fields += _line_end(data, line, group)
        break
    fields += _field_lines(data, lines, _EMPTY_LINE)
    fields += _part(data, rest, stop, "further lines", _FURTHER_LINES, "", "")
    return fields


def trailer_fields(data: bytearray, start: int, stop: int) -> list[Field]:
    """The fields of a trailer section, which may be cut off anywhere."""
    ending = Meaning("The empty line that ends the chunked message.", "RFC 9112 §7.1")
    lines, rest = explained_lines(data, start, stop)
    fields = _field_lines(data, lines, ending)
    fields += _part(data, rest, stop, "further lines", _FURTHER_LINES, "", "")
    return fields


def _start_line(data: bytearray, line: Line, sender: str, group: str, message: Message | None) -> list[Field]:
    text = bytes(data[line.start : line.stop])
    found = (REQUEST_LINE if sender == CLIENT else STATUS_LINE).fullmatch(text)
    if found is None:
        meaning = Meaning("What there is of the first line.", "RFC 9112 §2.1")
        return _part(data, line.start, line.stop, group, meaning)
    if sender == CLIENT:
        method = METHODS.get(found[1].decode("latin-1"), OTHER_METHOD)
        parts = [("method", method), ("space", _SPACE), ("request target", _TARGET), ("space", _SPACE)]
        parts += [("version", _VERSION), ("space", _SPACE)]
    else:
        status = _of_status(int(found[3]), message)
        parts = [("version", _VERSION), ("space", _SPACE), ("status code", status), ("space", _SPACE)]
        parts += [("reason phrase", _REASON)]
    fields = []
    for number, (name, meaning) in enumerate(parts, 1):
        first, last = found.span(number)
        value = int(found[number]) if name == "status code" else None
        fields += _part(data, line.start + first, line.start + last, name, meaning, group, value)
    return fields


def _of_status(code: int, message: Message | None) -> Meaning:
    """What a status code means, and which request it answers."""
    meaning = of_status(code)
    if message is None or message.request is None:
        return meaning
    request = message.request
    text = f"{meaning.text} It answers request {request.number}, {request.start_line[:80]}."
    return Meaning(text, meaning.spec)


def _field_lines(data: bytearray, lines: Iterable[Line], ending: Meaning) -> list[Field]:
    group = ""
    fields: list[Field] = []
    for line in lines:
        if line.start == line.stop:
            fields += _line_end(data, line, "", "empty line", ending)
            continue
        if is_folded(data, line):
            meaning = Meaning("Continues the value of the line before it (obs-fold).", "RFC 9112 §5.2")
            fields += _part(data, line.start, line.stop, "folded value", meaning, group)
        else:
            parts = split_field_line(data, line.start, line.stop)
            group = text_of(bytes(data[line.start : parts.name_stop]))
            fields += _part(data, line.start, parts.name_stop, "field name", _FIELD_NAME, group, group)
            fields += _part(data, parts.name_stop, parts.colon_stop, "colon", _COLON, group, ":")
            fields += _part(data, parts.colon_stop, parts.value_start, "white space", _WHITE_SPACE, group)
            fields += _part(data, parts.value_start, parts.value_stop, "field value", of_field(group), group)
            fields += _part(data, parts.value_stop, parts.stop, "white space", _WHITE_SPACE, group)
        fields += _line_end(data, line, group)
    return fields


def _part(
    data: bytearray, start: int, stop: int, name: str, meaning: Meaning, group: str = "", value: int | str | None = None
) -> list[Field]:
    """One field, if it has bytes."""
    if start >= stop:
        return []
    shown = text_of(bytes(data[start:stop])) if value is None else value
    return [_field((name, ((start, stop),), shown, meaning.text, meaning.spec, None, group))]


def _line_end(
    data: bytearray, line: Line, group: str, name: str = "line end", meaning: Meaning = _LINE_END
) -> list[Field]:
    if line.stop == line.end:
        return []
    value = _LINE_ENDS.get(bytes(data[line.stop : line.end]), "CR")
    return [_field((name, ((line.stop, line.end),), value, meaning.text, meaning.spec, None, group))]
