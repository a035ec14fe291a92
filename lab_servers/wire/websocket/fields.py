"""Makes the fields of a frame: its bits and bytes in the header's order (RFC 6455 §5.2), each with its sentence."""

from __future__ import annotations

from functools import cache, partial
from typing import NamedTuple

from lab_servers.wire.model import PREVIEW_BYTES, Field, preview
from lab_servers.wire.websocket.frame import KEY_BYTES, Frame
from lab_servers.wire.websocket.frames import (
    COMPRESSED_FLAG,
    FIN_FLAG,
    KINDS,
    LENGTH_16,
    LENGTH_64,
    LENGTH_BITS,
    MASK,
    MASK_FLAG,
    OPCODE,
    OPCODE_BITS,
    OPCODES,
    PAYLOAD_LENGTH,
    RSV1_FLAG,
    RSV2_FLAG,
    RSV3_FLAG,
    Flag,
    Opcode,
    close_code,
)
from lab_servers.wire.websocket.masking import unmask

# A named tuple made in one step instead of two: nine of them a frame take a third less time.
_field = partial(tuple.__new__, Field)

_SPEC = "RFC 6455 §5.2"
_CLOSE = int(Opcode.CLOSE)
_LENGTH_NAME = "extended payload length"
_KEY_NAME = "masking key"
_KEY_MEANING = "Byte i of the payload was combined (XOR) with byte i mod 4 of this key, which is new for each frame."
_FLAGS = (FIN_FLAG, RSV1_FLAG, RSV2_FLAG, RSV3_FLAG)
_FLAGS_WITH_DEFLATE = (FIN_FLAG, COMPRESSED_FLAG, RSV2_FLAG, RSV3_FLAG)
_LENGTHS = {
    LENGTH_16: "126 says that the length stands in the next 16 bits.",
    LENGTH_64: "127 says that the length stands in the next 64 bits.",
}


def fields_of(frame: Frame) -> tuple[Field, ...]:
    """The fields of a frame; of one that is cut, those that have begun."""
    data = frame.direction.data
    start, stop = frame.start, frame.stop
    first = data[start]
    at = ((start, start + 1),)
    rows = _first_byte(first, frame.direction.deflate is not None)
    fields = [_field((name, at, value, meaning, spec, bits, "")) for name, value, meaning, spec, bits in rows]
    here = start + 2
    if here > stop:
        return tuple(fields)
    second = data[start + 1]
    at = ((start + 1, here),)
    rows = _second_byte(second)
    fields += [_field((name, at, value, meaning, spec, bits, "")) for name, value, meaning, spec, bits in rows]
    key = b""
    for name, size in _parts_before_payload(second):
        if here < stop:
            raw = bytes(data[here : min(here + size, stop)])
            fields.append(_part(name, here, raw, size))
            here += len(raw)
            key = raw if name == _KEY_NAME else b""
    if here < stop:
        if first & OPCODE == _CLOSE:
            fields += _close_fields(frame)
        else:
            # One byte more than a preview holds, so that it shows that there is more.
            value = preview(unmask(data[here : min(stop, here + PREVIEW_BYTES + 1)], key))
            name = "payload (cut)" if frame.is_cut else "payload"
            fields.append(
                _field((name, ((here, stop),), value, _payload_meaning(frame, first, second), _SPEC, None, ""))
            )
    return tuple(fields)


class _Row(NamedTuple):
    """A field of bits without its place: a byte has one of 256 values, so that each is worded once."""

    name: str
    value: int
    meaning: str
    spec: str
    bits: tuple[int, int]


@cache
def _first_byte(byte: int, has_deflate: bool) -> tuple[_Row, ...]:
    opcode = byte & OPCODE
    kind = KINDS[opcode]
    flags = _FLAGS_WITH_DEFLATE if has_deflate and opcode in (Opcode.TEXT, Opcode.BINARY) else _FLAGS
    return (*(_flag(flag, byte) for flag in flags), _Row("opcode", opcode, kind.meaning, kind.spec, OPCODE_BITS))


@cache
def _second_byte(byte: int) -> tuple[_Row, ...]:
    short = byte & PAYLOAD_LENGTH
    meaning = _LENGTHS.get(short) or f"The payload has {_bytes(short)}."
    return _flag(MASK_FLAG, byte), _Row("payload length", short, meaning, _SPEC, LENGTH_BITS)


@cache
def _parts_before_payload(byte: int) -> tuple[tuple[str, int], ...]:
    """The names and sizes in bytes of what the second byte says that stands between it and the payload."""
    extended = {LENGTH_16: 2, LENGTH_64: 8}.get(byte & PAYLOAD_LENGTH)
    parts = [(_LENGTH_NAME, extended)] if extended else []
    return tuple([*parts, (_KEY_NAME, KEY_BYTES)] if byte & MASK else parts)


def _flag(flag: Flag, byte: int) -> _Row:
    value = 1 if byte & flag.mask else 0
    return _Row(flag.name, value, flag.meanings[value], flag.spec, flag.bits)


def _part(name: str, at: int, raw: bytes, size: int) -> Field:
    pieces = ((at, at + len(raw)),)
    if len(raw) < size:
        return Field(
            f"{name} (cut)", pieces, raw.hex(" "), f"{len(raw)} of its {size} bytes; the data ends here.", _SPEC
        )
    if name == _KEY_NAME:
        return _field((name, pieces, raw.hex(" "), _KEY_MEANING, "RFC 6455 §5.3", None, ""))
    length = int.from_bytes(raw)
    meaning = f"The payload has {_bytes(length)}: {8 * size} bits, most significant byte first."
    return Field(name, pieces, length, meaning, _SPEC)


def _payload_meaning(frame: Frame, first: int, second: int) -> str:
    have = _bytes(frame.stop - frame.payload_at)
    if frame.is_cut:
        have = f"the first {have} of {frame.payload_length}"
    what = "compressed" if frame.is_compressed else _CONTENT[first & OPCODE]
    masked = ", masked on the wire and shown here without the mask" if second & MASK else ""
    return f"The payload: {have} {what}{masked}."


_CONTENT = {
    Opcode.CONTINUATION: "of a message that began before",
    Opcode.TEXT: "of text",
    Opcode.BINARY: "that mean what the peers agreed",
    Opcode.PING: "that the pong must repeat",
    Opcode.PONG: "repeated from a ping",
    **{value: "that no specification explains" for value in range(16) if value not in OPCODES},
}


def _close_fields(frame: Frame) -> list[Field]:
    payload = frame.payload()
    at, stop = frame.payload_at, frame.stop
    masked = " Masked on the wire." if frame.is_masked else ""
    spec = "RFC 6455 §5.5.1"
    if len(payload) == 1:
        meaning = f"One byte of a status code, which has two.{masked}"
        return [Field("status code (cut)", ((at, stop),), payload.hex(), meaning, spec)]
    code = int.from_bytes(payload[:2])
    row = close_code(code)
    meaning = f"{row.name[0].upper()}{row.name[1:]}: {row.meaning}{masked}"
    fields = [Field("status code", ((at, at + 2),), code, meaning, row.spec)]
    if len(payload) > 2:
        name = "reason (cut)" if frame.is_cut else "reason"
        meaning = f"Why, in UTF-8: for logs, not for the person in front of the screen.{masked}"
        fields.append(Field(name, ((at + 2, stop),), preview(payload[2:]), meaning, spec))
    return fields


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"
