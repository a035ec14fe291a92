"""What happened on a connection, in order of time: its records, each read of a body, its transitions, the end of HTTP.

It must be fast for 100,000 records, so it asks each for nothing but its name and its place, and looks
times up by itself rather than record by record as ``dissection.py`` does. ``sequence_steps.py`` makes
words, for those that are drawn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.http1.message import Framing, Message
from lab_servers.wire.http1.records import Body, Chunk, HttpRecord, LastChunk, Opaque, Trailers
from lab_servers.wire.model import Record

TRANSITIONS = {
    TransitionKind.OPENED: "opens the connection",
    TransitionKind.HALF_CLOSED: "FIN: has no more to send",
    TransitionKind.RESET: "RST: gives the connection up",
    TransitionKind.REFUSED: "the relay cannot reach the server",
    TransitionKind.ABANDONED: "the relay is stopped",
}
HTTP_ENDS = "HTTP ends here"
READ_OF = "read of "
BODY_READ = f"{READ_OF}a body"

# A read in which nobody looked for a protocol, and how much of it is shown.
PLAIN_READ = "read"
_SHOWN_BYTES = 60

# The order of what happened at the same time, as the 101 and the first frames in one read. What the server did
# comes after what the client did, and its numbers are the odd ones.
_OPENING, _HTTP, _HTTP_END, _FRAMES, _ENDING = range(0, 10, 2)

# To name an event block, all of it must be read. Of more than these, the kinds of those that are gathered stay unknown.
MAX_NAMED_BLOCKS = 2_000
EVENT_BLOCK = "event block"


class Happening(NamedTuple):
    """One thing that happened at one time.

    Attributes:
        at_ns: When the relay saw its last byte.
        rank: Its place among what happened at the same time.
        stop: The offset just past its last byte, which decides where times and ranks are equal; 0 without bytes.
        by: The side that did it; ``None`` for the relay, and for the end of HTTP.
        name: What it is, the same for all of its kind.
        size_bytes: The bytes that it is made of.
        record: The record that it shows; none for a transition, and for a read that does not end its record.
        before: A record that is shown together with it: the last chunk before its trailer section.
        detail: More words for it, where no record has them.
        alone: Whether it must not be gathered with others.
    """

    at_ns: int
    rank: int
    stop: int
    by: Side | None
    name: str
    size_bytes: int = 0
    record: Record | None = None
    before: Record | None = None
    detail: str = ""
    alone: bool = False

    @property
    def records(self) -> tuple[Record, ...]:
        """All records that it shows."""
        return tuple(record for record in (self.before, self.record) if record is not None)


def happenings(capture: Capture, conversation: Conversation, *, events: bool = True) -> list[Happening]:
    """Everything that happened, in order of time.

    Args:
        capture: The connection.
        conversation: What its bytes say.
        events: Whether a body that is an event stream is shown as its event blocks, or as HTTP frames it.
    """
    found = list(_transitions(capture))
    streams = _streamed(conversation) if events else {}
    for side in Side:
        clock = _Clock(capture, side)
        in_events = streams if side is Side.SERVER else {}
        found += _http(clock, conversation.records(side.value, "http"), in_events)
        found += _records(clock, conversation.records(side.value, "websocket"), _FRAMES)
        if in_events:
            blocks = conversation.records(side.value, "sse")
            found += _records(clock, blocks, _HTTP, EVENT_BLOCK if len(blocks) > MAX_NAMED_BLOCKS else "")
    found += _end_of_http(capture, conversation)
    found.sort(key=itemgetter(0, 1, 2))  # time, rank, stop; a lambda would take three times as long
    return found


def plain_happenings(capture: Capture) -> list[Happening]:
    """The reads of the relay and the transitions, in order of time; nothing is looked for in the bytes."""
    found = list(_transitions(capture))
    for at_ns, sender, offset, data in capture.chunks:
        text = data[:_SHOWN_BYTES].decode("ascii", "backslashreplace")
        stop = offset + len(data)
        found.append(Happening(at_ns, _rank(_HTTP, sender), stop, sender, PLAIN_READ, len(data), detail=text))
    found.sort(key=itemgetter(0, 1, 2))
    return found


def _rank(phase: int, by: Side | None) -> int:
    return phase + (by is Side.SERVER)


def _transitions(capture: Capture) -> Iterator[Happening]:
    for transition in capture.transitions:
        label = TRANSITIONS.get(transition.kind)
        if transition.kind is TransitionKind.OPENED and transition.by is None:
            label = "the connection was open before the file began"
        if label is not None:
            phase = _OPENING if transition.kind is TransitionKind.OPENED else _ENDING
            yield Happening(transition.at_ns, _rank(phase, transition.by), 0, transition.by, label, alone=True)


def _streamed(conversation: Conversation) -> dict[int, Message]:
    """The responses whose bodies are shown as events, by the offset of their first body byte."""
    heads = [message for message in conversation.messages(Side.SERVER.value) if message.content.length]
    starts = [message.head_end for message in heads]
    found = {}
    for stream in conversation.event_streams():
        first = stream.records[0] if stream.records else stream.tail()
        if first is not None and first.pieces:
            message = heads[bisect_right(starts, first.pieces[0][0]) - 1]
            found[message.head_end] = message
    return found


class _Clock:
    """The times of one side's bytes: :meth:`Capture.time_of`, made fast for very many questions."""

    def __init__(self, capture: Capture, side: Side) -> None:
        self.side = side
        self.reads = capture.chunks_from(side)
        self.starts = [offset for _, _, offset, _ in self.reads]
        self.opened_ns = capture.opened_ns

    def read_of(self, offset: int) -> int:
        """The index of the read that brought the byte at an offset."""
        return bisect_right(self.starts, offset) - 1

    def at_ns(self, offset: int) -> int:
        """When the byte at an offset passed the relay."""
        return self.reads[bisect_right(self.starts, offset) - 1].at_ns


def _http(clock: _Clock, records: Sequence[Record], in_events: dict[int, Message]) -> Iterator[Happening]:
    """The records of HTTP: bodies by reads, the end of a chunked body as one."""
    last_chunk: LastChunk | None = None
    plain: list[Record] = []
    for record in records:
        if in_events and isinstance(record, (Body, Chunk)) and record.message and record.message.head_end in in_events:
            continue
        if isinstance(record, LastChunk) and record is not records[-1]:
            last_chunk = record
        elif isinstance(record, (Body, Opaque)):
            yield from _reads(clock, record)
        elif isinstance(record, Trailers) and last_chunk is not None:
            size = record.stop - last_chunk.start
            alone = not record.is_complete
            at_ns, rank = clock.at_ns(record.stop - 1), _rank(_HTTP, clock.side)
            yield Happening(
                at_ns, rank, record.stop, clock.side, last_chunk.name, size, record, last_chunk, alone=alone
            )
        else:
            plain.append(record)
    yield from _records(clock, plain, _HTTP)


def _records(clock: _Clock, records: Sequence[Record], phase: int, name: str = "") -> Iterator[Happening]:
    """One happening per record, at the time of its last byte; ``name`` stands for the names of all."""
    side, rank = clock.side, _rank(phase, clock.side)
    last = records[-1] if records else None
    seen = 0  # events that were inflated can share a byte on the wire; it is counted once
    at_ns = clock.opened_ns
    for record in records:
        size = 0
        for start, stop in record.pieces:
            size += stop - start if start >= seen else max(stop - seen, 0)
            if stop > seen:
                seen = stop
        if size:
            at_ns = clock.at_ns(seen - 1)
        alone = record is last and not record.is_complete
        yield Happening(at_ns, rank, seen, side, name or record.name, size, record, alone=alone)


def _reads(clock: _Clock, record: Body | Opaque) -> Iterator[Happening]:
    """Each read that brought bytes of one record, for these records say nothing of their own parts."""
    is_body = isinstance(record, Body)
    name, phase = (BODY_READ, _HTTP) if is_body else (READ_OF + record.name, _FRAMES)
    rank = _rank(phase, clock.side)
    cut = is_body and not record.is_complete
    first, last = clock.read_of(record.start), clock.read_of(record.stop - 1)
    for index in range(first, last + 1):
        read = clock.reads[index]
        low, high = max(read.offset, record.start), min(read.end, record.stop)
        detail = _progress(record, high - record.start) if is_body and (first < last or cut) else ""
        shown = record if index == last else None
        alone = cut and index == last
        yield Happening(read.at_ns, rank, high, clock.side, name, high - low, shown, None, detail, alone)


def _progress(record: HttpRecord, so_far: int) -> str:
    """How much of a body there is after a read: ``11 of 15 bytes``."""
    total = record.stop - record.start
    message = record.message
    if message is not None and message.framing is Framing.CONTENT_LENGTH:
        if not message.is_complete:
            total = int(message.values("Content-Length")[0].split(",")[0])
        of = f"{so_far:,} of {total:,} bytes"
    else:
        of = f"{so_far:,} bytes so far"
        if so_far == total and record.is_complete:
            of = f"{total:,} bytes, up to the close"
    return of + (", complete" if so_far == total and record.is_complete else "")


def _end_of_http(capture: Capture, conversation: Conversation) -> Iterator[Happening]:
    """The moment at which the connection stops being HTTP, and what had come before anybody could know."""
    ends = conversation.http_end
    if ends is None or not ends[Side.SERVER.value]:
        return
    client, server = ends[Side.CLIENT.value], ends[Side.SERVER.value]
    at_ns = capture.time_of(Side.SERVER, server - 1)
    status = next((one.status for one in reversed(conversation.messages(Side.SERVER.value))), 101)
    came = []
    for side, end, what in ((Side.CLIENT, client, "request"), (Side.SERVER, server, str(status))):
        chunks = capture.chunks_from(side)
        index = bisect_right(chunks, end - 1, key=lambda chunk: chunk.offset) - 1
        if end and chunks[index].end > end:
            size = chunks[index].end - end
            came.append(f"came with the {what}: {size:,} byte{'' if size == 1 else 's'} in the same read")
    detail = f"client byte {client:,}, server byte {server:,}"
    yield Happening(at_ns, _HTTP_END, server, None, HTTP_ENDS, detail="\n".join([detail, *came]), alone=True)
