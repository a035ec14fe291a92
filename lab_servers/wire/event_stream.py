"""Event stream bytes in, events out: what the receiver of a ``text/event-stream`` body sees.

This follows the HTML standard (WHATWG), §9.2.5 "Parsing an event stream" and §9.2.6
"Interpreting an event stream". It knows nothing of HTTP: its input is the body, cut anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_LIMIT_BYTES = 1024 * 1024

# "retry" takes any number of digits. A time of some 300,000 years stands for all longer ones,
# because Python itself refuses to convert more than 4,300 digits.
LONGEST_RETRY_MS = 10**16

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# §9.2.5: end-of-line = ( cr lf / cr / lf ). U+2028 and the other Unicode line ends are data.
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event.

    Attributes:
        type: The event's type, ``"message"`` unless an ``event`` field named another.
        data: The values of the ``data`` fields, joined by line feeds.
        last_event_id: The last event ID of the stream when this event was dispatched.
    """

    type: str
    data: str
    last_event_id: str


class EventStreamDecoder:
    """Decodes one event stream, from its first byte on, however the bytes are cut.

    Lines are taken apart as bytes and decoded as UTF-8 where they are used. That equals decoding
    the stream first: CR and LF are never part of a longer character, and a broken character never
    swallows one. Python's ``errors="replace"`` puts U+FFFD where the Encoding standard's decoder
    does. A final event without its blank line is dropped (§9.2.6), so there is nothing to call
    at the end of the stream.

    The standard names no bound on a line or an event; a program must have one. An event is dropped
    as a whole, its id with it, when its data and the line being read need more than ``limit_bytes``
    (comment lines count while they are read). Decoding goes on after its blank line.

    Attributes:
        retry_ms: The reconnection time that the stream last set, in milliseconds, or ``None``.
        last_event_id: The last event ID string: the one a reconnecting client would send.
        oversized: How many events were dropped because of ``limit_bytes``.
    """

    def __init__(self, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        if limit_bytes < 1:
            raise ValueError(f"limit_bytes must be at least 1, not {limit_bytes!r}")
        self.retry_ms: int | None = None
        self.last_event_id = ""
        self.oversized = 0
        self._limit_bytes = limit_bytes
        self._line = bytearray()
        self._is_first_line = True
        self._after_cr = False
        self._dropping = False
        # The three buffers of §9.2.6.
        self._data = bytearray()
        self._event_type = b""
        self._id = ""

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
        if not self._dropping and len(self._data) + len(self._line) + len(part) > self._limit_bytes:
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
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._dispatch()
        if not self._dropping and not line.startswith(b":"):
            # A line without a colon is a field name with an empty value.
            name, _, value = line.partition(b":")
            self._process_field(name, value.removeprefix(b" "))
        return None

    def _process_field(self, name: bytes, value: bytes) -> None:
        # §9.2.6: names are compared literally, without case folding; unknown fields are ignored.
        if name == b"data":
            self._data += value + b"\n"
        elif name == b"event":
            self._event_type = value
        elif name == b"id" and b"\0" not in value:
            self._id = _decode(value)
        elif name == b"retry" and value.isdigit():
            digits = value.lstrip(b"0") or b"0"
            is_short = len(digits) < len(str(LONGEST_RETRY_MS))
            self.retry_ms = int(digits) if is_short else LONGEST_RETRY_MS

    def _dispatch(self) -> Event | None:
        data, event_type = bytes(self._data), self._event_type
        self._data.clear()
        self._event_type = b""
        if self._dropping:
            self._dropping = False
            self._id = self.last_event_id
            return None
        # Before the check for data: a block of nothing but an id still sets the last event ID.
        self.last_event_id = self._id
        if not data:
            return None
        return Event(_decode(event_type) or "message", _decode(data.removesuffix(b"\n")), self.last_event_id)


def _decode(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")
