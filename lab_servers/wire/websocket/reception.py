"""Reads the data messages of one direction as a receiver does, once and in order: inflates, and checks UTF-8.

With context takeover a message can only be inflated after all those before it, so that this is one pass that stops
where it is and goes on when asked. It keeps remarks, not data: ``messages.py`` asks for the data of one message.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from lab_servers.wire.model import Note, Pieces, merged
from lab_servers.wire.websocket import remarks
from lab_servers.wire.websocket.frame import Direction, Frame
from lab_servers.wire.websocket.frames import Opcode
from lab_servers.wire.websocket.inflate import Ending, Inflater
from lab_servers.wire.websocket.text import BrokenText, Utf8Check

# A few kilobytes can inflate to gigabytes. Of one message so much is kept, and of one connection so much inflated.
MAX_MESSAGE_BYTES = 16 << 20
MAX_CONNECTION_BYTES = 256 << 20
# After so many bytes of work the state is kept, so that a message in the middle need not start from the beginning.
_CHECKPOINT_BYTES = 1 << 20


class _Message:
    """A data message under way, as far as it was read."""

    __slots__ = ("inflated_bytes", "is_compressed", "recent", "start", "text")

    def __init__(self, start: Frame) -> None:
        self.start = start
        self.is_compressed = start.is_compressed
        # None for a binary message, and once the text is found to be broken.
        self.text = Utf8Check() if start.opcode == Opcode.TEXT else None
        self.inflated_bytes = 0
        self.recent: list[int] = []  # where the last three bytes of uncompressed text lie


class Reception:
    """What a receiver makes of the data messages of one direction."""

    def __init__(self, direction: Direction) -> None:
        self._direction = direction
        self._next = 0  # the index of the frame to read next
        self._message: _Message | None = None
        self._notes: dict[int, list[Note]] = {}
        deflate = direction.deflate
        self._inflater = Inflater(deflate) if deflate else None
        self._inflated_bytes = 0
        self._lost_at: Frame | None = None  # from the message of this frame on, nothing can be inflated any more
        self._work_bytes = 0
        self._checkpoints: list[tuple[int, Inflater]] = [(0, Inflater(deflate))] if deflate else []
        self._cursor = (0, Inflater(deflate)) if deflate else None
        self._latest: tuple[tuple[int, int], bytes] | None = None

    def notes(self, frame: Frame) -> list[Note]:
        """What a receiver finds wrong or remarkable in the content of a message when it reads this frame."""
        if frame.is_whole_message and not frame.is_compressed:
            if frame.opcode != Opcode.TEXT:
                return []
            broken = Utf8Check().feed(frame.payload(), is_last=True)
            return [] if broken is None else [remarks.broken_text(frame, broken, _places(frame, broken, 0, []))]
        self._read_to(frame.index)
        return self._notes.get(frame.index, [])

    def inflated(self, frames: Sequence[Frame]) -> bytes | None:
        """What the frames of one compressed message inflate to: at most 16 MiB, and up to where it is broken.

        ``None`` where its context is lost.
        """
        place = (frames[0].index, frames[-1].index)
        # Who asks for the layers of a frame asks for its summary too.
        if self._latest and self._latest[0] == place:
            return self._latest[1]
        inflater = self._inflater_before(place[0])
        if inflater is None:
            return None
        data = bytearray()
        is_whole = frames[-1].is_final
        try:
            for part in _inflate_message(inflater, frames):
                data += part
                if len(data) > MAX_MESSAGE_BYTES:
                    is_whole = False
                    break
        except zlib.error:
            is_whole = False
        if is_whole:
            self._cursor = (place[1] + 1, inflater)
        self._latest = (place, bytes(data[:MAX_MESSAGE_BYTES]))
        return self._latest[1]

    def _inflater_before(self, index: int) -> Inflater | None:
        """An inflater in the state in which the message that begins at this frame finds it."""
        deflate = self._direction.deflate
        if deflate is None:
            return None
        if deflate.no_context_takeover:
            return Inflater(deflate)
        # This frame too: that it interrupts a message is found only when it is read.
        self._read_to(index)
        if self._lost_at is not None and self._lost_at.index < index:
            return None
        at, kept = next(point for point in reversed(self._checkpoints) if point[0] <= index)
        if self._cursor and at <= self._cursor[0] <= index:
            # It is used up: whoever inflates a whole message sets the next.
            (at, inflater), self._cursor = self._cursor, None
        else:
            inflater = kept.copy()
        for frame in self._direction.frames[at:index]:
            if frame.is_compressed:
                for _ in _inflate_frame(inflater, frame):
                    pass
        return inflater

    def _read_to(self, index: int) -> None:
        frames = self._direction.frames
        while self._next <= index:
            self._read(frames[self._next])
            self._next += 1

    def _read(self, frame: Frame) -> None:
        if frame.begins_message:
            if self._message and self._message.is_compressed:
                self._lose(self._message.start)
            self._message = None
            if frame.is_whole_message and not frame.is_compressed:
                return
            self._begin(frame)
        if self._message is None or frame.message_start is None:
            return
        if self._message.is_compressed:
            self._read_compressed(frame, self._message)
        elif self._message.text:
            self._read_text(frame, self._message, self._message.text)
        if frame.is_final:
            self._message = None

    def _begin(self, frame: Frame) -> None:
        self._message = _Message(frame)
        if not self._message.is_compressed or self._inflater is None:
            return
        if self._lost_at:
            self._note(frame, remarks.context_lost(frame, self._lost_at))
        elif self._work_bytes >= _CHECKPOINT_BYTES:
            self._checkpoints.append((frame.index, self._inflater.copy()))
            self._work_bytes = 0

    def _read_text(self, frame: Frame, message: _Message, text: Utf8Check) -> None:
        before = text.length
        broken = text.feed(frame.payload(), is_last=frame.is_final)
        if broken:
            self._note(frame, remarks.broken_text(frame, broken, _places(frame, broken, before, message.recent)))
            message.text = None
        message.recent = [*message.recent, *range(max(frame.payload_at, frame.stop - 3), frame.stop)][-3:]

    def _read_compressed(self, frame: Frame, message: _Message) -> None:
        inflater = self._inflater
        if self._lost_at or inflater is None:
            return
        self._work_bytes += frame.stop - frame.start
        try:
            for part in _inflate_frame(inflater, frame):
                self._take_part(frame, message, part)
                if self._inflated_bytes > MAX_CONNECTION_BYTES:
                    self._note(frame, remarks.connection_too_big(frame, MAX_CONNECTION_BYTES))
                    self._lose(frame, for_all=True)
                    self._message = None
                    return
        except zlib.error as error:
            self._note(frame, remarks.not_deflate(frame, error))
            self._lose(frame)
            self._message = None
            return
        if frame.is_final:
            self._end_compressed(frame, message, inflater)

    def _take_part(self, frame: Frame, message: _Message, part: bytes) -> None:
        self._inflated_bytes += len(part)
        self._work_bytes += len(part)
        if message.inflated_bytes <= MAX_MESSAGE_BYTES < message.inflated_bytes + len(part):
            self._note(frame, remarks.message_too_big(frame, MAX_MESSAGE_BYTES))
        message.inflated_bytes += len(part)
        self._check(frame, message, part)

    def _end_compressed(self, frame: Frame, message: _Message, inflater: Inflater) -> None:
        if inflater.ending is not Ending.EMPTY and not inflater.is_between_blocks():
            self._note(frame, remarks.inside_block(frame))
            self._lose(frame)
        elif inflater.ending is not Ending.PROPER:
            self._note(frame, remarks.bad_ending(frame, inflater.ending))
        elif not message.inflated_bytes:
            self._note(frame, remarks.empty_compressed(frame))
        if inflater.streams > 1:
            self._note(frame, remarks.ended_stream(frame))
        self._check(frame, message, b"", is_last=True)

    def _check(self, frame: Frame, message: _Message, part: bytes, *, is_last: bool = False) -> None:
        broken = message.text.feed(part, is_last=is_last) if message.text else None
        if broken:
            self._note(frame, remarks.broken_text(frame, broken, None))
            message.text = None

    def _lose(self, frame: Frame, *, for_all: bool = False) -> None:
        deflate = self._direction.deflate
        if self._lost_at is None and deflate and (for_all or not deflate.no_context_takeover):
            self._lost_at = frame

    def _note(self, frame: Frame, note: Note) -> None:
        self._notes.setdefault(frame.index, []).append(note)


def _inflate_message(inflater: Inflater, frames: Sequence[Frame]) -> Iterator[bytes]:
    for frame in frames:
        yield from _inflate_frame(inflater, frame)


def _inflate_frame(inflater: Inflater, frame: Frame) -> Iterator[bytes]:
    if frame.begins_message:
        inflater.begin()
    yield from inflater.feed(frame.payload())
    if frame.is_final:
        yield from inflater.end()


def _places(frame: Frame, broken: BrokenText, before: int, recent: list[int]) -> Pieces:
    """Where the broken bytes of an uncompressed text lie, of which ``before`` bytes stood in earlier frames."""
    earlier = recent[len(recent) - max(before - broken.start, 0) :] if broken.start < before else []
    earlier = earlier[: broken.stop - broken.start]
    start, stop = max(broken.start - before, 0), max(broken.stop - before, 0)
    at = frame.payload_at
    return merged([*((place, place + 1) for place in earlier), (at + start, at + stop)])
