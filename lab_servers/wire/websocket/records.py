"""The record of one frame: light, because it makes its fields, notes and layers when it is asked for them.

``stream.py`` finds frames; what is said about them comes from ``fields.py``, ``notes.py`` and ``layers.py``.
"""

from __future__ import annotations

from lab_servers.wire.model import Field, Layer, Note, Pieces, preview
from lab_servers.wire.websocket.fields import fields_of
from lab_servers.wire.websocket.frame import Direction, Frame
from lab_servers.wire.websocket.frames import KINDS, Opcode, close_code
from lab_servers.wire.websocket.layers import frame_layers
from lab_servers.wire.websocket.notes import header_notes
from lab_servers.wire.websocket.reception import Reception

_SUMMARY_CHARS = 60


class FrameRecord(Frame):
    """One frame as a :class:`~lab_servers.wire.model.Record`.

    Attributes:
        sender: ``"client"`` or ``"server"``.
        reception: What reads the content of messages.
    """

    layer = "websocket"
    __slots__ = ("reception", "sender")

    def __init__(
        self,
        direction: Direction,
        reception: Reception,
        index: int,
        start: int,
        payload_at: int,
        stop: int,
        first: int,
        state: int,
    ) -> None:
        # Written out, for a call to the base class would take a third of the time that a frame takes.
        self.direction = direction
        self.reception = reception
        self.sender = direction.sender
        self.index = index
        self.start = start
        self.payload_at = payload_at
        self.stop = stop
        self.first = first
        self.state = state

    @property
    def name(self) -> str:
        """What it is: ``"text frame"``, ``"frame with reserved opcode 3"``."""
        return KINDS[self.opcode].name

    @property
    def pieces(self) -> Pieces:
        """Where it lies in what its sender sent."""
        return ((self.start, self.stop),)

    @property
    def is_complete(self) -> bool:
        """Whether all of it is there."""
        return not self.is_cut

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its bits and bytes in the header's order."""
        return fields_of(self)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong or remarkable about it, in the order of the bytes.

        What concerns a message of many frames is a note of the frame with which a receiver can first know.
        """
        notes = list(header_notes(self))
        if not self.is_cut and self.message_start is not None:
            notes += self.reception.notes(self)
        return tuple(sorted(notes, key=lambda note: note.pieces[0]))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its payload without the mask, inflated, and as text; on the last of many fragments, the message too."""
        return frame_layers(self, self.reception)

    @property
    def summary(self) -> str:
        """One short line, such as ``"hello", 5 bytes`` or ``1000 normal closure``."""
        opcode = self.opcode
        size = self.stop - self.payload_at
        if opcode == Opcode.CLOSE:
            said = self._close_summary()
        else:
            said = self._content_summary(opcode) + ("1 byte" if size == 1 else f"{size} bytes")
        if self.is_compressed:
            said += ", compressed"
        if opcode <= Opcode.BINARY and not self.is_whole_message:
            said += ", last fragment" if self.is_final else ", fragment"
        return said + (", incomplete" if self.is_cut else "")

    def _content_summary(self, opcode: int) -> str:
        if self.is_compressed:
            # Of a message in many frames, the fragments alone say nothing.
            if not self.is_whole_message or self.is_cut:
                return ""
            data = next((layer.data for layer in self.layers if layer.name == "inflated"), b"")
        else:
            data = self.payload(4 * _SUMMARY_CHARS + 4)
        shown = preview(data)
        if not data:
            return ""
        cut = shown[:_SUMMARY_CHARS] + ("…" if len(shown) > _SUMMARY_CHARS and not shown.endswith("…") else "")
        return f'"{cut}", ' if opcode != Opcode.BINARY else f"{cut}, "

    def _close_summary(self) -> str:
        payload = self.payload()
        if len(payload) < 2:
            return "no status code"
        code = int.from_bytes(payload[:2])
        said = f"{code} {close_code(code).name}"
        return f'{said}, "{preview(payload[2:])}"' if len(payload) > 2 else said
