"""The records of HTTP/1.1: heads, bodies, chunks, trailers, and bytes that are none of them.

``stream.py`` makes them while it reads; their fields and notes are made here and in ``head.py`` when
somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab_servers.wire.http1 import head
from lab_servers.wire.http1.chunk import chunk_fields, chunk_notes
from lab_servers.wire.http1.layers import body_notes, content_layers
from lab_servers.wire.model import CLIENT, SERVER, Field, Layer, Note, Pieces, Severity, preview

if TYPE_CHECKING:
    from lab_servers.wire.http1.message import Message
    from lab_servers.wire.http1.stream import Stream

FORBIDDEN, INFO = Severity.FORBIDDEN, Severity.INFO


class HttpRecord:
    """What all of them have: one run of bytes, and the message that it belongs to."""

    __slots__ = ("message", "start", "stop", "stream")

    layer = "http"

    def __init__(self, stream: Stream, start: int, stop: int, message: Message | None = None) -> None:
        self.stream = stream
        self.start = start
        self.stop = stop
        self.message = message

    @property
    def sender(self) -> str:
        """The side that sent it."""
        return self.stream.sender

    @property
    def pieces(self) -> Pieces:
        """Its one run of bytes."""
        return ((self.start, self.stop),)

    @property
    def name(self) -> str:
        """What it is."""
        return "bytes"

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end; what was settled has been."""
        return True

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What can be made of the content of its message."""
        return content_layers(self.message) if self.message else ()

    def bytes(self, start: int, stop: int) -> bytes:
        """Bytes of its stream."""
        return bytes(self.stream.data[start:stop])


class Head(HttpRecord):
    """The start line, the field lines and the empty line; empty lines before them too."""

    __slots__ = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """None: a head is what it is."""
        return ()

    @property
    def name(self) -> str:
        """Its kind."""
        return "request head" if self.sender == CLIENT else "response head"

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end."""
        return self.message is not None

    @property
    def summary(self) -> str:
        """Its beginning, or what it says."""
        if self.message is not None:
            return self.message.start_line
        return preview(self.bytes(self.start, min(self.stop, self.start + 80)))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts."""
        return tuple(head.head_fields(self.stream.data, self.start, self.stop, self.sender, self.message))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it."""
        ended = self.stream.ended
        found = list(head.head_notes(self.stream.data, self.start, self.stop, self.sender, self.message, ended))
        message = self.message
        if message is not None and self.sender == SERVER and not message.number and self.stream.other is not None:
            text = (
                "No request that is known here is answered by this. A server may send a 408 like that before it closes."
            )
            found.insert(0, Note(INFO, text, "RFC 9110 §15.5.9", self.pieces))
        return tuple(found)


class Trailers(HttpRecord):
    """The fields after the last chunk, mostly none, and the empty line that ends the message (RFC 9112 §7.1.2)."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its kind."""
        return "trailer section"

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end."""
        return self.message is not None and self.message.is_complete

    @property
    def summary(self) -> str:
        """Its beginning, or what it says."""
        names = [field.value for field in self.fields if field.name == "field name"]
        return ", ".join(map(str, names)) or "empty line: the end of the message"

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts."""
        return tuple(head.trailer_fields(self.stream.data, self.start, self.stop))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it."""
        found = list(head.trailer_notes(self.stream.data, self.start, self.stop))
        # With the end of the message it is known whether its content can be read.
        found += [note for layer in self.layers for note in layer.notes]
        if not self.is_complete:
            found.append(cut_note(self, "the empty line that ends the message"))
        return tuple(found)


class Body(HttpRecord):
    """A body that ends after a Content-Length, or with the connection."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its kind."""
        return "body"

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end."""
        return self.message is not None and self.message.is_complete

    @property
    def summary(self) -> str:
        """Its beginning, or what it says."""
        return preview(self.bytes(self.start, self.stop))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts."""
        meaning = "The content: what the message is about. Its type stands in the head."
        value = preview(self.bytes(self.start, self.stop))
        return (Field("content", self.pieces, value, meaning, "RFC 9112 §6"),)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it."""
        return tuple(body_notes(self.message, self.pieces, self.stream.ended)) if self.message else ()


class Chunk(HttpRecord):
    """One chunk with data: its size line, the data, and CR LF (RFC 9112 §7.1)."""

    __slots__ = ("data_start", "data_stop")

    @property
    def name(self) -> str:
        """Its kind."""
        return "chunk"

    def __init__(
        self, stream: Stream, start: int, data_start: int, data_stop: int, stop: int, message: Message
    ) -> None:
        # Written out, for a call to the base class would take a good part of the time that a chunk takes.
        self.stream = stream
        self.start = start
        self.stop = stop
        self.message = message
        self.data_start = data_start
        self.data_stop = data_stop

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end."""
        return (
            self.stop > self.data_stop > self.data_start and self.stream.data[self.stop - 1] == 0x0A
        ) or self._is_broken

    @property
    def _is_broken(self) -> bool:
        """Whether something else than CR LF follows the data, so that nothing more belongs to this chunk."""
        following = self.bytes(self.data_stop, self.data_stop + 2)
        return self.stop == self.data_stop > self.data_start and following not in (b"", b"\r", b"\r\n", b"\n")

    @property
    def summary(self) -> str:
        """Its beginning, or what it says."""
        return preview(self.bytes(self.data_start, self.data_stop))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts."""
        return tuple(chunk_fields(self.stream.data, self.start, self.data_start, self.data_stop, self.stop))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it."""
        found = list(chunk_notes(self.stream.data, self.start, self.data_start, self.data_stop, self.stop))
        if not self.is_complete:
            found.append(cut_note(self, "the end of this chunk"))
        return tuple(found)


class LastChunk(HttpRecord):
    """The chunk of size 0, which says that no more data follows."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its kind."""
        return "last chunk"

    @property
    def summary(self) -> str:
        """Always the same."""
        return "size 0: no more data follows"

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts."""
        return tuple(chunk_fields(self.stream.data, self.start, self.stop, self.stop, self.stop))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it."""
        return tuple(chunk_notes(self.stream.data, self.start, self.stop, self.stop, self.stop))


class Opaque(HttpRecord):
    """Bytes that are no HTTP, or of which nobody can tell what they are."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its kind."""
        if self.stream.opaque:
            return "bytes that are not HTTP"
        return "incomplete bytes" if self.stream.ended else "bytes that wait"

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end."""
        return False

    @property
    def summary(self) -> str:
        """Its beginning, or what it says."""
        return preview(self.bytes(self.start, self.stop))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts."""
        meaning = "Bytes whose meaning is not known here."
        return (Field("bytes", self.pieces, self.summary, meaning, "RFC 9112 §2"),)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[Note]:
        if not self.stream.opaque and self.stream.ended:
            text = "The stream ends here, and these bytes do not look like the beginning of a head."
            yield Note(FORBIDDEN, text, "RFC 9112 §8", self.pieces)
        elif not self.stream.opaque:
            text = "What these bytes mean depends on what the other side sends, and that has not been seen yet."
            yield Note(INFO, text, "RFC 9112 §9.3.2", self.pieces)
        elif self.stream.at_limit:
            text = f"Nothing from here on is read, because this tool has a bound: {self.stream.opaque_why}."
            yield Note(INFO, text, "RFC 9110 §2.3", self.pieces)
        elif self.stream.opaque_why:
            doing = (
                "A server answers 400 and closes the connection"
                if self.sender == CLIENT
                else "A client must close the connection"
            )
            text = f"Nothing from here on is understood: {self.stream.opaque_why}. {doing}."
            yield Note(FORBIDDEN, text, self.stream.opaque_spec, self.pieces)
        else:
            text = "The connection is no HTTP any more; these bytes belong to the protocol that it was switched to."
            yield Note(INFO, text, "RFC 9110 §7.8", self.pieces)


def cut_note(record: HttpRecord, what: str) -> Note:
    """What to say of a record that ends too early, or that is not there yet."""
    if record.stream.ended:
        doing = "a server may answer 400" if record.sender == CLIENT else "a client must treat it so"
        text = f"The stream ends before {what}: the message is incomplete, and {doing}."
        return Note(FORBIDDEN, text, "RFC 9112 §8", record.pieces)
    return Note(INFO, f"Not seen yet: {what}.", "RFC 9112 §8", record.pieces)
