"""The fields of a head and of a trailer section: every part of every line (RFC 9112 §3 to §5).

It walks the same lines that ``stream.py`` read; what is wrong with them is found in ``head_notes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

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


def head_fields(data: bytearray, start: int, stop: int, sender: str, message: Message | None) -> Iterator[Field]:
    """The fields of a head, which may be cut off anywhere."""
    found, rest = explained_lines(data, start, stop)
    lines = iter(found)
    for line in lines:
        if line.start == line.stop:
            yield from _line_end(data, line, "", "empty line before the message", _EMPTY_BEFORE)
            continue
        group = "request line" if sender == CLIENT else "status line"
        yield from _start_line(data, line, sender, group, message)
        yield from _line_end(data, line, group)
        break
    yield from _field_lines(data, lines, _EMPTY_LINE)
    yield from _part(data, rest, stop, "further lines", _FURTHER_LINES, "", "")


def trailer_fields(data: bytearray, start: int, stop: int) -> Iterator[Field]:
    """The fields of a trailer section, which may be cut off anywhere."""
    ending = Meaning("The empty line that ends the chunked message.", "RFC 9112 §7.1")
    lines, rest = explained_lines(data, start, stop)
    yield from _field_lines(data, iter(lines), ending)
    yield from _part(data, rest, stop, "further lines", _FURTHER_LINES, "", "")


def _start_line(data: bytearray, line: Line, sender: str, group: str, message: Message | None) -> Iterator[Field]:
    text = bytes(data[line.start : line.stop])
    found = (REQUEST_LINE if sender == CLIENT else STATUS_LINE).fullmatch(text)
    if found is None:
        yield from _part(
            data, line.start, line.stop, group, Meaning("What there is of the first line.", "RFC 9112 §2.1")
        )
        return
    if sender == CLIENT:
        method = METHODS.get(found[1].decode("latin-1"), OTHER_METHOD)
        parts = [("method", method), ("space", _SPACE), ("request target", _TARGET), ("space", _SPACE)]
        parts += [("version", _VERSION), ("space", _SPACE)]
    else:
        status = _of_status(int(found[3]), message)
        parts = [("version", _VERSION), ("space", _SPACE), ("status code", status), ("space", _SPACE)]
        parts += [("reason phrase", _REASON)]
    for number, (name, meaning) in enumerate(parts, 1):
        first, last = found.span(number)
        value = int(found[number]) if name == "status code" else None
        yield from _part(data, line.start + first, line.start + last, name, meaning, group, value)


def _of_status(code: int, message: Message | None) -> Meaning:
    """What a status code means, and which request it answers."""
    meaning = of_status(code)
    if message is None or message.request is None:
        return meaning
    request = message.request
    return meaning._replace(text=f"{meaning.text} It answers request {request.number}, {request.start_line[:80]}.")


def _field_lines(data: bytearray, lines: Iterator[Line], ending: Meaning) -> Iterator[Field]:
    group = ""
    for line in lines:
        if line.start == line.stop:
            yield from _line_end(data, line, "", "empty line", ending)
        elif is_folded(data, line):
            meaning = Meaning("Continues the value of the line before it (obs-fold).", "RFC 9112 §5.2")
            yield from _part(data, line.start, line.stop, "folded value", meaning, group)
            yield from _line_end(data, line, group)
        else:
            group = text_of(bytes(data[line.start : split_field_line(data, line.start, line.stop).name_stop]))
            yield from _field_line(data, line, group)
            yield from _line_end(data, line, group)


def _field_line(data: bytearray, line: Line, name: str) -> Iterator[Field]:
    parts = split_field_line(data, line.start, line.stop)
    yield from _part(data, line.start, parts.name_stop, "field name", _FIELD_NAME, name)
    yield from _part(data, parts.name_stop, parts.colon_stop, "colon", _COLON, name)
    yield from _part(data, parts.colon_stop, parts.value_start, "white space", _WHITE_SPACE, name)
    yield from _part(data, parts.value_start, parts.value_stop, "field value", of_field(name), name)
    yield from _part(data, parts.value_stop, parts.stop, "white space", _WHITE_SPACE, name)


def _part(
    data: bytearray, start: int, stop: int, name: str, meaning: Meaning, group: str = "", value: int | str | None = None
) -> Iterator[Field]:
    """One field, if it has bytes."""
    if start < stop:
        shown = text_of(bytes(data[start:stop])) if value is None else value
        yield Field(name, ((start, stop),), shown, meaning.text, meaning.spec, group=group)


def _line_end(
    data: bytearray, line: Line, group: str, name: str = "line end", meaning: Meaning = _LINE_END
) -> Iterator[Field]:
    if line.stop < line.end:
        value = {b"\r\n": "CR LF", b"\n": "LF"}.get(bytes(data[line.stop : line.end]), "CR")
        yield Field(name, ((line.stop, line.end),), value, meaning.text, meaning.spec, group=group)
