"""What ``12_choosing`` teaches: the evidence table, costs from measured units, the map, and one's own choice.

The exercises stand in ``n12_exercises.py``.
"""

from __future__ import annotations

from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n12_exercises import EXERCISES
from lab_servers.course.question import Choice, Number, Option
from lab_servers.errors import BadParameter
from lab_servers.measure.costs import HOUR_S
from lab_servers.measure.decision import choose
from lab_servers.measure.job_run import job_of, ran
from lab_servers.measure.jobs import Job, job_named
from lab_servers.measure.transports import Transport
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording

_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_6202 = "https://www.rfc-editor.org/rfc/rfc6202#section-"
_HTML_EVENTS = "https://html.spec.whatwg.org/multipage/server-sent-events.html#"

# --- a question against heartbeats ----------------------------------------------------------------------

HEARTBEAT_S = Job().heartbeat_s


def _quiet_s(recording: Recording) -> float:
    units = unit_costs(recording)
    return units[Transport.POLLING].quiet.bytes / units[Transport.SSE].quiet.bytes * HEARTBEAT_S


def _quiet_shows(recording: Recording) -> str:
    units = unit_costs(recording)
    question, heartbeat = units[Transport.POLLING].quiet.bytes, units[Transport.SSE].quiet.bytes
    return (
        f"A question and its empty answer took {question:,.0f} bytes, a comment {heartbeat:,.0f}: so many heartbeats "
        f"as fit into one question last {_quiet_s(recording):,.0f} s."
    )


# --- a status once a minute -----------------------------------------------------------------------------

_NAMES = {Transport.POLLING: "Polling.", Transport.SSE: "SSE.", Transport.WEBSOCKET: "WebSocket."}


def _build(recording: Recording) -> str:
    return _NAMES[choose(job_named("build status"), unit_costs(recording)).chosen]


def _build_shows(recording: Recording) -> str:
    found = choose(job_named("build status"), unit_costs(recording))
    told = ", ".join(f"{one.transport.value} {one.counts:,.1f}" for one in found.weighed)
    return (
        f"In bytes per second and user: {told}. A difference of up to {found.criterion.spare:g} does not count, and of "
        f"those that are left the simplest is {found.chosen.value}."
    )


# --- a chat room ----------------------------------------------------------------------------------------


def _chat_bytes(recording: Recording) -> tuple[float, float]:
    """Bytes per user and hour: of SSE, of WebSocket."""
    stay_s = job_of(recording).stay_s
    hours = {one.transport: one.per_s(stay_s).bytes * HOUR_S for one in ran(recording)}
    if not {Transport.SSE, Transport.WEBSOCKET} <= hours.keys():
        raise BadParameter("SSE and WebSocket were not both run")
    return hours[Transport.SSE], hours[Transport.WEBSOCKET]


def _chat_ratio(recording: Recording) -> float:
    sse, websocket = _chat_bytes(recording)
    return sse / websocket


def _chat_shows(recording: Recording) -> str:
    sse, websocket = _chat_bytes(recording)
    return (
        f"Per user and hour, SSE with a POST for each message up took {sse:,.0f} bytes and WebSocket {websocket:,.0f}: "
        f"{_chat_ratio(recording):.1f} times as many."
    )


LESSON = Lesson(
    notebook="12_choosing",
    question="Which one for my job: polling, SSE or WebSocket?",
    objectives=(
        Objective(
            "say which bytes decide each row of the comparison of HTTP, SSE and WebSocket, and name a job that each of "
            "them fails at",
            cells=(
                "evidence-run",
                "evidence-table",
                "evidence-cell",
                "evidence-bytes",
                "direction-check",
                "fails-run",
                "fails-table",
                "complexity",
                "answer-run",
            ),
            checks=("12-direction",),
            claims=("C19", "C21", "C24", "C25"),
            sections=(f"{_RFC_9112}9.3", f"{_HTML_EVENTS}parsing-an-event-stream", f"{_RFC_6455}1.2"),
        ),
        Objective(
            "compute what a job costs on each transport from measured unit costs, and hold the result against a run",
            cells=("units-run", "units-table", "units-compare", "cost-check", "model-table"),
            predictions=("12-quiet",),
            checks=("12-cost",),
            claims=("C18",),
            sections=(f"{_HTML_EVENTS}authoring-notes", f"{_RFC_6455}5.2", f"{_RFC_9112}2.1"),
        ),
        Objective(
            "find where two transports cost the same, and say what would flip a choice",
            cells=("build-decide", "map-down", "map-table", "map-both", "crossing-check", "tool"),
            predictions=("12-build",),
            checks=("12-crossing",),
            claims=("C23",),
            sections=(f"{_RFC_6202}2.2",),
        ),
        Objective(
            "choose a transport for a job of your own, and defend the choice with three numbers that a run confirms",
            cells=("chat-run", "chat-look", "capstone-job", "capstone-run", "capstone-check"),
            predictions=("12-chat",),
            checks=("12-capstone",),
            claims=("C18", "C23"),
            sections=(f"{_RFC_6202}2.2", f"{_RFC_6455}5.2"),
        ),
    ),
    questions=(
        Number(
            "12-quiet",
            "Nothing happens. SSE sends a comment every 15 seconds so that the connection is not taken for dead. After "
            "how many seconds have its heartbeats cost as many bytes as one single question by polling, with its empty "
            "answer?",
            _quiet_s,
            _quiet_shows,
            unit="seconds",
            least=1,
            most=1e6,
            within=2,
            too_low="heartbeats-are-dear",
            too_high="heartbeats-are-free",
        ),
        Choice(
            "12-build",
            "A build changes its status about once a minute, and nobody minds to see that 15 seconds late. 100 bytes a "
            "second and user are not worth a thought. Which one is chosen: the simplest that is cheap enough?",
            _build,
            _build_shows,
            options=(
                Option("Polling."),
                Option("SSE.", "push-is-always-better"),
                Option("WebSocket.", "websocket-is-always-best"),
            ),
        ),
        Number(
            "12-chat",
            "A chat room with typing indicators: a message up every 2 seconds, one down every 0.7. How many times as "
            "many bytes does SSE, with a POST for each message up, take as WebSocket?",
            _chat_ratio,
            _chat_shows,
            unit="times",
            least=0.01,
            most=1_000,
            within=1.6,
            too_low="a-post-is-a-small-message",
            too_high="only-requests-cost",
        ),
    ),
    exercises=EXERCISES,
    reading_min=15,
    doing_min=25,
)
