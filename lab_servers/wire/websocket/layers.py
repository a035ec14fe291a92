"""What can be derived from frames: their payload without the mask, inflated, and as text.

``records.py`` offers the layers of a frame, ``messages.py`` those of a message; ``reception.py`` inflates.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab_servers.wire.model import Layer, merged
from lab_servers.wire.websocket.frame import Frame
from lab_servers.wire.websocket.frames import Opcode
from lab_servers.wire.websocket.reception import Reception


def message_layers(frames: Sequence[Frame], reception: Reception, names: tuple[str, str, str]) -> tuple[Layer, ...]:
    """The layers of one message: its payload put together; inflated, if it is compressed; as text, if it is that.

    Args:
        frames: Its frames, of which the last may be missing.
        reception: What inflates.
        names: What to call these three layers.
    """
    unmasked, inflated, text = names
    start = frames[0]
    payload = b"".join([frame.payload() for frame in frames])
    pieces = merged(piece for frame in frames for piece in frame.payload_pieces)
    layers = [Layer(unmasked, payload, pieces)] if payload else []
    is_text = start.opcode == Opcode.TEXT
    if start.is_compressed:
        data = reception.inflated(frames)
        if data is not None:
            layers.append(Layer(inflated, data, None))
            if is_text:
                layers.append(Layer(text, data, None))
    elif is_text and payload:
        layers.append(Layer(text, payload, pieces))
    return tuple(layers)


def frame_layers(frame: Frame, reception: Reception) -> tuple[Layer, ...]:
    """The layers of one frame: those of its own payload, and on the last fragment of a message those of the message.

    A fragment of text may begin or end in the middle of a character. What one fragment of a compressed message
    inflates to is not shown by itself.
    """
    start = frame.message_start
    if frame.is_whole_message and not frame.is_cut:
        return message_layers([frame], reception, ("unmasked", "inflated", "text"))
    payload, pieces = frame.payload(), frame.payload_pieces
    own = [Layer("unmasked", payload, pieces)] if payload else []
    if start is None or frame.is_cut:
        return tuple(own)
    if payload and start.opcode == Opcode.TEXT and not frame.is_compressed:
        own.append(Layer("text", payload, pieces))
    if frame.is_final:
        frames = [
            other for other in frame.direction.frames[frame.first : frame.index + 1] if other.first == frame.first
        ]
        own += message_layers(frames, reception, ("message", "message inflated", "message text"))
    return tuple(own)
