"""What ``07_side_by_side`` teaches: bytes around a message, honest comparisons of time, waiting, and speaking up."""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n07_bytes import BREAK_EVEN, FRAMING
from lab_servers.course.lessons.n07_times import LATE, NOISE_OR_NOT
from lab_servers.course.myths_settled import event_stream_of
from lab_servers.course.question import Choice, Number, Option, Order
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.measure.accounting import Account, accounts
from lab_servers.measure.comparison import Comparison, Verdict
from lab_servers.measure.latencies import findings
from lab_servers.measure.messages import sent_by
from lab_servers.measure.transports import Lane, Transport
from lab_servers.measure.upstream import Spoken, spoken
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.looks import side_buffered
from lab_servers.views.side.stacks import few
from lab_servers.views.side.words import listed

_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_7679 = "https://www.rfc-editor.org/rfc/rfc7679#section-"
_RFC_6202 = "https://www.rfc-editor.org/rfc/rfc6202#section-"
_HTML_EVENTS = "https://html.spec.whatwg.org/multipage/server-sent-events.html#"

SSE, WEBSOCKET, REQUESTS, WHOLE = (
    Lane(one).name for one in (Transport.SSE, Transport.WEBSOCKET, Transport.REQUESTS, Transport.WHOLE)
)


def _account(recording: Recording, *names: str) -> list[Account]:
    """What these lanes cost.

    Raises:
        BadParameter: a message came over none of one of them.
    """
    found = accounts(recording)
    if not all(name in found and found[name].message_count for name in names):
        raise BadParameter(f"This recording has no messages on {listed(names)}: take the one of SideBySide.")
    return [found[name] for name in names]


# --- heads of a stream ----------------------------------------------------------------------------------


def _heads(recording: Recording) -> int:
    capture = event_stream_of(recording)
    if capture is None:
        raise BadParameter("This recording has no event stream on the lane SSE: take the one of SideBySide.")
    return sum(len(heads(capture, side)) for side in Side)


def _heads_shows(recording: Recording) -> str:
    count, capture = _heads(recording), event_stream_of(recording)
    assert capture is not None  # _heads() has found it
    asked, answered = (heads(capture, side)[0] for side in Side)
    return (
        f"{count} heads passed on this connection: a request of {asked.head_end - asked.start} bytes and a response "
        f"head of {answered.head_end - answered.start}. Then came "
        f"{len(sent_by(conversation_of(capture), Side.SERVER.value).messages)} events."
    )


# --- bytes per message ------------------------------------------------------------------------------------

_ORDERED = (REQUESTS, SSE, WHOLE, WEBSOCKET)


def _each(recording: Recording) -> dict[str, float]:
    found = zip(_ORDERED, _account(recording, *_ORDERED), strict=True)
    return {name: one.both.total / one.message_count for name, one in found}


def _least_first(recording: Recording) -> tuple[str, ...]:
    each = _each(recording)
    return tuple(sorted(each, key=lambda name: each[name]))


def _bytes_shows(recording: Recording) -> str:
    each = _each(recording)
    payload = accounts(recording)[SSE].both.payload / accounts(recording)[SSE].message_count
    told = listed([f"{name} {few(each[name])}" for name in _least_first(recording)])
    return f"A message has {few(payload)} bytes of its own on average. With all that carries it: {told} bytes each."


# --- which is faster --------------------------------------------------------------------------------------

_SOCKET_FASTER = "WebSocket, by a difference that counts"
_SSE_FASTER = "SSE, by a difference that counts"
_NEITHER = "neither: no difference that counts"
_FASTER = {Verdict.LESS: _SOCKET_FASTER, Verdict.MORE: _SSE_FASTER, Verdict.WITHIN_NOISE: _NEITHER}


def _against_sse(recording: Recording) -> Comparison:
    found = next((row.comparison for row in findings(recording).rows if row.name == WEBSOCKET), None)
    assert found is not None  # only the lane that the others are compared with has none
    return found


def _faster_shows(recording: Recording) -> str:
    found = findings(recording)
    return f"{_against_sse(recording).sentence()} {found.spread_sentence}"


# --- behind a buffering hop ---------------------------------------------------------------------------------

_AS_SOON = "as soon as without the hop"
_FAILS = "never: the answer fails"
_WITH_LAST = "together with the last one, and the status is 200"


def _behind_hop(recording: Recording) -> str:
    found = side_buffered.waits(recording)
    stream, hop = found[side_buffered.STREAMED], found[side_buffered.THROUGH_HOP]
    if hop.status != 200:
        return _FAILS
    middle_s = (stream.first_shown_s + stream.all_shown_s) / 2
    return _AS_SOON if hop.first_shown_s < middle_s else _WITH_LAST


# --- how long a connection is open --------------------------------------------------------------------------

_SHORT = "much shorter: a request is over quickly"
_ALIKE = "about as long as the stream's"
_LONGER = "much longer: it stays open afterwards"


def _open_s(recording: Recording) -> tuple[float, float]:
    kept, stream = _account(recording, REQUESTS, SSE)
    return kept.open_s / kept.connections, stream.open_s / stream.connections


def _open(recording: Recording) -> str:
    kept_s, stream_s = _open_s(recording)
    return _SHORT if kept_s < stream_s / 2 else _LONGER if kept_s > stream_s * 2 else _ALIKE


def _open_shows(recording: Recording) -> str:
    kept, stream = _account(recording, REQUESTS, SSE)
    kept_s, stream_s = _open_s(recording)
    return (
        f"{kept.requests} requests on {kept.connections} connection{'s' if kept.connections > 1 else ''}, open for "
        f"{kept_s:.2f} s; {stream.requests} request for the stream, its connection open for {stream_s:.2f} s."
    )


# --- speaking up ----------------------------------------------------------------------------------------------


def _fastest(recording: Recording) -> tuple[Spoken, Spoken]:
    """What a message took by POST beside an event stream, and over WebSocket, at the highest rate."""
    found = spoken(recording)
    return found[SSE][-1], found[WEBSOCKET][-1]


def _times(recording: Recording) -> float:
    post, socket = _fastest(recording)
    return post.bytes_per_message / socket.bytes_per_message


def _times_shows(recording: Recording) -> str:
    post, socket = _fastest(recording)
    return (
        f"At {post.rate} messages a second, POST beside SSE: {few(post.bytes_per_message)} bytes per message, of which "
        f"{few(post.up.payload / post.messages)} are payload, in {post.requests} requests; {WEBSOCKET}: "
        f"{few(socket.bytes_per_message)} bytes. That is {_times(recording):.1f} times as many."
    )


LESSON = Lesson(
    notebook="07_side_by_side",
    question="Same payload, every transport: what differs, what does not?",
    objectives=(
        Objective(
            "say to the byte what each transport puts around a message, and what it sends once",
            cells=("side-run", "side-look", "side-bytes", "heads-compare", "side-stacks"),
            predictions=("07-heads", "07-bytes"),
            checks=("07-framing",),
            sections=(
                f"{_HTML_EVENTS}parsing-an-event-stream",
                f"{_RFC_6455}5.2",
                f"{_RFC_6455}5.3",
                f"{_RFC_9112}7.1",
            ),
        ),
        Objective(
            "tell a difference in time from noise, and say what it rests on",
            cells=("time-run", "time-look", "time-table", "time-compare"),
            predictions=("07-faster",),
            checks=("07-noise",),
            sections=(f"{_RFC_7679}5.2", f"{_RFC_7679}3.7"),
        ),
        Objective(
            "say how late a poller knows, and what streaming changes in a reader's wait, and what not",
            cells=("stale-run", "stale-look", "far-run", "far-look", "hop-run", "hop-look", "hop-table"),
            predictions=("07-hop",),
            checks=("07-late",),
            claims=("C08",),
            sections=(f"{_RFC_6202}2.1", f"{_RFC_9110}7.6"),
        ),
        Objective(
            "read off a recording who spoke when and how long connections were open, and count what speaking up costs",
            cells=(
                "both-run",
                "both-look",
                "both-table",
                "open-compare",
                "up-run",
                "up-look",
                "up-table",
                "up-compare",
            ),
            predictions=("07-open", "07-up"),
            checks=("07-break-even",),
            claims=("C14", "C15", "C22"),
            sections=(f"{_RFC_9112}9.3", f"{_RFC_9110}9.3.3", f"{_RFC_6455}1.2"),
        ),
    ),
    questions=(
        Number(
            "07-heads",
            "A server sends 24 messages as events of one stream. How many heads of HTTP pass on that connection, "
            "requests and responses together?",
            _heads,
            _heads_shows,
            unit="heads",
            least=0,
            most=1_000,
            too_low="a-stream-has-no-head",
            too_high="each-event-has-a-head",
        ),
        Order(
            "07-bytes",
            "The same 24 short messages travel in four ways. Order them by bytes per message, both directions and all "
            "that belongs to it, least first.",
            _least_first,
            _bytes_shows,
            items=_ORDERED,
            wrong="payload-decides",
        ),
        Choice(
            "07-faster",
            "All connections are open and warm. Which one brings a small message sooner to the application?",
            lambda recording: _FASTER[_against_sse(recording).verdict],
            _faster_shows,
            options=(
                Option(_SOCKET_FASTER, "websocket-is-faster"),
                Option(_SSE_FASTER, "sse-is-faster"),
                Option(_NEITHER, "never-any-difference"),
            ),
        ),
        Choice(
            "07-hop",
            "A hop on the way reads the whole answer before it passes on anything. When does the reader of a stream "
            "see the first word?",
            _behind_hop,
            side_buffered.sentence,
            options=(
                Option(_AS_SOON, "hops-pass-on-at-once"),
                Option(_FAILS, "buffering-shows-as-an-error"),
                Option(_WITH_LAST),
            ),
        ),
        Choice(
            "07-open",
            "One client asks with a request for each message and keeps its connection; another reads them as one event "
            "stream. How long is the connection of the first one open?",
            _open,
            _open_shows,
            options=(
                Option(_SHORT, "requests-use-up-a-connection"),
                Option(_ALIKE),
                Option(_LONGER, "keep-alive-outlives-streams"),
            ),
        ),
        Number(
            "07-up",
            "A client says 60 chat lines a second: each as a POST beside an event stream, or all over one WebSocket. "
            "How many times as many bytes does a line take by POST, with the answer to it?",
            _times,
            _times_shows,
            unit="times",
            least=0.1,
            most=1_000,
            within=1.5,
            too_low="requests-are-small",
            too_high="frames-cost-nothing",
        ),
    ),
    exercises=(FRAMING, NOISE_OR_NOT, LATE, BREAK_EVEN),
    reading_min=20,
    doing_min=30,
)
