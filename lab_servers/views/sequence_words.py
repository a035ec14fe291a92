"""The words of the sequence picture: what a happening is called, how large it is, what is wrong with it.

``sequence_steps.py`` decides what becomes one step; the words for it are made here. Captured text in
them is safe to draw: nothing in it turns the direction of writing, breaks the line or towers over it.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.views.sequence_happenings import BODY_READ, HTTP_ENDS, PLAIN_READ, READ_OF, Happening
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.http1.records import Chunk, LastChunk, Opaque, Trailers
from lab_servers.wire.model import Note, Record, Severity
from lab_servers.wire.printable import printable

MAX_SUMMARY_CHARACTERS = 120
_MARKS_IN_A_ROW = 2


@dataclass(frozen=True)
class Line:
    """One line of a label.

    Attributes:
        by: The side that sent what it tells of; ``None`` for the relay and the end of HTTP.
        name: What it is.
        summary: What it says, from the capture; a picture may cut it off.
        tail: Sizes and remarks, which are never cut.
    """

    by: Side | None
    name: str
    summary: str = ""
    tail: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.name}{': ' if self.summary else ''}{self.summary}{self.tail}"


class Words:
    """Makes the labels of one capture's steps.

    Args:
        capture: The connection.
        conversation: What its bytes say.
        ended: The sides that have sent no more than what is recorded.
    """

    def __init__(self, capture: Capture, conversation: Conversation, ended: Collection[Side]) -> None:
        self._reads = {side: [chunk.offset for chunk in capture.chunks_from(side)] for side in Side}
        self._cut = {side: "incomplete" if side in ended else "not complete yet" for side in Side}
        self._chunks = [one for one in conversation.records(Side.SERVER.value, "http") if isinstance(one, Chunk)]

    def lines(self, happening: Happening, notes: Sequence[Note]) -> tuple[Line, ...]:
        """The label of what is drawn by itself; ``notes`` are those of its records."""
        name = happening.name
        if name == HTTP_ENDS:
            first, *more = happening.detail.split("\n")
            return (Line(None, name, first), *(Line(None, one) for one in more))
        if name == PLAIN_READ:
            return (Line(happening.by, name, plain(happening.detail), f" ({counted(happening.size_bytes)})"),)
        if name.startswith(READ_OF):
            return (self._of_read(happening, notes),)
        record = happening.record
        if record is None or happening.by is None:
            return (Line(happening.by, name),)
        name = happening.records[0].name
        summary = "the end of the body" if isinstance(record, (Trailers, LastChunk)) else plain(record.summary)
        if isinstance(record, Trailers) and any(field.name == "field name" for field in record.fields):
            summary = f"with trailer fields {plain(record.summary)}"
        size = counted(happening.size_bytes)
        if record.layer == "websocket":
            size = f"{size} on the wire"
        parts = [f"{size}{self._chunks_of(record)}", *self._reads_of(happening)]
        if record.layer != "websocket" and not is_complete(record):
            parts.append(self._cut[happening.by])
        return (Line(happening.by, name, summary, f" ({', '.join(parts)}){remark(notes)}"),)

    def _of_read(self, happening: Happening, notes: Sequence[Note]) -> Line:
        is_body = happening.name == BODY_READ
        name = "body" if is_body else happening.name.removeprefix(READ_OF)
        size = counted(happening.size_bytes)
        told = [happening.detail or size]
        if happening.by and is_body and any(not record.is_complete for record in happening.records):
            told.append(self._cut[happening.by])
        if is_body and not happening.detail:
            return Line(happening.by, name, plain(happening.records[0].summary), f" ({', '.join(told)}){remark(notes)}")
        return Line(happening.by, name, "", f", {', '.join(told)}{remark(notes)}")

    def _chunks_of(self, record: Record) -> str:
        """Of an event, the chunks that it came in, for these are something else."""
        pieces = record.pieces
        if record.layer != "sse" or not self._chunks or not pieces:
            return ""
        start, stop = pieces[0][0], pieces[-1][1]
        first = bisect_right(self._chunks, start, key=_start) - 1
        last = bisect_right(self._chunks, stop - 1, key=_start) - 1
        if first < 0 or self._chunks[first].stop <= start:
            return ""  # this body is not chunked
        count = last - first + 1
        whole = self._chunks[first].data_start == start and self._chunks[last].data_stop == stop
        return f" in {'' if whole else 'part of '}{count:,} chunk{'' if count == 1 else 's'}"

    def _reads_of(self, happening: Happening) -> Iterable[str]:
        """In how many reads of the relay a record came, if in more than one."""
        pieces = (*happening.records[0].pieces, *happening.records[-1].pieces)
        if happening.by is not None and pieces:
            starts = self._reads[happening.by]
            count = bisect_right(starts, pieces[-1][1] - 1) - bisect_right(starts, pieces[0][0]) + 1
            if count > 1:
                yield f"{count:,} reads"


def _start(chunk: Chunk) -> int:
    return chunk.start


def gathered_lines(happenings: Sequence[Happening], lasted_s: float) -> tuple[Line, ...]:
    """The label of many happenings together: one line for each side that did any of them."""
    lines = []
    for side in Side:
        of_side = [one for one in happenings if one.by is side]
        if not of_side:
            continue
        counts = Counter([one.name for one in of_side])
        size = counted(sum(one.size_bytes for one in of_side))
        told = ", ".join(f"{count:,} {plural(name) if count > 1 else name}" for name, count in counts.most_common())
        if len(counts) == 1:
            lines.append(Line(side, told, "", f", {size}"))
        else:
            lines.append(Line(side, f"{len(of_side):,} records, {size}", told))
    *before, last = lines
    return (*before, Line(last.by, last.name, last.summary, f"{last.tail}, over {duration(lasted_s)}"))


def is_complete(record: Record) -> bool:
    """Whether a record has been seen to its end, and of the last chunk, whether the body has."""
    if isinstance(record, LastChunk):
        return record.message is not None and record.message.is_complete
    return isinstance(record, Opaque) or record.is_complete


def remark(notes: Iterable[Note]) -> str:
    """The sign of the worst note, in a word as well; nothing where all is well."""
    severities = {note.severity for note in notes}
    worst = next((one for one in (Severity.FORBIDDEN, Severity.ODD) if one in severities), None)
    return f" ⚠ {worst.value}" if worst else ""


def plural(name: str) -> str:
    """``text frames``, ``events without data``, ``reads of a body``."""
    for joint in (" of ", " with"):
        head, found, rest = name.partition(joint)
        if found:
            return f"{head}s{found}{rest}"
    return f"{name}s"


def counted(size_bytes: int) -> str:
    """``1 byte``, ``2,048 bytes``, ``12.3 kB``: exact while it is short."""
    if size_bytes < 10_000:
        return f"{size_bytes:,} byte{'' if size_bytes == 1 else 's'}"
    return f"{size_bytes / 1e3:,.1f} kB" if size_bytes < 999_950 else f"{size_bytes / 1e6:,.1f} MB"


def duration(seconds: float) -> str:
    """A duration to three digits: ``350 µs``, ``1.25 ms``, ``2.00 s``."""
    for unit, factor in (("µs", 1e6), ("ms", 1e3), ("s", 1.0)):
        value = seconds * factor
        if (value < 999.5 and (value >= 1 or unit == "µs")) or unit == "s":
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:,.{digits}f} {unit}"
    raise AssertionError("the last unit fits everything")


def plain(text: str) -> str:
    r"""Captured text on one line: what cannot be printed, or would pile up, as an escape such as ``\n``."""
    shown = []
    marks = 0
    for char in text[:MAX_SUMMARY_CHARACTERS]:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        piles_up = marks > _MARKS_IN_A_ROW
        shown.append(char.encode("unicode_escape").decode("ascii") if piles_up else printable(char, 1))
    return "".join(shown) + ("…" if len(text) > MAX_SUMMARY_CHARACTERS else "")
