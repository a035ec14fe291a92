"""What each line of an event stream does, after HTML §9.2.6: the only implementation of these rules in this house.

``decoder.py`` calls it to receive events, and ``reading.py`` to explain bytes. Both take lines apart
as bytes and decode them as UTF-8 where they are used. That equals decoding the stream first: CR and
LF are never part of a longer character, and a broken character never swallows one. Python's
``errors="replace"`` puts U+FFFD where the Encoding standard's decoder does.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

# "retry" takes any number of digits. A time of some 300,000 years stands for all longer ones,
# because Python itself refuses to convert more than 4,300 digits.
LONGEST_RETRY_MS = 10**16

# One of these at the very beginning of the stream is no part of the first line.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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


class Effect(enum.Enum):
    """What a line that is not blank did."""

    COMMENT = "ignored: a comment"
    DATA = "added its value and a line feed to the data buffer"
    EVENT_TYPE = "set the event type buffer"
    ID = "set the last event ID buffer"
    ID_IGNORED = "ignored: an ID must not contain NUL"
    RETRY = "set the reconnection time"
    RETRY_IGNORED = "ignored: a reconnection time must be ASCII digits"
    UNKNOWN = "ignored: no field has this name"


class StreamState(NamedTuple):
    """What one block of a stream leaves to the next.

    Attributes:
        last_event_id: What a client that reconnects now would send as ``Last-Event-ID``.
        retry_ms: The reconnection time that the stream last set, in milliseconds, or ``None``.
    """

    last_event_id: str = ""
    retry_ms: int | None = None


@dataclass
class Interpreter:
    """The state of one event stream between two lines.

    Attributes:
        last_event_id: The last event ID string: the one a reconnecting client would send.
        retry_ms: The reconnection time that the stream last set, in milliseconds, or ``None``.
        data: The data buffer, in UTF-8.
        event_type: The event type buffer, in UTF-8.
        last_event_id_buffer: The last event ID buffer: it becomes the last event ID at the next blank line.
    """

    last_event_id: str = ""
    retry_ms: int | None = None
    data: bytearray = field(default_factory=bytearray)
    event_type: bytes = b""
    last_event_id_buffer: str = field(init=False)

    def __post_init__(self) -> None:
        self.last_event_id_buffer = self.last_event_id

    @property
    def state(self) -> StreamState:
        """What outlasts a block."""
        return StreamState(self.last_event_id, self.retry_ms)

    def take(self, line: bytes) -> Effect:
        """Interpret one line that is not blank, without its line end and without a byte order mark."""
        name, _, _, value = split_line(line)
        return self.take_field(name, value)

    def take_field(self, name: bytes, value: bytes) -> Effect:
        """Interpret one line by its name and value, as :func:`split_line` finds them."""
        if not name:
            return Effect.COMMENT
        # Names are compared literally, without case folding.
        if name == b"data":
            self.data += value + b"\n"
            return Effect.DATA
        if name == b"event":
            self.event_type = value
            return Effect.EVENT_TYPE
        if name == b"id":
            if b"\0" in value:
                return Effect.ID_IGNORED
            self.last_event_id_buffer = decode(value)
            return Effect.ID
        if name == b"retry":
            if not value.isdigit():
                return Effect.RETRY_IGNORED
            digits = value.lstrip(b"0") or b"0"
            is_short = len(digits) < len(str(LONGEST_RETRY_MS))
            self.retry_ms = int(digits) if is_short else LONGEST_RETRY_MS
            return Effect.RETRY
        return Effect.UNKNOWN

    def dispatch(self) -> Event | None:
        """Interpret a blank line: empty the buffers, and return the event that they made, if any."""
        # Before the check for data: a block of nothing but an id still sets the last event ID.
        self.last_event_id = self.last_event_id_buffer
        data, event_type = bytes(self.data), self.event_type
        self.data.clear()
        self.event_type = b""
        if not data:
            return None
        return Event(decode(event_type) or "message", decode(data.removesuffix(b"\n")), self.last_event_id)

    def discard(self) -> None:
        """Forget the block under way, its ID too, as at the end of the stream."""
        self.data.clear()
        self.event_type = b""
        self.last_event_id_buffer = self.last_event_id


def split_line(line: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """A line's field name, colon, the one optional space after it, and value; the last three may be empty.

    A line without a colon is a field name with an empty value. A comment has an empty field name.
    """
    name, colon, value = line.partition(b":")
    if value.startswith(b" "):
        return name, colon, b" ", value[1:]
    return name, colon, b"", value


def decode(value: bytes) -> str:
    """UTF-8 as the Encoding standard decodes it: what is broken becomes U+FFFD, and it never fails."""
    return value.decode("utf-8", errors="replace")
