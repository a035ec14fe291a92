"""Takes the head of an HTTP/1.1 message apart into lines, and a field line into its parts (RFC 9112 §2 to §5).

Offsets are those of the buffer that is given. ``stream.py`` reads names and values from here;
``head.py`` makes a field of every part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

# RFC 9110 §5.6.2: what a method or a field name may consist of.
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

# RFC 9112 §3 lets a recipient split the start line at white space of any kind; what is odd about it gets a note.
REQUEST_LINE = re.compile(rb"([^ \t]+)([ \t]+)([^ \t](?:.*[^ \t])?)([ \t]+)(HTTP/1\.[0-9])([ \t]*)", re.DOTALL)
STATUS_LINE = re.compile(rb"(HTTP/1\.[0-9])([ \t]+)([0-9]{3})(?:([ \t])(.*))?", re.DOTALL)


# So many lines of a head are explained one by one. Servers take about a hundred field lines.
MAX_EXPLAINED_LINES = 1_000


class Line(NamedTuple):
    """One line: its text at ``start`` to ``stop``, then its line end up to ``end``."""

    start: int
    stop: int
    end: int


class FieldLine(NamedTuple):
    """Where the parts of a field line lie: name, colon, white space, value, white space.

    A part without bytes has equal ends. Without a colon all of the line is its name.
    """

    name_stop: int
    colon_stop: int
    value_start: int
    value_stop: int
    stop: int


def split_lines(data: bytes | bytearray, start: int, stop: int) -> Iterator[Line]:
    """The lines of a head. They end in CR LF, or in a bare LF, which a recipient may accept (RFC 9112 §2.2).

    The last one may have no line end yet; a CR at its very end is then counted as the beginning of one.
    """
    while start < stop:
        line_feed = data.find(b"\n", start, stop)
        end = stop if line_feed < 0 else line_feed + 1
        text_stop = stop if line_feed < 0 else line_feed
        if text_stop > start and data[text_stop - 1] == 0x0D:
            text_stop -= 1
        yield Line(start, text_stop, end)
        start = end


def explained_lines(data: bytes | bytearray, start: int, stop: int) -> tuple[list[Line], int]:
    """The lines of a head that are explained one by one, and the offset at which the rest begins."""
    lines = list(islice(split_lines(data, start, stop), MAX_EXPLAINED_LINES))
    return lines, lines[-1].end if lines else start


def split_field_line(data: bytes | bytearray, start: int, stop: int) -> FieldLine:
    """The parts of ``field-name ":" OWS field-value OWS`` (RFC 9112 §5)."""
    colon = data.find(b":", start, stop)
    if colon < 0:
        return FieldLine(stop, stop, stop, stop, stop)
    value_start = colon + 1
    while value_start < stop and data[value_start] in b" \t":
        value_start += 1
    value_stop = stop
    while value_stop > value_start and data[value_stop - 1] in b" \t":
        value_stop -= 1
    return FieldLine(colon, colon + 1, value_start, value_stop, stop)


def is_folded(data: bytes | bytearray, line: Line) -> bool:
    """Whether a line continues the one before it (obs-fold, RFC 9112 §5.2)."""
    return line.start < line.stop and data[line.start] in b" \t"


def field_values(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Names and values of field lines without their line ends; folded lines are joined to the one before by a space.

    It says the same of a line as :func:`split_field_line`, but not where. Each head is read with it once.
    """
    name = value = b""
    for line in lines:
        if line.startswith((b" ", b"\t")):
            # Before the first field line there is nothing to continue: RFC 9112 §2.2 has such a line left out.
            value += b" " + line.strip(b" \t") if name else b""
            continue
        if name:
            yield name, value
        name, _, value = line.partition(b":")
        value = value.strip(b" \t")
    if name:
        yield name, value
