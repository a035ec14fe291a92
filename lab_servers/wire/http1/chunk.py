"""The parts of a chunk: size, extensions, data and line ends (RFC 9112 §7.1), and what may be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab_servers.wire.model import Field, Note, Severity, preview

_SIZE = re.compile(rb"[0-9A-Fa-f]*")
_LINE_ENDS = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}

# A size line as nearly all are: there is nothing to note about it.
_PLAIN_SIZE_LINE = re.compile(rb"[0-9A-Fa-f]+\r\n")


def chunk_fields(data: bytearray, start: int, data_start: int, data_stop: int, stop: int) -> Iterator[Field]:
    """The fields of a chunk that may be cut off anywhere; a last chunk has its data's two ends at its end."""
    size = _SIZE.match(data, start, data_start)
    digits_stop = size.end() if size else start
    line_stop = _before_line_end(data, digits_stop, data_start)
    if digits_stop > start:
        digits = bytes(data[start:digits_stop]).decode("ascii")
        number = int(digits, 16)
        meaning = f"How many bytes of data follow, in hexadecimal digits: {digits} is {number:,}."
        if not number:
            meaning = "Size 0: no more data follows, and the body is complete."
        yield Field("chunk size", ((start, digits_stop),), number, meaning, "RFC 9112 §7.1")
    if line_stop > digits_stop:
        value = preview(bytes(data[digits_stop:line_stop]))
        meaning = "Said about this chunk alone. Most receivers ignore it; a proxy may drop it."
        yield Field("chunk extensions", ((digits_stop, line_stop),), value, meaning, "RFC 9112 §7.1.1")
    if data_start > line_stop:
        value = _line_end(data, line_stop, data_start)
        yield Field("line end", ((line_stop, data_start),), value, "The end of the size line.", "RFC 9112 §7.1")
    if data_stop > data_start:
        value = preview(bytes(data[data_start:data_stop]))
        meaning = "A part of the content. Where one chunk ends and the next begins says nothing about its meaning."
        yield Field("chunk data", ((data_start, data_stop),), value, meaning, "RFC 9112 §7.1")
    if stop > data_stop:
        value = _line_end(data, data_stop, stop)
        meaning = "Closes the chunk. It is not part of the content, and the size does not count it."
        yield Field("line end", ((data_stop, stop),), value, meaning, "RFC 9112 §7.1")


def chunk_notes(data: bytearray, start: int, data_start: int, data_stop: int, stop: int) -> Iterator[Note]:
    """What is wrong with a chunk's lines."""
    has_no_data = data_start == stop
    if _PLAIN_SIZE_LINE.fullmatch(data, start, data_start) and (has_no_data or data[data_stop:stop] == b"\r\n"):
        return
    size = _SIZE.match(data, start, data_start)
    digits_stop = size.end() if size else start
    if digits_stop == start < data_start:
        text = "A chunk begins with its size in hexadecimal digits, and here is none. The message cannot be read on."
        yield Note(Severity.FORBIDDEN, text, "RFC 9112 §7.1", ((start, data_start),))
    if bytes(data[digits_stop : digits_stop + 1]) in (b" ", b"\t") and digits_stop < data_start:
        text = (
            "White space follows the size. A sender must not send it; a receiver must take it off before an extension."
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 9112 §7.1.1", ((digits_stop, digits_stop + 1),))
    for first, last in ((digits_stop, data_start), (data_stop, stop)):
        if last > first and data[last - 1 : last] == b"\n" and (last - 2 < first or data[last - 2] != 0x0D):
            text = (
                "A bare LF ends this line, where only CR LF may. Receivers that differ about it can be "
                "made to disagree about where a request ends."
            )
            yield Note(Severity.FORBIDDEN, text, "RFC 9112 §7.1", ((last - 1, last),))
    carriage_return = data.find(b"\r", digits_stop, _before_line_end(data, digits_stop, data_start))
    if carriage_return >= 0:
        text = "A CR without LF stands in the size line. A receiver must take the message for invalid."
        yield Note(Severity.FORBIDDEN, text, "RFC 9112 §2.2", ((carriage_return, carriage_return + 1),))
    if (
        stop == data_stop > data_start
        and bytes(data[stop : stop + 2]) not in (b"", b"\r", b"\r\n")
        and data[stop] != 0x0A
    ):
        text = (
            "CR LF must follow the data, and something else does: the size is wrong, or bytes are missing. "
            "The receiver cannot read on, and the message is incomplete."
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 9112 §7.1", ((stop, stop + 1),))


def _before_line_end(data: bytearray, start: int, end: int) -> int:
    """Where the text of a line stops that ends at ``end``, which may be in the middle of it."""
    if end > start and data[end - 1] == 0x0A:
        end -= 1
    if end > start and data[end - 1] == 0x0D:
        end -= 1
    return end


def _line_end(data: bytearray, start: int, stop: int) -> str:
    line_end = bytes(data[start:stop])
    return _LINE_ENDS.get(line_end) or preview(line_end)
