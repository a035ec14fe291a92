"""What Wireshark's command line makes of captures: messages and frames in the form of ``units.py``.

The offsets of PDML count from the start of a packet, or of what TCP's dissector put together from the
segments of one unit. Here they become offsets in what one side sent.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lab_servers.capture.capture import Capture, Side
from tests.capture.wireshark import Saved
from tests.wire.units import Chunk, Frame, Message, Span, Unit

Element = ElementTree.Element
Units = dict[Side, list[Unit]]

_START_LINE = (
    ("http.request.method", "http.request.uri", "http.request.version"),
    ("http.response.version", "http.response.code", "http.response.phrase"),
)
# Where the content of a frame may stand, once its mask is off and it is inflated.
_CONTENT = tuple(f"websocket.payload.{kind}" for kind in ("text", "binary", "continue", "ping", "pong", "unknown"))
_CONTENT_OF_BINARY = "data.data"
# Fields whose bytes tell which buffer an offset counts in. Those of a payload may lie in buffers of their own.
_ANCHORS = (
    *("websocket.fin", "websocket.masking_key", "http.request.line", "http.response.line"),
    *("http.request.method", "http.response.version", "http.response.code", "http.chunk_size"),
)


def tshark_units(folder: Path, captures: Sequence[Capture], *options: str) -> list[Units]:
    """What one run of tshark finds in each of the captures, of which no two have both ports in common.

    Raises:
        AssertionError: something that it found lies in no place of the streams.
    """
    saved = Saved(folder).write(*captures)
    ports = sorted({capture.relay_address[1] for capture in captures})
    as_http = [argument for port in ports for argument in ("-d", f"tcp.port=={port},http")]
    text = saved.tshark(
        *as_http, "-T", "pdml", "-J", "tcp tcp.segments http websocket websocket.fragments data", *options
    )
    connections = {_ports(capture): _Connection(capture) for capture in captures}
    assert len(connections) == len(captures)
    for packet in ElementTree.fromstring(text).iter("packet"):
        tcp = _Fields(next(proto for proto in packet if proto.get("name") == "tcp"))
        way = tcp.number("tcp.srcport"), tcp.number("tcp.dstport")
        if way in connections:
            connections[way].take(Side.CLIENT, packet, tcp)
        else:
            connections[way[::-1]].take(Side.SERVER, packet, tcp)
    return [connections[_ports(capture)].units for capture in captures]


def _ports(capture: Capture) -> tuple[int, int]:
    return capture.client_address[1], capture.relay_address[1]


class _Fields:
    """The fields of one protocol in one packet, by name and in order."""

    def __init__(self, *elements: Element) -> None:
        self.all: dict[str, list[Element]] = {}
        for element in elements:
            for field in element.iter("field"):
                self.all.setdefault(field.get("name", ""), []).append(field)

    def first(self, *names: str) -> Element | None:
        return next((self.all[name][0] for name in names if name in self.all), None)

    def number(self, name: str) -> int:
        return int(self.all[name][0].get("show", ""), 0)


class _Connection:
    """Puts the offsets of one connection's packets right, and keeps what was found."""

    def __init__(self, capture: Capture) -> None:
        self.units: Units = {side: [] for side in Side}
        self._streams = {side: capture.bytes_from(side) for side in Side}
        self._ends: dict[str, int] = {}  # by the number of a packet, the offset behind its payload
        self._last = dict.fromkeys(Side, 0)  # the offset behind what was found last

    def take(self, side: Side, packet: Element, tcp: _Fields) -> None:
        bases = []
        # A body that lasts until the close is told of at the packet that closes, which carries nothing.
        if (payload := tcp.first("tcp.payload")) is not None:
            start = tcp.number("tcp.seq") - 1
            self._ends[packet[0][0].get("show", "")] = start + int(payload.get("size", ""))
            bases.append(start - int(payload.get("pos", "")))
        protos = list(packet)
        for index, proto in enumerate(protos):
            fields = _Fields(proto)
            if (first := fields.first("tcp.segment")) is not None:
                # The first of the segments that were put together gave its last bytes.
                bases.append(self._ends[first.get("show", "")] - int(first.get("size", "")))
            if proto.get("name") == "http":
                base = self._base(side, fields, bases)
                self._add(side, _message(proto, fields, base))
            elif proto.get("name") == "websocket":
                following = _until_next(protos[index + 1 :])
                base = self._base(side, fields, bases)
                self._add(side, _frame(_Fields(proto, *following), base))

    def _base(self, side: Side, fields: _Fields, bases: Iterable[int]) -> int:
        anchors = [field for name in _ANCHORS for field in fields.all.get(name, [])]
        fitting = []
        for base in bases:
            spans = [_span(field, base) for field in anchors]
            same = all(self._streams[side][at : at + len(data)] == data for at, data in spans)
            if same and all(at >= self._last[side] for at, _ in spans):
                fitting.append(base)
        if fitting:
            return min(fitting)
        raise AssertionError(f"what tshark found lies nowhere behind {self._last[side]}: {list(fields.all)[:8]}")

    def _add(self, side: Side, unit: Unit) -> None:
        self.units[side].append(unit)
        self._last[side] = max(self._last[side], _stop(unit))


def _stop(unit: Unit) -> int:
    """The offset behind the last of its bytes that are known by their offset."""
    if isinstance(unit, Frame):
        return unit.payload[1] if unit.payload else unit.at + 2
    spans = [*unit.start_line, *unit.field_lines, unit.empty_line, unit.trailers, unit.body]
    spans += [span for chunk in unit.chunks for span in (chunk.line, chunk.boundary)]
    return max((span.at + len(span.data) for span in spans if span is not None), default=0)


def _until_next(protos: Sequence[Element]) -> Iterator[Element]:
    for proto in protos:
        if proto.get("name") in ("http", "websocket"):
            return
        yield proto


def _message(proto: Element, fields: _Fields, base: int) -> Message:
    parts = [field for names in _START_LINE for name in names if (field := fields.first(name)) is not None]
    lines = fields.all.get("http.request.line", []) + fields.all.get("http.response.line", [])
    ends = (field for field in proto if not field.get("name") and field.get("value") in ("0d0a", "0a"))
    *_, empty_line = None, *ends
    body = fields.first("http.file_data")
    is_plain = fields.first("http.chunk_size", "http.content_encoding") is None
    trailers = fields.first("http.chunked_trailer_part")
    return Message(
        tuple(_span(field, base) for field in parts),
        tuple(_span(field, base) for field in lines),
        _span(empty_line, base) if empty_line is not None else None,
        tuple(_chunks(fields, base)),
        _span(trailers, base) if trailers is not None else None,
        _span(body, base) if body is not None and is_plain else None,
        _bytes(body) if body is not None else b"",
    )


def _chunks(fields: _Fields, base: int) -> Iterator[Chunk]:
    data = iter(fields.all.get("http.chunk_data", []))
    boundaries = iter(fields.all.get("http.chunk_boundary", []))
    for field in fields.all.get("http.chunk_size", []):
        size = int(field.get("show", ""))
        found = (_span(next(data), base), _span(next(boundaries), base)) if size else (None, None)
        yield Chunk(size, _span(field, base), *found)


def _frame(fields: _Fields, base: int) -> Frame:
    first = fields.all["websocket.fin"][0]
    extended = fields.first("websocket.payload_length_ext_16", "websocket.payload_length_ext_64")
    key = fields.first("websocket.masking_key")
    # The payload of a masked frame lies in a buffer of its own, but "masked payload" lies on the wire.
    payload = fields.first("websocket.masked_payload", "websocket.payload")
    content = fields.first(*_CONTENT, _CONTENT_OF_BINARY)
    is_close = "websocket.payload.close.status_code" in fields.all
    reason = fields.first("websocket.payload.close.reason")
    start = base + int(first.get("pos", ""))
    at = base + int(payload.get("pos", "")) if payload is not None else 0
    return Frame(
        start,
        fields.number("websocket.fin"),
        fields.number("websocket.rsv"),
        fields.number("websocket.opcode"),
        fields.number("websocket.mask"),
        fields.number("websocket.payload_length"),
        _span(extended, base) if extended is not None else None,
        _span(key, base) if key is not None else None,
        (at, at + int(payload.get("size", ""))) if payload is not None else None,
        _bytes(content) if content is not None else b"",
        fields.number("websocket.payload.close.status_code") if is_close else None,
        _bytes(reason) if reason is not None else b"",
        tuple(_bytes(field) for field in fields.all.get("websocket.fragment", [])),
    )


def _span(field: Element, base: int) -> Span:
    return Span(base + int(field.get("pos", "")), _bytes(field))


def _bytes(field: Element) -> bytes:
    # Of bits, "value" is what they say, and this is the byte that they stand in.
    return bytes.fromhex(field.get("unmaskedvalue") or field.get("value") or "")
