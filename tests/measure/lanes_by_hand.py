"""The same messages on every lane, written byte by byte: what an account of them must say is known beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

from lab_servers.capture.capture import Capture, Side
from tests.capture.wireshark import CLIENT, SERVER, SWITCHING, UPGRADE, recorded
from tests.wire.websocket_frames import CONTINUATION, KEY, PING, TEXT, frame

REQUEST = b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_CHARACTERS = 'ab \u00e9\u4e16\u754c\U0001f680"\\,[]{}:\u2028\u0000'


def message(number: int, random: Random) -> bytes:
    """A JSON text with its number, and characters of one to four bytes and those that JSON and its framings use."""
    text = "".join(random.choices(_CHARACTERS, k=random.choice((0, 1, 5, 130))))
    return json.dumps({"n": number, "d": text}, ensure_ascii=False, separators=(",", ":")).encode()


def messages(count: int, seed: int) -> list[bytes]:
    """Some messages, numbered from 1."""
    random = Random(f"by hand {seed}")
    return [message(number, random) for number in range(1, count + 1)]


def head(media_type: str, *, length: int | None = None, more: str = "") -> bytes:
    """The head of a response: with its length, or chunked."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{framing}\r\n{more}\r\n".encode()


def chunks(data: bytes, random: Random) -> bytes:
    """Data in chunks that are cut anywhere, and the last chunk."""
    out, at = b"", 0
    while at < len(data):
        size = random.choice((1, 2, 7, 60, 400))
        piece = data[at : at + size]
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
        at += size
    return out + b"0\r\n\r\n"


def whole(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    body = b"[" + b",".join(said) + b"]"
    return REQUEST, head("application/json", length=len(body)) + body


def request_each(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    answers = [head("application/json", length=len(one)) + one for one in said]
    return REQUEST * len(said), b"".join(answers)


def ndjson(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    return REQUEST, head("application/x-ndjson") + chunks(b"".join(one + b"\n" for one in said), random)


def polling(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    nothing = b"HTTP/1.1 204 No Content\r\n\r\n"
    out = nothing
    for at in range(0, len(said), 3):
        body = b"".join(one + b"\n" for one in said[at : at + 3])
        out += head("application/x-ndjson", length=len(body)) + body + nothing
    return REQUEST * out.count(b"HTTP/1.1 2"), out


def sse(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    body = b"\xef\xbb\xbf" * random.randint(0, 1) + b"retry: 2000\n\n"
    for number, one in enumerate(said):
        end = random.choice((b"\n", b"\r\n", b"\r"))
        colon = random.choice((b":", b": "))
        body += b": still there" + end * random.randint(1, 2)
        # Of these messages none begins with a space, which "data:" alone would lose.
        body += b"id: %d" % number + end + b"data" + colon + one + end + end
    return REQUEST, head("text/event-stream; charset=utf-8") + chunks(body, random)


def websocket(said: Sequence[bytes], random: Random, key: bytes = b"") -> tuple[bytes, bytes]:
    """Whole messages, fragmented ones, and pings in between them."""
    out = SWITCHING
    for one in said:
        if random.random() < 0.5:
            out += frame(TEXT, one, key=key)
            continue
        cut = random.randint(0, len(one))
        out += frame(TEXT, one[:cut], fin=0, key=key) + frame(PING, b"there?", key=key)
        out += frame(CONTINUATION, one[cut:], key=key)
    return UPGRADE, out


def websocket_up(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    asked, answered = websocket(said, random, KEY)
    return asked + answered[len(SWITCHING) :], SWITCHING


def post_each(said: Sequence[bytes], random: Random) -> tuple[bytes, bytes]:
    line = "POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return b"".join((line % len(one)).encode() + one for one in said), b"HTTP/1.1 204 No Content\r\n\r\n" * len(said)


Lane = Callable[[Sequence[bytes], Random], tuple[bytes, bytes]]
DOWN: tuple[Lane, ...] = (whole, request_each, ndjson, polling, sse, websocket)
UP: tuple[Lane, ...] = (websocket_up, post_each)


def captured(streams: tuple[bytes, bytes], random: Random, *, cut_at: int | None = None) -> Capture:
    """Both directions, the client's first, in reads that are cut anywhere; the server's may end too early."""
    asked, answered = streams
    talk: list[tuple[Side, bytes]] = []
    for side, data in ((CLIENT, asked), (SERVER, answered[:cut_at])):
        at = 0
        while at < len(data):
            size = random.choice((1, 20, 300, 5_000))
            talk.append((side, data[at : at + size]))
            at += size
    return recorded(*talk)
