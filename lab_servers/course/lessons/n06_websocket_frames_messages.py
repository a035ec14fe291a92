"""The exercises of ``06_websocket_frames`` about what frames add up to: messages, an ending, compressed messages.

``n06_websocket_frames_exercises.py`` has those about one frame; ``n06_websocket_frames.py`` joins them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording
from lab_servers.scenarios import CloseCodes, CutCharacter, TokenCompression
from lab_servers.scenarios.frames_raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from lab_servers.views.frames import frames
from lab_servers.views.looks import frames_closing, frames_compression
from lab_servers.wire.model import Severity
from lab_servers.wire.websocket.messages import messages_of
from lab_servers.wire.websocket.records import FrameRecord

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_7692 = "https://www.rfc-editor.org/rfc/rfc7692#section-"
_MADE = "made with a seed"

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
            if found := frames(capture, side):
                yield from _recorded(found)
    for _ in range(6):
        text, data = "".join(random.choices("你好世界😀é", k=4)), random.randbytes(6)
        yield _made([(True, TEXT, b"one"), (True, BINARY, data)], ["one", data], _ONE, "5.4")
        cut = random.randint(1, 4)
        halves = [(False, TEXT, b"hello"[:cut]), (True, CONTINUATION, b"hello"[cut:])]
        yield _made([*halves, (True, TEXT, b"two")], ["hello", "two"], _FRAGMENTS, "5.4")
        ping = (True, random.choice((PING, PONG)), b"ping")
        close = (True, CLOSE, (1000).to_bytes(2))
        yield _made([halves[0], ping, halves[1], ping, close], ["hello"], _CONTROL, "5.4")
        yield _made(_cut(text.encode(), TEXT, random), [text], _CHARACTER, "5.6")
        yield _made(_cut(data, BINARY, random), [data], _KIND, "5.4")
        yield _made([(True, TEXT, b"one"), halves[0]], ["one"], _UNFINISHED, "5.4")


def _recorded(found: list[FrameRecord]) -> Iterator[Case]:
    """The frames of one side as they were recorded; none where they break a rule, or have to be inflated first."""
    messages = [one for one in messages_of(found) if not one.frames[0].is_control]
    if any(one.is_compressed for one in messages) or any(
        note.severity is Severity.FORBIDDEN for one in found for note in one.notes
    ):
        return
    whole = [(one.opcode, b"".join(part.payload() for part in one.frames)) for one in messages if one.is_complete]
    expected = [payload.decode() if opcode == TEXT else payload for opcode, payload in whole]
    rule, section = (_CHARACTER, "5.6") if any(len(one.frames) > 1 for one in messages) else (_CONTROL, "5.4")
    yield Case(([(one.is_final, one.opcode, one.payload()) for one in found],), expected, rule, _RFC_6455 + section)


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
        frames_compression.costs(recording)  # which says so if it is the recording of another run
        both = _compressed(recording, frames_compression.TAKEOVER)
        yield _inflate_case(both[:1], "recorded")
        # Messages that are compressed alone come out right with one inflater too, if the four bytes end each.
        yield _inflate_case(_compressed(recording, frames_compression.ALONE)[:4], "recorded", _TAIL)
        yield _inflate_case(both[:4], "recorded")
        yield _inflate_case(both, "recorded")
    for count in (1, 2, 3, 8):
        words = [" ".join(random.choices(("token", "frame", "window", "byte"), k=6)).encode() for _ in range(count)]
        deflater = zlib.compressobj(wbits=-15)
        yield _inflate_case([(_deflated(deflater, word), word) for word in words], _MADE)
        yield _inflate_case([(_deflated(zlib.compressobj(wbits=-15), word), word) for word in words], _MADE, _TAIL)


def _compressed(recording: Recording, way: str) -> list[tuple[bytes, bytes]]:
    """What the server sent in this way: each payload, and what it holds."""
    sent = [one for one in frames(recording.of(way)[0], Side.SERVER) if not one.is_control]
    return [(one.payload(), one.layers[-1].data) for one in sent]


def _deflated(deflater: Any, message: bytes) -> bytes:
    return bytes((deflater.compress(message) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4])


def _inflate_case(both: list[tuple[bytes, bytes]], source: str, rule: str = "") -> Case:
    rule = rule or (_TAIL if len(both) == 1 else _WINDOW)
    section = "7.2.2" if rule == _TAIL else "7.2.3.2"
    return Case(([one for one, _ in both],), [data for _, data in both], rule, _RFC_7692 + section, source)


EXERCISES = (
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
