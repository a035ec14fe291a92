"""Says what bytes are for in another way than the accounts do: by the names of the dissector's fields, one by one."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.measure.accounting import Bytes

_TEXT = {"chunk data", "content", "payload"}
_CONTROL = ("close frame", "ping frame", "pong frame")


def bytes_by_fields(capture: Capture, side: Side) -> Bytes:
    """What one side sent. Of an event stream in the body, only what is data of an event is text."""
    conversation = conversation_of(capture)
    kinds = {"payload": 0, "framing": 0, "headers": 0, "other": 0}
    for record in conversation.records(side.value):
        is_control = record.name in _CONTROL
        for field in record.fields:
            if field.bits is not None and field.bits[1] != 0:
                continue  # of a byte with fields of bits, the last one counts for all
            size = sum(stop - start for start, stop in field.pieces)
            if record.name in ("request head", "response head"):
                kinds["headers"] += size
            elif field.name in _TEXT and not is_control:
                kinds["payload"] += size
            else:
                kinds["framing"] += size
    if conversation.event_streams():
        data = sum(len(layer.data) for record in conversation.records(side.value, "sse") for layer in record.layers)
        kinds["framing"] += kinds["payload"] - data
        kinds["payload"] = data
    return Bytes(**kinds)
