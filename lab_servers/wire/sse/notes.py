"""What is wrong or remarkable about a block of an event stream, anchored to its bytes.

An event stream can hardly break a rule: a receiver has to bear everything. Only what the standard
binds the author to with "must" is forbidden here, and that is UTF-8. ``reading.py`` has read the
lines; ``fields.py`` explains what is as it should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from lab_servers.wire.model import Note, Pieces, Severity, merged
from lab_servers.wire.sse.characters import broken_utf_8, other_line_ends
from lab_servers.wire.sse.decoder import DEFAULT_LIMIT_BYTES
from lab_servers.wire.sse.interpreter import Effect
from lab_servers.wire.sse.line_notes import notes_of_line
from lab_servers.wire.sse.reading import Ending, Kind, Reading, ReadLine

_PARSING = "HTML §9.2.5"
_INTERPRETING = "HTML §9.2.6"

# A note points at so many places; its text counts all of them.
_MOST_PLACES = 1000

_LINE_ENDS = {b"\n": "LF", b"\r": "CR", b"\r\n": "CRLF"}


def notes_of(reading: Reading) -> tuple[Note, ...]:
    """The notes on a block, in the order of the bytes that they are about."""
    notes = chain(
        _on_the_end(reading),
        _on_the_beginning(reading),
        chain.from_iterable(notes_of_line(reading, line) for line in reading.lines),
        _on_repeated_fields(reading),
        _on_missing_data(reading),
        _on_the_size(reading),
        _on_changing_line_ends(reading),
        _on_broken_utf_8(reading),
        _on_other_line_ends(reading),
    )
    return tuple(sorted(notes, key=lambda note: note.pieces[0][0] if note.pieces else 0))


def _on_the_end(reading: Reading) -> Iterator[Note]:
    """A block without its blank line, a line without its line end, and an ID that therefore does not count."""
    if reading.ending is Ending.BLANK_LINE:
        return
    growing = reading.ending is Ending.GROWING
    everywhere = reading.place(0, len(reading.raw))
    last = reading.lines[-1]
    only_comments = not reading.has_fields and (
        last.kind is not Kind.UNFINISHED or last.text_start == last.text_stop or not last.parts[0]
    )
    if only_comments:
        text = "This block has no blank line so far, and nothing in it that a receiver could lose."
        yield Note(Severity.INFO, text, _INTERPRETING, everywhere)
    elif growing:
        text = "This block has no blank line so far. Until one comes nothing of it is dispatched."
        yield Note(Severity.INFO, text, _INTERPRETING, everywhere)
    else:
        text = (
            "The stream ended before the blank line of this block. A receiver must discard it: "
            "what is in it never reaches the application."
        )
        yield Note(Severity.ODD, text, _INTERPRETING, everywhere)
    severity = Severity.INFO if growing or only_comments else Severity.ODD
    if last.kind is Kind.UNFINISHED and last.text_start < last.text_stop:
        so_far = " so far" if growing else ""
        text = f"This line has no line end{so_far}. A receiver does nothing with it, not even with a retry field."
        yield Note(severity, text, _PARSING, reading.place(last.start, last.stop))
    for line in reversed(reading.lines):
        if line.effect is Effect.ID:
            text = (
                "An ID counts only once the blank line of its block has come. A client that reconnects now "
                "still sends the one before, if there was one."
            )
            yield Note(severity, text, _INTERPRETING, reading.place(line.text_start, line.text_stop))
            break


def _on_the_beginning(reading: Reading) -> Iterator[Note]:
    first = reading.lines[0]
    if first.start < first.text_start:
        text = (
            "A byte order mark begins the stream. A receiver takes it off; one that does not will lose "
            "the field on this line."
        )
        yield Note(Severity.INFO, text, _INTERPRETING, reading.place(first.start, first.text_start))


def _on_repeated_fields(reading: Reading) -> Iterator[Note]:
    """Of a field that replaces a buffer, the last one in a block wins."""
    for effect, what in ((Effect.EVENT_TYPE, "event type"), (Effect.ID, "last event ID")):
        lines = [line for line in reading.lines if line.effect is effect]
        if len(lines) > 1:
            text = f"The {what} is set {len(lines):,} times in this block. The last one wins, and these have no effect."
            yield Note(Severity.ODD, text, _INTERPRETING, _places(reading, _texts(lines[:-1])))


def _on_missing_data(reading: Reading) -> Iterator[Note]:
    if reading.ending is not Ending.BLANK_LINE or reading.event is not None:
        return
    types = [line for line in reading.lines if line.effect is Effect.EVENT_TYPE and line.parts[3]]
    ids = [line for line in reading.lines if line.effect is Effect.ID]
    if types:
        text = (
            "An event type without a data field: nothing is dispatched, and the type is forgotten. "
            'A line "data" with nothing else makes it an event with empty data.'
        )
        yield Note(Severity.ODD, text, _INTERPRETING, _places(reading, _texts(types)))
    if ids:
        text = "An ID without a data field: nothing is dispatched, and still the last event ID changes."
        yield Note(Severity.INFO, text, _INTERPRETING, _places(reading, _texts(ids)))


def _on_the_size(reading: Reading) -> Iterator[Note]:
    everywhere = reading.place(0, len(reading.raw))
    if len(reading.data) - 1 > DEFAULT_LIMIT_BYTES:
        text = (
            f"{len(reading.data) - 1:,} bytes of data in one event. The standard sets no limit, but "
            f"receivers have one: that of this lab gives up at {DEFAULT_LIMIT_BYTES:,} bytes."
        )
        yield Note(Severity.INFO, text, _INTERPRETING, everywhere)
    start, stop = reading.skipped
    if start < stop:
        text = f"This block has {reading.line_count:,} lines. These are interpreted, but not explained one by one."
        yield Note(Severity.INFO, text, _INTERPRETING, reading.place(start, stop))


def _on_changing_line_ends(reading: Reading) -> Iterator[Note]:
    before = reading.line_end_before()
    changes = []
    names = []
    for line in reading.lines:
        line_end = reading.raw[line.text_stop : line.stop]
        if line_end == b"\r" and line.stop == len(reading.raw) and reading.ending is Ending.GROWING:
            continue  # it may become CRLF
        if line_end and before and line_end != before:
            changes.append((line.text_stop, line.stop))
            names.append(f"{_LINE_ENDS[before]} to {_LINE_ENDS[line_end]}")
        before = line_end or before
    if changes:
        text = (
            f"The line ends change here from {names[0]}. Each of LF, CR and CRLF ends a line, also side by side, "
            "but who mixes them often meant something else."
        )
        yield Note(Severity.ODD, text, _PARSING, _places(reading, changes))


def _on_broken_utf_8(reading: Reading) -> Iterator[Note]:
    broken = list(broken_utf_8(reading.raw, is_growing=reading.ending is Ending.GROWING))
    if broken:
        count = "one place" if len(broken) == 1 else f"{len(broken):,} places"
        text = (
            f"Not UTF-8, in {count}. An event stream must be UTF-8; a receiver does not fail, but puts U+FFFD "
            "in each such place, as the Encoding standard says."
        )
        yield Note(Severity.FORBIDDEN, text, _PARSING, _places(reading, broken))


def _on_other_line_ends(reading: Reading) -> Iterator[Note]:
    found = list(other_line_ends(reading.raw))
    if found:
        names = ", ".join(dict.fromkeys(name for _, _, name in found))
        text = (
            f"{names} ends no line here. It is data like any other, though functions such as Python's "
            "str.splitlines would cut there."
        )
        yield Note(Severity.INFO, text, _PARSING, _places(reading, [(start, stop) for start, stop, _ in found]))


def _texts(lines: list[ReadLine]) -> list[tuple[int, int]]:
    return [(line.text_start, line.text_stop) for line in lines]


def _places(reading: Reading, ranges: list[tuple[int, int]]) -> Pieces:
    return merged(chain.from_iterable(reading.place(*each) for each in islice(ranges, _MOST_PLACES)))
