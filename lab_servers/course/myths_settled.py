"""What settles each myth of ``myths.py``: functions of recordings that give a verdict, a sentence and the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.measure.accounting import Account, accounts
from lab_servers.measure.comparison import Verdict
from lab_servers.measure.latencies import FIRST, findings
from lab_servers.measure.messages import sent_by
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.looks import side_buffered
from lab_servers.views.side.lanes import directions_of, lanes_of
from lab_servers.views.side.stacks import few
from lab_servers.views.side.words import duration, listed, rate_words

TRUE, FALSE, DEPENDS, OPEN = "true", "false", "it depends", "not settled"

SSE, WEBSOCKET, POLLING, REQUESTS = (
    Lane(one).name for one in (Transport.SSE, Transport.WEBSOCKET, Transport.POLLING, Transport.REQUESTS)
)
# Which share of its time an answer must save to be done sooner; less is the noise of two clients that ask at once.
_SOONER = 0.9


@dataclass(frozen=True)
class Settled:
    """What recordings say of a myth.

    Attributes:
        verdict: :data:`TRUE`, :data:`FALSE`, :data:`DEPENDS` or :data:`OPEN`.
        shows: The figures, in one sentence or two.
        bytes: Where to look: connection, sender and offsets; empty where nothing was settled.
    """

    verdict: str
    shows: str
    bytes: str


def _open(shows: str) -> Settled:
    return Settled(OPEN, shows, "")


# --- bytes ------------------------------------------------------------------------------------------


def event_stream_of(recording: Recording) -> Capture | None:
    """The connection whose server sent an event stream on the lane of that name, if there is one."""
    for capture in recording.of(SSE):
        if any(one.media_type == "text/event-stream" for one in heads(capture, Side.SERVER)):
            return capture
    return None


def headers_with_each(recordings: Sequence[Recording]) -> Settled:
    """Count the heads on the connection of an event stream."""
    for recording in recordings:
        capture = event_stream_of(recording)
        if capture is None:
            continue
        sent = heads(capture, Side.SERVER)
        events = len(sent_by(conversation_of(capture), Side.SERVER.value).messages)
        if events < 2:
            continue
        total = len(capture.bytes_from(Side.SERVER))
        shows = f"{events} messages passed as events, and before them {len(sent)} response head of {sent[0].head_end} "
        where = (
            f"{SSE} connection {capture.number}, server: head at 0 to {sent[0].head_end - 1}, events up to {total - 1}"
        )
        return Settled(FALSE if len(sent) < events else TRUE, f"{shows}bytes.", where)
    return _open("No event stream with two messages at hand: run SideBySide with at least two, down.")


def _both(recordings: Sequence[Recording], first: str, second: str) -> Iterator[tuple[Recording, Account, Account]]:
    """Runs with messages down alone, in which both lanes carried some."""
    for recording in recordings:
        found = accounts(recording)
        is_down = directions_of(recording) == (Direction.DOWN,)
        if is_down and all(name in found and found[name].message_count for name in (first, second)):
            yield recording, found[first], found[second]


def websocket_is_smaller(recordings: Sequence[Recording]) -> Settled:
    """Split the bytes into those that pass once and those that pass with each message; where do the lines cross?"""
    for recording, socket, stream in _both(recordings, WEBSOCKET, SSE):
        each = {name: one.both.framing / one.message_count for name, one in ((WEBSOCKET, socket), (SSE, stream))}
        shows = (
            f"Besides the payload: {WEBSOCKET} {socket.both.headers:,} bytes once and {few(each[WEBSOCKET])} for each "
            f"message, {SSE} {stream.both.headers:,} once and {few(each[SSE])} for each."
        )
        where = f"{_ends(recording, WEBSOCKET)}; {_ends(recording, SSE)}"
        gain, price = each[SSE] - each[WEBSOCKET], socket.both.headers - stream.both.headers
        if gain > 0 and price <= 0:
            return Settled(TRUE, shows, where)
        if gain <= 0:
            return Settled(DEPENDS if price < 0 else FALSE, shows, where)
        return Settled(DEPENDS, f"{shows} {WEBSOCKET} costs less from message {int(price / gain) + 1} on.", where)
    return _open("No run with messages down over both at hand: run SideBySide.")


def _ends(recording: Recording, name: str) -> str:
    """``"SSE connection 1: client 149 bytes, server 1,128 bytes"``."""
    capture = recording.of(name)[0]
    sizes = ", ".join(f"{side.value} {len(capture.bytes_from(side)):,} bytes" for side in Side)
    return f"{name} connection {capture.number}: {sizes}"


def polling_is_wasteful(recordings: Sequence[Recording]) -> Settled:
    """Compare polling with an event stream at every rate at hand."""
    told, less, where = [], [], ""
    runs = sorted(_both(recordings, POLLING, SSE), key=lambda run: _rate(run[0]))
    for recording, polled, stream in runs:
        each, other = (one.both.total / one.message_count for one in (polled, stream))
        less.append(each < other)
        told.append(
            f"at {rate_words(_rate(recording))} messages per second {few(each)} bytes and {polled.requests} requests "
            f"against {few(other)} bytes and {stream.requests}"
        )
        where = where or _ends(recording, POLLING)
    if not told:
        return _open("No run with messages down over both at hand: run SideBySide.")
    verdict = TRUE if not any(less) else FALSE if all(less) else DEPENDS
    shows = f"For each message, {POLLING} against {SSE}: {listed(told)}."
    if len(told) < 2:
        shows += " Another rate may turn it round."
    return Settled(verdict, shows, where)


def _rate(recording: Recording) -> float:
    one = lanes_of(recording)[0]
    span_s = float(one.produced_s[-1])
    return (len(one.produced_s) - 1) / span_s if span_s > 0 else 0.0


# --- connections ------------------------------------------------------------------------------------


def connection_for_each(recordings: Sequence[Recording]) -> Settled:
    """Count requests and connections."""
    for recording in recordings:
        one = accounts(recording).get(REQUESTS)
        if one is None or one.requests < 2:
            continue
        shows = f"{one.requests} requests, one for each message, passed on {one.connections} connection"
        shows += f"{'s' if one.connections > 1 else ''}, open for {duration(one.open_s * 1e3)} in all."
        return Settled(FALSE if one.connections < one.requests else TRUE, shows, _ends(recording, REQUESTS))
    return _open("No run with two requests at hand: run SideBySide.")


def client_is_mute(recordings: Sequence[Recording]) -> Settled:
    """Look for what the client of an event stream said, while it was open."""
    for recording in recordings:
        one, stream = accounts(recording).get(SSE), event_stream_of(recording)
        if one is None or stream is None or Direction.UP not in directions_of(recording):
            continue
        others = [capture for capture in recording.of(SSE) if capture is not stream]
        posts = [(capture, request) for capture in others for request in heads(capture, Side.CLIENT)]
        shows = (
            f"{one.message_count_up} messages went up while {one.message_count_down} came down: each as a POST, on "
            f"{len(others)} other connection{'' if len(others) == 1 else 's'}."
        )
        where = ""
        if posts:
            capture, request = posts[0]
            where = f"{SSE} connection {capture.number}, client: the first POST at {request.start} to {request.end - 1}"
        return Settled(FALSE if one.message_count_up else TRUE, shows, where)
    return _open('No run with messages both ways at hand: run SideBySide(direction="both ways").')


# --- time -------------------------------------------------------------------------------------------


def websocket_is_faster(recordings: Sequence[Recording]) -> Settled:
    """Hold the lanes against each other, as the statistics of the run allow."""
    recording = recordings[-1]
    found = findings(recording)
    comparison = next(row.comparison for row in found.rows if row.name == WEBSOCKET)
    assert comparison is not None  # only the first lane, which is SSE, has none
    verdict = TRUE if comparison.verdict is Verdict.LESS else FALSE
    places = [_message(recording, name) for name in (WEBSOCKET, FIRST.name)]
    return Settled(verdict, comparison.sentence(), "; ".join(places))


def _message(recording: Recording, name: str) -> str:
    """Where the last message of a lane lies."""
    capture = recording.of(name)[0]
    last = sent_by(conversation_of(capture), Side.SERVER.value).messages[-1]
    return f"{name} connection {capture.number}, server: message {last.number} at {last.start} to {last.stop - 1}"


def streaming_is_done_sooner(recordings: Sequence[Recording]) -> Settled:
    """Hold the last text of a stream against that of the whole response."""
    found = side_buffered.waits(recordings[-1])
    whole, stream = found[side_buffered.WHOLE], found[side_buffered.STREAMED]
    shows = (
        f"First text after {duration(stream.first_shown_s * 1e3)} streamed and {duration(whole.first_shown_s * 1e3)} "
        f"whole; all of it after {duration(stream.all_shown_s * 1e3)} and {duration(whole.all_shown_s * 1e3)}."
    )
    is_sooner = stream.all_shown_s < _SOONER * whole.all_shown_s
    return Settled(TRUE if is_sooner else FALSE, shows, f"{_body(stream)}; {_body(whole)}")


def status_means_streaming(recordings: Sequence[Recording]) -> Settled:
    """Look at when the body of a stream passed behind a hop that buffers."""
    found = side_buffered.waits(recordings[-1])
    stream, hop = found[side_buffered.STREAMED], found[side_buffered.THROUGH_HOP]
    shows = (
        f"Both have the status {stream.status} and {hop.status}; the first text was shown after "
        f"{duration(stream.first_shown_s * 1e3)}, and behind the hop after {duration(hop.first_shown_s * 1e3)}; the "
        f"model wrote the last one after {duration(hop.last_produced_s * 1e3)}."
    )
    holds_back = hop.status == stream.status and hop.body_passed_s[0] >= hop.last_produced_s
    return Settled(FALSE if holds_back else TRUE, shows, f"{_body(hop)}; {_body(stream)}")


def _body(one: side_buffered.Wait) -> str:
    return f"{one.label}: a body of {len(one.body)} bytes on {one.capture.server} connection {one.capture.number}"
