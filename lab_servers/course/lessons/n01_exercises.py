"""The exercises of ``01_bytes_on_tcp``: which protocol a stream carries, messages in it, Nagle's rule, who ended first.

``n01_bytes_on_tcp.py`` joins them to the objectives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.scenarios import OneRelay, SendsAndReads, SmallWrites, WhoClosed
from lab_servers.views.looks import tcp_one_relay, tcp_sends_and_reads, tcp_small_writes, tcp_who_closed

_RFC_9293 = "https://www.rfc-editor.org/rfc/rfc9293#section-"
_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_SSE = "https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model"

_MADE = "made with a seed"

# --- which protocol a stream carries ------------------------------------------------------------------

_STATUS = "An answer in HTTP begins with a status line; bytes that begin otherwise are something else."
_SWITCHED = "It is a WebSocket once the server has switched to it with 101; until then it is HTTP, whatever was asked."
_WISH = "Accept is what the client would like to get; the answer's Content-Type says what it got."
_STREAM = "It is an event stream if the head of the answer says Content-Type: text/event-stream."
_HEAD_ONLY = "Only the head says what the answer is; a body may hold any text."
_ANY_CASE = "Names of fields, and media types, are the same in upper and lower case."


def _carries_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    rules = {"HTTP": (_STATUS, f"{_RFC_9112}4"), "SSE": (_STREAM, _SSE), "WebSocket": (_SWITCHED, f"{_RFC_6455}4.2.2")}
    for one in tcp_one_relay.carried(recording) if recording is not None else ():
        streams = one.capture.bytes_from(Side.CLIENT), one.capture.bytes_from(Side.SERVER)
        yield Case(streams, one.label, *rules[one.label])
    for _ in range(6):
        path = random.choice(("/", "/ws/chat", "/api/stream", "/websocket", "/text/event-stream"))
        get, upgrade = _request(path), _request(path, ("Upgrade", "websocket"), ("Connection", "Upgrade"))
        note = random.choice((b"text/event-stream", b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket"))
        name = random.choice(("Content-Type", "content-type", "CONTENT-TYPE"))
        stream = random.choice(("text/event-stream", "Text/Event-Stream", "text/event-stream; charset=utf-8"))
        frames = random.randbytes(random.randint(0, 9))
        status = random.choice(("200 OK", "403 Forbidden", "426 Upgrade Required"))
        text = ("Content-Type", "text/plain")
        plain = _head("200 OK", text, ("Content-Length", str(len(note))))
        wish = _request(path, ("Accept", "text/event-stream"))
        yield Case((get, plain + note), "HTTP", _HEAD_ONLY, f"{_RFC_9112}2.1", _MADE)
        yield Case((wish, _head("200 OK", text) + b"no stream"), "HTTP", _WISH, f"{_RFC_9110}12.5.1", _MADE)
        yield Case((get, _head("200 OK", ("Content-Type", "text/event-stream"))), "SSE", _STREAM, _SSE, _MADE)
        yield Case((get, _head("200 OK", (name, stream)) + b"data: 1\n\n"), "SSE", _ANY_CASE, f"{_RFC_9110}5.1", _MADE)
        yield Case((get, _head(status, version="1.0")), "HTTP", _STATUS, f"{_RFC_9112}4", _MADE)
        yield Case((upgrade, _head("101 Switching Protocols", ("Upgrade", "websocket")) + frames), "WebSocket",
                   _SWITCHED, f"{_RFC_6455}4.2.2", _MADE)  # fmt: skip
        yield Case((upgrade, _head(status)), "HTTP", _SWITCHED, f"{_RFC_6455}4.2.2", _MADE)
        word = "".join(random.choices("abcdefgh", k=random.randint(1, 8)))
        yield Case(
            (f"{word}\n".encode(), f"{word.upper()}\n".encode()), "something else", _STATUS, f"{_RFC_9112}4", _MADE
        )


def _request(path: str, *fields: tuple[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join((*lines, "", "")).encode()


def _head(status: str, *fields: tuple[str, str], version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join((*lines, "", "")).encode()


# --- messages in a stream -----------------------------------------------------------------------------

_STREAM_OF_BYTES = "TCP delivers a stream of bytes: a read may hold several messages, or a part of one."
_CUT_LENGTH = "A read may end between the two bytes of a length."
_NOT_YET = "A message whose last byte has not come is not given out yet."
_EMPTY = "A length of 0 is a message as well: one without bytes."
_TWO_BYTES = "The length has two bytes; the first counts 256 times as much as the second."


def _messages_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        if recording.parameters.get("framing") != "length prefix":
            raise BadParameter("its messages have no length before them; take the run with framing='length prefix'")
        for way in tcp_sends_and_reads.ways(recording):
            yield _of_reads(way.pieces(way.reads), _STREAM_OF_BYTES, "recorded")
    small = [_made_text(random, random.randint(1, 6)) for _ in range(4)]
    stream = b"".join(map(_prefixed, small))
    yield _of_reads([_prefixed(small[0])], _TWO_BYTES)
    yield _of_reads([stream], _STREAM_OF_BYTES)
    yield _of_reads([stream[at : at + 1] for at in range(len(stream))], _CUT_LENGTH)
    yield _of_reads([_prefixed(b""), _prefixed(small[0])], _EMPTY)
    yield _of_reads([_prefixed(_made_text(random, random.randint(256, 700))), _prefixed(small[1])], _TWO_BYTES)
    yield _of_reads([stream[: -random.randint(1, len(small[-1]))]], _NOT_YET)
    yield _of_reads([stream, b"\x00"], _NOT_YET)
    yield _of_reads([], _NOT_YET)
    for _ in range(8):
        cuts = sorted(random.sample(range(1, len(stream)), 3))
        yield _of_reads([stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)], _STREAM_OF_BYTES)


def _of_reads(reads: Sequence[bytes], rule: str, source: str = _MADE) -> Case:
    stream, found = b"".join(reads), []
    while len(stream) >= 2 and len(stream) >= 2 + int.from_bytes(stream[:2]):
        size = int.from_bytes(stream[:2])
        found.append(stream[2 : 2 + size])
        stream = stream[2 + size :]
    return Case((list(reads),), found, rule, f"{_RFC_9293}2.2", source)


def _prefixed(text: bytes) -> bytes:
    return len(text).to_bytes(2) + text


def _made_text(random: Random, size: int) -> bytes:
    return "".join(random.choices("abcdefgh", k=size)).encode()


# --- Nagle's rule -------------------------------------------------------------------------------------

_NOTHING_OUT = "With nothing unacknowledged, even a small segment is sent at once."
_HELD = "While something is unacknowledged, less than a full segment is held back."
_FULL = "A full segment is sent, whatever is unacknowledged."
_OFF = "TCP_NODELAY switches the rule off: everything is sent at once."
_NAGLE = f"{_RFC_9293}3.7.4"
_FULL_SEGMENT_BYTES = 1_460


def _nagle_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        tcp_small_writes.waits(recording)  # refuses a recording of another run
        first, second = (int(str(recording.parameters[name])) for name in ("first_bytes", "second_bytes"))
        yield _sent(first, 0, False, _NOTHING_OUT, "recorded")
        yield _sent(second, first, False, _HELD, "recorded")
        yield _sent(second, first, True, _OFF, "recorded")
    for _ in range(8):
        waiting, out = random.randint(1, _FULL_SEGMENT_BYTES - 1), random.randint(1, 9_000)
        yield _sent(waiting, 0, False, _NOTHING_OUT)
        yield _sent(waiting, out, False, _HELD)
        yield _sent(waiting, out, True, _OFF)
        full = random.choice((536, 1_220, _FULL_SEGMENT_BYTES, 65_483))
        yield _sent(full, out, False, _FULL, full=full)
        yield _sent(full + random.randint(1, 100), out, False, _FULL, full=full)
        yield _sent(full - 1, out, False, _HELD, full=full)


def _sent(
    waiting: int, unacknowledged: int, no_delay: bool, rule: str, source: str = _MADE, full: int = _FULL_SEGMENT_BYTES
) -> Case:
    expected = no_delay or unacknowledged == 0 or waiting >= full
    return Case((waiting, unacknowledged, full, no_delay), expected, rule, _NAGLE, source)


# --- who ended the connection -------------------------------------------------------------------------

_FIRST = "Of all FINs and resets the first one in the capture counts, whatever follows."
_RESET = "A reset ends both directions at once: no FIN follows it."
_OPEN = "Without a FIN and without a reset no side has ended the connection."
_SIGNS = {"half-closed": "FIN", "reset": "RST"}
_OPENED = [("opened", "client"), ("connected", None)]

Happened = list[tuple[str, str | None]]


def _ended_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for one in tcp_who_closed.endings(recording) if recording is not None else ():
        happened = [(step.kind.value, step.by.value if step.by else None) for step in one.capture.transitions]
        yield _ended(happened, _RESET if one.first[1] == tcp_who_closed.RST else _FIRST, "recorded")
    for _ in range(6):
        side, other = random.sample(("client", "server"), 2)
        yield _ended([*_OPENED, ("half-closed", side), ("half-closed", other), ("closed", None)], _FIRST)
        yield _ended([*_OPENED, ("half-closed", side), ("reset", other), ("closed", None)], _FIRST)
        yield _ended([*_OPENED, ("reset", side), ("closed", None)], _RESET)
        yield _ended([*_OPENED, ("half-closed", side)], _FIRST)
        # A relay accepts before the server has accepted, so a client's FIN may come before "connected".
        yield _ended([_OPENED[0], ("half-closed", "client"), _OPENED[1], ("half-closed", "server")], _FIRST)
    yield _ended([*_OPENED], _OPEN)
    yield _ended([*_OPENED, ("abandoned", None), ("closed", None)], _OPEN)


def _ended(happened: Happened, rule: str, source: str = _MADE) -> Case:
    expected = next(((by, _SIGNS[kind]) for kind, by in happened if kind in _SIGNS), None)
    section = f"{_RFC_9293}3.5.3" if rule == _RESET else f"{_RFC_9293}3.6"
    return Case((happened,), expected, rule, section, source)


def _same_end(given: object, expected: tuple[str, str] | None) -> bool:
    return (tuple(given) if isinstance(given, list) else given) == expected


EXERCISES = (
    Exercise(
        "01-carries",
        "carries(client, server) gets all bytes that each side sent and returns what is spoken: 'HTTP', 'SSE', "
        "'WebSocket' or 'something else'.",
        "carries",
        _carries_cases,
        (
            "What the client asks for is a wish. The head of the server's answer decides.",
            "Take the server's bytes up to the first empty line, in lower case. Look at its first line, then at its "
            "fields.",
        ),
        """def carries(client, server):
    if not server.startswith(b"HTTP/1."):
        return "something else"
    head = server.split(b"\\r\\n\\r\\n")[0].lower()
    status_line, *field_lines = head.split(b"\\r\\n")
    if status_line.split()[1] == b"101":
        return "WebSocket"
    for line in field_lines:
        name, _, value = line.partition(b":")
        if name == b"content-type" and b"text/event-stream" in value:
            return "SSE"
    return "HTTP"
""",
        lambda lab: OneRelay(interval_s=0.02).run(lab),
    ),
    Exercise(
        "01-messages",
        "messages(reads) gets what each read brought, a list of bytes, and returns the complete messages in it, a list "
        "of bytes; before each message stands its length, in two bytes.",
        "messages",
        _messages_cases,
        (
            "Where one read ends and the next begins means nothing. What is left if you forget the reads?",
            'Join all reads with b"".join(reads). Then take a length and that many bytes, again and again, while there '
            "are enough.",
        ),
        """def messages(reads):
    stream = b"".join(reads)
    found = []
    while len(stream) >= 2:
        size = int.from_bytes(stream[:2], "big")
        if len(stream) < 2 + size:
            break
        found.append(stream[2 : 2 + size])
        stream = stream[2 + size :]
    return found
""",
        lambda lab: SendsAndReads(pause_s=0, framing="length prefix").run(lab),
    ),
    Exercise(
        "01-nagle",
        "may_send(waiting, unacknowledged, full_segment, no_delay) returns whether TCP sends what waits, by Nagle's "
        "algorithm; the first three are numbers of bytes, and at least one byte waits.",
        "may_send",
        _nagle_cases,
        (
            "The algorithm holds back what is small, and only while something else is on its way.",
            "It is sent if no_delay is set, or if nothing is unacknowledged, or if a full segment waits.",
        ),
        """def may_send(waiting, unacknowledged, full_segment, no_delay):
    return no_delay or unacknowledged == 0 or waiting >= full_segment
""",
        lambda lab: SmallWrites(exchanges=3, warm_up=0).run(lab),
    ),
    Exercise(
        "01-ended-first",
        "ended_first(transitions) gets what happened to a connection, a list of (kind, side), and returns the side "
        "that ended it first and how, such as ('client', 'FIN') or ('server', 'RST'); None if neither did.",
        "ended_first",
        _ended_cases,
        (
            'A FIN is the transition "half-closed", a RST is "reset". The order of the list is the order of time.',
            "Go through the list from the start, and return at the first of the two kinds.",
        ),
        """def ended_first(transitions):
    for kind, side in transitions:
        if kind == "half-closed":
            return side, "FIN"
        if kind == "reset":
            return side, "RST"
    return None
""",
        lambda lab: WhoClosed().run(lab),
        _same_end,
    ),
)
