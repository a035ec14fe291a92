"""What the byte inspector knows of one connection, as plain values: columns, rows, details, and what lies at a byte.

``inspector_widget.py`` sends them to a browser, ``inspector_text.py`` writes them down. Nothing here draws.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeGuard

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.views.inspector_signs import EVENT, FRAME, UNKNOWN, code_of_field, code_of_record
from lab_servers.wire.model import CLIENT, SERVER, Field, Layer, Note, Pieces, Record, Severity, within
from lab_servers.wire.printable import printable
from lab_servers.wire.spec import spec_url

# What a browser can still hold and scroll well; what is left out is said in a notice.
MAX_BYTES = 16 * 1024 * 1024  # of each side
MAX_RECORDS = 200_000
MAX_LAYER_BYTES = 1024 * 1024
MAX_FIELDS = 20_000  # of one record
MAX_SUMMARY_CHARACTERS = 160
MAX_VALUE_CHARACTERS = 4_000

SENDERS = (CLIENT, SERVER)
LAYERS = ("http", "sse", "websocket")
SEVERITIES = (None, Severity.INFO, Severity.ODD, Severity.FORBIDDEN)


class Place(NamedTuple):
    """What lies at a byte: the innermost record there, and its field.

    Attributes:
        record: The record's number in :attr:`Inspected.records`.
        field: The number of the field among the record's; ``None`` where none is known.
    """

    record: int
    field: int | None


class Inspected:
    """One connection, dissected: what the inspector shows of it.

    Attributes:
        dissection: The connection.
        capture: What was recorded, and when.
        records: The records of both sides and all layers in the order in which they became complete.
        data: What each side sent, by sender.
        notices: What of it is not shown, one sentence each.
    """

    def __init__(self, dissection: Dissection) -> None:
        self.dissection = dissection
        self.capture = dissection.capture
        found = dissection.timeline()
        self.records: tuple[Record, ...] = tuple(islice(found, MAX_RECORDS))
        self.data: dict[str, bytes] = {}
        for sender in SENDERS:
            # Through a view, so that only what is shown is copied.
            self.data[sender] = bytes(memoryview(dissection.conversation.data[sender])[:MAX_BYTES])
        self.notices = tuple(self._left_out(dissection, next(found, None) is not None))
        self._places = array("I")
        self._by_start: dict[tuple[str, bool], tuple[list[int], list[int]]] = {
            (sender, is_event): ([], []) for sender in SENDERS for is_event in (False, True)
        }
        senders = {sender: number for number, sender in enumerate(SENDERS)}
        layers = {layer: number << 4 for number, layer in enumerate(LAYERS)}
        for index, record in enumerate(self.records):
            pieces, sign, sender = record.pieces, code_of_record(record), record.sender
            what = senders[sender] | layers[record.layer] | sign << 8 | _depth(sign, record) << 16
            self._places.extend((what, pieces[0][0], pieces[-1][1]))
            starts, indexes = self._by_start[sender, sign == EVENT]
            starts.append(pieces[0][0])
            indexes.append(index)

    @classmethod
    def of(cls, capture: Capture) -> Inspected:
        """Dissect a capture, and index what is found."""
        return cls(dissect(capture))

    def _left_out(self, dissection: Dissection, more_records: bool) -> Iterator[str]:
        for sender in SENDERS:
            sent = len(dissection.conversation.data[sender])
            if sent > MAX_BYTES:
                yield f"The first {MAX_BYTES:,} of {sent:,} bytes from the {sender} are shown."
        if more_records:
            yield f"The first {MAX_RECORDS:,} records are shown; the connection has more."

    # --- columns: all records, a few numbers each -----------------------------------------

    def places(self) -> bytes:
        """Of each record three 32-bit numbers: its first offset and the one after its last follow what it is.

        What it is: in bits 0 to 3 the sender's place in ``SENDERS``, from 4 on the layer's in ``LAYERS``, from 8 on the
        code of its sign, from 16 on how deep inside other records it lies.
        """
        return self._places.tobytes()

    def times(self, sender: str) -> bytes:
        """Of each read of one side two 64-bit floats: its first offset, and its milliseconds since the opening."""
        opened_ns = self.capture.opened_ns
        column = array("d")
        for chunk in self.capture.chunks_from(Side(sender)):
            column.extend((chunk.offset, (chunk.at_ns - opened_ns) / 1e6))
        return column.tobytes()

    def time_ms(self, sender: str, offset: int) -> float:
        """When a byte passed, in milliseconds since the connection was opened."""
        return (self.capture.time_of(Side(sender), offset) - self.capture.opened_ns) / 1e6

    # --- rows: a line for each record, made a page at a time ------------------------------

    def rows(self, first: int, count: int) -> list[list[Any]]:
        """Of some records: name, summary, the worst note's severity (0 for none, to 3), and whether it is complete."""
        rows = []
        for record in self.records[first : first + count]:
            worst = max((SEVERITIES.index(note.severity) for note in record.notes), default=0)
            summary = printable(record.summary, MAX_SUMMARY_CHARACTERS)
            rows.append([printable(record.name, MAX_SUMMARY_CHARACTERS), summary, worst, int(record.is_complete)])
        return rows

    # --- details: one record, when somebody looks at it -----------------------------------

    def details(self, index: int) -> dict[str, Any]:
        """The fields and notes of one record, ready to be sent."""
        record = self.records[index]
        fields = record.fields
        is_masked = any(field.name == "MASK" and field.value for field in fields)
        return {
            "record": index,
            "pieces": record.pieces[:MAX_FIELDS],
            "fields": [_field(record, field, is_masked) for field in fields[:MAX_FIELDS]],
            "notes": [_note(note) for note in record.notes],
        }

    def layers(self, index: int) -> list[dict[str, Any]]:
        """What the layers of one record are called, how long they are, and the notes about them."""
        return [_layer(layer) for layer in self.records[index].layers]

    def layer(self, index: int, number: int) -> tuple[bytes, bytes]:
        """The bytes of a record's layer, and their places as pairs of 32-bit numbers; empty where there are none."""
        layer = self.records[index].layers[number]
        pieces = within(layer.pieces, 0, MAX_LAYER_BYTES) if layer.pieces is not None else ()
        return layer.data[:MAX_LAYER_BYTES], array("I", [edge for piece in pieces for edge in piece]).tobytes()

    # --- what lies where ------------------------------------------------------------------

    def at(self, sender: str, offset: int) -> Place | None:
        """What lies at a byte: an event's field rather than that of the chunk around it."""
        for is_event in (True, False):
            starts, indexes = self._by_start[sender, is_event]
            position = bisect_right(starts, offset) - 1
            if position < 0:
                continue
            index = indexes[position]
            if offset < self.records[index].pieces[-1][1]:
                fields = self.records[index].fields
                number = next((i for i, field in enumerate(fields) if covers(field.pieces, offset)), None)
                if number is not None or not is_event:
                    return Place(index, number)
        return None

    def selection(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """A whole selection from what was said of it: a ``record``, with or without a ``field``, or an ``offset``.

        Returns:
            ``sender``, ``start`` and ``stop`` of what is selected, its ``record`` and ``field`` (``None`` where there
            is none), and ``offset``, the byte under the cursor; empty when there is nothing there.
        """
        index, number = wanted.get("record"), wanted.get("field")
        offset = wanted.get("offset", wanted.get("start"))
        if is_below(index, len(self.records)):
            record = self.records[index]
            fields = record.fields
            number = number if is_below(number, len(fields)) else None
            pieces = record.pieces if number is None else fields[number].pieces
            if not isinstance(offset, int) or not covers(pieces, offset):
                offset = pieces[0][0]
        else:
            sender = wanted.get("sender", SERVER)
            if sender not in SENDERS or not is_below(offset, len(self.data[sender])):
                return {}
            place = self.at(sender, offset)
            if place is None:
                return {}
            index, number = place
            record = self.records[index]
            pieces = record.pieces if number is None else record.fields[number].pieces
        ends = {"start": pieces[0][0], "stop": pieces[-1][1]}
        return {"sender": record.sender, **ends, "record": index, "field": number, "offset": offset}


def _depth(sign: int, record: Record) -> int:
    """How far a record is indented: a body under its head, an event under its chunk."""
    if sign == EVENT:
        return 2
    return 0 if sign in (FRAME, UNKNOWN) or record.name.endswith("head") else 1


def covers(pieces: Pieces, offset: int) -> bool:
    """Whether a byte lies in one of the pieces."""
    return any(start <= offset < stop for start, stop in pieces)


def is_below(value: object, bound: int) -> TypeGuard[int]:
    """Whether something that came from outside is a whole number from 0 up to a bound."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < bound


def value_text(value: int | str) -> str:
    """A field's value as one line of text without control characters."""
    if isinstance(value, str):
        # White space alone would look like nothing.
        return "␣" * min(len(value), 40) if value and not value.strip(" ") else printable(value, MAX_VALUE_CHARACTERS)
    # Python writes no decimal number of thousands of digits; a hostile chunk size can have them.
    return str(value) if value.bit_length() <= 128 else printable(hex(value), 60)


def _field(record: Record, field: Field, is_masked: bool) -> dict[str, Any]:
    return {
        "name": printable(field.name, MAX_SUMMARY_CHARACTERS),
        "pieces": field.pieces[:MAX_FIELDS],
        "value": value_text(field.value),
        "meaning": printable(field.meaning, MAX_VALUE_CHARACTERS),
        "spec": field.spec,
        "url": spec_url(field.spec),
        "bits": field.bits,
        "group": printable(field.group, MAX_SUMMARY_CHARACTERS),
        "sign": code_of_field(record, field, is_masked),
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "severity": SEVERITIES.index(note.severity),
        "text": printable(note.text, MAX_VALUE_CHARACTERS),
        "spec": note.spec,
        "url": spec_url(note.spec),
        "pieces": note.pieces[:MAX_FIELDS],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    # Chunks of one message share their layers: with the same key the browser need not ask for the bytes again.
    key = f"{layer.name} {len(layer.data)} {zlib.crc32(layer.data)} {hash(layer.pieces)}"
    return {"name": layer.name, "size": len(layer.data), "key": key, "notes": [_note(note) for note in layer.notes]}
