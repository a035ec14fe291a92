"""Where the messages lie in the content of one HTTP message: events, lines, elements of a JSON array, or all of it.

``messages.py`` puts these places on the wire. A message is what the application gets: the data of an event without
``data:``, a line without its line end, an element without the comma. Broken content never raises; what of it is no
message's own text is left out here, and ``accounting.py`` counts it as framing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from lab_servers.wire.sse.interpreter import BYTE_ORDER_MARK, split_line

EVENT_STREAM = "text/event-stream"
LINE_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines"})

# Every line of an event stream with its line end (HTML §9.2.5); the last may have none.
_EVENT_LINE = re.compile(rb"([^\r\n]*+)(\r\n|\r|\n|\Z)")
_JSON_SPACE = re.compile(r"[ \t\n\r]*")
_SPACES = b" \t\r\n"

# The values do not matter, only where they end; as text, a number of many thousand digits is no work.
_ELEMENTS = json.JSONDecoder(parse_int=str, parse_float=str)


class Place(NamedTuple):
    """One message in a content; all are offsets in that content.

    Attributes:
        start: Where its own text begins.
        stop: Where it ends. The second ``data:`` of an event with two data lines stands between.
        size_bytes: How long its own text is.
        end: Where what closes it ends: the blank line, the line end, the comma.
        is_complete: Whether all of it is there.
    """

    start: int
    stop: int
    size_bytes: int
    end: int
    is_complete: bool


def places_in(media_type: str, data: bytes | bytearray, is_whole: bool) -> Iterator[Place]:
    """The messages in a content.

    Args:
        media_type: Its type, in lower case and without parameters.
        data: The content, as far as it came.
        is_whole: Whether it came to its end.
    """
    if not data:
        return iter(())
    if media_type == EVENT_STREAM:
        return _events(data)
    if media_type in LINE_TYPES:
        return _lines(data, is_whole)
    if media_type == "application/json" or media_type.endswith("+json"):
        return _elements(data, is_whole)
    return iter((Place(0, len(data), len(data), len(data), is_whole),))


def _events(data: bytes | bytearray) -> Iterator[Place]:
    """One place for each event with data (HTML §9.2.6). Between the values of two data lines there is a line feed."""
    start = stop = size = -1
    at_bom = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
    for line in _EVENT_LINE.finditer(data, at_bom):
        text = line[1]
        if not text:
            if size >= 0 and line[2]:
                yield Place(start, stop, size, line.end(), True)
                start = stop = size = -1
        elif text.startswith(b"data"):
            name, _, _, value = split_line(text)
            if name == b"data" and (line[2] or value):
                stop = line.end(1)
                if size < 0:
                    start, size = stop - len(value), len(value)
                else:
                    size += 1 + len(value)
    if size >= 0:
        yield Place(start, stop, size, len(data), False)


def _lines(data: bytes | bytearray, is_whole: bool) -> Iterator[Place]:
    """One place for each line that is not empty."""
    at, size = 0, len(data)
    while at < size:
        line_feed = data.find(b"\n", at)
        end = size if line_feed < 0 else line_feed + 1
        line = data[at:end]
        text = line.strip(_SPACES)
        if text:
            start = at + len(line) - len(line.lstrip(_SPACES))
            yield Place(start, start + len(text), len(text), end, line_feed >= 0 or is_whole)
        at = end


def _elements(data: bytes | bytearray, is_whole: bool) -> Iterator[Place]:
    """One place for each element of an array; another JSON text is one message, and so is what is no JSON."""
    plain = data.strip(_SPACES)
    if not plain.startswith(b"["):
        start = len(data) - len(data.lstrip(_SPACES))
        if plain:
            yield Place(start, start + len(plain), len(plain), len(data), is_whole)
        return
    text, is_broken = _text(data)
    at = _after_spaces(text, text.index("[") + 1)
    seen, offset = 0, 0  # so many characters are so many bytes
    while at < len(text) and text[at] != "]":
        offset += len(text[seen:at].encode())
        try:
            stop = _ELEMENTS.raw_decode(text, at)[1]
            after = _after_spaces(text, stop)
        except (ValueError, RecursionError):
            stop = after = len(text)
        closes = text[after : after + 1]
        if closes not in (",", "]"):
            yield _rest(data, offset)
            return
        size = len(text[at:stop].encode())
        seen = after if closes == "]" else after + 1
        end = offset + size + seen - stop  # only ASCII stands between
        yield Place(offset, offset + size, size, end, True)
        offset, at = end, _after_spaces(text, seen)
    if is_broken and at == len(text):
        yield _rest(data, offset + len(text[seen:at].encode()))


def _rest(data: bytes | bytearray, start: int) -> Place:
    """Cut off, or no JSON from here on: all that follows is taken for one message that did not come whole."""
    rest = data[start:].rstrip(_SPACES)
    return Place(start, start + len(rest), len(rest), len(data), False)


def _text(data: bytes | bytearray) -> tuple[str, bool]:
    """The text up to the first byte that is no UTF-8, and whether there is one."""
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError as error:
        return data[: error.start].decode("utf-8"), True


def _after_spaces(text: str, at: int) -> int:
    found = _JSON_SPACE.match(text, at)
    return found.end() if found else at
