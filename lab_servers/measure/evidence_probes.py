"""The probes of the evidence table: each computes one row's cell from what one column's connections carried.

None of them knows what it should find: given the bytes of another protocol, each says what those are. The row
"typical use" is in ``evidence_costs.py``; ``evidence.py`` has the words; ``turns.py`` knows who spoke when.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection
from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import (
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
BUILT_IN, BY_HAND = "built into EventSource", "by hand"

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
    capture = found.capture
    end_ns = capture.closed_ns if capture.closed_ns is not None else capture.chunks[-1].at_ns
    return (end_ns - capture.opened_ns) / 1e6


def visit_ms(recording: Recording) -> float:
    """How long the visit took: from its begin until the last of the clients had both answers, in milliseconds.

    Raises:
        BadParameter: the recording has no visit.
    """
    begun, over = (recording.marks_named(f"visit: {what}") for what in ("begun", "over"))
    if not begun or not over:
        raise BadParameter("This recording has no visit to measure connections by: run the scenario Evidence.")
    return (over[-1].at_ns - begun[0].at_ns) / 1e6


def duration(recording: Recording, column: str) -> Cell:
    """For how much of a visit with two answers a connection was open."""
    found = required(recording, column, Part.VISIT)
    visit = visit_ms(recording)
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


# --- automatic reconnection ---------------------------------------------------------------------------------


def reconnection(recording: Recording, column: str) -> Cell:
    """What the client did after its connection was cut: the connections that followed, counted and read."""
    found = required(recording, column, Part.CUT)
    came_back = len(found) - 1
    if came_back:
        return _came_back(column, found)
    by_hand = connections(recording, column, Part.BY_HAND)
    head = (exhibit(found[0], found[0].records(Side.SERVER)[-1]),) if found[0].records(Side.SERVER) else ()
    sentence = "After the cut the client opened no further connection."
    if len(by_hand) < 2:
        return Cell(Dimension.RECONNECTION, column, NO, sentence, head)
    again, word = by_hand[1], first(by_hand[1].records(Side.CLIENT, "websocket"), "text frame")
    opened = " An application that opened a second one itself"
    if word is not None:
        said = printable(word.summary, _MOST_CHARACTERS)
        return Cell(
            Dimension.RECONNECTION, column, BY_HAND,
            f"{sentence}{opened} had to say in words of its own where it was: {said}.",
            (exhibit(again, word), *head), "No part of the protocol says where a conversation was cut.",
            "RFC 6455 §7.2.3",
        )  # fmt: skip
    same = by_hand[0].capture.bytes_from(Side.CLIENT) == again.capture.bytes_from(Side.CLIENT)
    how = "with the very same bytes" if same else "in another way"
    return Cell(
        Dimension.RECONNECTION, column, NO, f"{sentence}{opened} asked again {how}.",
        (head_of(again, requests(again)[0]), *head),
        "A client may repeat a GET by itself, for it changes nothing; many do not.", "RFC 9110 §9.2.2",
    )  # fmt: skip


def _came_back(column: str, found: Sequence[Dissection]) -> Cell:
    """The client came back by itself: with which place, after which ends, and what stopped it."""
    places = [next(iter(requests(one)[0].values("Last-Event-ID")), "") for one in found[1:]]
    told = ", ".join(printable(place, 20) or "none" for place in places)
    wants_events = EVENT_STREAM in requests(found[0])[0].tokens("Accept")
    clean = sum(bool(answers(one)) and answers(one)[0].is_complete for one in found[:-1])
    answered = answers(found[-1])[:1]
    last = answered[0].status if answered else None
    correction = f"It also came back after {counted(clean, 'clean end')}." if clean else ""
    if last is not None and last != 200:
        correction += f" What stopped it for good was an answer with the status {last}."
    return Cell(
        Dimension.RECONNECTION, column, BUILT_IN if wants_events else "built in",
        f"The client came back {counted(len(found) - 1, 'time')} by itself; Last-Event-ID: {told}.",
        (
            *(field_line_of(one, requests(one)[0], "Last-Event-ID") for one in found[1:]),
            *(head_of(found[-1], one) for one in answered),
        ),
        f"{correction} It is without loss only if the server gives ids and keeps a log.".strip(), "HTML §9.2.3",
    )  # fmt: skip
