"""Puts C19 to the test: a model's answer is a POST, a stream one way and its end; and what stops, fails and resumes it.

The same answer in every way, its readers that leave and its readers that come back are the model server's
(``servers/llm``); ``answering_cases.py`` has the small cases in which an answer does not go to its end.
"""

from __future__ import annotations

import json
from typing import Any

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.measure.answer_bytes import AnswerBytes, answer_bytes
from lab_servers.measure.answer_times import AnswerTimes, answer_times
from lab_servers.measure.resumed_reads import ResumedWay, resumed_reads
from lab_servers.measure.waste import Waste, waste
from lab_servers.proofs.answering_cases import captures_by_case, cut_off, failing, resumed, stopped
from lab_servers.proofs.pointing import last_bytes, record_of, start_line
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import AnswerArrives, PromptedAnswer, ReaderLeaves, ResumedAnswer
from lab_servers.scenarios.ai_reader_leaves import EVENTS_KEPT, EVENTS_WATCHED
from lab_servers.scenarios.choosing_answer import CUT, FAILING, STOPPED
from lab_servers.views.frames import frames
from lab_servers.views.looks.sse import answer_of, blocks_of, request_of
from lab_servers.wire.llm.ways import Way
from lab_servers.wire.sse.block import Block

_COMPARED = (Way.WHOLE, Way.SHORT_POLLING, Way.EVENT_STREAM, Way.WEBSOCKET)
_TEXT, _END = "text", "end"


def judge_c19(cases: Recording, ways: Recording, leaving: Recording, coming_back: Recording) -> Judgement:
    """The exchange as it is on the wire, beside the other ways; then each way in which it does not go to its end."""
    found = captures_by_case(cases)
    return Judgement(
        (_one_post(ways), *_compared(ways)),
        (
            stopped(cases, *found[STOPPED]),
            _one_leaving_two_outcomes(leaving),
            failing(*found[FAILING]),
            cut_off(cases, *found[CUT]),
            resumed(found),
            *_came_back(coming_back),
        ),
    )


def _one_post(recording: Recording) -> Evidence:
    """The prompt in the body of a request, the text in events, and one event that says that it is over."""
    captures = recording.of(Way.EVENT_STREAM.value)
    answer, request = (answer_of(captures[0]), request_of(captures[0])) if captures else (None, None)
    if answer is None or request is None:
        raise BadParameter("This recording has no answer as an event stream: run the scenario AnswerArrives.")
    capture = captures[0]
    texts, ends = _events(capture, _TEXT), _events(capture, _END)
    sent, first_ns = capture.chunks_from(Side.CLIENT), capture.time_of(Side.SERVER, answer.start)
    after = sum(len(chunk.data) for chunk in sent if chunk.at_ns > first_ns)
    return seen(
        f"One {request.method} with a prompt in a body of {request.content.length} bytes; then {len(texts)} pieces of "
        f"text and a last event, one way: the client sent {after} bytes after its request. The response is "
        f"{'complete' if answer.is_complete else 'not complete'}.",
        request.method == "POST"
        and request.content.length > 0
        and answer.media_type == "text/event-stream"
        and len(texts) > 1
        and len(ends) == 1
        and after == 0
        and answer.is_complete,
        *start_line(capture, Side.CLIENT),
        *(one for block in (*texts[:1], *ends) for one in record_of(capture, block)),
        *last_bytes(capture, Side.SERVER, 5),
        pieces=len(texts),
    )


def _events(capture: Capture, kind: str) -> list[Block]:
    """The events whose JSON says that they are of this kind."""
    return [block for block in blocks_of(capture) if block.event is not None and _kind(block.event.data) == kind]


def _kind(data: str) -> Any:
    try:
        told = json.loads(data)
    except ValueError:
        return None
    return told.get("type") if isinstance(told, dict) else None


def _compared(recording: Recording) -> tuple[Evidence, ...]:
    """The same answer whole, by polling, by SSE and by WebSocket, at the same time."""
    costs, times = answer_bytes(recording), answer_times(recording)
    if any(way.value not in costs or way.value not in times for way in _COMPARED):
        raise BadParameter("This recording lacks a way to carry the answer: run the scenario AnswerArrives.")
    early = {way: _is_early(times[way.value]) for way in _COMPARED}
    whole, polling, sse, websocket = (costs[way.value] for way in _COMPARED)
    carried = sorted({costs[way.value].down.text for way in _COMPARED})
    return (
        seen(
            f"The same text by all of them, {' or '.join(map(str, carried))} bytes without all that is around it.",
            len(carried) == 1 and carried[0] > 0 and len({times[way.value].text for way in _COMPARED}) == 1,
            text_bytes=carried[0],
        ),
        seen(
            f"SSE: {_told(sse)}, and the first text was there {_when(early[Way.EVENT_STREAM])}.",
            early[Way.EVENT_STREAM] and sse.requests == 1,
            *_start(recording, Way.EVENT_STREAM),
            sse_requests=sse.requests,
            sse_bytes=sse.both.total,
        ),
        seen(
            f"Whole: {_told(whole)}, but the first text was there {_when(early[Way.WHOLE])}.",
            not early[Way.WHOLE],
            whole_bytes=whole.both.total,
        ),
        seen(
            f"Polling: {_told(polling)}: it asks again and again for what SSE sends by itself.",
            polling.requests > sse.requests and polling.up.total > sse.up.total,
            polling_requests=polling.requests,
            polling_bytes=polling.both.total,
        ),
        seen(
            f"WebSocket: {_told(websocket)}, the first text {_when(early[Way.WEBSOCKET])}: it does the job, too, and "
            f"its way up carries one message, the question.",
            early[Way.WEBSOCKET] and _messages_up(recording) == 1,
            *_start(recording, Way.WEBSOCKET),
            websocket_requests=websocket.requests,
            websocket_bytes=websocket.both.total,
        ),
    )


def _is_early(times: AnswerTimes) -> bool:
    """Whether the first text was shown before the model had made the last token."""
    return bool(times.made_s) and times.first_s < times.made_s[-1]


def _when(is_early: bool) -> str:
    return "before the last token was made" if is_early else "only after the last token was made"


def _told(cost: AnswerBytes) -> str:
    requests = "1 request" if cost.requests == 1 else f"{cost.requests} requests"
    return f"{requests}, {cost.both.total:,} bytes"


def _messages_up(recording: Recording) -> int:
    """How many messages the client of the WebSocket sent."""
    captures = recording.of(Way.WEBSOCKET.value)
    return sum(not frame.is_control for capture in captures for frame in frames(capture, Side.CLIENT))


def _start(recording: Recording, way: Way) -> list[Excerpt]:
    return [one for capture in recording.of(way.value)[:1] for one in start_line(capture, Side.CLIENT)]


# --- leaving, and coming back -----------------------------------------------------------------------


def _one_leaving_two_outcomes(recording: Recording) -> Evidence:
    """The same close of the same kind of connection: a run that is tied to it stops, one that is kept goes on."""
    tied, kept = _left(recording, EVENTS_WATCHED), _left(recording, EVENTS_KEPT)
    return seen(
        f"Two readers of event streams left. For the one whose run was tied to its connection the model generated "
        f"{tied.for_nobody} tokens more ({tied.reason}); the run that can be resumed went on for {kept.for_nobody} "
        f"({kept.reason}): the same close stops the one and not the other.",
        tied.goodbye_ns is not None
        and kept.goodbye_ns is not None
        and tied.reason == "reader left"
        and kept.reason == "nobody listened"
        and tied.for_nobody < kept.for_nobody,
        tied_for_nobody=tied.for_nobody,
        kept_for_nobody=kept.for_nobody,
    )


def _left(recording: Recording, lane: str) -> Waste:
    found = waste(recording, lane)
    if found is None:
        raise BadParameter(f"Nobody left {lane!r} in this recording: run the scenario ReaderLeaves.")
    return found


def _came_back(recording: Recording) -> tuple[Evidence, ...]:
    """Readers that were cut off and came back, on each way: every part once, and the model generated once."""
    reads = resumed_reads(recording)
    if len(reads.ways) < 2:
        raise BadParameter("Only one way was read in this recording: run the scenario ResumedAnswer.")
    return tuple(_resumed_way(way) for way in reads.ways)


def _resumed_way(way: ResumedWay) -> Evidence:
    cuts = len(way.cuts)
    return seen(
        f"{way.way}: cut {cuts} times and resumed, {len(set(way.shown))} of {len(way.produced)} parts came, "
        f"{len(way.missing)} are missing and {len(way.twice)} came twice.",
        cuts > 0 and bool(way.produced) and not way.missing and not way.twice,
        cuts=cuts,
        missing=len(way.missing),
        twice=len(way.twice),
    )


C19 = trial_of(
    "C19",
    judge_c19,
    PromptedAnswer(),
    AnswerArrives(ways="ours", tokens=24, gap_s=0.04),
    ReaderLeaves(),
    ResumedAnswer(),
)
