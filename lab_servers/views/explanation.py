"""Connections as JSON: every record, field and note, in the form that ``explanation.schema.json`` describes.

It is made piece by piece, so that a large capture is never held as one text. ``outline.py`` tells
the same to people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from lab_servers.dissection import Dissection
from lab_servers.views.outline import address
from lab_servers.wire.model import Field, Note, Record


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
        for record in dissection.timeline(only):
            notes = record.notes
            if notes or not notes_only:
                yield separator + json.dumps(record_as_json(dissection, record, notes), ensure_ascii=False)
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


def record_as_json(dissection: Dissection, record: Record, notes: tuple[Note, ...]) -> dict[str, Any]:
    """One record; ``notes`` are its own, which the caller has already made."""
    return {
        "direction": record.sender,
        "layer": record.layer,
        "name": record.name,
        "pieces": record.pieces,
        "at_s": round(dissection.passed_s(record), 9) if dissection.is_timed else None,
        "fields": [_field(field) for field in record.fields],
        "notes": [_note(note) for note in notes],
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "pieces": field.pieces,
        "bits": field.bits,
        "value": field.value,
        "meaning": field.meaning,
        "spec": field.spec,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"severity": note.severity.value, "text": note.text, "spec": note.spec, "pieces": note.pieces}
