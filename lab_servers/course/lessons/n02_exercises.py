"""The exercises of ``02_http``: split a message, undo chunks, tell whether a connection stays, read values from pieces.

``n02_http.py`` joins them to the objectives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording
from lab_servers.scenarios import Connections, CutShort, LateParse, OneExchange
from lab_servers.views.heads import heads
from lab_servers.views.looks import http_cut_short

_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
_MADE = "made with a seed"

# --- a message in its parts -----------------------------------------------------------------------------

_PARTS = "A message is a start line, field lines and a body; the first empty line ends the head."
_OWS = "Spaces and tabs around a field's value are no part of it."
_COLON = "A name ends at the first colon; the value may hold others."
_BODY = "Everything behind the first empty line is the body, whatever bytes it is made of."

Parts = tuple[str, list[tuple[str, str]], bytes]


def _message_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for capture in recording.captures if recording is not None else ():
        for side in Side:
            stream = capture.bytes_from(side)
            for message in heads(capture, side):
                parts = (message.start_line, list(message.field_lines), stream[message.head_end : message.end])
                yield Case((stream[message.start : message.end],), parts, _PARTS, f"{_RFC_9112}2.1")
    for _ in range(6):
        words = "".join(random.choices("abcdefgh", k=random.randint(1, 8)))
        line = f"GET /{words} HTTP/1.1"
        yield _message(line, [("Host", "a.example")], b"", _PARTS, "2.1")
        yield _message(line, [("Host", f"127.0.0.1:{random.randint(1, 65535)}")], b"", _COLON, "5")
        yield _message(line, [(words, "")], b"", _PARTS, "5")
        body = bytes(random.randbytes(random.randint(1, 6)))
        yield _message("HTTP/1.1 200 OK", [("X", words)], body + b"\r\n\r\n" + body, _BODY, "2.1")
        padded = f"{line}\r\nHost: {' ' * random.randint(1, 3)}a.example \t\r\n\r\n".encode()
        yield Case((padded,), (line, [("Host", "a.example")], b""), _OWS, f"{_RFC_9112}5.1", _MADE)
    yield _message("HTTP/1.1 204 No Content", [], b"", _PARTS, "2.1")


def _message(line: str, fields: list[tuple[str, str]], body: bytes, rule: str, section: str) -> Case:
    head = "".join(f"{one}\r\n" for one in (line, *(f"{name}: {value}" for name, value in fields)))
    return Case((head.encode() + b"\r\n" + body,), (line, fields, body), rule, _RFC_9112 + section, _MADE)


def _same_message(given: Any, expected: Parts) -> bool:
    line, fields, body = given
    return bool((line, [tuple(one) for one in fields], bytes(body)) == expected)


# --- chunks ---------------------------------------------------------------------------------------------

_SIZES = "A chunk's size is written in hexadecimal digits, and counts its data alone."
_DATA = "The size says where the data ends: a CR LF in the data ends nothing."
_LAST = "Only a chunk of size 0, and the empty line after it, say that all has come; else it was cut short: None."
_EXTENSION = "Behind a size may stand extensions, after a semicolon; who does not know them ignores them."
_TRAILER = "Between the last chunk and the empty line may stand further field lines, the trailer section."


def _chunk_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        capture = http_cut_short.capture_of(recording, "chunked")
        body = http_cut_short.framed_body(capture)
        whole = http_cut_short.content_of(capture) if heads(capture, Side.SERVER)[0].is_complete else None
        yield Case((body,), whole, _LAST, f"{_RFC_9112}8")
    for _ in range(6):
        parts = [random.randbytes(random.randint(1, 20)).replace(b"\r", b".") for _ in range(random.randint(1, 3))]
        content = b"".join(parts)
        body = _chunked(parts)
        yield _chunks(body, content, _SIZES, "7.1")
        yield _chunks(body[: random.randrange(len(body))], None, _LAST, "8")
        tricky = [b"one\r\n", b"0\r\n\r\n" + parts[0]]
        yield _chunks(_chunked(tricky), b"".join(tricky), _DATA, "7.1")
        yield _chunks(_chunked(parts, b";name=value"), content, _EXTENSION, "7.1.1")
        trailed = _chunked(parts)[:-2] + b"Server-Timing: a\r\n\r\n"
        yield _chunks(trailed, content, _TRAILER, "7.1.2")
        yield _chunks(trailed[:-2], None, _LAST, "8")
        yield _chunks(_chunked(parts)[:-5], None, _LAST, "8")
    yield _chunks(b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", b"x" * 26, _SIZES, "7.1")
    yield _chunks(b"0\r\n\r\n", b"", _LAST, "7.1")
    yield _chunks(b"", None, _LAST, "8")


def _chunked(parts: list[bytes], extension: bytes = b"") -> bytes:
    return b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n\r\n"


def _chunks(body: bytes, content: bytes | None, rule: str, section: str) -> Case:
    return Case((body,), content, rule, _RFC_9112 + section, _MADE)


# --- does the connection stay? --------------------------------------------------------------------------

_STAYS = "An HTTP/1.1 connection stays open unless somebody says close."
_CLOSE = "Whoever says close closes, in any version: no further request follows."
_OLD = "An HTTP/1.0 connection is closed, unless keep-alive was agreed upon."
_TOKENS = "Connection holds a list of options: each is compared as a whole, in any case."


def _stay_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for capture in recording.of("http") if recording is not None else ():
        for message in heads(capture, Side.CLIENT):
            options = ", ".join(message.values("Connection"))
            stays = "close" not in message.tokens("Connection")
            yield Case((message.version, options), stays, _STAYS if stays else _CLOSE, f"{_RFC_9112}9.3")
    for _ in range(6):
        other = "".join(random.choices("abcdefgh", k=random.randint(3, 6)))
        close = random.choice(("close", "Close", "CLOSE"))
        keep = random.choice(("keep-alive", "Keep-Alive"))
        yield _stay("HTTP/1.1", random.choice(("", keep, other)), True, _STAYS)
        yield _stay("HTTP/1.1", "close", False, _CLOSE)
        yield _stay("HTTP/1.0", random.choice(("", other)), False, _OLD)
        yield _stay("HTTP/1.0", "keep-alive", True, _OLD)
        lists = f"{other}, {close}", f"{close} ,{other}", f"{other},{close}", close.title()
        yield _stay("HTTP/1.1", random.choice(lists), False, _TOKENS, f"{_RFC_9110}7.6.1")
        kept = "Keep-Alive", f"{other}, {keep}", f"{keep} ,{other}"
        yield _stay("HTTP/1.0", random.choice(kept), True, _TOKENS, f"{_RFC_9110}7.6.1")
        yield _stay("HTTP/1.1", f"close-{other}", True, _TOKENS, f"{_RFC_9110}7.6.1")
        yield _stay("HTTP/1.0", f"{keep}, {close}", False, _CLOSE)


def _stay(version: str, options: str, stays: bool, rule: str, section: str = f"{_RFC_9112}9.3") -> Case:
    return Case((version, options), stays, rule, section, _MADE)


# --- values from pieces ---------------------------------------------------------------------------------

_AT_ONCE = "A value is there as soon as the line end behind it is, and not before."
_CUT_LINE = "A piece may end anywhere in a line; the rest comes with the next."
_CUT_CHARACTER = "A piece may end inside a character: keep bytes, and decode what is whole."
_ONE_LINE_END = "LF alone ends a line of NDJSON; U+2028 may stand in a JSON string."
_NDJSON = "https://github.com/ndjson/ndjson-spec"


def _value_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for capture in recording.of("slow") if recording is not None else ():
        if heads(capture, Side.CLIENT)[0].target == "/lines/streaming":
            stream = capture.bytes_from(Side.SERVER)
            pieces = [stream[start:stop] for start, stop in heads(capture, Side.SERVER)[0].content.all_pieces]
            yield _values(pieces, _AT_ONCE, source="recorded")
    for _ in range(6):
        lines = [json.dumps({"n": random.randint(0, 99)}).encode() + b"\n" for _ in range(random.randint(1, 3))]
        body = b"".join(lines)
        cut = random.randrange(1, len(body))
        yield _values([body[:cut], body[cut:]], _CUT_LINE)
        yield _values([body], _AT_ONCE)
        named = json.dumps({"name": "张三", "n": random.randint(0, 9)}, ensure_ascii=False).encode() + b"\n"
        inside = named.index("张".encode()) + random.randint(1, 2)
        yield _values([named[:inside], named[inside:]], _CUT_CHARACTER, "https://www.rfc-editor.org/rfc/rfc3629")
        yield _values([json.dumps(f"a\u2028{cut}", ensure_ascii=False).encode() + b"\n"], _ONE_LINE_END)
        yield _values([lines[0][:-1], b"\n"], _AT_ONCE)


def _values(pieces: list[bytes], rule: str, section: str = _NDJSON, source: str = _MADE) -> Case:
    so_far, expected = b"", []
    for piece in pieces:
        *lines, so_far = (so_far + piece).split(b"\n")
        expected.append([json.loads(line) for line in lines])
    return Case((pieces,), expected, rule, section, source)


EXERCISES = (
    Exercise(
        "02-split-message",
        "split_message(data) gets the bytes of one message and returns its start line (text), its field lines (a list "
        "of (name, value), texts), and its body (bytes).",
        "split_message",
        _message_cases,
        (
            "First cut at the first empty line, in the bytes: only the head is text.",
            "head, _, body = data.partition(b'\\r\\n\\r\\n'), then decode the head, split it at CR LF, and partition "
            "each field line at its first colon.",
        ),
        """def split_message(data):
    head, _, body = data.partition(b"\\r\\n\\r\\n")
    line, *lines = head.decode("latin-1").split("\\r\\n")
    fields = []
    for one in lines:
        name, _, value = one.partition(":")
        fields.append((name, value.strip(" \\t")))
    return line, fields, body
""",
        lambda lab: OneExchange().run(lab),
        _same_message,
    ),
    Exercise(
        "02-dechunk",
        "dechunk(body) gets what stands behind the head of a chunked message, and returns the content without its "
        "framing; None if it was cut short.",
        "dechunk",
        _chunk_cases,
        (
            "Read a line, take from it how many bytes to read, read them and the line end behind them; and so on.",
            "int(line.split(b';')[0], 16) is the size. At size 0 the content is whole if what follows is an empty "
            "line, or field lines and an empty line. Whenever less is there than a size says: None.",
        ),
        """def dechunk(body):
    content = b""
    while b"\\r\\n" in body:
        line, _, rest = body.partition(b"\\r\\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            is_whole = rest == b"\\r\\n" or rest.endswith(b"\\r\\n\\r\\n")
            return content if is_whole else None
        if len(rest) < size + 2:
            return None
        content, body = content + rest[:size], rest[size + 2 :]
    return None
""",
        lambda lab: CutShort().run(lab),
    ),
    Exercise(
        "02-stays-open",
        "stays_open(version, connection) gets the version of a message and the value of its Connection field ('' if it "
        "has none), and returns whether the connection may carry another request.",
        "stays_open",
        _stay_cases,
        (
            "Connection is a list with commas between its options. Which option counts before all others?",
            "Make a list of stripped options in lower case. close: no. Else HTTP/1.1: yes. Else only with keep-alive.",
        ),
        """def stays_open(version, connection):
    options = [one.strip().lower() for one in connection.split(",")]
    if "close" in options:
        return False
    return version == "HTTP/1.1" or "keep-alive" in options
""",
        lambda lab: Connections(requests=2, delay_s=0, pause_s=0).run(lab),
    ),
    Exercise(
        "02-new-values",
        "new_values(pieces) gets the pieces of a body of JSON lines as they came, a list of bytes, and returns a list "
        "with a list for each piece: the values that it made complete.",
        "new_values",
        _value_cases,
        (
            "Keep what comes behind the last line end for the next piece, as bytes.",
            "*lines, rest = (rest + piece).split(b'\\n') gives the whole lines and what is left over.",
        ),
        """import json

def new_values(pieces):
    rest, found = b"", []
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\\n")
        found.append([json.loads(line) for line in lines])
    return found
""",
        lambda lab: LateParse(records=2, pause_s=0.02).run(lab),
    ),
)
