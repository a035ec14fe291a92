"""What can be made of a message's content: taken out of chunks, inflated, read as text; and notes about the body."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterator

from lab_servers.wire.http1.message import Content, Framing, Message
from lab_servers.wire.model import Layer, Note, Pieces, Severity

# A small body can inflate to more than a thousand times its size; so much of it is kept.
MAX_INFLATED_BYTES = 16 * 1024 * 1024
_SLICE_BYTES = 16 * 1024

# Text inflates to five or ten times its size. An event stream that becomes far more than that is not read on:
# every byte of it could be a record.
MAX_EVENT_STREAM_FACTOR = 64
_EVENT_STREAM_FREE_BYTES = 64 * 1024
MAX_EVENT_STREAM_BYTES = 4 * 1024 * 1024

GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_WINDOWS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": ZLIB}

_TEXT_TYPES = ("application/json", "application/x-ndjson", "application/xml", "application/javascript", "image/svg+xml")


def content_layers(message: Message) -> tuple[Layer, ...]:
    """The layers of a body, from the wire inward; none where there is no content."""
    content = message.content
    if not content.length:
        return ()
    layers = []
    pieces = content.all_pieces
    data = bytes(content.fill())
    if message.framing is Framing.CHUNKED:
        layers.append(Layer("dechunked", data, pieces))
    codings = message.tokens("Content-Encoding")
    text_pieces: Pieces | None = pieces
    if codings and codings != ["identity"]:
        inflated, notes = inflate_all(data, codings, pieces, message.is_complete)
        layers.append(Layer("inflated", inflated, None, tuple(notes)))
        data, text_pieces = inflated, None
    transfer_coded = any(one != "chunked" for one in message.tokens("Transfer-Encoding"))
    if _is_text(message, data) and not transfer_coded:
        layers.append(Layer("text", data, text_pieces))
    return tuple(layers)


def _is_text(message: Message, data: bytes) -> bool:
    kind = message.media_type
    if kind:
        return kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml"))
    return _decodes(data)


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def body_notes(message: Message, pieces: Pieces, ended: bool) -> Iterator[Note]:
    """What is wrong or remarkable about a body that is not chunked."""
    if message.framing is Framing.CLOSE:
        if message.is_complete:
            text = "Only the close of the connection ends this body, so one that was cut off looks just the same."
            yield Note(Severity.INFO, text, "RFC 9112 §8", pieces)
        elif ended:
            text = "The connection was not closed in order: the body is incomplete, and a client must treat it so."
            yield Note(Severity.FORBIDDEN, text, "RFC 9112 §8", pieces)
    elif not message.is_complete:
        wanted = int(message.values("Content-Length")[0].split(",")[0].strip(" \t").lstrip("0") or "0")
        missing = wanted - message.content.length
        if ended:
            text = (
                f"The body ends {missing:,} bytes before the {wanted:,} that Content-Length announces: the message is "
                "incomplete, and a client must treat it so."
            )
            yield Note(Severity.FORBIDDEN, text, "RFC 9112 §8", pieces)
        else:
            yield Note(Severity.INFO, f"{missing:,} of {wanted:,} bytes are still to come.", "RFC 9112 §6.3", pieces)
    for layer in content_layers(message):
        yield from layer.notes


def inflate_all(data: bytes, codings: list[str], pieces: Pieces, is_complete: bool) -> tuple[bytes, list[Note]]:
    """Undo content codings, the last one first (RFC 9110 §8.4)."""
    notes: list[Note] = []
    for coding in reversed(codings):
        if coding == "identity":
            continue
        if coding not in _WINDOWS:
            text = f"The content coding {coding!r} is not undone here; the bytes are shown as they are."
            notes.append(Note(Severity.INFO, text, "RFC 9110 §8.4", pieces))
            return data, notes
        inflater = Inflater(_WINDOWS[coding])
        data = inflater.feed(data)
        if inflater.problem or (is_complete and not inflater.is_complete):
            why = inflater.problem or "it ends too early"
            if inflater.is_bounded:
                text = f"Not all of this {coding} is inflated here: {why}."
                notes.append(Note(Severity.INFO, text, "RFC 9110 §8.4.1", pieces))
            else:
                text = f"This is no complete {coding}: {why}. What could be inflated is shown."
                notes.append(Note(Severity.FORBIDDEN, text, "RFC 9110 §8.4.1", pieces))
        if inflater.is_raw:
            text = "The coding deflate is DEFLATE inside the zlib format; here it is bare, as some old servers send it."
            notes.append(Note(Severity.FORBIDDEN, text, "RFC 9110 §8.4.1.2", pieces))
    return data, notes


class Inflater:
    """Undoes one coding of a growing body, never into more than ``MAX_INFLATED_BYTES``.

    Attributes:
        problem: Why it stopped, if it did.
        is_bounded: Whether that is because of the bound, and not because of the data.
        is_raw: Whether "deflate" turned out to lack its zlib format.
    """

    def __init__(self, window: int) -> None:
        self.problem = ""
        self.is_raw = False
        self.is_bounded = False
        self._window = window
        self._inflate = zlib.decompressobj(window)
        self._left = MAX_INFLATED_BYTES
        self._header = b""  # the first two bytes tell the zlib format from bare DEFLATE

    @property
    def is_complete(self) -> bool:
        """Whether the end of the coded data was seen."""
        return self._inflate.eof

    def feed(self, data: bytes | bytearray) -> bytes:
        """Inflate the next bytes."""
        if self._window == ZLIB and len(self._header) < 2:
            missing = 2 - len(self._header)
            self._header += data[:missing]
            if len(self._header) < 2:
                return b""
            data = self._header + data[missing:]
            # RFC 1950 §2.2: the low four bits are the method, 8, and the two bytes are a multiple of 31.
            if self._header[0] & 15 != 8 or int.from_bytes(self._header, "big") % 31:
                self._window, self.is_raw = RAW, True
                self._inflate = zlib.decompressobj(RAW)
        # In slices: what follows the end of one gzip member is copied for each member.
        if len(data) > _SLICE_BYTES:
            slices = (data[at : at + _SLICE_BYTES] for at in range(0, len(data), _SLICE_BYTES))
            return b"".join(map(self.feed, slices))
        out = []
        while data and not self.problem:
            try:
                piece = self._inflate.decompress(data, self._left + 1)
            except zlib.error as error:
                self.problem = str(error).rpartition(": ")[2]
                break
            out.append(piece[: self._left])
            self._left -= len(out[-1])
            if len(piece) > len(out[-1]) or self._inflate.unconsumed_tail:
                self.is_bounded = True
                self.problem = f"it inflates to more than {MAX_INFLATED_BYTES:,} bytes, and only those were kept"
            data = self._inflate.unused_data
            if data and self._inflate.eof:
                if self._window != GZIP:
                    self.problem = f"{len(data):,} bytes follow its end"
                    break
                # RFC 1952 §2.2: a gzip file may have several members, one after the other.
                self._inflate = zlib.decompressobj(self._window)
        return b"".join(out)


class InflatedContent:
    """An event stream that travels under a content coding: as ``sse/`` wants it.

    Inflated bytes have no bytes of their own on the wire. Each is said to lie where the coded
    byte lies that made it available to a receiver.
    """

    is_one_to_one = False

    def __init__(self, content: Content, coding: str) -> None:
        self.data = bytearray()
        self._content = content
        self._inflater = Inflater(_WINDOWS[coding])
        self._fed = 0
        self._ends: list[int] = []  # so many bytes were available ...
        self._coded: list[int] = []  # ... once so many coded bytes were there

    @property
    def problem(self) -> str:
        """Why nothing more is inflated, if that is so."""
        bound = min(MAX_EVENT_STREAM_FACTOR * self._fed + _EVENT_STREAM_FREE_BYTES, MAX_EVENT_STREAM_BYTES)
        if len(self.data) > bound:
            return f"it inflates to more than {bound:,} bytes"
        return self._inflater.problem

    def fill(self) -> bytearray:
        """Inflate what has been added to the content since the last call, and return :attr:`data`."""
        coded = self._content.fill()
        while self._fed < len(coded) and not self.problem:
            # Byte by byte, so that it is known which of them made which output available, however they came.
            piece = self._inflater.feed(coded[self._fed : self._fed + 1])
            self._fed += 1
            if piece:
                self.data += piece
                self._ends.append(len(self.data))
                self._coded.append(self._fed)
        return self.data

    def pieces(self, start: int, stop: int) -> Pieces:
        """The coded bytes that made the bytes ``start`` to ``stop`` available."""
        if start >= stop:
            return ()
        first = bisect_left(self._ends, start + 1)
        last = bisect_left(self._ends, stop)
        return self._content.pieces(self._coded[first] - 1, self._coded[last])


def inflatable(codings: list[str]) -> bool:
    """Whether a list of content codings is one that :class:`InflatedContent` undoes."""
    return len(codings) == 1 and codings[0] in _WINDOWS
