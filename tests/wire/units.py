"""HTTP messages and WebSocket frames as plain values with offsets: what two dissectors must agree about.

``ours`` takes them from the fields and layers of our records, ``tshark.py`` from Wireshark's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import dissect
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.model import Field, Record, joined

_START_LINE = ("method", "request target", "version", "status code", "reason phrase")
_BITS = {"RSV1": 4, "RSV2": 2, "RSV3": 1}


class Span(NamedTuple):
    """Bytes, and the offset of the first of them in what their sender sent."""

    at: int
    data: bytes


class Chunk(NamedTuple):
    """One chunk: its size, the line that says so, and what follows. The last one has neither data nor a boundary."""

    size: int
    line: Span
    data: Span | None
    boundary: Span | None


class Message(NamedTuple):
    """One HTTP message. ``body`` is where its content lies, unless chunks or a coding stand between the two."""

    start_line: tuple[Span, ...]
    field_lines: tuple[Span, ...]
    empty_line: Span | None
    chunks: tuple[Chunk, ...]
    trailers: Span | None
    body: Span | None
    content: bytes


class Frame(NamedTuple):
    """One WebSocket frame.

    ``content`` is what it brings a reader: its payload without the mask and inflated, and on the last of many
    fragments the whole message. The first fragment brings nothing yet. A close frame has a code and a reason instead.
    ``fragments`` are the payloads that the message was put together from, if more than one is not empty.
    """

    at: int
    fin: int
    rsv: int
    opcode: int
    mask: int
    short_length: int
    extended_length: Span | None
    key: Span | None
    payload: tuple[int, int] | None
    content: bytes
    code: int | None
    reason: bytes
    fragments: tuple[bytes, ...]


Unit = Message | Frame


def ours(capture: Capture) -> dict[Side, list[Unit]]:
    """All messages and frames of a capture as our dissectors see them. Every record must be used up."""
    conversation = dissect(capture).conversation
    return {side: [*_messages(conversation, side.value), *_frames(conversation, side.value)] for side in Side}


def _messages(conversation: Conversation, sender: str) -> Iterable[Message]:
    data = conversation.data[sender]
    group: list[Record] = []
    for record in conversation.records(sender, "http"):
        assert record.is_complete, f"{record.name}: {record.summary}"
        if record.name.endswith("head") and group:
            yield _message(data, group)
            group = []
        group.append(record)
    if group:
        yield _message(data, group)


def _message(data: bytearray, records: Sequence[Record]) -> Message:
    head, *rest = records
    assert head.name in ("request head", "response head")
    line_stop = next(index for index, field in enumerate(head.fields) if field.name == "line end")
    layers = {layer.name: layer.data for record in rest for layer in record.layers}
    body = next((_span(data, record.fields) for record in rest if record.name == "body"), None)
    content = layers.get("inflated", layers.get("dechunked", body.data if body else b""))
    trailers = next((record.fields[:-1] for record in rest if record.name == "trailer section"), ())
    return Message(
        tuple(_span(data, [field]) for field in head.fields[:line_stop] if field.name in _START_LINE),
        tuple(_lines(data, head.fields[line_stop + 1 : -1])),
        _span(data, head.fields[-1:]),
        tuple(_chunk(data, record) for record in rest if record.name in ("chunk", "last chunk")),
        _span(data, trailers) if trailers else None,
        None if "inflated" in layers else body,
        content,
    )


def _lines(data: bytearray, fields: Sequence[Field]) -> Iterable[Span]:
    begun = 0
    for index, field in enumerate(fields):
        if field.name == "line end":
            yield _span(data, fields[begun : index + 1])
            begun = index + 1


def _chunk(data: bytearray, record: Record) -> Chunk:
    fields = list(record.fields)
    line_end = next(index for index, field in enumerate(fields) if field.name == "line end")
    size = int(fields[0].value)
    line = _span(data, fields[: line_end + 1])
    if record.name == "last chunk":
        return Chunk(size, line, None, None)
    found, boundary = fields[line_end + 1 :]
    return Chunk(size, line, _span(data, [found]), _span(data, [boundary]))


def _frames(conversation: Conversation, sender: str) -> Iterable[Frame]:
    data = conversation.data[sender]
    fragments: list[bytes] = []
    for record in conversation.records(sender, "websocket"):
        assert record.is_complete
        fields = {field.name: field for field in record.fields}
        layers = {layer.name: layer.data for layer in record.layers}
        is_close = "status code" in fields
        payload = [
            field for name, field in fields.items() if name in ("payload", "status code", "status code (cut)", "reason")
        ]
        flags = {name.split()[0]: int(field.value) for name, field in fields.items() if field.bits}
        fin, opcode = flags["FIN"], int(fields["opcode"].value)
        unmasked = layers.get("unmasked", b"")
        if opcode == 0 or (opcode < 8 and not fin):
            fragments += [unmasked] if unmasked else []
        is_last = opcode == 0 and bool(fin)
        content = layers.get("inflated", unmasked)
        if is_last:
            content = layers.get("message inflated", layers.get("message", b""))
        elif opcode in (1, 2) and not fin:
            content = b""
        yield Frame(
            record.pieces[0][0],
            fin,
            sum(weight for name, weight in _BITS.items() if flags[name]),
            opcode,
            flags["MASK"],
            int(fields["payload length"].value),
            _span(data, [fields["extended payload length"]]) if "extended payload length" in fields else None,
            _span(data, [fields["masking key"]]) if "masking key" in fields else None,
            (payload[0].pieces[0][0], payload[-1].pieces[-1][1]) if payload else None,
            b"" if is_close else content,
            int(fields["status code"].value) if is_close else None,
            unmasked[2:] if is_close else b"",
            tuple(fragments) if is_last and len(fragments) > 1 else (),
        )
        if is_last:
            fragments = []


def _span(data: bytearray, fields: Sequence[Field]) -> Span:
    pieces = [piece for field in fields for piece in field.pieces]
    return Span(pieces[0][0], joined(data, tuple(pieces)))
