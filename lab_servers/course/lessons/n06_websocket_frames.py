"""What ``06_websocket_frames`` teaches: bits, masks and lengths, messages in both directions, endings, compression."""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons import n06_websocket_frames_exercises as one_frame
from lab_servers.course.lessons import n06_websocket_frames_messages as many_frames
from lab_servers.course.question import Choice, Number, Option, Order
from lab_servers.recording import Recording
from lab_servers.views.frames import frames, wire_bytes
from lab_servers.views.looks import (
    frames_both_ways,
    frames_closing,
    frames_compression,
    frames_forbidden,
    frames_lengths,
)
from lab_servers.views.looks.frames import websocket_capture
from lab_servers.wire.websocket.frames import Opcode
from lab_servers.wire.websocket.records import FrameRecord

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_7692 = "https://www.rfc-editor.org/rfc/rfc7692#section-"

# --- masking ----------------------------------------------------------------------------------------------

_SAME = "the same bytes both times"
_SECRET = "other bytes each time, which only the server can read"
_OPEN = "other bytes each time, and whoever sees the frame can read them"


def _two_masked(recording: Recording) -> list[FrameRecord]:
    sent = frames(websocket_capture(recording, "ChatFrames"), Side.CLIENT)
    found = [one for one in sent if one.opcode == Opcode.TEXT][:2]
    if len(found) < 2:
        raise ValueError("the client said it once only")
    return found


def _on_the_wire(recording: Recording) -> str:
    first, second = (wire_bytes(one)[one.payload_at - one.start :] for one in _two_masked(recording))
    if first == second:
        return _SAME
    return _OPEN if all(one.key for one in _two_masked(recording)) else _SECRET


def _on_the_wire_shows(recording: Recording) -> str:
    told = [
        f"key {one.key.hex(' ')}, payload {wire_bytes(one)[one.payload_at - one.start :].hex(' ')}"
        for one in _two_masked(recording)
    ]
    return f"The first time: {told[0]}. The second time: {told[1]}. The key stands in the frame, before the payload."


# --- lengths ----------------------------------------------------------------------------------------------


def _header_of_126(recording: Recording) -> FrameRecord:
    sent = frames(websocket_capture(recording, "FrameLengths"), Side.CLIENT)
    return next(one for one in sent if one.stop - one.payload_at == 126)


def _header_shows(recording: Recording) -> str:
    parts = frames_lengths.header_parts(_header_of_126(recording))
    return "The header: " + ", ".join(f"{name} {data.hex(' ')}" for name, data in parts) + "."


# --- fragments --------------------------------------------------------------------------------------------

_STEPS = {
    "the first fragment": (Side.CLIENT, Opcode.TEXT),
    "the ping": (Side.CLIENT, Opcode.PING),
    "the pong": (Side.SERVER, Opcode.PONG),
    "the last fragment": (Side.CLIENT, Opcode.CONTINUATION),
    "the answer to the text": (Side.SERVER, Opcode.TEXT),
}


def _order(recording: Recording) -> tuple[str, ...]:
    capture = websocket_capture(recording, "CutCharacter")
    passed = {}
    for words, (side, opcode) in _STEPS.items():
        one = next((found for found in frames(capture, side) if found.opcode == opcode), None)
        if one is None:
            raise ValueError(f"{words} is not in it")
        passed[words] = capture.time_of(side, one.stop - 1)
    # What passed in one read has one time; the order of the dictionary is that of the client's bytes.
    return tuple(sorted(passed, key=lambda words: passed[words]))


def _order_shows(recording: Recording) -> str:
    capture = websocket_capture(recording, "CutCharacter")
    pong = next(one for one in frames(capture, Side.SERVER) if one.opcode == Opcode.PONG)
    order = _order(recording)
    when = "before" if order.index("the pong") < order.index("the last fragment") else "after"
    payload = pong.payload().decode("utf-8", errors="replace")
    return f"The pong, with the ping's payload “{payload}”, passed {when} the last fragment."


_PER_FRAME = "it closes with 1007: the fragments are not UTF-8"
_REPAIRED = "it answers a text with � where the cut was"
_WHOLE = "it answers the whole text, unharmed"


def _cut_answer(recording: Recording) -> str:
    answer = next(
        one for one in frames(websocket_capture(recording, "CutCharacter"), Side.SERVER) if not _is_ping_or_pong(one)
    )
    if answer.opcode == Opcode.CLOSE:
        return _PER_FRAME
    return _REPAIRED if "\ufffd" in answer.payload().decode("utf-8", errors="replace") else _WHOLE


def _cut_shows(recording: Recording) -> str:
    capture = websocket_capture(recording, "CutCharacter")
    parts = [one.payload().hex(" ") for one in frames(capture, Side.CLIENT) if not one.is_control]
    answer = next(one for one in frames(capture, Side.SERVER) if not _is_ping_or_pong(one))
    return f"The fragments: {' | '.join(parts)}. The server sent: {answer.summary}."


def _is_ping_or_pong(one: FrameRecord) -> bool:
    return one.opcode in (Opcode.PING, Opcode.PONG)


# --- both directions --------------------------------------------------------------------------------------

_NONE = "none: it is the client's turn"
_ONE = "one: the answer"
_SOME = "some that nobody asked for"


def _spoken(recording: Recording) -> str:
    if not frames_both_ways.inside(recording):
        # It was nobody's turn: the server's clock was slower than the client's sentence.
        raise ValueError("the server had nothing to say in that time; a shorter tick_s makes it speak")
    return _SOME


# --- a cut ------------------------------------------------------------------------------------------------

_SENT = "one with 1006"
_GOODBYE = "one with 1001, going away"
_NOTHING = "none"


def _cut_ending(recording: Recording) -> frames_closing.Ending:
    found = [one for one in frames_closing.endings(recording) if one.name == "cut"]
    if not found:
        raise ValueError("no connection of it was cut")
    return found[0]


def _last_frame(recording: Recording) -> str:
    codes = [code for side, code in _cut_ending(recording).wire if side is Side.SERVER]
    return _NOTHING if not codes else _SENT if codes[0] == 1006 else _GOODBYE


def _last_frame_shows(recording: Recording) -> str:
    one = _cut_ending(recording)
    source = "" if one.client_told in one.codes_on_wire else ", a code that is in no frame: it made that up itself"
    return (
        f"Close frames on that connection: {len(one.wire)}. The client's library tells its application "
        f"{one.client_told}{source}."
    )


# --- a masked frame from a server -------------------------------------------------------------------------

_BOTH_CLOSE = "both close with 1002"
_BOTH_GO_ON = "both take it off and go on: the MASK bit says that it is there"
_ONE_MINDS = "one closes with 1002, the other goes on"


def _met_mask(recording: Recording) -> list[frames_forbidden.Meeting]:
    found = [one for one in frames_forbidden.meetings(recording) if one.mistake.startswith("A masked frame")]
    if len(found) < 2:
        raise ValueError("there are not two clients in it that met a masked frame")
    return found


def _minds_mask(recording: Recording) -> str:
    minded = [one.minded for one in _met_mask(recording)]
    return _BOTH_CLOSE if all(minded) else _ONE_MINDS if any(minded) else _BOTH_GO_ON


def _minds_mask_shows(recording: Recording) -> str:
    return "; ".join(f"{one.client}: {one.did}" for one in _met_mask(recording)) + "."


# --- compression ------------------------------------------------------------------------------------------


def _left_alone(recording: Recording) -> float:
    return round(100 * frames_compression.ratio(recording, frames_compression.ALONE))


LESSON = Lesson(
    notebook="06_websocket_frames",
    question="What travels after the handshake?",
    objectives=(
        Objective(
            "read a frame by hand: the bits of its first two bytes, its length, and its payload without the mask",
            cells=(
                "bits-picture",
                "bits-table",
                "mask-table",
                "mask-compare",
                "lengths-picture",
                "lengths-table",
                "decoder-check",
            ),
            predictions=("06-masking", "06-header"),
            checks=("06-length", "06-unmask", "06-decoder"),
            sections=(f"{_RFC_6455}5.2", f"{_RFC_6455}5.3", f"{_RFC_6455}10.3"),
        ),
        Objective(
            "put messages together from fragments, with control frames between them and both sides speaking at once",
            cells=("cut-panel", "cut-table", "both-picture", "both-table", "chat-frames"),
            predictions=("06-order", "06-cut-character", "06-both-ways"),
            checks=("06-messages",),
            claims=("C11",),
            sections=(f"{_RFC_6455}5.1", f"{_RFC_6455}5.4", f"{_RFC_6455}5.5.2", f"{_RFC_6455}5.6", f"{_RFC_6455}8.1"),
        ),
        Objective(
            "tell from the bytes who closed and why, and which close codes are told and never travel",
            cells=("closing-picture", "closing-table", "forbidden-panel", "forbidden-table"),
            predictions=("06-cut", "06-masked-server"),
            checks=("06-told",),
            sections=(
                f"{_RFC_6455}5.5.1",
                f"{_RFC_6455}7.1.5",
                f"{_RFC_6455}7.1.7",
                f"{_RFC_6455}7.4.1",
            ),
        ),
        Objective(
            "say from recorded bytes what compression gains, and why a message alone hardly compresses",
            cells=("compression-run", "compression-table", "compression-negotiated"),
            predictions=("06-compression",),
            checks=("06-inflate",),
            sections=(f"{_RFC_7692}7.1.1.1", f"{_RFC_7692}7.2.1", f"{_RFC_7692}7.2.2", f"{_RFC_7692}7.2.3.2"),
        ),
    ),
    questions=(
        Choice(
            "06-masking",
            "The client says 你好 twice. What does an observer between the two see of the payloads?",
            _on_the_wire,
            _on_the_wire_shows,
            options=(
                Option(_SAME, "same-text-same-bytes"),
                Option(_SECRET, "masking-encrypts"),
                Option(_OPEN),
            ),
        ),
        Number(
            "06-header",
            "A message of 126 bytes from a client: how many bytes of header stand before the payload?",
            lambda recording: _header_of_126(recording).payload_at - _header_of_126(recording).start,
            _header_shows,
            unit="bytes",
            least=0,
            most=20,
            too_low="header-has-two-bytes",
            too_high="header-has-one-size",
        ),
        Order(
            "06-order",
            "A client sends a text in two fragments, with a ping between them. In which order do these five pass?",
            _order,
            _order_shows,
            items=("the first fragment", "the last fragment", "the answer to the text", "the ping", "the pong"),
            wrong="control-frames-wait",
        ),
        Choice(
            "06-cut-character",
            "The first fragment ends in the middle of 好. What does the server do with the message?",
            _cut_answer,
            _cut_shows,
            options=(
                Option(_PER_FRAME, "a-frame-is-a-message"),
                Option(_REPAIRED, "broken-text-is-repaired"),
                Option(_WHOLE),
            ),
        ),
        Choice(
            "06-both-ways",
            "A client says one message slowly, in fragments. How many messages does the server send meanwhile?",
            _spoken,
            frames_both_ways.sentence,
            options=(
                Option(_NONE, "websocket-takes-turns"),
                Option(_ONE, "server-only-answers"),
                Option(_SOME),
            ),
        ),
        Choice(
            "06-cut",
            "The server is gone all of a sudden, and the client's library reports 1006. Which close frame did it get?",
            _last_frame,
            _last_frame_shows,
            options=(
                Option(_SENT, "1006-is-sent"),
                Option(_GOODBYE, "the-dead-say-goodbye"),
                Option(_NOTHING),
            ),
        ),
        Choice(
            "06-masked-server",
            "A server sends a masked frame, which it must not. What do the two clients do?",
            _minds_mask,
            _minds_mask_shows,
            options=(
                Option(_BOTH_CLOSE, "every-client-checks"),
                Option(_BOTH_GO_ON, "masking-is-optional"),
                Option(_ONE_MINDS),
            ),
        ),
        Number(
            "06-compression",
            "A model's messages are much alike. Each is compressed by itself: how many percent of the bytes are left?",
            _left_alone,
            frames_compression.sentence,
            unit="percent",
            least=0,
            most=200,
            within=1.15,
            too_low="each-message-shrinks-alone",
            too_high="small-messages-only-grow",
        ),
    ),
    exercises=(*one_frame.EXERCISES, *many_frames.EXERCISES),
    reading_min=15,
    doing_min=30,
)
