"""The exercises of ``06_websocket_frames``: a length, a mask, a decoder, messages, what is told, inflating.

``n06_websocket_frames.py`` joins them to the objectives.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording
from lab_servers.scenarios import ChatFrames, CloseCodes, CutCharacter, FrameLengths, TokenCompression
from lab_servers.scenarios.frames_raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, masked
from lab_servers.views.frames import frames, wire_bytes
from lab_servers.views.looks import frames_closing, frames_compression
from lab_servers.wire.websocket.messages import messages_of
from lab_servers.wire.websocket.records import FrameRecord

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_7692 = "https://www.rfc-editor.org/rfc/rfc7692#section-"
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
    yield Case((b"", random.randbytes(4)), b"", _EMPTY, f"{_RFC_6455}5.3", _MADE)


def _same_bytes(given: Any, expected: bytes) -> bool:
    return isinstance(given, bytes | bytearray | list | tuple) and bytes(given) == expected


# --- a frame ----------------------------------------------------------------------------------------------

_PLAIN = "FIN is the first bit, the opcode the last four of the first byte; without MASK the payload comes as it is."
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


def _decode_case(wire: bytes, rest: bytes, expected: tuple[bool, int, bytes], is_masked: bool, source: str) -> Case:
    rule = _REST if rest else _LONG if len(expected[2]) > 125 else _MASKED if is_masked else _PLAIN
    return Case((wire + rest,), (*expected, rest), rule, f"{_RFC_6455}5.2", source)


def _same_frame(given: Any, expected: Decoded | None) -> bool:
    if expected is None or given is None:
        return given is expected
    fin, opcode, payload, rest = given
    return (bool(fin), int(opcode), bytes(payload), bytes(rest)) == expected


# --- messages ---------------------------------------------------------------------------------------------

_ONE = "A data frame with FIN = 1 and an opcode other than 0 is a message by itself."
_FRAGMENTS = "A message goes on in frames with opcode 0, and is complete with the one that has FIN = 1."
_CONTROL = "A control frame (opcode 8 and up) is no part of a message, even if it stands between its fragments."
_CHARACTER = "The whole message is UTF-8. A fragment alone need not be, so a character may be cut in two."
_KIND = "The opcode of the first fragment says whether the message is text (1) or binary (2)."
_UNFINISHED = "Without its last fragment a message is not there yet."

Parts = list[tuple[bool, int, bytes]]


def _messages_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for capture in recording.captures if recording else ():
        for side in Side:
            found = frames(capture, side)
            parts = [(one.is_final, one.opcode, one.payload()) for one in found]
            expected = [
                next((layer.text for layer in one.layers if layer.name == "text"), "")
                for one in messages_of(found)
                if one.opcode == TEXT
            ]
            if parts:
                yield Case((parts,), expected, _CHARACTER, f"{_RFC_6455}5.6")
    for _ in range(6):
        text, data = "".join(random.choices("你好世界😀é", k=4)), random.randbytes(6)
        yield _made([(True, TEXT, b"one"), (True, BINARY, data)], ["one", data], _ONE, "5.6")
        cut = random.randint(1, 4)
        halves = [(False, TEXT, b"hello"[:cut]), (True, CONTINUATION, b"hello"[cut:])]
        yield _made([*halves, (True, TEXT, b"two")], ["hello", "two"], _FRAGMENTS, "5.4")
        ping = (True, random.choice((PING, PONG)), b"ping")
        yield _made([halves[0], ping, halves[1], ping], ["hello"], _CONTROL, "5.4")
        yield _made(_cut(text.encode(), TEXT, random), [text], _CHARACTER, "5.6")
        yield _made(_cut(data, BINARY, random), [data], _KIND, "5.4")
        yield _made([(True, TEXT, b"one"), halves[0]], ["one"], _UNFINISHED, "5.4")


def _cut(payload: bytes, opcode: int, random: Random) -> Parts:
    places = sorted(random.sample(range(1, len(payload)), 2))
    ends = zip([0, *places], [*places, len(payload)], strict=True)
    pieces = [payload[start:stop] for start, stop in ends]
    return [(place == 2, CONTINUATION if place else opcode, piece) for place, piece in enumerate(pieces)]


def _made(parts: Parts, expected: list[Any], rule: str, section: str) -> Case:
    return Case((parts,), expected, rule, _RFC_6455 + section, _MADE)


# --- what is told -----------------------------------------------------------------------------------------

_CODE = "The first two bytes of a close frame are the code, most significant byte first; the rest is the reason."
_NO_CODE = "A close frame without a code is told as 1005."
_NO_FRAME = "A connection that ended without a close frame is told as 1006."


def _told_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for one, capture in zip(frames_closing.endings(recording), recording.captures, strict=True) if recording else ():
        payloads = [found.payload() for found in frames(capture, Side.SERVER) if found.opcode == CLOSE]
        # Who fails a connection waits for no close frame, and is told nothing by one.
        if not (one.wire and one.wire[0] == (Side.CLIENT, 1002)):
            yield _told_case(payloads[0] if payloads else None, one.client_told, "recorded")
    for _ in range(8):
        code = random.choice((1000, 1001, 1003, 1008, 1011, random.randint(3000, 4999)))
        reason = "".join(random.choices("abc 再见", k=random.randint(0, 6)))
        yield _told_case(code.to_bytes(2) + reason.encode(), code, _MADE)
    yield _told_case(b"", 1005, _MADE)
    yield _told_case(None, 1006, _MADE)


def _told_case(payload: bytes | None, code: int, source: str) -> Case:
    if payload:
        return Case((payload,), (code, payload[2:].decode()), _CODE, f"{_RFC_6455}5.5.1", source)
    rule = _NO_FRAME if payload is None else _NO_CODE
    return Case((payload,), (code, ""), rule, f"{_RFC_6455}7.1.5", source)


def _same_pair(given: Any, expected: tuple[int, str]) -> bool:
    return tuple(given) == expected


# --- inflating --------------------------------------------------------------------------------------------

_TAIL = "The sender leaves out the last four bytes, 00 00 ff ff. A receiver appends them to each message."
_WINDOW = "With context takeover one inflater reads all messages: a later one points back into those before."


def _inflate_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        (capture,) = recording.of(frames_compression.TAKEOVER)
        sent = [one for one in frames(capture, Side.SERVER) if not one.is_control]
        both = [(one.payload(), one.layers[-1].data) for one in sent]
        yield _inflate_case(both[:1], "recorded")
        yield _inflate_case(both[:4], "recorded")
        yield _inflate_case(both, "recorded")
    for count in (1, 2, 3, 8):
        words = [" ".join(random.choices(("token", "frame", "window", "byte"), k=6)).encode() for _ in range(count)]
        deflater = zlib.compressobj(wbits=-15)
        payloads = [(deflater.compress(word) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4] for word in words]
        yield _inflate_case(list(zip(payloads, words, strict=True)), _MADE)


def _inflate_case(both: list[tuple[bytes, bytes]], source: str) -> Case:
    rule, section = (_TAIL, "7.2.2") if len(both) == 1 else (_WINDOW, "7.2.3.2")
    return Case(([one for one, _ in both],), [data for _, data in both], rule, _RFC_7692 + section, source)


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
    Exercise(
        "06-messages",
        "messages(frames) gets the frames of one side, as (fin, opcode, payload), and returns its data messages in "
        "order: str for text, bytes for binary.",
        "messages",
        _messages_cases,
        (
            "Collect payloads until FIN. What must not be collected? And when can text be decoded?",
            "Skip opcodes from 8 on. Keep the opcode of the first fragment (opcode or kind). Decode at FIN.",
        ),
        """def messages(frames):
    found, payload, kind = [], b"", 0
    for fin, opcode, part in frames:
        if opcode >= 8:
            continue
        kind = opcode or kind
        payload += part
        if fin:
            found.append(payload.decode() if kind == 1 else payload)
            payload = b""
    return found
""",
        lambda lab: CutCharacter().run(lab),
    ),
    Exercise(
        "06-told",
        "told(payload) gets the payload of the close frame that came, or None if none came, and returns what the "
        "application is told: (code, reason).",
        "told",
        _told_cases,
        (
            "There are three cases: a frame with a code, a frame without one, and no frame at all.",
            "None is 1006, b'' is 1005. Else int.from_bytes(payload[:2]), and payload[2:].decode().",
        ),
        """def told(payload):
    if payload is None:
        return 1006, ""
    if not payload:
        return 1005, ""
    return int.from_bytes(payload[:2]), payload[2:].decode()
""",
        lambda lab: CloseCodes().run(lab),
        _same_pair,
    ),
    Exercise(
        "06-inflate",
        "inflate(payloads) gets the compressed payloads of one side in order, sent with context takeover, and returns "
        "what each holds, as bytes.",
        "inflate",
        _inflate_cases,
        (
            "The first message comes out right, and the second does not: what did the inflater forget?",
            "Make one zlib.decompressobj(-15) before the loop, and use it for all of them.",
        ),
        """import zlib

def inflate(payloads):
    inflater, tail = zlib.decompressobj(-15), b"\\x00\\x00\\xff\\xff"
    return [inflater.decompress(payload + tail) for payload in payloads]
""",
        lambda lab: TokenCompression(messages=8).run(lab),
    ),
)
