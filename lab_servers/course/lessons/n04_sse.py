"""What ``04_sse`` teaches: a body that goes on, what each line of it does, resuming after a cut, and coming back."""

from __future__ import annotations

from collections import Counter

from lab_servers.capture.capture import Side
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n04_exercises import EXERCISES
from lab_servers.course.question import Choice, Option
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks import sse_coming_back, sse_cuts, sse_heartbeat, sse_resume, sse_stream
from lab_servers.views.looks.sse import blocks_of, data_of, request_of, stream_capture
from lab_servers.views.parser_states import parser_sentence
from lab_servers.wire.spec import spec_url

_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"

# --- without chunks -----------------------------------------------------------------------------------

_ONE_BY_ONE = "the same events, one by one"
_AT_THE_END = "all events together, when the response is complete"
_REFUSED = "an error: it cannot be streamed to"


def _came(recording: Recording) -> str:
    capture = stream_capture(recording, sse_stream.SCENARIO)
    request = request_of(capture)
    if request is None or request.version != "HTTP/1.0":
        raise BadParameter('nobody asked in HTTP/1.0: take the run with http="1.0"')
    blocks = [block for block in blocks_of(capture) if block.event is not None]
    if not blocks:
        return _REFUSED
    reads = {capture.time_of(Side.SERVER, block.pieces[-1][1] - 1) for block in blocks}
    return _ONE_BY_ONE if len(reads) > 1 else _AT_THE_END


# --- cuts -----------------------------------------------------------------------------------------------

_ALL_CUTS = "all: what arrives together was sent together"
_ALL_BUT_CHARACTERS = "all but those inside a character"
_FEW_CUTS = "a few: those near the end of an event"


def _unhurt(recording: Recording) -> str:
    found = sse_cuts.cuts(recording)
    hurt = [cut for cut in found.cuts if cut.got[sse_cuts.NAIVE] != found.events]
    if not hurt:
        return _ALL_CUTS
    return _ALL_BUT_CHARACTERS if all(cut.place == sse_cuts.CHARACTER for cut in hurt) else _FEW_CUTS


# --- the last block ---------------------------------------------------------------------------------------

_DISPATCHED = "it is dispatched when the stream ends"
_KEPT = "the client keeps it, and comes back for the rest"
_DROPPED = "it is dropped"


def _last_block(recording: Recording) -> str:
    capture = stream_capture(recording, "ParserSteps")
    last = blocks_of(capture)[-1]
    if last.is_complete:
        raise BadParameter('its last block has a blank line: take the sample "a tour"')
    return _DROPPED if last.event is None else _DISPATCHED


def _last_block_shows(recording: Recording) -> str:
    capture = stream_capture(recording, "ParserSteps")
    return f"The application received {len(data_of(capture))} events. {parser_sentence(capture)}"


# --- a silence --------------------------------------------------------------------------------------------

_AS_EVENTS = "the application gets each as an event without data"
_NO_USE = "nothing: everybody ignores it"
_KEPT_ALIVE = "the connection outlives the silence, and the application notices nothing"


def _comments(recording: Recording) -> str:
    silent = sse_heartbeat.silences(recording)
    with_them, without = silent[sse_heartbeat.WITH], silent[sse_heartbeat.WITHOUT]
    if len(with_them.events) > 2:
        return _AS_EVENTS
    if without.is_complete:
        raise BadParameter("the silence was too short to be cut: take a longer quiet_s")
    if not with_them.is_complete:
        raise BadParameter("the comments came too rarely for the hop: take a heartbeat_s well below idle_s")
    return _KEPT_ALIVE if with_them.comments_s else _NO_USE


# --- resuming ---------------------------------------------------------------------------------------------

_NOTHING = "nothing: its id says where to go on"
_MEANWHILE = "the event that was cut, and what happened while it was away"
_TWICE = "nothing, but it gets some events twice"


def _missed(recording: Recording) -> str:
    one = sse_resume.resumed(recording)[sse_resume.IDS_ONLY]
    if not one.missed and not sse_resume.resumed(recording)[sse_resume.NEITHER].missed:
        raise BadParameter("nothing happened while the client was away: take a longer retry_ms")
    return _MEANWHILE if one.missed else _TWICE if one.twice else _NOTHING


# --- coming back ------------------------------------------------------------------------------------------

_ONE = "one: the stream is complete"
_TWO = "two: it asks again, and then sees that there is nothing new"
_AS_MANY = "as many as we care to watch"
_RETRIES = "it comes back: that is what reconnecting is for"
_WAITS = "it comes back, and waits longer each time"
_STOPS = "it stops for good"


def _asking(recording: Recording, who: str, case: str) -> sse_coming_back.Asking:
    found = sse_coming_back.askings(recording).get((who, case))
    if found is None:
        raise BadParameter(f'it lacks the case "{case}": take the run with case="all"')
    return found


def _after_clean_end(recording: Recording) -> str:
    asking = _asking(recording, sse_coming_back.EVENT_SOURCE, sse_coming_back.CLEAN)
    return _AS_MANY if asking.goes_on else _ONE if asking.requests == 1 else _TWO


def _after_500(recording: Recording) -> str:
    asking = _asking(recording, sse_coming_back.EVENT_SOURCE, sse_coming_back.FAILED)
    return _RETRIES if asking.goes_on else _STOPS


def _case_shows(recording: Recording, case: str) -> str:
    mine = _asking(recording, sse_coming_back.EVENT_SOURCE, case)
    plain = _asking(recording, sse_coming_back.PLAIN, case)
    answers = ", ".join(f"{times} × {answer}" for answer, times in Counter(mine.answers).items())
    return (
        f"The EventSource sent {sse_coming_back.counted(mine.requests)}, the plain reader {plain.requests}. The "
        f"answers to the EventSource: {answers}. What stopped it: {mine.stopped}. Its state in the end: {mine.state}."
    )


LESSON = Lesson(
    notebook="04_sse",
    question="A server has something to tell, again and again, and HTTP gives one response to each request. How does "
    "one response become a stream of events, and what happens when it breaks?",
    objectives=(
        Objective(
            "show that an event stream is one HTTP response whose body goes on, whatever its framing and wherever its "
            "bytes are cut",
            cells=(
                "stream-run",
                "stream-look",
                "stream-head",
                "stream-bytes",
                "framing-run",
                "framing-table",
                "cuts-run",
                "cuts-look",
                "cuts-table",
            ),
            predictions=("04-without-chunks", "04-cuts"),
            checks=("04-lines",),
            claims=("C04", "C06", "C07"),
            sections=(
                spec_url("HTML §9.2.5"),
                f"{_RFC_9112}6.3",
                f"{_RFC_9112}7.1",
                "https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2",
            ),
        ),
        Objective(
            "say what each line of a stream does to its parser, and find the rule that a parser breaks",
            cells=("parser-run", "parser-look", "parser-table", "parser-panel", "break-mine"),
            predictions=("04-last-block",),
            checks=("04-events",),
            claims=("C05",),
            sections=(spec_url("HTML §9.2.5"), spec_url("HTML §9.2.6")),
        ),
        Objective(
            "write a server whose stream can be resumed, and count what a client misses or gets twice without",
            cells=("heartbeat-run", "heartbeat-look", "resume-run", "resume-look", "resume-table", "server-visit"),
            predictions=("04-heartbeat", "04-resume"),
            checks=("04-server",),
            sections=(spec_url("HTML §9.2.4"), spec_url("HTML §9.2.7")),
        ),
        Objective(
            "tell when an EventSource comes back, with which `Last-Event-ID`, and the three things that stop it",
            cells=("back-run", "back-look", "back-table", "back-panel"),
            predictions=("04-clean-end", "04-status-500"),
            checks=("04-comes-back",),
            claims=("C17",),
            sections=(spec_url("HTML §9.2.1"), spec_url("HTML §9.2.2"), spec_url("HTML §9.2.3")),
        ),
    ),
    questions=(
        Choice(
            "04-without-chunks",
            "A client asks for the same stream in HTTP/1.0, which has no chunked. What does it get?",
            _came,
            sse_stream.sentence,
            options=(
                Option(_ONE_BY_ONE),
                Option(_AT_THE_END, "sse-needs-chunked"),
                Option(_REFUSED, "sse-needs-http-1-1"),
            ),
        ),
        Choice(
            "04-cuts",
            "The stream of four events is cut in two, at each of its bytes in turn. One reader takes each piece for "
            "whole lines. Which cuts leave it with the right events?",
            _unhurt,
            sse_cuts.sentence,
            options=(
                Option(_ALL_CUTS, "a-chunk-is-an-event"),
                Option(_ALL_BUT_CHARACTERS, "only-characters-break"),
                Option(_FEW_CUTS),
            ),
        ),
        Choice(
            "04-last-block",
            "A stream ends with the line “data: never told” and its line end. No blank line follows. What becomes of "
            "it?",
            _last_block,
            _last_block_shows,
            options=(
                Option(_DISPATCHED, "the-end-dispatches"),
                Option(_KEPT, "half-events-are-kept"),
                Option(_DROPPED),
            ),
        ),
        Choice(
            "04-heartbeat",
            "On the way stands a hop that cuts what is silent for too long. The server has nothing to tell, and sends "
            "a comment now and then. What comes of that?",
            _comments,
            sse_heartbeat.sentence,
            options=(
                Option(_AS_EVENTS, "a-comment-is-an-event"),
                Option(_NO_USE, "comments-are-useless"),
                Option(_KEPT_ALIVE),
            ),
        ),
        Choice(
            "04-resume",
            "A server gives each event an id, but keeps none of them. The connection is cut inside an event, and the "
            "client comes back with its last event ID. What does it miss?",
            _missed,
            sse_resume.sentence,
            options=(
                Option(_NOTHING, "ids-are-enough"),
                Option(_MEANWHILE),
                Option(_TWICE, "resuming-repeats"),
            ),
        ),
        Choice(
            "04-clean-end",
            "A server sends an event and ends its stream in good order, each time it is asked. How many requests does "
            "one EventSource make?",
            _after_clean_end,
            lambda recording: _case_shows(recording, sse_coming_back.CLEAN),
            options=(
                Option(_ONE, "a-clean-end-is-final"),
                Option(_TWO, "it-asks-again-once"),
                Option(_AS_MANY),
            ),
        ),
        Choice(
            "04-status-500",
            "An EventSource comes back, and gets a 500: the server is being restarted. What does it do?",
            _after_500,
            lambda recording: _case_shows(recording, sse_coming_back.FAILED),
            options=(
                Option(_RETRIES, "errors-are-retried"),
                Option(_WAITS, "errors-slow-it-down"),
                Option(_STOPS),
            ),
        ),
    ),
    exercises=EXERCISES,
    reading_min=20,
    doing_min=30,
)
