"""Traffic as it should be, made up from a seed: HTTP exchanges and WebSocket frames, in reads cut at random.

It leaves out the few things that Wireshark 4 gets wrong; ``test_disagreements_tshark.py`` has those.
"""

from __future__ import annotations

import gzip
import random
import re
import zlib
from collections.abc import Iterator
from itertools import chain, pairwise

from lab_servers.capture.capture import Capture
from lab_servers.wire.websocket.inflate import Deflate
from tests.capture.wireshark import BOTH_CLOSE, CLIENT, SERVER, SWITCHING, UPGRADE, recorded
from tests.wire.websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, compressed, frame

SIZES = (0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 255, 256, 1000)
BIG_SIZES = (65_534, 65_535, 65_536, 65_537)
CODES = (1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999)
# The longest last chunk with its trailer section: 0;end, X-T: 你 and the empty line, with their line ends.
LONGEST_END_BYTES = 20
_INSIDE_SIZE_LINE = re.compile(rb"\n[0-9A-Fa-f]+(;[^\n]*)?\r?$")
# Bodies that a hasty reader would take for a head, a chunk or the end of something.
_TRAPS = (b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\n", b"5\r\nhello\r\n")
_WORDS = ("hello", "Grüße", "你好", "data: x\n\n", "\U0001f680", "a" * 50)
_FIELDS = ("X-Odd", "Accept", "ETag", "x-lower", "Server", "Cookie", "Cache-Control", "Vary", "User-Agent", "Link")
_PHRASES = {200: "OK", 201: "Created", 404: "Not Found", 500: "Très désolé", 503: "", 299: "two  spaces"}


def exchanges(seed: int, number: int) -> Capture:
    """One connection with some exchanges, one after the other or pipelined."""
    rng = random.Random(f"exchanges {seed} {number}")
    is_pipelined = rng.random() < 0.4
    count = rng.randint(1, 4)
    pairs = []
    for place in range(count):
        pairs.append(_exchange(rng, is_last=place == count - 1, is_pipelined=is_pipelined))
    if is_pipelined:
        pairs = [(list(chain(*(one for one, _ in pairs))), list(chain(*(one for _, one in pairs))))]
    talk = []
    for requests, answers in pairs:
        talk += [(CLIENT, part) for part in _cut_messages(rng, requests)]
        talk += [(SERVER, part) for part in _cut_messages(rng, answers)]
    return recorded(*talk, ends=BOTH_CLOSE, number=number)


def _exchange(rng: random.Random, *, is_last: bool, is_pipelined: bool) -> tuple[list[bytes], list[bytes]]:
    """The messages of both sides."""
    methods = ["GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] + ([] if is_pipelined else ["HEAD"])
    method = rng.choice(methods)
    target = rng.choice(
        ["/", "/a/b?c=d&e=%20", "*" if method == "OPTIONS" else "/x;y", "http://x/a?b", "/" + "t" * 300]
    )
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode() + _fields(rng)
    expects = method in ("POST", "PUT") and rng.random() < 0.3
    if expects:
        head += b"Expect: 100-continue\r\n"
    has_body = method in ("POST", "PUT", "PATCH")
    request = head + (_body(rng, ["content-length", "chunked"]) if has_body else b"\r\n")
    answers = [b"HTTP/1.1 100 Continue\r\n\r\n"] if expects else []
    if rng.random() < 0.2:
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n"
        answers.append(hints + _fields(rng) + b"\r\n")
    return [request], [*answers, _answer(rng, method, is_last=is_last)]


def _answer(rng: random.Random, method: str, *, is_last: bool) -> bytes:
    if rng.random() < 0.15 and method != "HEAD":
        status, phrase = rng.choice([(204, "No Content"), (304, "Not Modified")])
        return f"HTTP/1.1 {status} {phrase}\r\n".encode() + _fields(rng) + b"\r\n"
    status = rng.choice(list(_PHRASES))
    head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\n".encode() + _fields(rng)
    if method == "HEAD":
        return head + rng.choice([b"Content-Length: 5", b"Transfer-Encoding: chunked", b"X: y"]) + b"\r\n\r\n"
    return head + _body(rng, ["content-length", "chunked", "chunked"] + (["close"] if is_last else []))


def _fields(rng: random.Random) -> bytes:
    lines = []
    for _ in range(rng.randint(0, 4)):
        value = rng.choice(["", "v", "a b\tc", "你好", "x" * 200, '"q, r"; s=t', "a: b"])
        before, after = rng.choice(["", " ", "  ", "\t"]), rng.choice(["", "", " ", " \t"])
        lines.append(f"{rng.choice(_FIELDS)}:{before}{value}{after}\r\n")
    return "".join(lines).encode()


def _body(rng: random.Random, framings: list[str]) -> bytes:
    """The fields that tell where a body ends, the empty line, and the body."""
    content = b"".join(rng.choice(_TRAPS) for _ in range(rng.randint(0, 3))) + rng.choice(_WORDS).encode()
    content *= rng.choice([1, 1, 1, 20])
    if rng.random() < 0.1:
        content = b""
    fields = rng.choice([b"", b"Content-Type: text/plain; charset=utf-8\r\n", b"Content-Type: application/json\r\n"])
    coding = rng.choice(["", "", "", "gzip", "x-gzip", "deflate", "bare deflate"]) if content else ""
    if coding:
        fields += b"Content-Encoding: " + coding.removeprefix("bare ").encode() + b"\r\n"
        content = _coded(coding, content)
    framing = rng.choice(framings)
    if framing == "close":
        return fields + b"\r\n" + content
    if framing == "content-length":
        return fields + b"Content-Length: %d\r\n\r\n" % len(content) + content
    return fields + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(_chunks(rng, content))


def _coded(coding: str, content: bytes) -> bytes:
    if "gzip" in coding:
        return gzip.compress(content, mtime=0)
    return zlib.compress(content, wbits=-15 if coding.startswith("bare") else 15)


def _chunks(rng: random.Random, content: bytes) -> Iterator[bytes]:
    while content:
        size = min(rng.choice([1, 2, 5, 16, 17, 300]), len(content))
        digits = rng.choice(["{:x}", "{:X}", "0{:x}", "00{:X}"]).format(size)
        extension = rng.choice(["", "", "", ";a", ";a=b", ';a="b c";d', ";long=" + "e" * 99])
        yield f"{digits}{extension}\r\n".encode() + content[:size] + b"\r\n"
        content = content[size:]
    trailers = b"".join(rng.choice([b"Sum: 1\r\n", b"X-T: \xe4\xbd\xa0\r\n"]) for _ in range(rng.choice([0, 0, 1])))
    yield rng.choice([b"0", b"00", b"0;end"]) + b"\r\n" + trailers + b"\r\n"


def frames(seed: int, number: int) -> Capture:
    """One connection with an opening handshake and frames of both sides; only one of them fragments."""
    rng = random.Random(f"frames {seed} {number}")
    deflate = _negotiated(rng) if number % 2 else (b"", {})
    line, by_side = deflate
    talk = [(CLIENT, UPGRADE[:-2] + line + b"\r\n"), (SERVER, SWITCHING[:-2] + line + b"\r\n")]
    code = CODES[number % len(CODES)].to_bytes(2)
    who_fragments = rng.choice([CLIENT, SERVER])
    compressors = {side: zlib.compressobj(wbits=-found.window_bits) for side, found in by_side.items()}
    for turn in range(rng.randint(2, 5)):
        for side in (CLIENT, SERVER):
            groups: list[list[bytes]] = [[]]
            for _ in range(rng.randint(0, 4)):
                key = rng.randbytes(4) if side is CLIENT else b""
                compressor = compressors.get(side)
                if by_side and by_side[side].no_context_takeover:
                    compressor = zlib.compressobj(wbits=-by_side[side].window_bits)
                message = list(_one_message(rng, key, compressor, may_fragment=side is who_fragments))
                if len(message) > 1:
                    groups += [message, []]
                else:
                    groups[-1] += message
            if turn == 0 and side is SERVER and number % 10 == 0:
                groups[-1].append(frame(BINARY, rng.randbytes(BIG_SIZES[number // 10 % len(BIG_SIZES)])))
            talk += [(side, part) for group in groups if group for part in _cut(rng, b"".join(group))]
    key = rng.randbytes(4)
    reason = rng.choice(["", "done", "zu groß", "r" * 123]).encode()
    talk.append((CLIENT, frame(CLOSE, rng.choice([b"", code + reason]), key=key)))
    talk.append((SERVER, frame(CLOSE, code + reason)))
    return recorded(*talk, number=number)


def _negotiated(rng: random.Random) -> tuple[bytes, dict]:
    no_takeover = rng.random() < 0.4
    server, client = (Deflate(no_takeover, rng.choice([9, 12, 15])) for _ in range(2))
    said = ["permessage-deflate"]
    for name, found in (("server", server), ("client", client)):
        said += [f"{name}_no_context_takeover"] if found.no_context_takeover else []
        said += [f"{name}_max_window_bits={found.window_bits}"] if found.window_bits < 15 else []
    return f"Sec-WebSocket-Extensions: {'; '.join(said)}\r\n".encode(), {CLIENT: client, SERVER: server}


def _one_message(
    rng: random.Random, key: bytes, compressor: zlib._Compress | None, *, may_fragment: bool
) -> Iterator[bytes]:
    kind = rng.random()
    if kind < 0.2:
        yield frame(rng.choice([PING, PONG]), rng.randbytes(rng.choice([0, 1, 4, 125])), key=key)
        return
    opcode = rng.choice([TEXT, BINARY])
    size = rng.choice(SIZES)
    content = ("Grüße 你好 " * size).encode()[:size].decode(errors="ignore").encode()
    if opcode == BINARY:
        content = rng.randbytes(size)
    if compressor and content and kind < 0.7:
        yield frame(opcode, compressed(content, compressor), rsv=0b100, key=key)
    elif may_fragment and kind < 0.6:
        parts = list(_cut(rng, content)) or [b"-"]
        parts.insert(rng.randrange(len(parts)), b"")
        for place, part in enumerate(parts):
            is_last = place == len(parts) - 1
            yield frame(CONTINUATION if place else opcode, part, fin=int(is_last), key=key)
            if not is_last and rng.random() < 0.4:
                yield frame(PING, b"between", key=key)
    else:
        long = rng.choice([None, None, None, 8]) if size < 126 else None
        yield frame(opcode, content, key=key, length_bytes=long)


def _cut(rng: random.Random, data: bytes) -> Iterator[bytes]:
    """The data in up to four reads."""
    return _cut_at(data, {rng.randrange(len(data) + 1) for _ in range(rng.randint(0, 3))})


def _cut_messages(rng: random.Random, messages: list[bytes]) -> Iterator[bytes]:
    """The messages in some reads.

    Wireshark 4 may err where a start line, the size of a chunk or the last chunk is cut, and where a cut in a chunked
    body is followed by one more message in the same segment.
    """
    cuts = set()
    at = 0
    for message in messages:
        first, last = message.index(b"\r\n") + 2, len(message) - LONGEST_END_BYTES
        if len(messages) > 1 and b"chunked\r\n\r\n" in message:
            last = min(last, message.index(b"\r\n\r\n"))
        chosen = {rng.randrange(first, last) for _ in range(rng.randint(0, 2)) if first < last}
        cuts |= {at + cut for cut in chosen if not _INSIDE_SIZE_LINE.search(message, 0, cut)}
        at += len(message)
    return _cut_at(b"".join(messages), cuts)


def _cut_at(data: bytes, cuts: set[int]) -> Iterator[bytes]:
    edges = sorted(cuts | {0, len(data)})
    for start, stop in pairwise(edges):
        yield data[start:stop]
