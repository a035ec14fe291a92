"""Five probes of the evidence table: each computes one row's cell from what one column's connections carried.

None of them knows what it should find: given the bytes of another protocol, each says what those are. The other rows
are in ``evidence_reconnection.py`` and ``evidence_costs.py``; ``evidence.py`` has the words; ``turns.py`` knows who
spoke when.
"""

from __future__ import annotations

import statistics

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection
from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import (
    COLUMNS,
    EVENT_STREAM,
    Cell,
    Dimension,
    Exhibit,
    Part,
    answers,
    connections,
    counted,
    exhibit,
    field_line_of,
    first,
    head_of,
    requests,
    required,
    sent_bytes,
)
from lab_servers.measure.turns import BOTH, SERVER_TO_CLIENT, direction, spoken_over, turns
from lab_servers.recording import Recording
from lab_servers.wire.printable import printable

YES, NO, HANDSHAKE_ONLY = "yes", "no", "only the handshake"
SHORT, MEDIUM, LONG = "short", "medium to long", "long"
FETCH, EVENT_SOURCE, WEB_SOCKET = "fetch", "EventSource", "WebSocket"

# Of a visit with two answers: what is open for less than a fifth of it is called short here, and what is open for
# more than four fifths long.
SHORT_BELOW, LONG_ABOVE = 0.2, 0.8

_MOST_CHARACTERS = 60


# --- based on HTTP, new protocol ----------------------------------------------------------------------------


def http_bytes(found: Dissection, side: Side) -> int:
    """How many of a side's bytes lie in messages of HTTP."""
    return sum(stop - start for one in found.records(side, "http") for start, stop in one.pieces)


def based_on_http(recording: Recording, column: str) -> Cell:
    """How much of the connection is HTTP: read from where the dissector of HTTP stops."""
    found = required(recording, column, Part.TALK)[0]
    end = found.conversation.http_end
    value = YES if end is None else HANDSHAKE_ONLY
    told = " and ".join(
        f"{http_bytes(found, side):,} of the {side.value}'s {sent_bytes(found, side):,} bytes" for side in Side
    )
    sentence = f"{told[0].upper()}{told[1:]} are HTTP" + (", up to the end of the 101." if end else ".")
    correction = (
        "That is HTTP/1.1. Over HTTP/2 the handshake itself is another one: CONNECT with :protocol, answered by 200 "
        "(RFC 8441 §5)."
        if end
        else ""
    )
    heads = tuple(head_of(found, one) for one in (*answers(found)[-1:], *requests(found)[-1:]))
    spec = {NO: "", YES: "RFC 9110 §3.4", HANDSHAKE_ONLY: "RFC 6455 §1.7"}[value]
    return Cell(Dimension.BASED_ON_HTTP, column, value, sentence, heads, correction, spec)


def new_protocol(recording: Recording, column: str) -> Cell:
    """Whether the connection was switched to another protocol, and then spoke it."""
    found = required(recording, column, Part.TALK)[0]
    frames = {side: found.records(side, "websocket") for side in Side}
    count = sum(map(len, frames.values()))
    answer = answers(found)[0] if answers(found) else None
    heads = (field_line_of(found, answer, "Content-Type"),) if answer else ()
    if found.conversation.upgraded_to == "websocket" and count:
        told = (exhibit(found, one) for side in (Side.SERVER, Side.CLIENT) for one in frames[side][:1])
        return Cell(
            Dimension.NEW_PROTOCOL, column, YES,
            f"After the 101 {counted(count, 'frame')} passed: {len(frames[Side.CLIENT])} from the client, "
            f"{len(frames[Side.SERVER])} from the server.",
            tuple(told), "It is still the same TCP connection: no new port and no new handshake of TCP.",
            "RFC 6455 §5.2",
        )  # fmt: skip
    kind = printable(answer.media_type or "nothing", _MOST_CHARACTERS) if answer else "nothing"
    status = answer.status if answer else "none"
    is_stream = answer is not None and answer.media_type == EVENT_STREAM
    return Cell(
        Dimension.NEW_PROTOCOL, column, NO,
        f"No frame passed. The answer has the status {status} and content of the type {kind}.", heads,
        "New is only the format of the content. That format has its own rules, as JSON has." if is_stream else "",
        "HTML §9.2.5" if is_stream else "RFC 9110 §15.3.1",
    )  # fmt: skip


# --- direction ----------------------------------------------------------------------------------------------


def direction_of(recording: Recording, column: str) -> Cell:
    """Which way messages went: read from who sent when."""
    found = required(recording, column, Part.TALK)[0]
    spoken = turns(found)
    value = direction(spoken)
    up = [turn for turn in spoken if turn.side is Side.CLIENT]
    down = [turn for turn in spoken if turn.side is Side.SERVER]
    up_bytes, down_bytes = (sum(turn.stop - turn.start for turn in some) for some in (up, down))
    correction = ""
    if value == SERVER_TO_CLIENT and requests(found):
        asked = requests(found)[0]
        up_bytes = asked.end - asked.start
        sentence = (
            f"After its request of {up_bytes:,} bytes the client sent nothing; the server sent {down_bytes:,} bytes in "
            f"{counted(len(down), 'event')}."
        )
        correction = _upstream(recording, column)
    elif value == BOTH:
        over = spoken_over(spoken)
        sentence = (
            f"The client sent {counted(len(up), 'message')}, the server {len(down)}. In the midst of "
            f"{counted(len(over), 'message')} of the client's the server began one of its own."
        )
    else:
        sentence = (
            f"{counted(len(up), 'message')} of {up_bytes:,} bytes from the client, {counted(len(down), 'message')} of "
            f"{down_bytes:,} bytes from the server, each after the one before was whole."
        )
    sides = (Side.CLIENT, Side.SERVER) if value == BOTH else (Side.SERVER, Side.CLIENT)
    shown = spoken_over(spoken)[:1] if value == BOTH else ()
    decisive = dict.fromkeys([*shown, *(turn for side in sides for turn in spoken if turn.side is side)])
    exhibits = [Exhibit(found.capture, one.side, one.start, one.stop) for one in decisive]
    spec = {SERVER_TO_CLIENT: "HTML §9.2.1", BOTH: "RFC 6455 §1.2"}.get(value, "RFC 9110 §3.4")
    return Cell(Dimension.DIRECTION, column, value, sentence, tuple(exhibits), correction, spec)


def _upstream(recording: Recording, column: str) -> str:
    posts = [one for found in connections(recording, column, Part.CHAT) for one in requests(found)]
    further = sum(one.method == "POST" for one in posts)
    if not further:
        return ""
    return f"The way up is simply another request: in the chat the client's messages went as {further} POST requests."


# --- connection duration ------------------------------------------------------------------------------------


def open_ms(found: Dissection) -> float:
    """How long a connection was open, or, where its end was not seen, until its last byte; in milliseconds."""
    return (_end_ns(found.capture) - found.capture.opened_ns) / 1e6


def _end_ns(capture: Capture) -> int:
    return capture.closed_ns if capture.closed_ns is not None else capture.chunks[-1].at_ns


def visit_span_ns(recording: Recording) -> tuple[int, int]:
    """From when to when the visit lasted: from the first of its connections, of whatever column, to the last's end.

    Raises:
        BadParameter: the recording has no visit.
    """
    parts = (Part.VISIT, Part.VISIT_KEPT, Part.VISIT_WHOLE)
    found = [one.capture for column in COLUMNS for part in parts for one in connections(recording, column, part)]
    if not found:
        raise BadParameter("This recording has no visit to measure connections by: run the scenario Evidence.")
    return min(one.opened_ns for one in found), max(map(_end_ns, found))


def duration(recording: Recording, column: str) -> Cell:
    """For how much of a visit with two answers a connection was open."""
    found = required(recording, column, Part.VISIT)
    begun_ns, over_ns = visit_span_ns(recording)
    visit = (over_ns - begun_ns) / 1e6
    typical_ms = statistics.median(map(open_ms, found))
    share = typical_ms / visit
    value = SHORT if share < SHORT_BELOW else LONG if share > LONG_ABOVE else MEDIUM
    sentence = (
        f"For the two answers of a visit of {visit:,.0f} ms: {counted(len(found), 'connection')}, open for "
        f"{typical_ms:,.0f} ms{' each' if len(found) > 1 else ''}, {share:.0%} of the visit."
    )
    spec = {SHORT: "RFC 9112 §9.6", MEDIUM: "HTML §9.2.1", LONG: "RFC 6455 §1.4"}[value]
    return Cell(
        Dimension.DURATION, column, value, sentence, tuple(map(_end_of, found)), _longer(recording, column, visit), spec
    )


def _end_of(found: Dissection) -> Exhibit:
    """What ended it: the server's Close frame, or the last of its answer."""
    records = found.records(Side.SERVER)
    ending = first(records, "close frame", "last chunk")
    if ending is not None:
        return exhibit(found, ending)
    size = sent_bytes(found, Side.SERVER)
    return exhibit(found, records[-1]) if records else Exhibit(found.capture, Side.SERVER, size, size)


def _longer(recording: Recording, column: str, visit: float) -> str:
    """What makes the connection of plain HTTP long."""
    kept = connections(recording, column, Part.VISIT_KEPT)
    whole = connections(recording, column, Part.VISIT_WHOLE)
    told = []
    if kept:
        carried = sum(len(answers(one)) for one in kept)
        told.append(
            f"Keep-alive makes it long: {counted(len(kept), 'kept connection')} carried {carried} answers and was open "
            f"for {open_ms(kept[0]) / visit:.0%} of the visit (RFC 9112 §9.3)."
        )
    if whole:
        took = statistics.median(map(open_ms, whole))
        told.append(f"A response that waits for a whole AI answer holds its connection, too: for {took:,.0f} ms.")
    return " ".join(told)


# --- browser API --------------------------------------------------------------------------------------------

_APIS = {FETCH: "Fetch §5.6", EVENT_SOURCE: "HTML §9.2.2", WEB_SOCKET: "WebSockets §3"}


def browser_api(recording: Recording, column: str) -> Cell:
    """Which interface of a browser makes such a connection; by the standards, since no browser runs here yet."""
    found = required(recording, column, Part.TALK)[0]
    asked, answered = requests(found)[0], answers(found)[:1]
    switched = found.conversation.upgraded_to == "websocket"
    is_stream = bool(answered) and answered[0].media_type == EVENT_STREAM
    value = WEB_SOCKET if switched else EVENT_SOURCE if is_stream and asked.method == "GET" else FETCH
    why = {
        WEB_SOCKET: "The connection was switched to WebSocket, which only the WebSocket interface asks for",
        EVENT_SOURCE: f"A GET was answered with {EVENT_STREAM}, which EventSource reads",
        FETCH: f"A {printable(asked.method, _MOST_CHARACTERS)} and its answer, which fetch() sends and gives back",
    }[value]
    limits = {
        EVENT_SOURCE: "EventSource sends GET only, no header of one's own and no body; a POST prompt needs fetch() and "
        "a reader, which does not come back by itself.",
        WEB_SOCKET: "The script can set no header of the handshake but the subprotocols.",
        FETCH: "fetch() can read a response while it arrives, an event stream too.",
    }
    heads = (
        *(field_line_of(found, one, "Upgrade" if switched else "Content-Type") for one in answered),
        head_of(found, asked),
    )
    sentence = f"{why} ({_APIS[value]}). Not run in a browser here yet: cited."
    return Cell(Dimension.BROWSER_API, column, value, sentence, heads, limits[value], _APIS[value])
