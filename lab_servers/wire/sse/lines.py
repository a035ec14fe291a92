"""One line of an event stream beside the state of the parser after it: what a notebook shows line by line.

``block.py`` hands these out; they are made from a reading (``reading.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab_servers.wire.model import Pieces
from lab_servers.wire.sse.interpreter import Effect, Event, decode
from lab_servers.wire.sse.reading import Kind, Reading


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and what the parser of HTML §9.2.6 holds after it.

    Attributes:
        pieces: Where it lies, its line end with it.
        kind: What it is.
        text: The line without its line end and without a byte order mark.
        effect: What it did; ``None`` for a blank line and for one that has no line end.
        event_type_buffer: The event type buffer.
        last_event_id_buffer: The last event ID buffer.
        last_event_id: The last event ID: what a client that reconnects would send.
        retry_ms: The reconnection time that the stream last set, in milliseconds, or ``None``.
        dispatched: What the application receives at this line, if anything.
    """

    pieces: Pieces
    kind: Kind
    text: str
    effect: Effect | None
    event_type_buffer: str
    last_event_id_buffer: str
    last_event_id: str
    retry_ms: int | None
    dispatched: Event | None
    # The lines of a block share the bytes of its data: each has seen so many of them.
    _block_data: bytes = field(repr=False)
    _data_length: int = field(repr=False)

    @property
    def data_buffer(self) -> str:
        """The data buffer. A line feed follows each value; dispatching takes the last one off."""
        return decode(self._block_data[: self._data_length])


def lines_of(reading: Reading) -> tuple[Line, ...]:
    """The lines of a block."""
    return tuple(
        Line(
            pieces=reading.place(line.start, line.stop),
            kind=line.kind,
            text=decode(reading.raw[line.text_start : line.text_stop]),
            effect=line.effect,
            event_type_buffer=decode(line.event_type),
            last_event_id_buffer=line.last_event_id_buffer,
            last_event_id=line.last_event_id,
            retry_ms=line.retry_ms,
            dispatched=reading.event if line.kind is Kind.BLANK else None,
            _block_data=reading.data,
            _data_length=line.data_length,
        )
        for line in reading.lines
    )
