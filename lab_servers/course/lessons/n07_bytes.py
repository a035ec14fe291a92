"""The exercises of ``07_side_by_side`` on bytes: what is around a message, and when a handshake is paid back.

``n07_times.py`` has those on times, ``n07_side_by_side.py`` joins all to the objectives.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.measure.accounting import accounts
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.recording import Recording
from lab_servers.scenarios import SideBySide
from lab_servers.views.heads import heads
from lab_servers.views.side.lanes import directions_of
from lab_servers.wire.http1.message import Message
from lab_servers.wire.websocket.records import FrameRecord

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_HTML_EVENTS = "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"
_MADE = "made with a seed"

SSE, WEBSOCKET = (Lane(one).name for one in (Transport.SSE, Transport.WEBSOCKET))

# --- bytes around a message -----------------------------------------------------------------------------

EVENT, FRAME_DOWN, FRAME_UP = "event", "frame down", "frame up"

_BYTES = "What travels are bytes: a character of UTF-8 takes one to four of them."
_EVENT = (
    "An event is its id line, a data line for the text, and a blank line that ends it; each line ends in one LF here."
)
_LINES = "A text of several lines needs a data line for each of them."
_HEADER = "A frame begins with two bytes; from 126 bytes of payload on two more say the length, from 65,536 on eight."
_MASK = "A client must mask its frames, and four bytes of each carry the masking key; a server must not."


def size_on_wire(way: str, number: int, text: str) -> int:
    """What a message takes on the wire: as an event with its id, or as a frame of either side, in bytes."""
    if way == EVENT:
        lines = "".join(f"data: {line}\n" for line in text.split("\n"))
        return len(f"id: {number}\n{lines}\n".encode())
    payload = len(text.encode())
    return 2 + (0 if payload < 126 else 2 if payload < 65_536 else 8) + (4 if way == FRAME_UP else 0) + payload


def _framing_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        yield from _recorded_events(recording)
        yield from _recorded_frames(recording)
    for text in ("", "a", "世界", "a" * 125, "a" * 126, "世" * 42, "a" * 65_535, "a" * 65_536):
        yield _framed(FRAME_DOWN, 1, text, _HEADER, f"{_RFC_6455}5.2")
        yield _framed(FRAME_UP, 1, text, _MASK, f"{_RFC_6455}5.3")
    # An empty text has its data line, too, and U+2028 ends no line of an event stream.
    yield _framed(EVENT, 5, "", _EVENT, _HTML_EVENTS)
    yield _framed(EVENT, 6, "a\u2028b", _LINES, _HTML_EVENTS)
    for _ in range(8):
        text = "".join(random.choices("ab世😀 ", k=random.randint(1, 60)))
        yield _framed(FRAME_DOWN, 1, text, _BYTES, f"{_RFC_6455}5.6")
        yield _framed(EVENT, random.randint(1, 20_000), text, _EVENT, _HTML_EVENTS)
        yield _framed(EVENT, 7, f"{text}\n{text}", _LINES, _HTML_EVENTS)


def _framed(way: str, number: int, text: str, rule: str, section: str) -> Case:
    return Case((way, number, text), size_on_wire(way, number, text), rule, section, _MADE)


def _recorded_events(recording: Recording) -> Iterator[Case]:
    for capture in recording.of(SSE):
        found = dissect(capture)
        for record in found.records(Side.SERVER, "sse"):
            if record.name == "event":
                stream = capture.bytes_from(Side.SERVER)
                block = b"".join(stream[start:stop] for start, stop in record.pieces).decode()
                number, text = block.removeprefix("id: ").rstrip("\n").split("\ndata: ", 1)
                yield Case((EVENT, int(number), text), len(block.encode()), _EVENT, _HTML_EVENTS)


def _recorded_frames(recording: Recording) -> Iterator[Case]:
    for capture in recording.of(WEBSOCKET):
        for side, way in ((Side.SERVER, FRAME_DOWN), (Side.CLIENT, FRAME_UP)):
            rule, section = (_HEADER, "5.2") if side is Side.SERVER else (_MASK, "5.3")
            frames = [one for one in dissect(capture).records(side, "websocket") if isinstance(one, FrameRecord)]
            for number, frame in enumerate((one for one in frames if one.is_whole_message and not one.is_control), 1):
                size = frame.stop - frame.start
                yield Case((way, number, frame.payload().decode()), size, rule, _RFC_6455 + section)


# --- the message from which a WebSocket costs less ---------------------------------------------------------

_PAID = "The handshake must be paid back: it costs less from the first message on at which its whole sum is smaller."
_TIE = "At a tie neither costs less yet: the message after it decides."
_FREE = "Where the handshake costs nothing more, it costs less from the first message on."
_NEVER_LESS = "A message that is no smaller as a frame than as a request never pays the handshake back: None."


def cheaper_from(opening: int, frame: int, request: int) -> int | None:
    """The first message from which handshake and frames take fewer bytes than requests."""
    return opening // (request - frame) + 1 if frame < request else None


def _break_even_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        yield _even(*_bytes_up(recording), _PAID, "recorded")
    for _ in range(8):
        frame, gain = random.randint(8, 60), random.randint(2, 300)
        count, rest = random.randint(1, 30), random.randint(1, gain - 1)
        yield _even(count * gain + rest, frame, frame + gain, _PAID)
        yield _even(count * gain, frame, frame + gain, _TIE)
        yield _even(random.randint(1, 900), frame + random.randint(0, 9), frame, _NEVER_LESS)
    yield _even(5_001, 10, 12, _PAID)
    yield _even(0, 10, 200, _FREE)


def _bytes_up(recording: Recording) -> tuple[int, int, int]:
    """A handshake, one frame, and one POST with its answer; the messages of the same number, in bytes."""
    if Direction.UP not in directions_of(recording):
        raise BadParameter('No message goes up in this recording: take one of SideBySide(direction="both ways").')
    handshake = accounts(recording)[WEBSOCKET].both.headers
    frame = next(
        one.stop - one.start
        for one in dissect(recording.of(WEBSOCKET)[0]).records(Side.CLIENT, "websocket")
        if isinstance(one, FrameRecord) and not one.is_control
    )
    requests, answers = _posts(recording)
    return handshake, frame, requests[0].end - requests[0].start + answers[0].end - answers[0].start


def _posts(recording: Recording) -> tuple[list[Message], list[Message]]:
    capture = next(
        one for one in recording.of(SSE) if any(m.start_line.startswith("POST") for m in heads(one, Side.CLIENT))
    )
    return heads(capture, Side.CLIENT), heads(capture, Side.SERVER)


def _even(opening: int, frame: int, request: int, rule: str, source: str = _MADE) -> Case:
    return Case((opening, frame, request), cheaper_from(opening, frame, request), rule, "", source)


def both_ways(lab: Any) -> Recording:
    """A short run in which messages go both ways."""
    return SideBySide(messages=6, interval_s=0.02, poll_every_s=0.05, direction="both ways", payload="chat lines").run(
        lab
    )


FRAMING, BREAK_EVEN = (
    Exercise(
        "07-framing",
        "How many bytes does a message take on the wire as an event with its id, and as a WebSocket frame down or up?",
        "on_wire",
        _framing_cases,
        (
            "Encode the text before you count. An event has a data line for each line of the text.",
            "A frame has 2 bytes, then 0, 2 or 8 for a longer length (126 and 65,536 are the borders), then 4 for the "
            "masking key if a client sends it.",
        ),
        """\
def on_wire(way, number, text):
    if way == "event":
        lines = "".join(f"data: {one}\\n" for one in text.split("\\n"))
        return len(f"id: {number}\\n{lines}\\n".encode())
    size = len(text.encode())
    length = 0 if size < 126 else 2 if size < 65536 else 8
    mask = 4 if way == "frame up" else 0
    return 2 + length + mask + size
""",
        both_ways,
    ),
    Exercise(
        "07-break-even",
        "From which message on does a WebSocket, with its handshake, take fewer bytes than a request for each?",
        "cheaper_from",
        _break_even_cases,
        (
            "After n messages: opening + n * frame against n * request.",
            "Each message wins request - frame bytes. n of them must win more than opening: divide, and take the next "
            "whole number.",
        ),
        """\
def cheaper_from(opening, frame, request):
    gain = request - frame
    if gain <= 0:
        return None
    return opening // gain + 1
""",
        both_ways,
    ),
)
