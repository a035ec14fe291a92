"""Where the parts of one frame lie (RFC 6455 §5.2), and what its two first bytes say.

``stream.py`` finds frames; ``records.py`` makes records of them with ``fields.py``, ``notes.py`` and ``messages.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.wire.model import Pieces
from lab_servers.wire.websocket.frames import (
    FIN,
    FIRST_CONTROL_OPCODE,
    LENGTH_16,
    LENGTH_64,
    MASK,
    OPCODE,
    PAYLOAD_LENGTH,
    RSV1,
    Opcode,
)
from lab_servers.wire.websocket.inflate import Deflate
from lab_servers.wire.websocket.masking import unmask

# What the frames before it make of a frame: bits of Frame.state.
INSIDE_MESSAGE = 1  # a fragmented message is under way
AFTER_CLOSE = 2  # this side has sent a close frame
CUT = 4  # the data ends before the frame does

KEY_BYTES = 4
_CONTINUATION = int(Opcode.CONTINUATION)
_BEGIN_MESSAGES = (int(Opcode.TEXT), int(Opcode.BINARY))
_EXTENDED_BYTES = {LENGTH_16: 2, LENGTH_64: 8}


@dataclass
class Direction:
    """What one side sends after the handshake, and the frames that were found in it.

    Attributes:
        sender: ``"client"`` or ``"server"``.
        data: Everything that this side sent on the connection so far; it grows.
        deflate: permessage-deflate as negotiated for this direction, if it was.
        frames: The complete frames.
        ended: Whether this side will send no more.
    """

    sender: str
    data: bytearray
    deflate: Deflate | None
    frames: Sequence[Frame]
    ended: bool = False


class Frame:
    """One frame: offsets, and how it stands to the frames before it.

    Attributes:
        direction: What it was found in.
        index: Its number among the frames of its direction, from 0.
        start: The offset of its first byte.
        payload_at: The offset of its payload.
        stop: The offset after its last byte; of a frame that is cut, the end of the data.
        first: The index of the frame that began its message; its own where it is alone or begins one.
        state: ``INSIDE_MESSAGE``, ``AFTER_CLOSE`` and ``CUT``, added up.
    """

    __slots__ = ("direction", "first", "index", "payload_at", "start", "state", "stop")

    def __init__(
        self, direction: Direction, index: int, start: int, payload_at: int, stop: int, first: int, state: int
    ) -> None:
        self.direction = direction
        self.index = index
        self.start = start
        self.payload_at = payload_at
        self.stop = stop
        self.first = first
        self.state = state

    @property
    def head(self) -> int:
        """The first byte: FIN, the reserved bits and the opcode."""
        return self.direction.data[self.start]

    @property
    def opcode(self) -> int:
        """The number of the opcode, which may be a reserved one."""
        return self.direction.data[self.start] & OPCODE

    @property
    def is_final(self) -> bool:
        """Whether it is the last fragment of its message, or all of it."""
        return bool(self.head & FIN)

    @property
    def is_control(self) -> bool:
        """Whether it is a close, ping, pong or reserved control frame."""
        return self.direction.data[self.start] & OPCODE >= FIRST_CONTROL_OPCODE

    @property
    def is_cut(self) -> bool:
        """Whether the data ends before the frame does."""
        return bool(self.state & CUT)

    @property
    def begins_message(self) -> bool:
        """Whether it is a text or binary frame."""
        return self.direction.data[self.start] & OPCODE in _BEGIN_MESSAGES

    @property
    def continues_nothing(self) -> bool:
        """Whether it is a continuation frame though no message is under way."""
        return self.opcode == _CONTINUATION and not self.state & INSIDE_MESSAGE

    @property
    def is_masked(self) -> bool | None:
        """Whether a masking key precedes the payload; ``None`` where that bit is cut off."""
        second = self.start + 1
        return bool(self.direction.data[second] & MASK) if second < self.stop else None

    @property
    def length_bytes(self) -> int:
        """How long the extended payload length is: 0, 2 or 8 bytes."""
        short = self.direction.data[self.start + 1] & PAYLOAD_LENGTH if self.start + 1 < self.stop else 0
        return _EXTENDED_BYTES.get(short, 0)

    @property
    def payload_length(self) -> int | None:
        """The length that the header announces; ``None`` where it is cut off."""
        at = self.start + 2
        extended = self.length_bytes
        if at + extended > self.stop:
            return None
        if extended:
            return int.from_bytes(self.direction.data[at : at + extended])
        return self.direction.data[at - 1] & PAYLOAD_LENGTH

    @property
    def key(self) -> bytes:
        """The masking key; empty where there is none, or not all of it."""
        at = self.payload_at - KEY_BYTES
        if not self.is_masked or (self.is_cut and at < self.start + 2 + self.length_bytes):
            return b""
        return bytes(self.direction.data[at : self.payload_at])

    def payload(self, limit: int | None = None) -> bytes:
        """The payload without its mask, as far as it is there; at most ``limit`` bytes."""
        at, stop = self.payload_at, self.stop
        if limit is not None and stop - at > limit:
            stop = at + limit
        return unmask(self.direction.data[at:stop], self.key) if at < stop else b""

    @property
    def payload_pieces(self) -> Pieces:
        """Where the payload lies; empty where there is none."""
        return ((self.payload_at, self.stop),) if self.payload_at < self.stop else ()

    @property
    def message_start(self) -> Frame | None:
        """The frame that began its data message, which may be itself; ``None`` where there is no such message."""
        if self.opcode == _CONTINUATION:
            return None if self.first == self.index else self.direction.frames[self.first]
        return self if self.begins_message else None

    @property
    def is_whole_message(self) -> bool:
        """Whether it is a data message of one frame."""
        return self.begins_message and self.is_final

    @property
    def is_compressed(self) -> bool:
        """Whether its message is compressed: the bit stands on the first frame only (RFC 7692 §6)."""
        if self.direction.deflate is None:
            return False
        start = self.message_start
        return start is not None and bool(start.head & RSV1)
