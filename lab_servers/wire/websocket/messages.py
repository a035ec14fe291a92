"""Messages: what the frames of one direction add up to, control frames and fragments put together.

``stream.py`` gives them out; ``layers.py`` derives their content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.wire.model import Layer, Note, Pieces, merged
from lab_servers.wire.websocket.frames import Opcode
from lab_servers.wire.websocket.layers import message_layers
from lab_servers.wire.websocket.records import FrameRecord


@dataclass(frozen=True)
class Message:
    """A control frame, or the frames of one data message (RFC 6455 §5.4, §5.6).

    Attributes:
        frames: Its frames in order. Control frames may stand between them, which are messages of their own.
    """

    frames: tuple[FrameRecord, ...]

    @property
    def sender(self) -> str:
        """``"client"`` or ``"server"``."""
        return self.frames[0].sender

    @property
    def opcode(self) -> int:
        """The opcode of its first frame, which says what it is."""
        return self.frames[0].opcode

    @property
    def name(self) -> str:
        """What it is, such as ``"text message"`` or ``"ping"``."""
        if self.frames[0].begins_message:
            return f"{Opcode(self.opcode).name.lower()} message"
        return self.frames[0].name.removesuffix(" frame")

    @property
    def is_complete(self) -> bool:
        """Whether its last fragment has come."""
        return self.frames[-1].is_final

    @property
    def is_compressed(self) -> bool:
        """Whether permessage-deflate compressed it."""
        return self.frames[0].is_compressed

    @property
    def pieces(self) -> Pieces:
        """Where its frames lie."""
        return merged(piece for frame in self.frames for piece in frame.pieces)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its payload without masks (``"unmasked"``), ``"inflated"`` if it was compressed, and ``"text"`` if it is."""
        first = self.frames[0]
        return message_layers(self.frames, first.reception, ("unmasked", "inflated", "text"))

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of its frames."""
        return tuple(note for frame in self.frames for note in frame.notes)


def messages_of(records: Sequence[FrameRecord]) -> list[Message]:
    """The messages that these frames make, in the order in which they begin."""
    frames: dict[int, list[FrameRecord]] = {}
    for record in records:
        # A frame that stands alone is its own first one.
        frames.setdefault(record.first, []).append(record)
    return [Message(tuple(found)) for found in frames.values()]
