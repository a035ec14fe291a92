"""Reads the lines of one block: where the parts of each lie, what it did, and the state of the parser after it.

``block.py`` asks for a reading whenever something of a block is asked for; ``fields.py``, ``notes.py``
and ``lines.py`` put it into words. What a line does is decided in ``interpreter.py``.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from lab_servers.wire.model import Pieces
from lab_servers.wire.sse.content import Content
from lab_servers.wire.sse.interpreter import BYTE_ORDER_MARK, Effect, Event, Interpreter, StreamState, split_line
from lab_servers.wire.sse.states import States

# So many lines of one block are explained one by one. All of them are interpreted.
MOST_LINES = 10_000

# Every line of a block, its line end with it; the last may have none.
_LINE = re.compile(rb"([^\r\n]*+)(\r\n|\r|\n|\Z)")


class Ending(enum.Enum):
    """How the bytes of a block end."""

    BLANK_LINE = "blank line"  # it is complete
    GROWING = "growing"  # more may come
    END_OF_STREAM = "end of stream"  # nothing will come


class Kind(enum.Enum):
    """What a line is (HTML §9.2.5)."""

    COMMENT = "comment"
    FIELD = "field"
    BLANK = "blank line"
    UNFINISHED = "unfinished"  # it has no line end yet, so it is not interpreted


class ReadLine(NamedTuple):
    """One line: offsets within its block, its parts, and the buffers of the parser after it.

    Attributes:
        start: Where it begins; a byte order mark is part of it.
        text_start: Where its text begins, after a byte order mark.
        text_stop: Where its text ends and its line end begins.
        stop: Where its line end ends.
        kind: What it is.
        effect: What it did; ``None`` for a blank line and for one that is unfinished.
        parts: Field name, colon, optional space and value, as :func:`split_line` finds them.
        data_length: How many bytes of the block's data are in the data buffer after it.
        event_type: The event type buffer after it.
        last_event_id_buffer: The last event ID buffer after it.
        last_event_id: The last event ID after it.
        retry_ms: The reconnection time after it, or ``None``.
    """

    start: int
    text_start: int
    text_stop: int
    stop: int
    kind: Kind
    effect: Effect | None
    parts: tuple[bytes, bytes, bytes, bytes]
    data_length: int
    event_type: bytes
    last_event_id_buffer: str
    last_event_id: str
    retry_ms: int | None

    @property
    def value_start(self) -> int:
        """Where its value begins."""
        return self.text_stop - len(self.parts[3])


class Reader:
    """Reads the blocks of one event stream.

    It keeps the last reading: whoever asks for the name of a block asks for its fields and notes too.
    """

    def __init__(self, content: Content, states: States) -> None:
        self.content = content
        self._states = states
        self._last: tuple[tuple[int, int, int, Ending], Reading] | None = None

    def read(self, start: int, stop: int, changes: int, ending: Ending) -> Reading:
        """Read the block from ``start`` to ``stop``.

        Args:
            start: Where it begins in the content.
            stop: Where it ends.
            changes: So many of the blocks before it may have changed the state.
            ending: How it ends.
        """
        asked = (start, stop, changes, ending)
        if self._last is None or self._last[0] != asked:
            self._last = asked, Reading(self.content, start, stop, self._states.after(changes), ending)
        return self._last[1]


class Reading:
    """One block, read.

    Attributes:
        raw: Its bytes.
        ending: How they end.
        lines: Its lines: at most :data:`MOST_LINES`, and the blank or unfinished one at its end.
        skipped: The range of the lines between those; empty as a rule.
        line_count: How many lines there are.
        has_fields: Whether any of its lines is a field.
        has_comments: Whether any of its lines is a comment.
        data: What the ``data`` fields put into the data buffer, the last line feed with it.
        event: What the block dispatches, if anything.
        before: The state of the stream before the block.
    """

    def __init__(self, content: Content, start: int, stop: int, before: StreamState, ending: Ending) -> None:
        self.raw = bytes(content.data[start:stop])
        self.ending = ending
        self.before = before
        self.lines: list[ReadLine] = []
        self.skipped = (0, 0)
        self.line_count = 0
        self.has_fields = False
        self.has_comments = False
        self.data = b""
        self.event: Event | None = None
        self._content = content
        self._start = start
        whole = content.pieces(start, stop) if content.is_one_to_one else ()
        # Most blocks lie in one piece on the wire, and then there is no need to ask for each part of them.
        self._wire_start = whole[0][0] if len(whole) == 1 else None
        self._read(Interpreter(*before))

    def place(self, start: int, stop: int) -> Pieces:
        """Where the bytes ``start`` to ``stop`` of the block lie in what its sender sent."""
        if self._wire_start is not None and start < stop:
            return ((self._wire_start + start, self._wire_start + stop),)
        return self._content.pieces(self._start + start, self._start + stop)

    def line_end_before(self) -> bytes:
        """The line end just before the block; empty at the beginning of the stream."""
        end = bytes(self._content.data[max(self._start - 2, 0) : self._start])
        return end if end == b"\r\n" else end[-1:]

    def _read(self, interpreter: Interpreter) -> None:
        raw, size = self.raw, len(self.raw)
        last: ReadLine | None = None
        for found in _LINE.finditer(raw):
            start, stop = found.span()
            if start == size:
                break
            self.line_count += 1
            text = found[1]
            text_start, text_stop = start, found.end(1)
            if self._start == 0 == start and text.startswith(BYTE_ORDER_MARK):
                text_start = len(BYTE_ORDER_MARK)
                text = text[text_start:]
            effect = None
            parts = split_line(text)
            if text_stop == stop:
                kind = Kind.UNFINISHED
                self.data = bytes(interpreter.data)
            elif not text:
                kind = Kind.BLANK
                self.data = bytes(interpreter.data)
                self.event = interpreter.dispatch()
            else:
                effect = interpreter.take_field(parts[0], parts[3])
                if effect is Effect.COMMENT:
                    kind = Kind.COMMENT
                    self.has_comments = True
                else:
                    kind = Kind.FIELD
                    self.has_fields = True
            if self.line_count > MOST_LINES and stop < size:
                continue
            last = ReadLine(
                start, text_start, text_stop, stop, kind, effect, parts,
                len(interpreter.data), interpreter.event_type, interpreter.last_event_id_buffer,
                interpreter.last_event_id, interpreter.retry_ms,
            )  # fmt: skip
            if self.lines and self.lines[-1].stop < start:
                self.skipped = (self.lines[-1].stop, start)
            self.lines.append(last)
        if last is None or last.kind not in (Kind.BLANK, Kind.UNFINISHED):
            self.data = bytes(interpreter.data)
