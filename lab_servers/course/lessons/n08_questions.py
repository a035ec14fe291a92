"""The predictions of ``08_ai_streaming`` on what a reader gets: when, in how many bytes, and whether it is all.

``n08_questions_leaving.py`` has those on leaving, stopping and asking again; ``n08_ai_streaming.py`` joins them all.
"""

from __future__ import annotations

from lab_servers.course.question import Choice, Number, Option
from lab_servers.errors import BadParameter
from lab_servers.measure.answer_bytes import AnswerBytes, answer_bytes
from lab_servers.measure.answer_times import AnswerTimes, answer_times
from lab_servers.measure.cut_anywhere import CHUNKED, answer_of
from lab_servers.measure.truncation import CutBy, Outcome, Strategy, counted
from lab_servers.measure.users import UserSaw, users
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_real_clients import ERROR
from lab_servers.views.looks.sse import answer_of as answer_to
from lab_servers.wire.llm.ways import Way

# --- the first text ---------------------------------------------------------------------------------------

_FIRST_ONLY = "the first text comes much sooner, the last one does not"
_BOTH = "the whole answer comes much sooner"
_SOCKET_ONLY = "the first text comes much sooner on the WebSocket, and only there"
# So much of the time that the whole JSON takes; with room for a busy machine, and for a network far away.
_MUCH = 0.75


def _require_text_alone(recording: Recording) -> None:
    """Both questions are on the tokens of a text, and an answer with calls of tools has others behind it."""
    if recording.parameters.get("tool_calls"):
        raise BadParameter("its answer calls tools behind its text: take the run without tool_calls")


def _times(recording: Recording) -> list[AnswerTimes]:
    """The answer as one JSON, as an event stream and over a WebSocket."""
    _require_text_alone(recording)
    found = answer_times(recording)
    ways = (Way.WHOLE, Way.EVENT_STREAM, Way.WEBSOCKET)
    if any(way.value not in found for way in ways):
        raise BadParameter('it lacks a way to read the answer: take the run with ways="all"')
    return [found[way.value] for way in ways]


def _first(recording: Recording) -> str:
    whole, events, socket = _times(recording)
    if max(events.last_s, socket.last_s) < _MUCH * whole.last_s:
        return _BOTH
    if max(events.first_s, socket.first_s) < _MUCH * whole.first_s:
        return _FIRST_ONLY
    if socket.first_s < _MUCH * whole.first_s:
        return _SOCKET_ONLY
    raise BadParameter(
        f"the event stream had its first text after {events.first_s:.2f} s and the whole JSON after "
        f"{whole.first_s:.2f} s: take more tokens, and a smaller batch_s or burst"
    )


def _first_shows(recording: Recording) -> str:
    told = (f"{one.name} {one.first_s:.2f} and {one.last_s:.2f} s" for one in _times(recording))
    return f"The first and the last text after the question: {'; '.join(told)}."


# --- bytes per token --------------------------------------------------------------------------------------


def _chat(recording: Recording) -> AnswerBytes:
    _require_text_alone(recording)
    found = answer_bytes(recording).get(Way.CHAT.value)
    if found is None or not found.tokens:
        raise BadParameter("no answer in it came as chat completions")
    return found


def _bytes(recording: Recording) -> float:
    found = _chat(recording)
    return found.both.total / found.tokens


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _bytes_shows(recording: Recording) -> str:
    found = _chat(recording)
    return (
        f"{found.both.total:,} bytes for {_counted(found.tokens, 'token')}: {_bytes(recording):,.0f} for each. Of "
        f"these {found.down.text / found.tokens:.1f} are text."
    )


# --- an error in mid-stream -------------------------------------------------------------------------------

_STATUS = "500, or another status of an error"
_BREAKS = "200, and the connection breaks"
_IN_BAND = "200, and the stream says so in its own words"


def _asked(recording: Recording) -> list[UserSaw]:
    if recording.parameters.get("case") != ERROR:
        raise BadParameter(f'no client in it met an error in mid-stream: take the run with case="{ERROR}"')
    found = [user for user in users(recording) if user.statuses and not user.missing]
    if not found:
        raise BadParameter("none of its clients is installed here; its table says how to install them")
    return found


def _error(recording: Recording) -> str:
    found = _asked(recording)
    if any(user.statuses[0] >= 400 for user in found):
        return _STATUS
    answers = [answer_to(capture) for user in found for capture in recording.of(user.client)[:1]]
    return _IN_BAND if any(answer is not None and answer.is_complete for answer in answers) else _BREAKS


def _error_shows(recording: Recording) -> str:
    found = _asked(recording)
    statuses = " and ".join(sorted({str(user.statuses[0]) for user in found}))
    raised = sum(user.how == "error" for user in found)
    return (
        f"{_counted(len(found), 'client')} asked, and the status was {statuses}. {raised} of them raised an error in "
        f"the midst of the text; {sum(user.is_silent for user in found)} told their users nothing."
    )


# --- a cut ------------------------------------------------------------------------------------------------

_AT_NONE = "at none: HTTP tells of it"
_BETWEEN = "at those between two events"
_NEARLY_ALL = "at nearly all of them"


def _fooled(recording: Recording) -> tuple[int, int]:
    """At how many bytes of the body a hop that ends it in good order fools who trusts HTTP, and of how many."""
    answer = answer_of(recording, Way.CHAT, CHUNKED)
    counts = counted(answer, Strategy.LENGTH, CutBy.LAST_CHUNK)
    return counts[Outcome.LIE], len(answer.wire) - answer.head_end


def _cut(recording: Recording) -> str:
    lies, offsets = _fooled(recording)
    if not lies:
        return _AT_NONE
    if lies <= answer_of(recording, Way.CHAT, CHUNKED).wire.count(b"\n\n"):
        return _BETWEEN
    if lies > 0.8 * offsets:
        return _NEARLY_ALL
    raise BadParameter(
        f"its answer is so short that {offsets - lies:,} of {offsets:,} bytes are its ending: take more tokens"
    )


def _cut_shows(recording: Recording) -> str:
    lies, offsets = _fooled(recording)
    answer = answer_of(recording, Way.CHAT, CHUNKED)
    wrong = counted(answer, Strategy.TERMINATOR, CutBy.LAST_CHUNK)[Outcome.LIE]
    return (
        f"Who trusts HTTP calls half an answer complete at {lies:,} of {offsets:,} bytes of the response's body; who "
        f"requires the dialect's last word does at {wrong:,}."
    )


ON_READING: tuple[Choice | Number, ...] = (
    Choice(
        "08-first",
        "The same answer comes as one JSON, as an event stream and over a WebSocket. What is better on the two that "
        "stream?",
        _first,
        _first_shows,
        options=(
            Option(_BOTH, "streaming-finishes-sooner"),
            Option(_SOCKET_ONLY, "only-websocket-streams"),
            Option(_FIRST_ONLY),
        ),
    ),
    Number(
        "08-bytes",
        "A token is a few bytes of text. How many bytes does the answer take in the dialect of chat completions, per "
        "token, with all that belongs to it?",
        _bytes,
        _bytes_shows,
        unit="bytes",
        least=1,
        most=100_000,
        within=1.6,
        too_low="a-token-costs-its-text",
        too_high="each-token-is-an-exchange",
    ),
    Choice(
        "08-error",
        "Half of the answer has been sent when the model fails. What does the status of the response say?",
        _error,
        _error_shows,
        options=(
            Option(_STATUS, "an-error-has-a-status"),
            Option(_BREAKS, "an-error-breaks-the-connection"),
            Option(_IN_BAND),
        ),
    ),
    Choice(
        "08-cut",
        "A hop loses the model's server in the midst of an answer, and ends the body that it passes on with a last "
        "chunk. It may happen at any byte. At how many of them does a client that trusts HTTP take half an answer for "
        "a whole one?",
        _cut,
        _cut_shows,
        options=(
            Option(_AT_NONE, "a-good-end-is-complete"),
            Option(_BETWEEN, "only-cuts-in-words-fool"),
            Option(_NEARLY_ALL),
        ),
    ),
)
