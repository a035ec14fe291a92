"""Finds the frames in what one side sends after the handshake (RFC 6455 §5.2), as the bytes come.

This is the part that must be fast: it reads lengths and keeps what later frames depend on. All that is
said about a frame is made by ``records.py`` when somebody looks.
"""

from __future__ import annotations

from typing import cast

from lab_servers.wire.model import Record
from lab_servers.wire.websocket.frame import AFTER_CLOSE, CUT, INSIDE_MESSAGE, KEY_BYTES, Direction
from lab_servers.wire.websocket.frames import (
    FIN,
    LENGTH_16,
    LENGTH_64,
    MASK,
    OPCODE,
    PAYLOAD_LENGTH,
    Opcode,
)
from lab_servers.wire.websocket.inflate import Deflate
from lab_servers.wire.websocket.messages import Message, messages_of
from lab_servers.wire.websocket.reception import Reception
from lab_servers.wire.websocket.records import FrameRecord

__all__ = ["Deflate", "FrameStream"]

# As plain numbers: comparing with a member of an enum takes longer.
_CONTINUATION = int(Opcode.CONTINUATION)
_BINARY = int(Opcode.BINARY)
_CLOSE = int(Opcode.CLOSE)


class FrameStream:
    """The frames of one direction.

    Attributes:
        records: The complete frames so far; what has been found does not change any more.
    """

    def __init__(self, sender: str, data: bytearray, start: int = 0, *, deflate: Deflate | None = None) -> None:
        """Look at ``data`` from ``start`` on.

        Args:
            sender: ``"client"`` or ``"server"``, which decides about masking.
            data: Everything that this side sent on the connection; it may grow, and is never changed here.
            start: The offset at which the frames begin, after the handshake.
            deflate: permessage-deflate as negotiated for this direction, if it was.
        """
        self._frames: list[FrameRecord] = []
        # One list: its readers need no more than that its members are records.
        self.records = cast("list[Record]", self._frames)
        self._direction = Direction(sender, data, deflate, self._frames)
        self._reception = Reception(self._direction)
        self._at = start
        self._open = -1  # the index of the frame that began the fragmented message under way, or -1
        self._state = 0  # INSIDE_MESSAGE and AFTER_CLOSE, as the next frame will find them

    def end(self) -> None:
        """Take note that this side will send no more."""
        self._direction.ended = True

    def advance(self) -> None:
        """Index what has been added to the data since the last call."""
        direction, reception = self._direction, self._reception
        data = direction.data
        add = self._frames.append
        at, opened, state = self._at, self._open, self._state
        index = len(self._frames)
        end = len(data)
        while end - at >= 2:
            head = data[at]
            second = data[at + 1]
            length = second & PAYLOAD_LENGTH
            payload_at = at + 2
            if length >= LENGTH_16:
                payload_at += 2 if length == LENGTH_16 else 8
                if payload_at > end:
                    break
                length = int.from_bytes(data[at + 2 : payload_at])
            if second & MASK:
                payload_at += KEY_BYTES
            stop = payload_at + length
            if stop > end:
                break

            opcode = head & OPCODE
            is_continuation = opcode == _CONTINUATION and opened >= 0
            first = opened if is_continuation else index
            add(FrameRecord(direction, reception, index, at, payload_at, stop, first, state))
            if opcode <= _BINARY:
                if head & FIN:
                    if opened >= 0 and (is_continuation or opcode):
                        opened = -1
                        state &= ~INSIDE_MESSAGE
                elif opcode:
                    opened = index
                    state |= INSIDE_MESSAGE
            elif opcode == _CLOSE:
                state |= AFTER_CLOSE
            index += 1
            at = stop
        self._at, self._open, self._state = at, opened, state

    def tail(self) -> Record | None:
        """The frame under way at the end of the data, with what is known of it so far; ``None`` between two frames."""
        data = self._direction.data
        end = len(data)
        at = self._at
        if at >= end:
            return None
        first = index = len(self._frames)
        if data[at] & OPCODE == _CONTINUATION and self._open >= 0:
            first = self._open
        payload_at = end
        if end - at >= 2:
            length = data[at + 1] & PAYLOAD_LENGTH
            extended = {LENGTH_16: 2, LENGTH_64: 8}.get(length, 0)
            payload_at = at + 2 + extended + (KEY_BYTES if data[at + 1] & MASK else 0)
        return FrameRecord(
            self._direction, self._reception, index, at, min(payload_at, end), end, first, self._state | CUT
        )

    @property
    def messages(self) -> list[Message]:
        """The messages that the complete frames make: control frames, and data messages of one or more frames."""
        return messages_of(self._frames)
