"""What ``00_start_here`` teaches: one answer over four transports, what a client asked for, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.question import Choice, Option
from lab_servers.recording import Recording
from lab_servers.scenarios import FourWays
from lab_servers.views.arrivals import Lane, lanes, sentence
from lab_servers.views.heads import heads
from lab_servers.views.looks.four_ways import WAYS

_MADE = "made with a seed"

# --- who is first, who is complete first --------------------------------------------------------------

_WEBSOCKET = "WebSocket alone"
_BOTH = "SSE and WebSocket, at about the same time"
_WHOLE = "the whole response, since it is one piece"
_POLLING = "polling, since it can ask at any time"
_ALL_BUT_POLLING = "whole response, SSE and WebSocket at about the same time, and then polling"
_STREAMS_FIRST = "SSE and WebSocket, well before the whole response"
_ALL_FOUR = "all four at about the same time"


def _lanes(recording: Recording) -> dict[str, Lane]:
    return {lane.label: lane for lane in lanes(recording, WAYS)}


def _about_s(recording: Recording) -> float:
    """What counts as about the same time: half of what the model needs for a character."""
    return float(str(recording.parameters["interval_s"])) / 2


def _first(recording: Recording) -> str:
    firsts = {label: lane.shown_s[0] for label, lane in _lanes(recording).items()}
    near = {label for label, at_s in firsts.items() if at_s - min(firsts.values()) < _about_s(recording)}
    if {"SSE", "WebSocket"} <= near:
        return _BOTH
    return {"WebSocket": _WEBSOCKET, "polling": _POLLING, "whole response": _WHOLE}.get(min(near), _BOTH)


def _complete(recording: Recording) -> str:
    lasts = {label: lane.shown_s[-1] for label, lane in _lanes(recording).items()}
    near = {label for label, at_s in lasts.items() if at_s - min(lasts.values()) < _about_s(recording)}
    if near == set(WAYS):
        return _ALL_FOUR
    if "whole response" not in near:
        return _STREAMS_FIRST
    return _WHOLE if near == {"whole response"} else _ALL_BUT_POLLING


def _arrivals(recording: Recording) -> str:
    return sentence(lanes(recording, WAYS))


# --- exercises ------------------------------------------------------------------------------------------

_TARGET = "What is asked for stands between the first and the second space of the request line."


def _target_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    section = "https://www.rfc-editor.org/rfc/rfc9112#section-3"
    for capture in recording.captures if recording is not None else ():
        request = heads(capture, Side.CLIENT)[0]
        data = capture.bytes_from(Side.CLIENT)[request.start : request.head_end]
        yield Case((data,), request.target, _TARGET, section)
    for _ in range(8):
        path = "/" + "/".join("".join(random.choices("abcdef", k=3)) for _ in range(random.randint(1, 3)))
        method = random.choice(("GET", "POST", "DELETE"))
        target = path + random.choice(("", f"?n={random.randint(0, 99)}"))
        yield Case((f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode(),), target, _TARGET, section, _MADE)


_WAITS = "The first wait ends with the first piece, the second with the last one; both begin with the question."


def _wait_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for lane in lanes(recording, WAYS) if recording is not None else ():
        shown_s = [round(at_s, 3) for at_s in lane.shown_s]
        yield Case((0.0, shown_s), (shown_s[0], shown_s[-1]), _WAITS)
    for _ in range(8):
        asked_s = random.randint(0, 9)
        shown_s = sorted(float(asked_s + random.randint(1, 20)) for _ in range(random.randint(1, 4)))
        yield Case((asked_s, shown_s), (shown_s[0] - asked_s, shown_s[-1] - asked_s), _WAITS, source=_MADE)


def _same_waits(given: object, expected: tuple[float, float]) -> bool:
    assert isinstance(given, tuple | list)
    return len(given) == 2 and all(abs(mine - theirs) < 1e-9 for mine, theirs in zip(given, expected, strict=True))


_COUNT = "What the client sent counts, over all reads, in bytes; what the server sent does not."

Chunks = list[tuple[str, bytes]]


def _count_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for capture in recording.of("polling") if recording is not None else ():
        yield _counted([(chunk.sender.value, chunk.data) for chunk in capture.chunks], "recorded")
    for _ in range(8):
        chunks = [
            (random.choice(("client", "server")), "你好".encode()[: random.randint(1, 6)])
            for _ in range(random.randint(1, 5))
        ]
        yield _counted([*chunks, ("server", b"ok")], _MADE)
    yield _counted([], _MADE)


def _counted(chunks: Chunks, source: str) -> Case:
    return Case((chunks,), sum(len(data) for sender, data in chunks if sender == "client"), _COUNT, source=source)


def _record(lab: object) -> Recording:
    return FourWays(interval_s=0.03, poll_every_s=0.05).run(lab)  # type: ignore[arg-type]


LESSON = Lesson(
    notebook="00_start_here",
    question="An answer is being written, piece by piece. What does its reader see, and when, if it travels as one "
    "HTTP response, by polling, as Server-Sent Events, or over a WebSocket?",
    objectives=(
        Objective(
            "start real servers in this notebook, ask them with any client, and read off the bytes what it asked for",
            cells=("doctor", "start", "curl-run", "curl-recorded", "target-starter"),
            checks=("00-target",),
            sections=("https://www.rfc-editor.org/rfc/rfc9112#section-3",),
        ),
        Objective(
            "say for each of four ways when the first piece of an answer is shown, and when the last",
            cells=("ways-run", "ways-look", "ways-table", "waits-starter"),
            predictions=("00-first", "00-complete"),
            checks=("00-waits",),
            sections=(
                "https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events-intro",
                "https://www.rfc-editor.org/rfc/rfc6455#section-1.1",
            ),
        ),
        Objective(
            "count what asking more often costs, and save what passed on the wire for Wireshark",
            cells=("hasty-run", "hasty-table", "hasty-bytes", "ways-panel", "saved", "sent-starter"),
            checks=("00-sent-bytes",),
            sections=(
                "https://www.rfc-editor.org/rfc/rfc6202#section-2",
                "https://www.rfc-editor.org/rfc/rfc6455#section-1.1",
            ),
        ),
    ),
    questions=(
        Choice(
            "00-first",
            "Who shows the first character first?",
            _first,
            _arrivals,
            options=(
                Option(_WEBSOCKET, "websocket-is-faster"),
                Option(_BOTH),
                Option(_WHOLE, "one-answer-is-soonest"),
                Option(_POLLING, "polling-is-never-late"),
            ),
        ),
        Choice(
            "00-complete",
            "Who has the complete answer first?",
            _complete,
            _arrivals,
            options=(
                Option(_STREAMS_FIRST, "streaming-finishes-sooner"),
                Option(_WHOLE, "one-answer-is-soonest"),
                Option(_ALL_FOUR, "polling-is-never-late"),
                Option(_ALL_BUT_POLLING),
            ),
        ),
    ),
    exercises=(
        Exercise(
            "00-target",
            "target(request) gets the bytes of a request and returns what it asks for, as text: '/api/stream?n=1'.",
            "target",
            _target_cases,
            ("The first line is: method, space, what is asked for, space, version.", "request.split(b' ')[1].decode()"),
            "def target(request):\n    return request.split(b' ')[1].decode()\n",
            _record,
        ),
        Exercise(
            "00-waits",
            "waits_s(asked_s, shown_s) gets when the reader asked and when each piece was shown, and returns how long "
            "it waited for the first piece, and how long for all of them.",
            "waits_s",
            _wait_cases,
            ("All times are on one clock, and the reader did not ask at 0.", "shown_s[0] - asked_s is the first."),
            "def waits_s(asked_s, shown_s):\n    return shown_s[0] - asked_s, shown_s[-1] - asked_s\n",
            _record,
            _same_waits,
        ),
        Exercise(
            "00-sent-bytes",
            "sent_bytes(chunks) gets a list of (sender, data), where sender is 'client' or 'server', and returns how "
            "many bytes the client sent.",
            "sent_bytes",
            _count_cases,
            ("len(data) counts the bytes of one chunk.", "sum(len(data) for sender, data in chunks if …)"),
            "def sent_bytes(chunks):\n    return sum(len(data) for sender, data in chunks if sender == 'client')\n",
            _record,
        ),
    ),
    reading_min=8,
    doing_min=12,
)
