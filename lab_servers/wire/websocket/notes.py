"""The rules about one frame's header and about close frames (RFC 6455 §5, §7.4), and which of them it breaks.

``reception.py`` adds what concerns the content of messages, which may reach over many frames.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab_servers.wire.model import CLIENT, Note, Pieces, Severity
from lab_servers.wire.websocket.frame import AFTER_CLOSE, INSIDE_MESSAGE, KEY_BYTES, Frame
from lab_servers.wire.websocket.frames import (
    FIN,
    LARGE_BYTES,
    LENGTH_16,
    MAX_CONTROL_BYTES,
    OPCODES,
    RSV1,
    RSV2,
    RSV3,
    Opcode,
    close_code,
)
from lab_servers.wire.websocket.remarks import broken_reason
from lab_servers.wire.websocket.text import Utf8Check

_FAIL = "A receiver must fail the connection; close code 1002 says so."
_RESERVED = ((RSV1, "RSV1"), (RSV2, "RSV2"), (RSV3, "RSV3"))


def header_notes(frame: Frame) -> Iterator[Note]:
    """What is wrong or remarkable about a frame, apart from the content of its message, in the order of the bytes."""
    yield from _first_byte(frame)
    yield from _masking(frame)
    yield from _length(frame)
    if frame.is_cut:
        yield _cut(frame)
    key = frame.key
    if len(key) == KEY_BYTES and not any(key):
        text = (
            "A masking key of zeros leaves the payload as it is. "
            "The key must be fresh and unpredictable for each frame; a receiver cannot tell, and accepts it."
        )
        yield Note(Severity.ODD, text, "RFC 6455 §5.3", ((frame.payload_at - KEY_BYTES, frame.payload_at),))
    if frame.opcode == Opcode.CLOSE:
        yield from _close(frame)


def _first_byte(frame: Frame) -> Iterator[Note]:
    here = ((frame.start, frame.start + 1),)
    if frame.state & AFTER_CLOSE:
        yield _after_close(frame, here)
    yield from _reserved_bits(frame, here)
    opcode = frame.opcode
    if opcode not in OPCODES:
        text = f"Opcode {opcode} is reserved, and no negotiated extension defines it. {_FAIL}"
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.2", here)
    if frame.is_control:
        if not frame.head & FIN:
            text = f"A control frame must not be fragmented, so that FIN must be 1. {_FAIL}"
            yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.5", here)
        if frame.state & INSIDE_MESSAGE:
            text = (
                "A control frame in the middle of a fragmented message: allowed, so that a long message holds up "
                "neither a ping nor a close. The receiver handles it at once."
            )
            yield Note(Severity.INFO, text, "RFC 6455 §5.4", here)
    elif frame.continues_nothing:
        text = f"A continuation frame, but no fragmented message is under way. {_FAIL}"
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.4", here)
    elif frame.begins_message and frame.state & INSIDE_MESSAGE:
        text = (
            "A new message begins though the one before has not had its last fragment; messages must not be "
            f"interleaved without an extension that allows it. {_FAIL}"
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.4", here)


def _after_close(frame: Frame, here: Pieces) -> Note:
    if frame.opcode == Opcode.CLOSE:
        text = "A second close frame: the first was enough, and a receiver discards what follows it."
        return Note(Severity.ODD, text, "RFC 6455 §5.5.1", here)
    if frame.is_control:
        text = "A control frame after the close frame: nobody waits for it, and a receiver discards it."
        return Note(Severity.ODD, text, "RFC 6455 §1.4", here)
    text = "A data frame after the close frame, which no endpoint may send. A receiver discards it."
    return Note(Severity.FORBIDDEN, text, "RFC 6455 §5.5.1", here)


def _reserved_bits(frame: Frame, here: Pieces) -> Iterator[Note]:
    reserved = [name for mask, name in _RESERVED if frame.head & mask]
    if frame.direction.deflate and "RSV1" in reserved:
        reserved.remove("RSV1")
        if not frame.begins_message:
            text = f"RSV1 may be set on the first frame of a compressed message only. {_FAIL}"
            yield Note(Severity.FORBIDDEN, text, "RFC 7692 §6", here)
    if reserved:
        are = "is" if len(reserved) == 1 else "are"
        text = f"{' and '.join(reserved)} {are} set, but no negotiated extension gives a meaning to that. {_FAIL}"
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.2", here)


def _masking(frame: Frame) -> Iterator[Note]:
    here = ((frame.start + 1, frame.start + 2),)
    if frame.is_masked is False and frame.direction.sender == CLIENT:
        text = (
            "A client must mask every frame, so that a script cannot make the browser send bytes of its choice through "
            "proxies. The server must close the connection; close code 1002 is for this."
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.1", here)
    if frame.is_masked and frame.direction.sender != CLIENT:
        text = (
            "A server must not mask any frame. The client must close the connection; close code 1002 is for this. "
            "Shown here without the mask."
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.1", here)


def _length(frame: Frame) -> Iterator[Note]:
    length = frame.payload_length
    if length is None:
        return
    extended = frame.length_bytes
    at = frame.start + 2
    here = ((at, at + extended),) if extended else ((at - 1, at),)
    if length >> 63:
        text = (
            "The most significant bit of a 64-bit length must be 0. Nobody can send so much: all that follows would "
            f"be this frame's payload. {_FAIL}"
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.2", here)
    if extended and length < (LENGTH_16 if extended == 2 else 1 << 16):
        fits = "in the 7 bits before" if length < LENGTH_16 else "in 16 bits"
        text = (
            f"A length of {length} in {8 * extended} bits, though it fits {fits}: it must take as few bytes as "
            "possible. Some receivers fail the connection with close code 1002, others accept it."
        )
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.2", here)
    if frame.is_control and length > MAX_CONTROL_BYTES:
        text = f"A control frame may hold 125 bytes at most, and this one announces {length}. {_FAIL}"
        yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.5", here)
    if length > LARGE_BYTES and not length >> 63:
        text = (
            f"A payload of {length} bytes is more than 1 MiB, where many receivers have their limit; "
            "one that takes no more fails the connection with close code 1009."
        )
        yield Note(Severity.INFO, text, "RFC 6455 §7.4.1", here)


def _cut(frame: Frame) -> Note:
    length = frame.payload_length
    have = frame.stop - frame.payload_at
    there = "its header is not complete" if length is None else f"{have} of {length} bytes of its payload are there"
    if length is not None and frame.is_masked and len(frame.key) < KEY_BYTES:
        there = "its masking key is not complete"
    here = ((frame.start, frame.stop),)
    if frame.direction.ended:
        text = (
            f"The stream ends inside this frame: {there}. The receiver's application is told 1006, and not this frame."
        )
        return Note(Severity.ODD, text, "RFC 6455 §7.1.5", here)
    return Note(
        Severity.INFO, f"The data ends before this frame does: {there}. A receiver waits.", "RFC 6455 §5.2", here
    )


def _close(frame: Frame) -> Iterator[Note]:
    payload = frame.payload()
    at = frame.payload_at
    if not payload:
        if not frame.is_cut:
            text = "A close frame without a status code: the application of the receiver is told 1005."
            yield Note(Severity.INFO, text, "RFC 6455 §7.1.5", ((frame.start, frame.stop),))
        return
    if len(payload) == 1:
        if not frame.is_cut:
            text = f"The payload of a close frame is empty or begins with a code of two bytes, and here is one. {_FAIL}"
            yield Note(Severity.FORBIDDEN, text, "RFC 6455 §5.5.1", ((at, at + 1),))
        return
    code = int.from_bytes(payload[:2])
    row = close_code(code)
    if not row.may_travel:
        text = f"Status code {code} ({row.name}) must not stand in a close frame. {row.meaning} {_FAIL}"
        yield Note(Severity.FORBIDDEN, text, row.spec, ((at, at + 2),))
    elif code >= 3000:
        text = f"Status code {code} is in a range that the protocol leaves to others. {row.meaning}"
        yield Note(Severity.INFO, text, row.spec, ((at, at + 2),))
    broken = None if frame.is_cut else Utf8Check().feed(payload[2:], is_last=True)
    if broken:
        yield broken_reason(frame, at + 2 + broken.start, at + 2 + broken.stop)
