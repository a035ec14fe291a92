"""What every dissector promises of its records: fields tile a record and records tile a stream, down to the bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from lab_servers.wire.model import Field, Pieces, Record, merged


def assert_tiles(records: Sequence[Record], tail: Record | None, start: int, stop: int, *, gaps: Pieces = ()) -> None:
    """Each byte from ``start`` to ``stop`` is in exactly one record, and each of its bits in exactly one field.

    ``tail`` is the record that the stream broke off in, if any. ``gaps`` are bytes that belong to another
    layer, such as the size lines of chunks between the pieces of events.
    """
    everything = [*records, *([tail] if tail is not None else [])]
    assert [record for record in records if not record.is_complete] == [], "a settled record is complete"
    assert tail is None or not tail.is_complete
    for record in everything:
        assert_fields_tile(record)
        assert_anchored(record, start, stop)
    starts = [record.pieces[0][0] for record in everything]
    assert starts == sorted(starts), "records stand in the order of the stream"
    occupied = sorted([*gaps, *(piece for record in everything for piece in record.pieces)])
    _assert_no_overlap(occupied)
    assert merged(occupied) == merged([(start, stop)])


def assert_fields_tile(record: Record) -> None:
    """The fields of a record cover its pieces bit by bit, without overlap, in the order of their first bits."""
    pieces = record.pieces
    assert pieces, f"{record.name} lies nowhere"
    _assert_pieces(pieces)
    starts = [bits[0][0] for field in record.fields if (bits := list(_bits_of(field)))]
    assert starts == sorted(starts), f"fields of {record.name} stand in another order than their bytes"
    occupied = sorted(bits for field in record.fields for bits in _bits_of(field))
    _assert_no_overlap(occupied)
    assert merged(occupied) == merged((8 * first, 8 * last) for first, last in pieces), record.name


def assert_anchored(record: Record, start: int, stop: int) -> None:
    """Notes and layers point at bytes that exist, and a layer with pieces has a source for each of its bytes."""
    notes = [*record.notes, *(note for layer in record.layers for note in layer.notes)]
    for note in notes:
        assert note.text
        assert note.spec
        assert note.pieces, f"a note must be about some byte: {note.text}"
        _assert_pieces(note.pieces)
        assert start <= note.pieces[0][0], note
        assert note.pieces[-1][1] <= stop, note
    for layer in record.layers:
        if layer.pieces is not None:
            _assert_pieces(layer.pieces)
            assert sum(last - first for first, last in layer.pieces) == len(layer.data), layer.name


def _bits_of(field: Field) -> Iterable[tuple[int, int]]:
    """A field's ranges in bits from the start of the stream, where the most significant bit of a byte is its first."""
    _assert_pieces(field.pieces)
    if field.bits is None:
        return [(8 * first, 8 * last) for first, last in field.pieces]
    high, low = field.bits
    [(first, last)] = field.pieces
    assert last == first + 1, f"{field.name}: bits belong to one byte"
    assert 7 >= high >= low >= 0, field.name
    return [(8 * first + 7 - high, 8 * first + 8 - low)]


def _assert_pieces(pieces: Pieces) -> None:
    assert all(first < last for first, last in pieces), f"empty range in {pieces}"
    _assert_no_overlap(pieces)


def _assert_no_overlap(ranges: Sequence[tuple[int, int]]) -> None:
    for (_, stop), (start, _) in pairwise(ranges):
        assert stop <= start, f"something starts at {start}, before {stop}"
