"""Puts C19 to the test: a model's answer is a POST, a stream one way and its end; and what stops, fails and resumes it.

The other ways to carry the same tokens come from one run side by side (``scenarios/side_by_side.py``).
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.measure.accounting import Account, accounts
from lab_servers.measure.timing import mark_name
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.proofs.pointing import field_line, last_bytes, record_of, start_line
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import PromptedAnswer, SideBySide
from lab_servers.scenarios.choosing_answer import CUT, FAILING, RESUMED, SERVER, STOPPED, TARGETS, WHOLE
from lab_servers.views.looks.sse import answer_of, blocks_of, last_event_id_sent, request_of
from lab_servers.wire.http1.message import Message
from lab_servers.wire.sse.block import Block

DONE, ERROR, TOKEN = "done", "error", "message"
_COMPARED = (Transport.WHOLE, Transport.POLLING, Transport.SSE, Transport.WEBSOCKET)


def captures_by_case(recording: Recording) -> dict[str, tuple[Capture, Message]]:
    """The connection of each case with its answer; one that was cut off and then resumed has two.

    Raises:
        BadParameter: one is missing.
    """
    found: dict[str, tuple[Capture, Message]] = {}
    cases = {target: case for case, target in TARGETS.items()}
    for capture in recording.of(SERVER):
        request, answer = request_of(capture), answer_of(capture)
        if request is not None and answer is not None and request.target in cases:
            case = RESUMED if last_event_id_sent(capture) else cases[request.target]
            found[case] = (capture, answer)
    for case in (*TARGETS, RESUMED):
        if case not in found:
            raise BadParameter(f"This recording has no answer that was {case!r}: run the scenario PromptedAnswer.")
    return found


def _events(capture: Capture, event_type: str) -> list[Block]:
    return [block for block in blocks_of(capture) if block.event is not None and block.event.type == event_type]


def judge_c19(cases: Recording, side_by_side: Recording) -> Judgement:
    """The exchange as it is on the wire, beside the other ways; then each way in which it does not go to its end."""
    found = captures_by_case(cases)
    return Judgement(
        (_one_post(*found[WHOLE]), *_compared(side_by_side)),
        (
            _stopped(cases, *found[STOPPED]),
            _failing(*found[FAILING]),
            _cut(cases, *found[CUT]),
            _resumed(found),
        ),
    )


def _one_post(capture: Capture, answer: Message) -> Evidence:
    request, tokens, done = request_of(capture), _events(capture, TOKEN), _events(capture, DONE)
    assert request is not None
    sent, first_ns = capture.chunks_from(Side.CLIENT), capture.time_of(Side.SERVER, answer.start)
    after = sum(len(chunk.data) for chunk in sent if chunk.at_ns > first_ns)
    return seen(
        f"One {request.method} with a prompt of {request.content.length} bytes; then {len(tokens)} tokens and a last "
        f"event, one way: the client sent {after} bytes after its request. The response is "
        f"{'complete' if answer.is_complete else 'not complete'}.",
        request.method == "POST"
        and request.content.length > 0
        and answer.media_type == "text/event-stream"
        and len(tokens) > 1
        and len(done) == 1
        and after == 0
        and answer.is_complete,
        *start_line(capture, Side.CLIENT),
        *(one for block in (*tokens[:1], *done) for one in record_of(capture, block)),
        *last_bytes(capture, Side.SERVER, 5),
        tokens=len(tokens),
    )


def _compared(recording: Recording) -> tuple[Evidence, ...]:
    """The same tokens whole, by polling, by SSE and by WebSocket, at the same time."""
    costs = accounts(recording)
    if any(one.value not in costs for one in _COMPARED):
        raise BadParameter("This recording lacks a way to carry the tokens: run the scenario SideBySide.")
    early = {one: _is_early(recording, one) for one in _COMPARED}
    whole, polling, sse, websocket = (costs[one.value] for one in _COMPARED)
    carried = sorted({costs[one.value].down.payload for one in _COMPARED})
    return (
        seen(
            f"The same tokens by all of them, {' or '.join(map(str, carried))} bytes without framing and heads.",
            len(carried) == 1 and carried[0] > 0,
            payload_bytes=carried[0],
        ),
        seen(
            f"SSE: {_told(sse)}, and the first token was delivered {_when(early[Transport.SSE])}.",
            early[Transport.SSE] and sse.requests == sse.connections == 1,
            *_start(recording, Transport.SSE),
            sse_requests=sse.requests,
            sse_bytes=_total(sse),
        ),
        seen(
            f"Whole: {_told(whole)}, but the first token was delivered {_when(early[Transport.WHOLE])}.",
            not early[Transport.WHOLE],
            whole_bytes=_total(whole),
        ),
        seen(
            f"Polling: {_told(polling)}: it asks again and again for what SSE sends by itself.",
            polling.requests > sse.requests and _total(polling) > _total(sse),
            polling_requests=polling.requests,
            polling_bytes=_total(polling),
        ),
        seen(
            f"WebSocket: {_told(websocket)}, the first token delivered {_when(early[Transport.WEBSOCKET])}: it does "
            f"the job, too, and its way up lies idle: {websocket.up.payload} bytes of messages.",
            early[Transport.WEBSOCKET] and websocket.up.payload == 0,
            *_start(recording, Transport.WEBSOCKET),
            websocket_requests=websocket.requests,
            websocket_bytes=_total(websocket),
        ),
    )


def _is_early(recording: Recording, transport: Transport) -> bool:
    """Whether the first token was delivered before the last one was produced."""
    name = Lane(transport).name
    delivered = recording.marks_named(mark_name(name, "delivered", Direction.DOWN))
    produced = recording.marks_named(mark_name(name, "produced", Direction.DOWN))
    return bool(delivered) and bool(produced) and delivered[0].at_ns < produced[-1].at_ns


def _when(is_early: bool) -> str:
    return "before the last one was produced" if is_early else "only after the last one was produced"


def _told(cost: Account) -> str:
    requests = "1 request" if cost.requests == 1 else f"{cost.requests} requests"
    return f"{requests}, {_total(cost):,} bytes"


def _total(cost: Account) -> int:
    return cost.up.total + cost.down.total


def _start(recording: Recording, transport: Transport) -> list[Excerpt]:
    captures = recording.of(Lane(transport).name)[:1]
    return [one for capture in captures for one in start_line(capture, Side.CLIENT)]


# --- what does not go to its end --------------------------------------------------------------------


def _first_to_end(capture: Capture) -> Side | None:
    """Who closed, or reset, first."""
    kinds = (TransitionKind.HALF_CLOSED, TransitionKind.RESET)
    return next((one.by for one in capture.transitions if one.kind in kinds), None)


def _stopped(recording: Recording, capture: Capture, answer: Message) -> Evidence:
    """Cancelling is closing the request: seen on the wire, noticed by the server, which then produced no more."""
    noticed = recording.marks_named(f"{STOPPED}: server noticed")
    produced = recording.marks_named(f"{STOPPED}: produced")
    late = [one for one in produced if noticed and one.at_ns > noticed[0].at_ns]
    by = _first_to_end(capture)
    return seen(
        f"Stopped: the {by.value if by else 'nobody'} closed the connection first, and the server noticed after "
        f"{noticed[0].detail if noticed else 'nothing'} and produced {len(late)} more. No second channel was needed.",
        by is Side.CLIENT and bool(noticed) and not late and not answer.is_complete,
        *last_bytes(capture, Side.SERVER, 24),
        produced=len(produced),
        produced_after_that=len(late),
    )


def _failing(capture: Capture, answer: Message) -> Evidence:
    """The status was sent before the error happened, so that only an event can tell of it."""
    errors, tokens = _events(capture, ERROR), _events(capture, TOKEN)
    return seen(
        f"Failing: the status is {answer.status}, {len(tokens)} tokens came, and then {len(errors)} event of the type "
        f"error; in HTTP's eyes the response is {'complete' if answer.is_complete else 'not complete'}.",
        answer.status == 200 and answer.is_complete and len(errors) == 1 and bool(tokens),
        *start_line(capture, Side.SERVER),
        *(one for block in errors for one in record_of(capture, block)),
        tokens=len(tokens),
    )


def _cut(recording: Recording, capture: Capture, answer: Message) -> Evidence:
    """Not the reader's wish, and no error that anybody told: the framing shows it."""
    ended, by = recording.marks_named(f"{CUT}: ended"), _first_to_end(capture)
    how = ended[0].detail if ended else "nothing"
    return seen(
        f"Cut off: the {by.value if by else 'nobody'} ended the connection first, without the last chunk; the client "
        f"says {how!r}.",
        by is Side.SERVER and not answer.is_complete and how == "lost" and not _events(capture, ERROR),
        *last_bytes(capture, Side.SERVER, 24),
    )


def _resumed(found: dict[str, tuple[Capture, Message]]) -> Evidence:
    """Another request, which says where the first one had come to: every token once."""
    (before, _), (after, answer) = found[CUT], found[RESUMED]
    texts = [block.event.data for capture in (before, after) for block in _events(capture, TOKEN) if block.event]
    whole = [block.event.data for block in _events(found[WHOLE][0], TOKEN) if block.event]
    return seen(
        f"Resumed: another request, with Last-Event-ID: {last_event_id_sent(after)}; {len(texts)} tokens in both "
        f"together, {'each once' if texts == whole else 'not those of a whole answer'}. What a model does with its "
        f"work meanwhile awaits a later notebook.",
        texts == whole and answer.is_complete and bool(_events(after, DONE)),
        *field_line(after, Side.CLIENT, "Last-Event-ID"),
        tokens=len(texts),
    )


C19 = trial_of("C19", judge_c19, PromptedAnswer(), SideBySide(payload="tokens", messages=12, interval_s=0.04))
