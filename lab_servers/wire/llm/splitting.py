"""Finds where one JSON text ends and the next begins, in bytes that come cut anywhere: by lines, or by brackets.

``reader.py`` chooses between them and the event stream decoder (``wire/sse/decoder.py``). What is longer than the
bound is left out whole and counted, so neither keeps more than that.
"""

from __future__ import annotations

import re
from copy import copy

DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WHITESPACE = b" \t\r\n"


class LineSplitter:
    """Lines that end in LF or CRLF, as NDJSON has them; empty ones are skipped.

    A CR within a line is JSON white space, so a CR before LF needs no care.

    Args:
        limit_bytes: The longest line that is kept.

    Attributes:
        oversized: How many lines were longer.
    """

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.oversized = 0
        self._limit_bytes = limit_bytes
        self._line = bytearray()
        self._is_first = True
        self._dropping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that ``data`` completes."""
        *ended, rest = data.split(b"\n")
        lines = []
        for part in ended:
            self._extend(part)
            lines += self._end_line()
        self._extend(rest)
        return lines

    def end(self) -> list[bytes]:
        """The last line, if it has no line end. A JSON object says itself where it ends, so it may be whole."""
        return self._end_line()

    def twin(self) -> LineSplitter:
        """Another one at the same place, which from here on goes its own way."""
        other = copy(self)
        other._line = bytearray(self._line)
        return other

    def _extend(self, part: bytes) -> None:
        if not self._dropping and len(self._line) + len(part) > self._limit_bytes:
            self._dropping = True
            self.oversized += 1
            self._line.clear()
        if not self._dropping:
            self._line += part

    def _end_line(self) -> list[bytes]:
        line = bytes(self._line)
        if self._is_first:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        line = line.strip(_WHITESPACE)
        self._is_first = self._dropping = False
        self._line.clear()
        return [line] if line else []


_OUTSIDE_STRING = re.compile(rb'["\[\]{}]')
_INSIDE_STRING = re.compile(rb'["\\]')


class JsonSplitter:
    """The objects of one JSON text: itself, or the elements of the array that it is, each as soon as it is whole.

    Args:
        limit_bytes: The longest object that is kept.

    Attributes:
        oversized: How many objects were longer.
        strays: How many bytes stand where JSON allows none.
        is_closed: Whether the bracket came that closes the whole text.
    """

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.oversized = 0
        self.strays = 0
        self.is_closed = False
        self._limit_bytes = limit_bytes
        self._start = bytearray()  # the first bytes, while they may be a byte order mark
        self._is_started = False
        self._in_array = False
        self._comma_due = False  # between two elements
        self._comma_was_last = False
        self._item = bytearray()
        self._depth = 0  # of brackets within the object under way
        self._in_string = False
        self._escaped = False
        self._dropping = False

    @property
    def is_cut(self) -> bool:
        """Whether a text began and is not closed."""
        return self._is_started and not self.is_closed

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that ``data`` completes."""
        if not self._is_started:
            self._start += data
            if len(self._start) < 3 and _BYTE_ORDER_MARK.startswith(bytes(self._start)):
                return []
            data = bytes(self._start).removeprefix(_BYTE_ORDER_MARK)
            self._start.clear()
            self._is_started = bool(data)
        items: list[bytes] = []
        position = 0
        while position < len(data):
            if self._depth:
                position = self._within(data, position, items)
            else:
                self._between(data[position : position + 1])
                position += 1
        return items

    def _between(self, byte: bytes) -> None:
        """One byte outside of any object."""
        if byte in (b" ", b"\t", b"\r", b"\n"):
            return
        if self.is_closed:
            self.strays += 1
        elif byte == b"{" and not self._comma_due:
            self._depth = 1
            self._item[:] = b"{"
            self._comma_was_last = False
        elif byte == b"[" and not self._in_array:
            self._in_array = True
        elif byte == b"," and self._comma_due:
            self._comma_due, self._comma_was_last = False, True
        elif byte == b"]" and self._in_array and not self._comma_was_last:
            self.is_closed = True
        else:
            self.strays += 1

    def _within(self, data: bytes, position: int, items: list[bytes]) -> int:
        """Go on in the object under way, to its next character that matters; return where to go on."""
        if self._escaped:
            self._escaped = False
            self._keep(data[position : position + 1])
            return position + 1
        pattern = _INSIDE_STRING if self._in_string else _OUTSIDE_STRING
        found = pattern.search(data, position)
        if found is None:
            self._keep(data[position:])
            return len(data)
        stop = found.end()
        self._keep(data[position:stop])
        byte = found[0]
        if byte == b'"':
            self._in_string = not self._in_string
        elif byte == b"\\":
            self._escaped = True
        elif byte in (b"{", b"["):
            self._depth += 1
        else:
            self._depth -= 1
            if not self._depth:
                self._end_item(items)
        return stop

    def _keep(self, part: bytes) -> None:
        if not self._dropping and len(self._item) + len(part) > self._limit_bytes:
            self._dropping = True
            self.oversized += 1
            self._item.clear()
        if not self._dropping:
            self._item += part

    def _end_item(self, items: list[bytes]) -> None:
        if not self._dropping:
            items.append(bytes(self._item))
        self._item.clear()
        self._dropping = False
        self._comma_due = True
        self.is_closed = not self._in_array
