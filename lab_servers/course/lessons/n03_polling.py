"""What ``03_polling`` teaches: what asking again costs, time limits on the way, cursors, and herds."""

from __future__ import annotations

from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n03_exercises import EXERCISES
from lab_servers.course.question import Choice, Option, Order
from lab_servers.recording import Recording
from lab_servers.views.looks import polling_ask_again, polling_between, polling_herd, polling_time_limits

_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
_RFC_6202 = "https://www.rfc-editor.org/rfc/rfc6202#section-"

# --- 304 ----------------------------------------------------------------------------------------------

_FEWER = "fewer requests"
_MOST = "most of the bytes"
_SOME = "less than half of the bytes"


def _saved(recording: Recording) -> str:
    ways = polling_ask_again.ways(recording)
    plain, conditional = ways[polling_ask_again.PLAIN], ways[polling_ask_again.CONDITIONAL]
    if conditional.requests < 0.8 * plain.requests:
        return _FEWER
    return _SOME if conditional.bytes > plain.bytes / 2 else _MOST


def _saved_shows(recording: Recording) -> str:
    ways = polling_ask_again.ways(recording)
    plain, conditional = ways[polling_ask_again.PLAIN], ways[polling_ask_again.CONDITIONAL]
    return (
        f"{conditional.statuses.count(304)} of {conditional.requests} answers were 304. Plain polling: "
        f"{plain.requests} requests, {plain.bytes:,} bytes; conditional polling: {conditional.requests} requests, "
        f"{conditional.bytes:,} bytes, which is {abs(1 - conditional.bytes / plain.bytes):.0%} "
        f"{'more' if conditional.bytes > plain.bytes else 'less'}. Its client sent "
        f"{_more(conditional.sent_bytes - plain.sent_bytes)}, its server "
        f"{_more(conditional.received_bytes - plain.received_bytes)}."
    )


def _more(count: int) -> str:
    return f"{abs(count):,} bytes {'more' if count >= 0 else 'less'}"


# --- twice as often -------------------------------------------------------------------------------------

_NOTHING = "nothing: the same news is told either way"
_LITTLE = "a little: answers without news are small"
_DOUBLE = "about twice the bytes"


def _price(recording: Recording) -> str:
    ways = polling_ask_again.ways(recording)
    factor = ways[polling_ask_again.HASTY].bytes / ways[polling_ask_again.PLAIN].bytes
    return _NOTHING if factor < 1.1 else _LITTLE if factor < 1.5 else _DOUBLE


def _price_shows(recording: Recording) -> str:
    ways = polling_ask_again.ways(recording)
    plain, hasty = ways[polling_ask_again.PLAIN], ways[polling_ask_again.HASTY]
    return (
        f"{plain.requests} requests and {plain.bytes:,} bytes, a line known {plain.mean_late_s * 1e3:.0f} ms late on "
        f"average; twice as often: {hasty.requests} requests and {hasty.bytes:,} bytes, "
        f"{hasty.mean_late_s * 1e3:.0f} ms late."
    )


# --- time limits ----------------------------------------------------------------------------------------

_OUTCOMES = {
    "204 No Content": "204, from the server, when its hold is over",
    "504 Gateway Timeout": "504, from the proxy",
    polling_time_limits.NO_ANSWER: "nothing: it gives up by itself",
}
_UNCUT = "204, and at once: nothing is held open that anybody could cut"


def _gets(recording: Recording) -> str:
    return _OUTCOMES.get(polling_time_limits.outcome(recording), _UNCUT)


# --- lost events ------------------------------------------------------------------------------------------

_NONE_LOST = "none: the next answer tells what was missed"
_RARELY = "hardly any: the gap between two questions is too short"
_IN_GAPS = "those that happen while no question is held"


def _lost(recording: Recording) -> str:
    lost = polling_between.followed(recording)[polling_between.WITHOUT].lost
    happened = len(recording.marks_named("news: produced"))
    return _RARELY if len(lost) < 0.1 * happened else _IN_GAPS


# --- a herd -----------------------------------------------------------------------------------------------


def _herd(recording: Recording) -> tuple[str, ...]:
    spreads = polling_herd.spreads(recording)
    return tuple(sorted(spreads, key=lambda kind: spreads[kind].busiest, reverse=True))


LESSON = Lesson(
    notebook="03_polling",
    question="How far does asking again get you?",
    objectives=(
        Objective(
            "send a conditional request, and read off a recording what it saves and what plain and long polling cost",
            cells=("again-run", "again-look", "again-table", "conditional-bytes", "conditional-answer"),
            predictions=("03-not-modified", "03-twice-as-often"),
            checks=("03-condition",),
            sections=(
                f"{_RFC_9110}13.1.2",
                f"{_RFC_9110}15.4.5",
                f"{_RFC_9110}8.8.3",
                f"{_RFC_6202}2",
                "https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.4",
            ),
        ),
        Objective(
            "nest the time limits of server, proxy and client so that a held question ends with an answer",
            cells=("limits-nested", "limits-proxy", "limits-client", "limits-table"),
            predictions=("03-time-limits",),
            checks=("03-patience",),
            sections=(f"{_RFC_9110}15.3.5", f"{_RFC_9110}15.6.5", f"{_RFC_6202}5.5"),
        ),
        Objective(
            "follow events with a cursor, so that none is lost and none counts twice",
            cells=("cursor-run", "cursor-table", "cursor-bytes"),
            predictions=("03-lost",),
            checks=("03-cursor",),
            sections=(
                f"{_RFC_9110}3.3",
                f"{_RFC_9110}15.3.5",
                "https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.5",
            ),
        ),
        Objective(
            "spread the retries of many clients with jitter, and wait at least as long as `Retry-After` says",
            cells=("herd-run", "herd-look", "herd-table", "retry-run", "retry-look"),
            predictions=("03-herd",),
            checks=("03-jitter",),
            sections=(f"{_RFC_9110}10.2.3", f"{_RFC_9110}15.6.4"),
        ),
    ),
    questions=(
        Choice(
            "03-not-modified",
            "Two clients ask for the same job, equally often. One sends the last ETag along and gets a 304 whenever "
            "nothing is new. What does it save?",
            _saved,
            _saved_shows,
            options=(
                Option(_FEWER, "304-saves-requests"),
                Option(_MOST, "304-costs-nothing"),
                Option(_SOME),
            ),
        ),
        Choice(
            "03-twice-as-often",
            "Another client asks twice as often, so its news is about half as late. What does it pay for that?",
            _price,
            _price_shows,
            options=(
                Option(_NOTHING, "asking-more-is-free"),
                Option(_LITTLE, "empty-answers-are-small"),
                Option(_DOUBLE),
            ),
        ),
        Choice(
            "03-time-limits",
            "The server holds a question for 0.5 s, the proxy waits 0.25 s for the server, the client 0.75 s. What "
            "does the client get?",
            _gets,
            polling_time_limits.sentence,
            options=(
                Option(_OUTCOMES["204 No Content"], "hold-is-the-servers-choice"),
                Option(_OUTCOMES["504 Gateway Timeout"]),
                Option(_OUTCOMES[polling_time_limits.NO_ANSWER], "only-the-client-gives-up"),
                Option(_UNCUT, "long-poll-holds-nothing"),
            ),
        ),
        Choice(
            "03-lost",
            "A client works on each answer for a moment before it asks for the next news. It does not say what it "
            "has. Which events does it never get?",
            _lost,
            polling_between.sentence,
            options=(
                Option(_NONE_LOST, "server-remembers-the-client"),
                Option(_RARELY, "the-gap-is-empty"),
                Option(_IN_GAPS),
            ),
        ),
        Order(
            "03-herd",
            "200 clients lost their answers at the same moment and retry. With which kind of jitter do most of them "
            "ask in the same half second after the outage? Most first.",
            _herd,
            polling_herd.sentence,
            items=("full jitter", "no jitter", "equal jitter"),
            wrong="any-jitter-will-do",
        ),
    ),
    exercises=EXERCISES,
    reading_min=15,
    doing_min=25,
)
