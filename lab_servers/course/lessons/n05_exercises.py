"""The exercises of ``05_websocket_handshake``: the accept key, the end of HTTP, a valid request, a subprotocol."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.dissection import dissect
from lab_servers.recording import Recording
from lab_servers.scenarios import EarlyFrame, Handshake, RefusedUpgrades, Subprotocols
from lab_servers.views.heads import heads
from lab_servers.views.looks.handshake import http_ends, key_and_accept, upgraded
from lab_servers.views.looks.handshake_subprotocols import named, negotiations, offered
from lab_servers.wire.model import Severity
from lab_servers.wire.websocket.handshake import accept_for, request_problems

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_WHATWG = "https://websockets.spec.whatwg.org/#concept-websocket-establish"
SEEDED = "made with a seed"

# --- the accept value ---------------------------------------------------------------------------------

_ACCEPT = "The value is the base64 of the 20 bytes of SHA-1 over the key and the GUID, both as the text that they are."
_EXAMPLE = "The standard's own example: this key and this value stand in it."
_EXAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def _accept_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        key, accept = key_and_accept(upgraded(recording))
        yield Case((key,), accept, _ACCEPT, f"{_RFC_6455}4.2.2")
    yield Case((_EXAMPLE_KEY,), accept_for(_EXAMPLE_KEY), _EXAMPLE, f"{_RFC_6455}1.3", "RFC 6455")
    for _ in range(20):
        key = base64.b64encode(random.randbytes(16)).decode()
        yield Case((key,), accept_for(key), _ACCEPT, f"{_RFC_6455}4.2.2", SEEDED)


# --- where HTTP ends ------------------------------------------------------------------------------------

_KEPT = "HTTP ends with the empty line; every byte after it belongs to the new protocol and must be kept."
_FIRST = "The first empty line ends the head; two line ends in a payload mean nothing."
_NOT_YET = "Without its empty line the head is not complete: there is no head yet, and all bytes must be kept."
_MESSAGE_FORMAT = "https://www.rfc-editor.org/rfc/rfc9112#section-2.1"
_SWITCHING = "https://www.rfc-editor.org/rfc/rfc9110#section-7.8"
_HEAD_END = b"\r\n\r\n"


def _split_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        capture = upgraded(recording)
        head = capture.bytes_from(Side.SERVER)[: http_ends(capture)["server"]]
        # What the client's first read brings, and then all that the server sent.
        first = len(head) + dissect(capture).came_with_upgrade
        for data in (capture.bytes_from(Side.SERVER)[:first], capture.bytes_from(Side.SERVER)):
            yield Case((data,), (head, data[len(head) :]), _KEPT, _SWITCHING)
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    yield Case((head,), (head, b""), _KEPT, _SWITCHING, SEEDED)
    for _ in range(8):
        payload = random.randbytes(random.randint(0, 40))
        # A binary frame, a fragment, a ping or a close frame: the first byte is not for HTTP to know.
        frame = bytes([random.choice((0x82, 0x02, 0x89, 0x88)), len(payload)]) + payload
        if _HEAD_END not in payload:
            yield Case((head + frame,), (head, frame), _KEPT, _SWITCHING, SEEDED)
        tricky = bytes([0x82, len(payload) + 4]) + payload + _HEAD_END
        yield Case((head + tricky,), (head, tricky), _FIRST, _MESSAGE_FORMAT, SEEDED)
        part = head[: random.randint(0, len(head) - 1)]
        yield Case((part,), (b"", part), _NOT_YET, _MESSAGE_FORMAT, SEEDED)


def _same_pair(given: Any, expected: tuple[bytes, bytes]) -> bool:
    head, rest = given
    return (bytes(head), bytes(rest)) == expected


# --- a valid request --------------------------------------------------------------------------------------

_RIGHT = "A request that has all that it needs must not be refused as malformed; a foreign Origin is another question."
_TOKENS = (
    "Connection and Upgrade are lists, of which one element must be the right word as a whole. These words and the "
    "names of fields match in any case."
)

_RULES = {
    "Host": "There must be a Host.",
    "Upgrade": "One element of Upgrade must be websocket.",
    "Connection": "One element of Connection must be Upgrade.",
    "Sec-WebSocket-Key": "There must be one key: base64 of exactly 16 bytes.",
    "Sec-WebSocket-Version": "The version must be 13.",
}
_METHOD = "The method must be GET, and methods match with their case."


def _valid_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for capture in recording.captures if recording is not None else ():
        for request in heads(capture, Side.CLIENT)[:1]:
            yield _valid_case(request.method, list(request.field_lines), "recorded")
    for _ in range(4):
        key = base64.b64encode(random.randbytes(16)).decode()
        right = {
            "Host": f"127.0.0.1:{random.randint(1024, 65535)}", "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
        }  # fmt: skip
        yield _valid_case("GET", list(right.items()), SEEDED)
        for method in (random.choice(("POST", "PUT", "HEAD")), "get"):
            yield _valid_case(method, list(right.items()), SEEDED)
        for connection, upgrade in (("keep-alive, Upgrade", "WebSocket"), ("upgrade", "websocket, h2c")):
            loose = {**right, "Connection": connection, "Upgrade": upgrade}
            yield _valid_case("GET", [(name.lower(), value) for name, value in loose.items()], SEEDED, _TOKENS)
        for left_out in right:
            yield _valid_case("GET", [one for one in right.items() if one[0] != left_out], SEEDED)
        # 17 bytes make 24 characters as 16 do, and a decoder that skips what is no base64 finds 16 in the last key.
        sizes = (random.choice((0, 8, 15, 20)), 17)
        keys = [base64.b64encode(random.randbytes(size)).decode() for size in sizes]
        near = [("Sec-WebSocket-Key", wrong) for wrong in (*keys, "not base64!", f"{key[:8]}!{key[8:]}")]
        near += [("Sec-WebSocket-Version", wrong) for wrong in (random.choice(("8", "7", "0")), "113")]
        near += [("Connection", "keep-alive, Upgrade-Later"), ("Upgrade", "websocket2")]
        for name, wrong in near:
            yield _valid_case("GET", list({**right, name: wrong}.items()), SEEDED)


def _valid_case(method: str, fields: list[tuple[str, str]], source: str, rule: str = _RIGHT) -> Case:
    """One request; whether it is valid, and by which rule not, is for the dissector to say."""
    problems = request_problems(method, "HTTP/1.1", fields)
    broken = [one for one in problems if one.severity is Severity.FORBIDDEN]
    if broken:
        first = broken[0]
        rule = next(
            (text for name, text in _RULES.items() if name == first.field or f"no {name}" in first.text), _METHOD
        )
    section = "4.2.1" if broken or rule == _TOKENS else "4.2.2"
    return Case((method, fields), not broken, rule, f"{_RFC_6455}{section}", source)


# --- a subprotocol ----------------------------------------------------------------------------------------

_AMONG = (
    "The server may name one of those that were offered, letter for letter. At anything else the client must fail the "
    "connection."
)
_NONE = "A server may name none; a client goes on without a subprotocol."
_BROWSER = "A browser that offered some fails the connection if the server names none."


def _subprotocol_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for case in negotiations(recording).values() if recording is not None else ():
        yield _may_open(list(offered(case)), named(case), random.random() < 0.5, "recorded")
    for count in (0, 1, 2, 3, 2, 3):
        names = [f"chat.v{number}.lab" for number in random.sample(range(1, 9), count)]
        # Right ones, one from elsewhere, and such that are nearly right: another case, a part, several at once.
        near = [name for one in names[:1] for name in (one.upper(), one[:-4])] + [", ".join(names[:2])] * (count > 1)
        for name in (*names, "chat.v9.lab", *near):
            yield _may_open(names, name, random.random() < 0.5, SEEDED)
        for is_browser in (False, True):
            yield _may_open(names, None, is_browser, SEEDED)


def _may_open(names: list[str], name: str | None, is_browser: bool, source: str) -> Case:
    if name is None:
        fails = is_browser and bool(names)
        section = _WHATWG if fails else f"{_RFC_6455}4.2.2"
        return Case((names, name, is_browser), not fails, _BROWSER if fails else _NONE, section, source)
    return Case((names, name, is_browser), name in names, _AMONG, f"{_RFC_6455}4.1", source)


EXERCISES = (
    Exercise(
        "05-accept-key",
        "accept_key(key) gets the value of Sec-WebSocket-Key and returns that of Sec-WebSocket-Accept, both as text.",
        "accept_key",
        _accept_cases,
        (
            "SHA-1 gives 20 bytes, which a person reads as 40 hexadecimal digits. Which of the two goes into base64?",
            "hashlib has digest() beside hexdigest(): take the bytes themselves.",
        ),
        """import base64
import hashlib

def accept_key(key):
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    digest = hashlib.sha1((key + guid).encode()).digest()
    return base64.b64encode(digest).decode()
""",
        lambda lab: Handshake().run(lab),
    ),
    Exercise(
        "05-split-upgrade",
        "split_upgrade(data) gets what was read so far, and returns the head with its empty line, and the bytes after "
        "it. While the head is not complete, it returns no bytes as the head and keeps all the others.",
        "split_upgrade",
        _split_cases,
        (
            "The head ends with the first CR LF CR LF, and these four bytes are part of it.",
            "data.find() gives the place of the first one, or -1. Cut four bytes behind it.",
        ),
        r"""def split_upgrade(data):
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return b"", data
    return data[: end + 4], data[end + 4 :]
""",
        lambda lab: EarlyFrame().run(lab),
        _same_pair,
    ),
    Exercise(
        "05-valid-upgrade",
        "is_valid_upgrade(method, fields) gets the method and the field lines of a request with HTTP/1.1, a list of "
        "(name, value) in which no name stands twice, and tells whether it may be answered with 101 (RFC 6455 §4.2.1). "
        "Origin is not its concern.",
        "is_valid_upgrade",
        _valid_cases,
        (
            "Names of fields match in any case. Five fields are needed: any Host, two lists that must have one certain "
            "word among their elements, a key in base64, and a version that must be 13.",
            "base64.b64decode(key, validate=True) raises ValueError for what is no base64; count the bytes it gives.",
        ),
        """import base64

def is_valid_upgrade(method, fields):
    found = {name.lower(): value.strip() for name, value in fields}
    try:
        key = base64.b64decode(found.get("sec-websocket-key", ""), validate=True)
    except ValueError:
        return False
    for name, word in ("connection", "upgrade"), ("upgrade", "websocket"):
        if word not in [one.strip().lower() for one in found.get(name, "").split(",")]:
            return False
    is_right = method == "GET" and "host" in found and len(key) == 16
    return is_right and found.get("sec-websocket-version") == "13"
""",
        lambda lab: RefusedUpgrades().run(lab),
    ),
    Exercise(
        "05-subprotocol",
        "may_open(offered, named, is_browser) gets the list that the client offered, what the server named (None where "
        "it has no such field), and whether the client is a browser. It tells whether that client may open it.",
        "may_open",
        _subprotocol_cases,
        (
            "There are three answers: one that was offered, none at all, and anything else.",
            "If the server named none, only a browser that had offered some must fail. Else: is it in the list?",
        ),
        """def may_open(offered, named, is_browser):
    if named is None:
        return not (is_browser and offered)
    return named in offered
""",
        lambda lab: Subprotocols().run(lab),
    ),
)
