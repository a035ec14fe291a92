"""What is wrong or remarkable about the lines of a head or a trailer section, tied to the bytes to blame.

How the head tells where the body ends is judged in ``framing.py``; the handshake of a WebSocket in
``websocket/handshake.py``. Both name a field, and here their problems find its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab_servers.wire.http1.lines import (
    MAX_EXPLAINED_LINES,
    REQUEST_LINE,
    STATUS_LINE,
    TOKEN,
    Line,
    explained_lines,
    is_folded,
    split_field_line,
    split_lines,
)
from lab_servers.wire.http1.message import Message, Problem
from lab_servers.wire.model import CLIENT, SERVER, Note, Pieces, Severity, text_of
from lab_servers.wire.websocket.handshake import request_problems, response_problems

FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO

# RFC 9110 §5.5: CR, LF and NUL are dangerous in a value, other control characters (but for the tab) merely invalid.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_OBS_TEXT = re.compile(rb"[\x80-\xff]+")

# Lines as nearly all are: without a note. One match each spares them the search for all that could be wrong.
_PLAIN_FIELD_LINE = re.compile(TOKEN.pattern + rb":[\t\x20-\x7e]*\r\n")
_PLAIN_START_LINES = {
    CLIENT: re.compile(TOKEN.pattern + rb" [\x21-\x7e]+ HTTP/1\.[0-9]\r\n"),
    SERVER: re.compile(rb"HTTP/1\.[0-9] [0-9]{3} [\t\x20-\x7e]*\r\n"),
}


def head_notes(
    data: bytearray, start: int, stop: int, sender: str, message: Message | None, ended: bool
) -> Iterator[Note]:
    """The notes of a head, in the order of its bytes as far as they have an order."""
    lines, rest = explained_lines(data, start, stop)
    found = list(_line_notes(data, lines, sender))
    if rest < stop:
        text = f"Only the first {MAX_EXPLAINED_LINES:,} lines of this head are looked at one by one."
        found.append(Note(INFO, text, "RFC 6585 §5", ((rest, stop),)))
    if message is None:
        # Empty lines alone are no head that was cut off.
        found += [_cut(start, stop, sender, ended)] if data[start:stop].strip(b"\r\n") else []
    else:
        head = (message.start, message.head_end)
        found += [_anchored(problem, data, head) for problem in _problems(message)]
    yield from sorted(found, key=lambda note: note.pieces)


def trailer_notes(data: bytearray, start: int, stop: int) -> Iterator[Note]:
    """The notes of a trailer section."""
    for line in explained_lines(data, start, stop)[0]:
        yield from _ending_notes(data, line)
        if line.start < line.stop:
            yield from _field_line_notes(data, line)


def _cut(start: int, stop: int, sender: str, ended: bool) -> Note:
    if ended:
        doing = "A server may answer 400" if sender == CLIENT else "A client must treat the answer as incomplete"
        text = f"The stream ends inside a head. {doing}."
        return Note(FORBIDDEN, text, "RFC 9112 §8", ((start, stop),))
    return Note(INFO, "The empty line that ends the head has not been seen yet.", "RFC 9112 §2.1", ((start, stop),))


def _line_notes(data: bytearray, lines: list[Line], sender: str) -> Iterator[Note]:
    started = has_field = False
    for line in lines:
        plain = _PLAIN_FIELD_LINE if started else _PLAIN_START_LINES[sender]
        if plain.fullmatch(data, line.start, line.end):
            has_field = started
            started = True
            continue
        yield from _ending_notes(data, line)
        if line.start == line.stop:
            if not started:
                yield _empty_before(line, sender)
        elif started and not has_field and is_folded(data, line):
            text = (
                "White space stands between the start line and the first field line. A receiver must refuse the "
                "message, or leave such lines out."
            )
            yield Note(FORBIDDEN, text, "RFC 9112 §2.2", ((line.start, line.stop),))
        elif started:
            has_field = True
            yield from _field_line_notes(data, line)
        else:
            yield from _start_line_notes(data, line, sender)
            started = True


def _empty_before(line: Line, sender: str) -> Note:
    if sender == CLIENT:
        text = "A client must not send an empty line before or after a request. A server should still ignore it."
        return Note(FORBIDDEN, text, "RFC 9112 §2.2", ((line.stop, line.end),))
    text = "An empty line stands before the answer, where there must be a status line."
    return Note(FORBIDDEN, text, "RFC 9112 §2.1", ((line.stop, line.end),))


def _ending_notes(data: bytearray, line: Line) -> Iterator[Note]:
    if line.end - line.stop == 1 and data[line.stop] == 0x0A:
        text = (
            "A bare LF ends this line. A sender must send CR LF; a receiver may accept LF alone, or refuse the message."
        )
        yield Note(FORBIDDEN, text, "RFC 9112 §2.2", ((line.stop, line.end),))
    for found in re.finditer(rb"\r", data[line.start : line.stop]):
        at = line.start + found.start()
        text = "A CR stands alone. A receiver must take the element for invalid, or put a space in its place."
        yield Note(FORBIDDEN, text, "RFC 9112 §2.2", ((at, at + 1),))


def _start_line_notes(data: bytearray, line: Line, sender: str) -> Iterator[Note]:
    text = bytes(data[line.start : line.stop])
    whole = ((line.start, line.stop),)
    found = (REQUEST_LINE if sender == CLIENT else STATUS_LINE).fullmatch(text)
    if found is None:
        return
    if sender == CLIENT:
        if not TOKEN.fullmatch(found[1]):
            yield Note(
                FORBIDDEN, "A method is a token, and this is none. A server answers 400.", "RFC 9110 §9.1", whole
            )
        if b" " in found[3] or b"\t" in found[3]:
            sentence = "White space stands in the request target. A server should answer 400, and not try to repair it."
            yield Note(FORBIDDEN, sentence, "RFC 9112 §3.2", _at(line, *found.span(3)))
        if control := _CONTROL.search(found[3]):
            sentence = "A control character stands in the request target. A server answers 400."
            yield Note(FORBIDDEN, sentence, "RFC 9112 §3.2", _at(line, *_span(found.start(3), control)))
        if other := _OBS_TEXT.search(found[3]):
            sentence = "A request target is ASCII: other characters must be percent-encoded. A server may answer 400."
            yield Note(FORBIDDEN, sentence, "RFC 9112 §3.2", _at(line, *_span(found.start(3), other)))
        spaces = (found[2], found[4], found[6] or b" ")
    else:
        spaces = (found[2], found[4] or b" ", b" ")
        if found[4] is None:
            sentence = "The space after the status code is missing. A server must send it even when no reason follows."
            yield Note(FORBIDDEN, sentence, "RFC 9112 §4", whole)
        if control := _CONTROL.search(found[5] or b""):
            sentence = "A control character stands in the reason phrase."
            yield Note(FORBIDDEN, sentence, "RFC 9112 §4", _at(line, *_span(found.start(5), control)))
    if any(space != b" " for space in spaces) or (sender == CLIENT and found[6]):
        sentence = (
            "One space must separate the parts of this line. A receiver may split it at any white space; programs that "
            "differ about it can be played off against each other."
        )
        yield Note(FORBIDDEN, sentence, "RFC 9112 §3" if sender == CLIENT else "RFC 9112 §4", whole)


def _span(offset: int, found: re.Match[bytes]) -> tuple[int, int]:
    return offset + found.start(), offset + found.end()


def _at(line: Line, start: int, stop: int) -> Pieces:
    return ((line.start + start, line.start + stop),)


def _field_line_notes(data: bytearray, line: Line) -> Iterator[Note]:
    if is_folded(data, line):
        text = (
            "This line continues the one before it (obs-fold), which no sender may do. A server must answer 400, or "
            "put spaces in its place; a client puts spaces."
        )
        yield Note(FORBIDDEN, text, "RFC 9112 §5.2", ((line.start, line.stop),))
    else:
        yield from _name_notes(data, line)
    parts = split_field_line(data, line.start, line.stop)
    value_start = line.start if is_folded(data, line) else parts.value_start
    value = bytes(data[value_start : parts.value_stop])
    if control := re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value):
        at = value_start + control.start()
        text = (
            f"A control character (0x{value[control.start()]:02x}) stands in the value. A receiver must refuse NUL, or "
            "put a space in its place, and may keep others."
        )
        yield Note(FORBIDDEN, text, "RFC 9110 §5.5", ((at, at + 1),))
    if other := _OBS_TEXT.search(value):
        text = "A value should be ASCII. Other bytes are opaque; they are shown as UTF-8 where they are that."
        yield Note(ODD, text, "RFC 9110 §5.5", ((value_start + other.start(), value_start + other.end()),))


def _name_notes(data: bytearray, line: Line) -> Iterator[Note]:
    parts = split_field_line(data, line.start, line.stop)
    name = bytes(data[line.start : parts.name_stop])
    if parts.colon_stop == parts.name_stop:
        if line.end > line.stop:
            text = "A field line has a colon, and this has none. A server answers 400; a client had better discard it."
            yield Note(FORBIDDEN, text, "RFC 9112 §5", ((line.start, line.stop),))
        return
    stripped = name.rstrip(b" \t")
    if stripped != name:
        text = (
            "White space stands before the colon. A server must answer 400; a proxy must remove it from an answer. "
            "Requests have been smuggled past proxies this way."
        )
        yield Note(FORBIDDEN, text, "RFC 9112 §5.1", ((line.start + len(stripped), parts.name_stop),))
    if not stripped:
        text = "This field has no name. A server answers 400; a client had better discard the answer."
        yield Note(FORBIDDEN, text, "RFC 9110 §5.1", ((line.start, parts.colon_stop),))
    elif not TOKEN.fullmatch(stripped):
        good = TOKEN.match(stripped)
        at = line.start + (good.end() if good else 0)
        text = f"A field name is a token, and 0x{data[at]:02x} may not stand in one. A server answers 400."
        yield Note(FORBIDDEN, text, "RFC 9110 §5.1", ((at, at + 1),))


def _problems(message: Message) -> Iterator[Problem]:
    yield from message.problems
    if message.sender == CLIENT:
        yield from _host_problems(message)
        is_websocket = "websocket" in message.tokens("Upgrade")
        if is_websocket or message.values("Sec-WebSocket-Key") or message.values("Sec-WebSocket-Version"):
            found = request_problems(message.method, message.version, message.field_lines)
            yield from (Problem(one.severity, one.text, one.spec, one.field) for one in found)
        if "100-continue" in message.tokens("Expect"):
            text = "The client waits with the body until it hears 100, or a final answer that makes the body needless."
            yield Problem(INFO, text, "RFC 9110 §10.1.1", "Expect")
    else:
        yield from _answer_problems(message)


def _host_problems(message: Message) -> Iterator[Problem]:
    hosts = message.values("Host")
    if (message.version == "HTTP/1.0" and len(hosts) < 2) or (len(hosts) == 1 and not re.search(r"[\s,/@]", hosts[0])):
        return
    what = "has no Host" if not hosts else "has Host more than once" if len(hosts) > 1 else "has an invalid Host"
    text = f"This request {what}, and an HTTP/1.1 request must have one that is valid. A server must answer 400."
    yield Problem(FORBIDDEN, text, "RFC 9112 §3.2", "Host" if hosts else "")


def _answer_problems(message: Message) -> Iterator[Problem]:
    request, status = message.request, message.status or 0
    if not 100 <= status <= 599:
        text = "A status code is from 100 to 599. A client should treat others as an error of the server (5xx)."
        yield Problem(FORBIDDEN, text, "RFC 9110 §15")
    asked_for_websocket = request is not None and "websocket" in request.tokens("Upgrade")
    switches = status == 101 and "websocket" in message.tokens("Upgrade")
    if switches or (asked_for_websocket and not (100 <= status < 200 and status != 101)):
        asked = request.field_lines if request else ()
        found = response_problems(status, message.field_lines, asked)
        yield from (Problem(one.severity, one.text, one.spec, one.field) for one in found)
    if status == 101 and request is not None and not request.values("Upgrade"):
        text = "The server switches protocols, and the client had not asked for it with Upgrade."
        yield Problem(FORBIDDEN, text, "RFC 9110 §7.8")
    if message.media_type == "text/event-stream" and status not in (200, 204) and status >= 200:
        text = "An EventSource takes an answer with a status other than 200 for a failure, and does not connect again."
        yield Problem(INFO, text, "HTML §9.2.3", "Content-Type")


def _anchored(problem: Problem, data: bytearray, head: tuple[int, int]) -> Note:
    """The note of a problem: at the lines of the field that it names, else at the start line."""
    lines = list(split_lines(data, *head))
    pieces: Pieces = ((lines[0].start, lines[0].stop),)
    if problem.field:
        wanted = problem.field.lower()
        named = []
        for line in lines[1:]:
            parts = split_field_line(data, line.start, line.stop)
            if text_of(bytes(data[line.start : parts.name_stop])).strip().lower() == wanted:
                named.append((line.start, line.stop))
        pieces = tuple(named) or pieces
    return Note(problem.severity, problem.text, problem.spec, pieces)
