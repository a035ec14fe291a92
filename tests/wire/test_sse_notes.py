"""The notes on event streams: what is remarkable, how much it matters, by which section, and at which bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.model import Note, Severity
from lab_servers.wire.sse.characters import broken_utf_8
from lab_servers.wire.sse.stream import EventStream, PlainContent

FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO
BOM = b"\xef\xbb\xbf"


def notes_on(stream: bytes, *, growing: bool = False) -> list[Note]:
    found = EventStream("server", PlainContent(bytearray(stream)))
    found.advance()
    if not growing:
        found.finish()
    tail = found.tail()
    return [note for record in [*found.records, *([tail] if tail is not None else [])] for note in record.notes]


# Each: the stream, and the notes on it: how much it matters, a part of the sentence, and the bytes it is about.
TABLE = [
    (b"data: a\ndata: b\n\n: c\n\nevent: x\nid: 1\ndata: c\nretry: 3\n\n", []),
    # What the end of the stream cuts off.
    (b"data: a\n", [(ODD, "must discard it", 0, 8)]),
    (b"data: a", [(ODD, "must discard it", 0, 7), (ODD, "no line end", 0, 7)]),
    (b"data\n\nid: 8\n", [(INFO, "only a field name", 0, 4), (INFO, "empty line", 0, 4),
                          (ODD, "must discard it", 6, 12), (ODD, "counts only once", 6, 11)]),
    (b"retry: 5", [(ODD, "must discard it", 0, 8), (ODD, "not even with a retry", 0, 8)]),
    (b": hi\n", [(INFO, "nothing in it that a receiver could lose", 0, 5)]),
    (b": hi", [(INFO, "could lose", 0, 4), (INFO, "no line end", 0, 4)]),
    (BOM, [(INFO, "could lose", 0, 3), (INFO, "byte order mark begins", 0, 3)]),
    # Values that are ignored.
    (b"id: 1\x002\ndata:a\n\n", [(ODD, "NUL", 5, 6)]),
    (b"retry: 1.5\n\n", [(ODD, "must be ASCII digits", 7, 10)]),
    (b"retry: -1\n\n", [(ODD, "must be ASCII digits", 7, 9)]),
    (b"retry:  1\n\n", [(ODD, "must be ASCII digits", 7, 9), (INFO, "Only one space", 7, 8)]),
    ("retry: ٣\n\n".encode(), [(ODD, "must be ASCII digits", 7, 9)]),
    (b"retry:\n\n", [(ODD, "has no digits", 0, 6)]),
    # Empty values.
    (b"id:\ndata:a\n\n", [(INFO, "resets the last event ID", 0, 3)]),
    (b"event:\ndata:a\n\n", [(INFO, "as good as none", 0, 6)]),
    (b"data:\n\n", [(INFO, "adds an empty line", 0, 5)]),
    (b"id\ndata:a\n\n", [(INFO, "only a field name", 0, 2), (INFO, "resets", 0, 2)]),
    # Names that are none.
    (b"foo: a\n\n", [(INFO, "No field has this name", 0, 6)]),
    (b"Data: a\n\n", [(ODD, "not the field data", 0, 7)]),
    (b" data: a\n\n", [(ODD, "not the field data", 0, 8)]),
    (b"data : a\n\n", [(ODD, "not the field data", 0, 8)]),
    (b"data:a\n\n" + BOM + b"data:b\n\n", [(ODD, "not at the very beginning", 8, 17)]),
    (BOM * 2 + b"data:b\n\n", [(INFO, "byte order mark begins", 0, 3), (ODD, "not at the very beginning", 3, 12)]),
    (BOM + b"data:b\n\n", [(INFO, "byte order mark begins", 0, 3)]),
    # Broken characters: the only thing that an author must not do.
    (b"data:a\xffb\n\n", [(FORBIDDEN, "in one place", 6, 7)]),
    (b"data:\xe4\xbd\n: \xc0\x80\n\n", [(FORBIDDEN, "in 3 places", 5, 12)]),
    # What a block does that few expect.
    (b"event: ping\n\n", [(ODD, "the type is forgotten", 0, 11)]),
    (b"id: 7\n\n", [(INFO, "still the last event ID changes", 0, 5)]),
    (b"event:a\nevent:b\ndata:c\n\n", [(ODD, "event type is set 2 times", 0, 7)]),
    (b"id:1\nid:2\nid:3\ndata:c\n\n", [(ODD, "last event ID is set 3 times", 0, 9)]),
    (b"data:  a\n\n", [(INFO, "Only one space", 6, 7)]),
    (b"data:   \n\n", [(INFO, "Only one space", 6, 8)]),
    # Line ends.
    (b"data:a\r\ndata:b\n\n", [(ODD, "from CRLF to LF", 14, 15)]),
    (b"data:a\n\ndata:b\r\r", [(ODD, "from LF to CR", 14, 15)]),
    (b"data:a\n\r", [(ODD, "from LF to CR", 7, 8)]),
    ("data:a\u2028b\u2029\u0085\n\n".encode(), [(INFO, "U+2028, U+2029, U+0085 ends no line", 6, 15)]),
    (b"data:a\x0b\x0c\n\n", [(INFO, "VT, FF ends no line", 6, 8)]),
    # Large.
    (b"data:" + b"x" * 1_048_577 + b"\n\n", [(INFO, "1,048,577 bytes of data", 0, 1_048_584)]),
    (b"data:" + b"x" * 1_048_576 + b"\n\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("stream", "expected"), TABLE, ids=[repr(stream[:30]) for stream, _ in TABLE])
def test_what_is_remarkable_has_a_note_at_its_bytes(
    stream: bytes, expected: list[tuple[Severity, str, int, int]]
) -> None:
    notes = notes_on(stream)
    found = [(note.severity, note.pieces[0][0], note.pieces[-1][1]) for note in notes]
    assert found == [(severity, start, stop) for severity, _, start, stop in expected]
    for note, (_, part, _, _) in zip(notes, expected, strict=True):
        assert part in note.text
        assert note.spec in ("HTML §9.2.5", "HTML §9.2.6")


@pytest.mark.parametrize(
    "stream", [b"data: a\n", b"data: a", b"id: 1\nretry", b"data: \xe4\xbd", b"data:a\n\ndata:b\r"]
)
def test_while_a_stream_grows_nothing_is_lost_yet(stream: bytes) -> None:
    assert {note.severity for note in notes_on(stream, growing=True)} == {INFO}


def test_a_character_that_the_end_of_the_stream_cuts_off_is_broken() -> None:
    assert [note.pieces for note in notes_on(b"data: \xe4\xbd") if note.severity is FORBIDDEN] == [((6, 8),)]


@given(data=st.binary(max_size=60) | st.text(max_size=20).map(str.encode))
def test_there_is_one_range_for_each_replacement_character_of_the_decoder(data: bytes) -> None:
    broken = list(broken_utf_8(data, is_growing=False))
    replaced = bytearray()
    at = 0
    for start, stop in broken:
        replaced += data[at:start] + "\ufffd".encode()
        at = stop
    assert (replaced + data[at:]).decode() == data.decode("utf-8", errors="replace")


def test_a_note_on_very_many_places_counts_them_all_and_points_at_some() -> None:
    [note] = notes_on(b"data:" + b"\xffa" * 50_000 + b"\n\n")
    assert "in 50,000 places" in note.text
    assert len(note.pieces) == 1000
