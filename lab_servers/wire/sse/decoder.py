"""Event stream bytes in, events out: what the receiver of a ``text/event-stream`` body sees.

This finds the lines (HTML §9.2.5) and ``interpreter.py`` says what they do (§9.2.6). It knows nothing
of HTTP: its input is the body, cut anywhere. It keeps no bytes and no offsets; ``stream.py`` does.
"""

from __future__ import annotations

import re

from lab_servers.wire.sse.interpreter import BYTE_ORDER_MARK, LONGEST_RETRY_MS, Event, Interpreter

__all__ = ["DEFAULT_LIMIT_BYTES", "LONGEST_RETRY_MS", "Event", "EventStreamDecoder"]

DEFAULT_LIMIT_BYTES = 1024 * 1024

# §9.2.5: end-of-line = ( cr lf / cr / lf ). U+2028 and the other Unicode line ends are data.
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")


class EventStreamDecoder:
    """Decodes one event stream, from its first byte on, however the bytes are cut.

    A final event without its blank line is dropped (§9.2.6), so there is nothing to call at the end
    of the stream.

    The standard names no bound on a line or an event; a program must have one. An event is dropped
    as a whole, its id with it, when its data and the line being read need more than ``limit_bytes``
    (comment lines count while they are read). Decoding goes on after its blank line.

    Args:
        last_event_id: The last event ID that an earlier stream of the same source has left. An event keeps it until
            an ``id`` comes; browsers and the web platform tests agree on that.
        limit_bytes: The bound, in bytes.

    Attributes:
        oversized: How many events were dropped because of ``limit_bytes``.
    """

    def __init__(self, *, last_event_id: str = "", limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        if limit_bytes < 1:
            raise ValueError(f"limit_bytes must be at least 1, not {limit_bytes!r}")
        self.oversized = 0
        self._interpreter = Interpreter(last_event_id)
        self._limit_bytes = limit_bytes
        self._line = bytearray()
        self._is_first_line = True
        self._after_cr = False
        self._dropping = False

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time that the stream last set, in milliseconds, or ``None``."""
        return self._interpreter.retry_ms

    @property
    def last_event_id(self) -> str:
        """The last event ID string: the one a reconnecting client would send."""
        return self._interpreter.last_event_id

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the stream; return the events that they complete, in order."""
        events = []
        # A CR ends its line at once. If the next read begins with LF, the two were one line end.
        position = 1 if self._after_cr and data.startswith(b"\n") else 0
        if data:
            self._after_cr = data.endswith(b"\r")
        for end_of_line in _END_OF_LINE.finditer(data, position):
            self._extend_line(data[position : end_of_line.start()])
            event = self._end_line()
            if event is not None:
                events.append(event)
            position = end_of_line.end()
        self._extend_line(data[position:])
        return events

    def _extend_line(self, part: bytes) -> None:
        needed_bytes = len(self._interpreter.data) + len(self._line) + len(part)
        if not self._dropping and needed_bytes > self._limit_bytes:
            self._dropping = True
            self.oversized += 1
        if not self._dropping:
            self._line += part
        elif part:
            # While an event is dropped all that matters of a line is whether it is blank.
            self._line[:] = b"."

    def _end_line(self) -> Event | None:
        line = bytes(self._line)
        self._line.clear()
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(BYTE_ORDER_MARK)
        if line:
            if not self._dropping:
                self._interpreter.take(line)
            return None
        if self._dropping:
            self._dropping = False
            self._interpreter.discard()
            return None
        return self._interpreter.dispatch()
