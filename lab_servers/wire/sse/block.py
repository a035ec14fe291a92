"""One block of an event stream as a record: the lines up to a blank line, and what they dispatch.

``stream.py`` finds blocks. A block only knows where it lies and the state of the stream before it;
everything else is read from the bytes when it is asked for (``reading.py``).
"""

from __future__ import annotations

from lab_servers.wire.model import Field, Layer, Note, Pieces, merged, preview
from lab_servers.wire.sse.fields import fields_of
from lab_servers.wire.sse.interpreter import Effect, Event
from lab_servers.wire.sse.lines import Line, lines_of
from lab_servers.wire.sse.notes import notes_of
from lab_servers.wire.sse.reading import Ending, Kind, Reader, Reading

__all__ = ["Block", "Ending"]


class Block:
    """One block of an event stream: from after the blank line before it to the end of its own.

    Attributes:
        sender: ``"client"`` or ``"server"``.
        layer: ``"sse"``.
    """

    __slots__ = ("_changes", "_ending", "_reader", "_start", "_stop", "sender")

    layer = "sse"

    def __init__(self, sender: str, reader: Reader, start: int, stop: int, changes: int, ending: Ending) -> None:
        self.sender = sender
        self._reader = reader
        self._start = start
        self._stop = stop
        self._changes = changes  # so many of the blocks before it may have changed the state
        self._ending = ending

    def __repr__(self) -> str:
        return f"<{self.name} {self.pieces}: {self.summary}>"

    @property
    def name(self) -> str:
        """``"event"``, ``"comment"``, ``"event without data"``, ``"blank line"`` or ``"unterminated event"``."""
        return _name(self._read())

    @property
    def pieces(self) -> Pieces:
        """Where it lies in what its sender sent."""
        return self._reader.content.pieces(self._start, self._stop)

    @property
    def is_complete(self) -> bool:
        """Whether its blank line came."""
        return self._ending is Ending.BLANK_LINE

    @property
    def summary(self) -> str:
        """One short line, such as ``message: {"d":"你"}``, ``update (id 7): …`` or ``: heartbeat``."""
        reading = self._read()
        name = _name(reading)
        if event := reading.event:
            identity = f" (id {_short(event.last_event_id)})" if event.last_event_id else ""
            return f"{_short(event.type)}{identity}: {_short(event.data)}"
        if name == "blank line":
            return "blank line"
        text = _short(" ⏎ ".join(_texts(reading)))
        return text if name == "comment" else f"{text} (nothing dispatched)"

    @property
    def event(self) -> Event | None:
        """What the application receives at its blank line, if anything."""
        return self._read().event

    @property
    def lines(self) -> tuple[Line, ...]:
        """Its lines, each with the state of the parser after it.

        Of a block of more than 10,000 lines: so many, and the blank or unfinished one at its end.
        """
        return lines_of(self._read())

    @property
    def fields(self) -> tuple[Field, ...]:
        """The parts of its lines, which tile it. ``group`` says to which line a part belongs."""
        return fields_of(self._read())

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it, in the order of the bytes."""
        return notes_of(self._read())

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The data of the event as text, if it dispatches one with data.

        The line feed between the values of two ``data`` lines has no byte of its own on the wire. It
        stands for the line end of the first of them, so the last byte of that line end is its source.
        """
        reading = self._read()
        data = reading.data.removesuffix(b"\n")
        if reading.event is None or not data:
            return ()
        pieces = _data_pieces(reading) if self._reader.content.is_one_to_one else None
        return (Layer("text", data, pieces if pieces and _size(pieces) == len(data) else None),)

    def _read(self) -> Reading:
        return self._reader.read(self._start, self._stop, self._changes, self._ending)


def _name(reading: Reading) -> str:
    if reading.ending is not Ending.BLANK_LINE:
        return "unterminated event"
    if reading.event is not None:
        return "event"
    if reading.has_fields:
        return "event without data"
    return "comment" if reading.has_comments else "blank line"


def _texts(reading: Reading) -> list[str]:
    """The first lines of a block, as far as an outline needs them."""
    lines = [line for line in reading.lines[:4] if line.kind is not Kind.BLANK]
    return [preview(reading.raw[line.text_start : line.text_stop]) for line in lines]


def _short(text: str) -> str:
    return preview(text.encode()).replace("\r", " ⏎ ").replace("\n", " ⏎ ")


def _data_pieces(reading: Reading) -> Pieces:
    """Where the event's data lies: the values of its ``data`` lines and the last bytes of the line ends between."""
    found: list[tuple[int, int]] = []
    between: tuple[int, int] | None = None
    for line in reading.lines:
        if line.effect is Effect.DATA:
            if between is not None:
                found.extend(reading.place(*between))
            if line.value_start < line.text_stop:
                found.extend(reading.place(line.value_start, line.text_stop))
            between = (line.stop - 1, line.stop)
    return merged(found)


def _size(pieces: Pieces) -> int:
    return sum(stop - start for start, stop in pieces)
