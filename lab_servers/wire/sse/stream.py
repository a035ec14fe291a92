"""Finds the blocks of an event stream as its bytes arrive: each reaches to the end of its blank line (HTML §9.2.5).

A block becomes a record (``block.py``) that knows where it lies and which blocks before it may
have changed the state of the stream (``states.py``). Lines are looked at here only as far as needed for
that; ``reading.py`` reads them.
"""

from __future__ import annotations

import re

from lab_servers.wire.model import Record
from lab_servers.wire.sse.block import Block, Ending
from lab_servers.wire.sse.content import Content, PlainContent
from lab_servers.wire.sse.interpreter import BYTE_ORDER_MARK
from lab_servers.wire.sse.reading import Reader
from lab_servers.wire.sse.states import States

__all__ = ["Content", "EventStream", "PlainContent"]

_CR, _LF = b"\r\n"

# The last byte of a line end that is followed by a blank line, or by a line that may be "id" or "retry".
# A CR before LF is not the last byte of its line end, so CRLF is never taken for two.
_EDGE = re.compile(rb"\n(?=[\r\nir])|\r(?=[\rir])")
# The same for bytes without CR, as most streams are: several times as fast through long lines.
_EDGE_WITHOUT_CR = re.compile(rb"\n(?=[\nir])")


class EventStream:
    """Finds the event blocks of one event stream.

    A CR at the end of what there is ends its line and, if the line is blank, its block. But a LF that
    comes next belongs to the same line end, so that block is settled when the next byte is known.

    Args:
        sender: ``"client"`` or ``"server"``: who sent the stream.
        content: Its bytes. This never changes them.

    Attributes:
        records: The complete blocks in order. Once here, a block does not change.
    """

    def __init__(self, sender: str, content: Content) -> None:
        self.records: list[Record] = []
        self._sender = sender
        self._content = content
        self._finished = False
        self._seen = 0  # so many bytes were there at the last look
        self._start = 0  # where the block under way begins
        self._searched = 0  # before this offset lies no edge that is not dealt with
        self._at_first_line = True
        self._ends_in_cr = False  # the block under way is complete, bar a LF
        self._lasting = -1  # the first edge in the block under way that an "id" or "retry" may follow
        self._states = States(content)
        self._reader = Reader(content, self._states)

    def advance(self) -> None:
        """Index what was added to the content since the last call. The time it takes is linear in that."""
        data = self._content.data
        size = self._seen = len(data)
        if self._at_first_line and not self._look_at_first_line(data, size):
            return
        searched = max(size - 1, self._searched)
        self._ends_in_cr = False
        # Local names, because this loop decides how fast a long stream is indexed.
        blank_line = Ending.BLANK_LINE
        records, sender = self.records, self._sender
        reader, changes = self._reader, self._states.changes
        start, lasting = self._start, self._lasting
        pattern = _EDGE if data.find(b"\r", self._searched) >= 0 else _EDGE_WITHOUT_CR
        for edge in pattern.finditer(data, self._searched):
            at = edge.end()
            byte = data[at]
            if byte == _LF:
                stop = at + 1
            elif byte == _CR:
                if at + 1 == size and not self._finished:
                    self._ends_in_cr = True
                    searched = edge.start()
                    break
                stop = at + 2 if data[at + 1 : at + 2] == b"\n" else at + 1
            else:
                if lasting < 0:
                    lasting = at - 1
                continue
            records.append(Block(sender, reader, start, stop, len(changes), blank_line))
            if lasting >= 0:
                changes.append((lasting, stop))
                lasting = -1
            start = stop
        self._start, self._lasting, self._searched = start, lasting, searched

    def finish(self) -> None:
        """Take note that no more bytes will come."""
        self._finished = True
        self.advance()

    def tail(self) -> Record | None:
        """The block under way as far as it came, or ``None`` when nothing came since the last one."""
        if self._start >= self._seen:
            return None
        ending = Ending.END_OF_STREAM if self._finished else Ending.GROWING
        if self._ends_in_cr:
            ending = Ending.BLANK_LINE
        changes = len(self._states.changes)
        return Block(self._sender, self._reader, self._start, self._seen, changes, ending)

    def _look_at_first_line(self, data: bytearray, size: int) -> bool:
        """Deal with what no edge comes before; tell whether it is known."""
        beginning = bytes(data[:4])
        if BYTE_ORDER_MARK.startswith(beginning):
            return False
        text_start = len(BYTE_ORDER_MARK) if beginning.startswith(BYTE_ORDER_MARK) else 0
        line_end = bytes(data[text_start : text_start + 2])
        if line_end.startswith((b"\r", b"\n")):
            self._ends_in_cr = line_end == b"\r" and not self._finished
            if self._ends_in_cr:
                return False
            self._start = text_start + (2 if line_end == b"\r\n" else 1)
            self.records.append(Block(self._sender, self._reader, 0, self._start, 0, Ending.BLANK_LINE))
            self._searched = self._start - 1
        elif line_end[:1] in (b"i", b"r"):
            self._lasting = 0
        self._at_first_line = False
        return True
