"""The messages that one side sent on a connection, each with its place on the wire, whatever carried it.

``contents.py`` finds them in the contents of HTTP; WebSocket's are in the frames. ``accounting.py`` counts their bytes,
``timing.py`` asks the capture when they passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lab_servers.measure.contents import places_in
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.http1.layers import InflatedContent, inflatable
from lab_servers.wire.http1.message import Content, Message
from lab_servers.wire.http1.records import Head, Opaque, Trailers
from lab_servers.wire.model import CLIENT, Pieces
from lab_servers.wire.websocket.records import FrameRecord

# The messages of a comparison carry their number first: {"n":17,"d":"世界"}.
_NUMBER = re.compile(rb'\s*\{\s*"n"\s*:\s*(\d{1,15})(?=\s*[,}])')
_NUMBER_WITHIN_BYTES = 40


class Passed(NamedTuple):
    """One message as it passed; the offsets count what its sender sent on the connection.

    Attributes:
        number: Its number, as its text says it: ``{"n":17,…``. ``None`` where it says none.
        start: Where the first byte of its own text lies.
        stop: The offset after the last byte of its own text.
        end: The offset after what closes it: blank line, line end, comma. Its frame's or its content's end.
        size_bytes: How long its text is for the application.
        wire_bytes: How many bytes carried that text; fewer than ``size_bytes`` where it was compressed.
        is_complete: Whether all of it came.
    """

    number: int | None
    start: int
    stop: int
    end: int
    size_bytes: int
    wire_bytes: int
    is_complete: bool


@dataclass(frozen=True)
class Sent:
    """What one side sent on one connection.

    Attributes:
        messages: In the order in which they ended.
        text_bytes: The messages' own text, where it can be told from what stands around it.
        coded_pieces: Where compressed contents lie: text and framing in one, so all of it is taken for text.
        header_pieces: Where the heads of HTTP lie: start lines, fields, and the empty lines that end them; fields of
            trailers too.
        other_pieces: Where bytes lie of which nobody can tell what they are: no HTTP, or another protocol.
        requests: How many heads of requests there are.
    """

    messages: tuple[Passed, ...]
    text_bytes: int
    coded_pieces: Pieces
    header_pieces: Pieces
    other_pieces: Pieces
    requests: int

    @property
    def payload_bytes(self) -> int:
        """The messages' own text, as it travelled."""
        return self.text_bytes + sum(stop - start for start, stop in self.coded_pieces)

    @property
    def header_bytes(self) -> int:
        """How many bytes the heads and trailer fields have."""
        return sum(stop - start for start, stop in self.header_pieces)

    @property
    def other_bytes(self) -> int:
        """How many bytes nobody can tell anything of."""
        return sum(stop - start for start, stop in self.other_pieces)


def number_of(text: bytes) -> int | None:
    """The number that a message's text begins with, or ``None``."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else None


def sent_by(conversation: Conversation, sender: str) -> Sent:
    """What one side sent, whatever state it is in.

    Args:
        conversation: Both sides.
        sender: ``"client"`` or ``"server"``.
    """
    heads = conversation.messages(sender)
    messages: list[Passed] = []
    headers: list[tuple[int, int]] = []
    other: list[tuple[int, int]] = []
    coded: list[tuple[int, int]] = []
    text = 0
    for head in heads:
        headers.append((head.start, head.head_end))
        found = list(_in_content(head))
        messages += found
        if _is_coded(head):
            coded += head.content.all_pieces
        else:
            text += sum(one.wire_bytes for one in found)
    for record in conversation.records(sender, "http"):
        if isinstance(record, Trailers):
            headers.append((record.start, record.start + _trailer_bytes(record)))
        elif isinstance(record, Opaque):
            other.append((record.start, record.stop))
        elif isinstance(record, Head) and record.message is None:
            headers.append((record.start, record.stop))
    frames = conversation.frames(sender)
    if frames is not None:
        tail = frames.tail()
        records = [*frames.records, *([tail] if tail else [])]
        in_frames, lost = _in_frames([record for record in records if isinstance(record, FrameRecord)])
        messages += in_frames
        text += sum(one.wire_bytes for one in in_frames)
        other += lost
    requests = len(heads) if sender == CLIENT else 0
    return Sent(tuple(messages), text, tuple(coded), tuple(sorted(headers)), tuple(other), requests)


def _trailer_bytes(record: Trailers) -> int:
    """The bytes of its fields; the empty line that ends the message is framing of the body."""
    raw = record.bytes(record.start, record.stop)
    ending = b"\r\n" if raw.endswith(b"\r\n") else b"\n" if raw.endswith(b"\n") else b""
    return len(raw) - len(ending) if record.is_complete else len(raw)


# --- HTTP -----------------------------------------------------------------------------------------


def _is_coded(head: Message) -> bool:
    """Whether text and framing cannot be told apart in the content's bytes, because they are compressed."""
    codings = [one for one in head.tokens("Content-Encoding") if one != "identity"]
    return bool(codings) or any(one != "chunked" for one in head.tokens("Transfer-Encoding"))


def _in_content(head: Message) -> Iterator[Passed]:
    content = head.content
    if not content.length:
        return
    if _is_coded(head):
        yield from _in_coded_content(head)
        return
    data = content.fill()
    for place in places_in(head.media_type, data, head.is_complete):
        start, stop = _on_wire(content, place.start, place.stop)
        end = max(stop, _on_wire(content, place.end - 1, place.end)[1])
        number = number_of(bytes(data[place.start : place.start + _NUMBER_WITHIN_BYTES]))
        yield Passed(number, start, stop, end, place.size_bytes, place.size_bytes, place.is_complete)


def _on_wire(content: Content | InflatedContent, start: int, stop: int) -> tuple[int, int]:
    """Where a range of a content begins and ends on the wire; of an empty one, the place of the byte before it."""
    if start == stop:
        start = max(start - 1, 0)
        place: Pieces = content.pieces(start, start + 1)
        return place[0][1], place[0][1]
    first, last = content.pieces(start, start + 1), content.pieces(stop - 1, stop)
    return first[0][0], last[-1][1]


def _in_coded_content(head: Message) -> Iterator[Passed]:
    codings = [one for one in head.tokens("Content-Encoding") if one != "identity"]
    transfer_coded = any(one != "chunked" for one in head.tokens("Transfer-Encoding"))
    content = head.content
    if transfer_coded or not inflatable(codings):
        start, stop = _on_wire(content, 0, content.length)
        yield Passed(None, start, stop, stop, content.length, content.length, head.is_complete)
        return
    inflated = InflatedContent(content, codings[0])
    data = inflated.fill()
    for place in places_in(head.media_type, data, head.is_complete and not inflated.problem):
        pieces = inflated.pieces(max(min(place.start, place.stop - 1), 0), max(place.stop, 1))
        if not pieces:
            continue
        wire_bytes = sum(stop - start for start, stop in pieces)
        number = number_of(bytes(data[place.start : place.start + _NUMBER_WITHIN_BYTES]))
        stop = pieces[-1][1]
        yield Passed(number, pieces[0][0], stop, stop, place.size_bytes, wire_bytes, place.is_complete)


# --- WebSocket ------------------------------------------------------------------------------------


def _in_frames(records: list[FrameRecord]) -> tuple[list[Passed], list[tuple[int, int]]]:
    """The data messages, and where frames lie of which no receiver can say what they are."""
    found: list[Passed] = []
    open_frames: dict[int, list[FrameRecord]] = {}
    lost: list[tuple[int, int]] = []
    for record in records:
        if record.is_control:
            continue
        if record.begins_message and record.is_final and not record.is_cut:
            found.append(_message([record]))
        elif record.begins_message:
            open_frames[record.index] = [record]
        elif record.first != record.index and record.first in open_frames:
            frames = open_frames[record.first]
            frames.append(record)
            if record.is_final and not record.is_cut:
                found.append(_message(open_frames.pop(record.first)))
        else:
            lost.append((record.start, record.stop))
    found += [_message(frames) for frames in open_frames.values()]
    return found, lost


def _message(frames: list[FrameRecord]) -> Passed:
    first, last = frames[0], frames[-1]
    wire_bytes = sum(frame.stop - frame.payload_at for frame in frames)
    is_complete = last.is_final and not last.is_cut
    if first.is_compressed:
        data = (first.reception.inflated(frames) if is_complete else None) or b""
        size, number = len(data), number_of(data[:_NUMBER_WITHIN_BYTES])
    else:
        beginning = b""
        for frame in frames:
            beginning += frame.payload(_NUMBER_WITHIN_BYTES - len(beginning))
            if len(beginning) >= _NUMBER_WITHIN_BYTES:
                break
        size, number = wire_bytes, number_of(beginning)
    # Where the first fragments are empty, the first byte of its own is in a later one.
    start = next((frame.payload_at for frame in frames if frame.payload_at < frame.stop), first.payload_at)
    stop = next((frame.stop for frame in reversed(frames) if frame.payload_at < frame.stop), last.stop)
    return Passed(number, start, stop, last.stop, size, wire_bytes, is_complete)
