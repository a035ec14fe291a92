"""The words that every dissector speaks: records made of fields, notes about them, and layers derived from them.

The dissectors (``http1/``, ``sse/``, ``websocket/``) find records in the bytes of one direction of a
connection; ``conversation.py`` puts both directions together. Everything here is a place in a byte
stream and what stands there. There are no times: a capture knows those.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

CLIENT = "client"
SERVER = "server"

# Ranges [start, stop) of offsets in what one side sent on a connection, ascending and not empty.
Pieces = tuple[tuple[int, int], ...]

# So many bytes of a payload stand in the value of its field; all of them stand in its layers.
PREVIEW_BYTES = 160


class Severity(enum.Enum):
    """How much a note matters."""

    FORBIDDEN = "forbidden"  # breaks a rule of the specification: says which, and what a receiver must do
    ODD = "odd"  # legal, but few would expect it, or not every receiver bears it
    INFO = "info"  # all is well; this is worth knowing


class Field(NamedTuple):
    """One part of a record: a run of its bytes, or some bits of one byte.

    The fields of a record tile it: each of its bytes (of a byte with bit fields: each bit)
    belongs to exactly one field, and they stand in the order of the bytes, high bits first.

    Attributes:
        name: The specification's word for it, for example ``"masking key"``.
        pieces: Where it lies. More than one range where something else stands between, as the sizes of chunks do.
        value: A number, or text. Of a payload it is :func:`preview`.
        meaning: One sentence for a reader who never saw one.
        spec: Where it is specified, for example ``"RFC 6455 §5.2"`` (``spec.py`` makes a link of it).
        bits: For a field of bits: the highest and the lowest, where 7 is the most significant of the byte.
        group: What it is a part of, for fields that belong together: ``"Content-Type"``, ``"line 3"``; else empty.
    """

    name: str
    pieces: Pieces
    value: int | str
    meaning: str
    spec: str
    bits: tuple[int, int] | None = None
    group: str = ""


class Note(NamedTuple):
    """What is wrong or remarkable about a record.

    Attributes:
        severity: How much it matters.
        text: What is there, which rule that breaks, and what a receiver must do about it.
        spec: The rule, for example ``"RFC 6455 §5.5"``.
        pieces: The bytes that it is about.
    """

    severity: Severity
    text: str
    spec: str
    pieces: Pieces


class Layer(NamedTuple):
    """Bytes that are derived from a record's: taken out of chunks, unmasked, inflated.

    Attributes:
        name: ``"dechunked"``, ``"unmasked"``, ``"inflated"``, or ``"text"`` for bytes that are UTF-8 text.
        data: The derived bytes.
        pieces: Where each byte of ``data`` comes from, in order, so that as many bytes lie in the pieces as
            in ``data``. ``None`` where bytes do not correspond one to one, as after inflating.
        notes: What is wrong or remarkable about it; anchored to the wire.
    """

    name: str
    data: bytes
    pieces: Pieces | None
    notes: tuple[Note, ...] = ()

    @property
    def text(self) -> str:
        """The data as UTF-8, with U+FFFD for what is broken (the Encoding standard's decoder)."""
        return self.data.decode("utf-8", errors="replace")

    def source(self, start: int, stop: int) -> Pieces | None:
        """The bytes on the wire that the bytes ``start`` to ``stop`` of this layer come from."""
        return None if self.pieces is None else within(self.pieces, start, stop)


class Record(Protocol):
    """One unit of a protocol in what one side sent: a head, a chunk, an event, a frame.

    A record is light: it knows where it lies. Fields, notes and layers are made from the bytes
    each time they are asked for.
    """

    @property
    def sender(self) -> str:
        """``"client"`` or ``"server"``."""

    @property
    def layer(self) -> str:
        """``"http"``, ``"sse"`` or ``"websocket"``."""

    @property
    def name(self) -> str:
        """What it is, for example ``"chunk"`` or ``"ping frame"``."""

    @property
    def pieces(self) -> Pieces:
        """Where it lies in what its sender sent."""

    @property
    def is_complete(self) -> bool:
        """Whether it has been seen to its end."""

    @property
    def summary(self) -> str:
        """One short line for an outline, such as ``GET /api/stream`` or ``"hello", 5 bytes``."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its parts, which tile it."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it, in the order of the bytes."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What can be derived from it, each from the one before, the outermost first."""


def within(pieces: Pieces, start: int, stop: int) -> Pieces:
    """The part of ``pieces`` that holds their bytes ``start`` to ``stop``, counted through all of them."""
    found = []
    passed = 0
    for first, last in pieces:
        low, high = max(start - passed, 0), min(stop - passed, last - first)
        if low < high:
            found.append((first + low, first + high))
        passed += last - first
        if passed >= stop:
            break
    return tuple(found)


def joined(data: bytearray | bytes, pieces: Pieces) -> bytes:
    """The bytes of ``data`` that lie in ``pieces``."""
    view = memoryview(data)
    return b"".join(view[start:stop] for start, stop in pieces)


def merged(pieces: Iterable[tuple[int, int]]) -> Pieces:
    """Ascending ranges with the empty ones left out and those that touch made one."""
    return tuple(_merge(pieces))


def _merge(pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for start, stop in pieces:
        if start >= stop:
            continue
        if start != last:
            if first < last:
                yield first, last
            first = start
        last = stop
    if first < last:
        yield first, last


def text_of(data: bytes) -> str:
    """Bytes of a head as text: UTF-8 where they are that, else ISO-8859-1, which fits every byte (RFC 9110 §5.5)."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def preview(data: bytes) -> str:
    """The beginning of a payload for people: as text where it is UTF-8 without control characters, else as hex digits.

    What is longer than :data:`PREVIEW_BYTES` is cut, and ends in ``…``.
    """
    cut = data[:PREVIEW_BYTES]
    tail = "…" if len(data) > PREVIEW_BYTES else ""
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that was broken by this cut alone does not make text binary.
        if not tail or error.end != len(cut) or len(cut) - error.start > 3:
            return cut.hex(" ") + tail
        text = cut[: error.start].decode("utf-8")
    if text.isprintable() or all(char.isprintable() or char in "\t\r\n" for char in text):
        return text + tail
    return cut.hex(" ") + tail
