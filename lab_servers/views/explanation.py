"""Connections as JSON: every record, field and note, in the form that ``explanation.schema.json`` describes.

It is made piece by piece, so that a large capture is never held as one text. ``outline.py`` tells
the same to people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from json.encoder import encode_basestring as _text  # a JSON string, in which only what must be is escaped
from typing import Any

from lab_servers.dissection import Dissection
from lab_servers.views.outline import address
from lab_servers.wire.model import Field, Note, Pieces, Record


def explanation(
    dissections: Iterable[Dissection], *, only: str | None = None, notes_only: bool = False
) -> Iterator[str]:
    """The JSON text, in parts that belong one after the other.

    Args:
        dissections: The connections; each is let go before the next is asked for.
        only: The one layer to tell of: ``"http"``, ``"sse"`` or ``"websocket"``.
        notes_only: Leave out records without a note.
    """
    yield '{"connections": ['
    for position, dissection in enumerate(dissections):
        head = json.dumps(_connection(dissection), ensure_ascii=False)
        yield f'{", " if position else ""}\n{head[:-1]}, "records": ['
        separator = "\n"
        opened_ns = dissection.capture.opened_ns
        for at_ns, record in dissection.timed(only):
            notes = record.notes
            if notes or not notes_only:
                at_s = round((at_ns - opened_ns) / 1e9, 9) if dissection.is_timed else None
                yield separator + _record(record, notes, at_s)
                separator = ",\n"
        yield "]}"
    yield "\n]}\n"


def _connection(dissection: Dissection) -> dict[str, Any]:
    capture = dissection.capture
    client, server = address(capture.client_address), address(capture.relay_address)
    known = dissection.is_timed
    return {
        "client": client if known else None,
        "server": server if known else None,
        "complete": capture.is_complete,
    }


# What follows writes JSON itself: it takes half the time of making dictionaries for json.dumps to write.


def _record(record: Record, notes: tuple[Note, ...], at_s: float | None) -> str:
    """One record; ``notes`` are its own, which the caller has already made."""
    fields = ", ".join([_field(field) for field in record.fields])
    return (
        f'{{"direction": {_text(record.sender)}, "layer": {_text(record.layer)}, "name": {_text(record.name)}, '
        f'"pieces": {_pieces(record.pieces)}, "at_s": {"null" if at_s is None else at_s}, "fields": [{fields}], '
        f'"notes": [{", ".join(map(_note, notes))}]}}'
    )


def _field(field: Field) -> str:
    name, pieces, value, meaning, spec, bits, _ = field
    beginning, middle, end = _around(name, bits, meaning, spec)
    return f"{beginning}{_pieces(pieces)}{middle}{value if isinstance(value, int) else _text(value)}{end}"


@lru_cache(4096)
def _around(name: str, bits: tuple[int, int] | None, meaning: str, spec: str) -> tuple[str, str, str]:
    """What stands around the pieces and the value of a field: many fields differ in these two alone."""
    return (
        f'{{"name": {_text(name)}, "pieces": ',
        f', "bits": {list(bits) if bits else "null"}, "value": ',
        f', "meaning": {_text(meaning)}, "spec": {_text(spec)}}}',
    )


def _note(note: Note) -> str:
    return (
        f'{{"severity": {_text(note.severity.value)}, "text": {_text(note.text)}, "spec": {_text(note.spec)}, '
        f'"pieces": {_pieces(note.pieces)}}}'
    )


def _pieces(pieces: Pieces) -> str:
    if len(pieces) == 1:
        [(start, stop)] = pieces
        return f"[[{start}, {stop}]]"
    return "[" + ", ".join([f"[{start}, {stop}]" for start, stop in pieces]) + "]"
