"""The exercises of ``06_websocket_frames`` about one frame: its length, its mask, a decoder.

``n06_websocket_frames_messages.py`` has those about what frames add up to; ``n06_websocket_frames.py`` joins them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording
from lab_servers.scenarios import ChatFrames, CutCharacter, FrameLengths
from lab_servers.scenarios.frames_raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, masked
from lab_servers.views.frames import frames, wire_bytes
from lab_servers.wire.websocket.records import FrameRecord

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_MADE = "made with a seed"


def _frames(recording: Recording | None) -> list[FrameRecord]:
    """Every frame of a run; the run must have some, else it is the wrong one."""
    if recording is None:
        return []
    found = [one for capture in recording.captures for side in Side for one in frames(capture, side)]
    if not found:
        raise ValueError("there is no WebSocket frame in it")
    return found


# --- the length -------------------------------------------------------------------------------------------

_SEVEN = "Up to 125 the last seven bits of the second byte are the length; the bit before them is MASK."
_SIXTEEN = "126 in the seven bits says that the length stands in the next 2 bytes, most significant byte first."
_SIXTY_FOUR = "127 in the seven bits says that the length stands in the next 8 bytes, most significant byte first."


def _length_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for one in _frames(recording):
        header = wire_bytes(one)[: one.payload_at - one.start]
        yield _length_case(header, one.stop - one.payload_at, "recorded")
    for _ in range(12):
        for bits, length in (
            (7, random.randint(0, 125)),
            (16, random.randint(126, 65_535)),
            (64, random.randint(65_536, 1 << 40)),
        ):
            key = random.randbytes(4) if random.random() < 0.5 else b""
            yield _length_case(frame(TEXT, key=key, announced=length, length_bits=bits), length, _MADE)


def _length_case(header: bytes, length: int, source: str) -> Case:
    rule = _SEVEN if length <= 125 else _SIXTEEN if length <= 65_535 else _SIXTY_FOUR
    return Case((header,), length, rule, f"{_RFC_6455}5.2", source)


# --- the mask ---------------------------------------------------------------------------------------------

_EACH_BYTE = "Byte i of the payload meets byte i mod 4 of the key: 0, 1, 2, 3, then 0 again."
_EMPTY = "A payload of no bytes stays one."
_LONGEST_BYTES = 200


def _unmask_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for one in _frames(recording):
        if one.is_masked and 0 < one.stop - one.payload_at <= _LONGEST_BYTES:
            wire = wire_bytes(one)[one.payload_at - one.start :]
            yield Case((wire, one.key), one.payload(), _EACH_BYTE, f"{_RFC_6455}5.3")
    for size in (*range(1, 10), 100):
        payload, key = random.randbytes(size), random.randbytes(4)
        yield Case((masked(payload, key), key), payload, _EACH_BYTE, f"{_RFC_6455}5.3", _MADE)
    # Zeros at the front travel as the key itself, and do not get lost.
    payload, key = bytes(3) + random.randbytes(3), random.randbytes(4)
    yield Case((masked(payload, key), key), payload, _EACH_BYTE, f"{_RFC_6455}5.3", _MADE)
    yield Case((b"", random.randbytes(4)), b"", _EMPTY, f"{_RFC_6455}5.3", _MADE)


def _same_bytes(given: Any, expected: bytes) -> bool:
    return isinstance(given, bytes | bytearray | list | tuple) and bytes(given) == expected


# --- a frame ----------------------------------------------------------------------------------------------

_PLAIN = "FIN is the first bit, the opcode the last four of the first byte. Without MASK the payload comes as it is."
_MASKED = "With MASK = 1 four bytes of key stand before the payload, which is unmasked with them."
_LONG = "A length of 126 or 127 moves key and payload back by 2 or 8 bytes."
_REST = "What comes after a frame is no part of it: it is the beginning of the next."
_PART = "Of a frame that has not come to its end nothing can be said yet: None."

Decoded = tuple[bool, int, bytes, bytes]


def _decode_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for one in _frames(recording):
        wire = wire_bytes(one)
        if len(wire) <= _LONGEST_BYTES:
            yield _decode_case(wire, b"", (one.is_final, one.opcode, one.payload()), bool(one.is_masked), "recorded")
            yield Case((wire[: random.randrange(len(wire))],), None, _PART, f"{_RFC_6455}5.2")
    for size in (0, 1, 5, 125, 126, 300, 65_536):
        for key in (b"", random.randbytes(4)):
            opcode = random.choice((CONTINUATION, TEXT, BINARY, PING, PONG) if size <= 125 else (TEXT, BINARY))
            fin = opcode >= CLOSE or random.random() < 0.5
            # Of a long payload the learner sees the beginning: like bytes leave the header in sight.
            payload = random.randbytes(size) if size <= 125 else b"." * size
            wire = frame(opcode, payload, fin=fin, key=key)
            rest = random.randbytes(random.randint(1, 6)) if size <= 125 and random.random() < 0.5 else b""
            yield _decode_case(wire, rest, (fin, opcode, payload), bool(key), _MADE)
            yield Case((wire[: random.randrange(len(wire))],), None, _PART, f"{_RFC_6455}5.2", _MADE)
            yield Case((wire[:-1],), None, _PART, f"{_RFC_6455}5.2", _MADE)
    # With an extension RSV bits may be 1; they are no part of the opcode.
    payload = random.randbytes(3)
    yield _decode_case(frame(TEXT, payload, rsv=0b100), b"", (True, TEXT, payload), False, _MADE)


def _decode_case(wire: bytes, rest: bytes, expected: tuple[bool, int, bytes], is_masked: bool, source: str) -> Case:
    rule = _REST if rest else _LONG if len(expected[2]) > 125 else _MASKED if is_masked else _PLAIN
    return Case((wire + rest,), (*expected, rest), rule, f"{_RFC_6455}5.2", source)


def _same_frame(given: Any, expected: Decoded | None) -> bool:
    if expected is None or given is None:
        return given is expected
    fin, opcode, payload, rest = given
    return (bool(fin), int(opcode), bytes(payload), bytes(rest)) == expected


EXERCISES = (
    Exercise(
        "06-length",
        "length(header) gets the bytes of a frame up to its payload, and returns how many bytes the payload has.",
        "length",
        _length_cases,
        (
            "Look at the second byte in binary. Its first bit is MASK, which says nothing about the length.",
            "short = header[1] & 0x7F. If it is 126, use int.from_bytes(header[2:4]); if 127, header[2:10].",
        ),
        """def length(header):
    short = header[1] & 0x7F
    if short == 126:
        return int.from_bytes(header[2:4])
    if short == 127:
        return int.from_bytes(header[2:10])
    return short
""",
        lambda lab: FrameLengths().run(lab),
    ),
    Exercise(
        "06-unmask",
        "unmask(payload, key) gets the payload as it travelled and the four bytes of the key, and returns the payload "
        "without the mask.",
        "unmask",
        _unmask_cases,
        (
            "XOR is ^ in Python. The key has four bytes and the payload may have more: which of the four is next?",
            "enumerate(payload) gives the place of each byte; key[place % 4] is the one that it meets.",
        ),
        """def unmask(payload, key):
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
""",
        lambda lab: ChatFrames().run(lab),
        _same_bytes,
    ),
    Exercise(
        "06-decoder",
        "decode(data) gets bytes that begin with a frame, and returns (fin, opcode, payload, rest): the payload "
        "without a mask, and the bytes after the frame. If the frame has not come whole, it returns None.",
        "decode",
        _decode_cases,
        (
            "Go through the bytes in order, and keep a place: after the first two, after the length, after the key.",
            "at = 2, 4 or 10; with MASK, key = data[at : at + 4] and at += 4. If len(data) < at + length, return None.",
        ),
        """def decode(data):
    if len(data) < 2:
        return None
    length, at, key = data[1] & 0x7F, 2, bytes(4)
    if length >= 126:
        at = 4 if length == 126 else 10
        length = int.from_bytes(data[2:at])
    if data[1] & 0x80:
        key, at = data[at : at + 4], at + 4
    if len(data) < at + length:
        return None
    payload = data[at : at + length]
    plain = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return bool(data[0] & 0x80), data[0] & 0x0F, plain, data[at + length :]
""",
        lambda lab: CutCharacter().run(lab),
        _same_frame,
    ),
)
