"""The signs of the inspector: one letter for each kind of byte, so that no colour is needed to tell them apart.

``inspector_model.py`` gives one to each record and field; ``inspector.css`` gives each a colour and an underline.
"""

from __future__ import annotations

from typing import NamedTuple

from lab_servers.wire.model import Field, Record


class Sign(NamedTuple):
    """One kind of byte.

    Attributes:
        letter: Its sign.
        word: What it is, for the legend.
    """

    letter: str
    word: str


# A sign's code is its place in this table.
SIGNS = (
    Sign("?", "not understood"),
    Sign("H", "head"),
    Sign("#", "chunk framing"),
    Sign("•", "data"),
    Sign("W", "frame header"),
    Sign("~", "masked payload"),
    Sign("E", "event"),
)
UNKNOWN, HEAD, FRAMING, DATA, FRAME, MASKED, EVENT = range(len(SIGNS))

_OF_HTTP = {
    "request head": HEAD,
    "response head": HEAD,
    "trailer section": HEAD,
    "chunk": FRAMING,
    "last chunk": FRAMING,
    "body": DATA,
}
_OF_LAYER = {"sse": EVENT, "websocket": FRAME}

# The header of a frame; what follows it is payload, whatever its parts are called.
_FRAME_HEADER = ("extended payload length", "masking key")


def code_of_record(record: Record) -> int:
    """The sign of a record as a whole."""
    return _OF_LAYER.get(record.layer) or _OF_HTTP.get(record.name, UNKNOWN)


def code_of_field(record: Record, field: Field, is_masked: bool) -> int:
    """The sign of one field of a record.

    Args:
        record: The record.
        field: One of its fields.
        is_masked: For a frame: whether its payload is masked.
    """
    code = code_of_record(record)
    if code == FRAMING and field.name == "chunk data":
        return DATA
    if code == FRAME and field.bits is None and not field.name.startswith(_FRAME_HEADER):
        return MASKED if is_masked else DATA
    return code
