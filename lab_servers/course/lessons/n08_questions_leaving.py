"""The predictions of ``08_ai_streaming`` on leaving, stopping and asking again, and what the runs say of each.

``n08_questions.py`` has those on what a reader gets; ``n08_ai_streaming.py`` joins them all to the objectives.
"""

from __future__ import annotations

from lab_servers.course.question import Choice, Option
from lab_servers.errors import BadParameter
from lab_servers.measure.model_marks import FinishedRun, finished
from lab_servers.measure.waste import Waste, lane_of, waste
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_asked_twice import LOST, LOST_KEY
from lab_servers.scenarios.ai_reader_leaves import EVENTS_WRITE, WHOLE_UNWATCHED
from lab_servers.scenarios.ai_stop_or_leave import KEPT_CLOSE, KEPT_STOP, TIED_CLOSE
from lab_servers.views.looks.ai_asked_twice import asked

# --- leaving ----------------------------------------------------------------------------------------------

_NONE_MORE = "none: the connection is gone"
_A_FEW = "a few each: the next write fails"
_ALL_THE_REST = "a few the first, all the rest the other"


def _wasted(recording: Recording) -> tuple[Waste, Waste]:
    events, whole = waste(recording, EVENTS_WRITE), waste(recording, WHOLE_UNWATCHED)
    if events is None or whole is None:
        raise BadParameter("nobody left in it")
    return events, whole


def _leave(recording: Recording) -> str:
    events, whole = _wasted(recording)
    if not whole.for_nobody:
        return _NONE_MORE
    if whole.was_noticed:
        return _A_FEW
    if events.for_nobody > whole.for_nobody / 2:
        raise BadParameter(
            f"{events.for_nobody} and {whole.for_nobody} tokens were for nobody: with a server that writes at each "
            "token, and a reader that leaves early, the two differ"
        )
    return _ALL_THE_REST


def _leave_shows(recording: Recording) -> str:
    told = [f"{one.lane}: {one.for_nobody} of {one.generated} tokens for nobody" for one in _wasted(recording)]
    return f"{'; '.join(told)}."


# --- stopping ---------------------------------------------------------------------------------------------

_IT_STOPS = "it stops: nobody reads any more"
_IT_GOES_ON = "it goes on to the end"
_IT_WAITS = "it waits until the reader is back"


def _closed(recording: Recording) -> FinishedRun:
    ends = finished(lane_of(recording, KEPT_CLOSE))
    if not ends:
        raise BadParameter("no reader of a kept run closed its stream in it")
    return ends[-1]


def _stop(recording: Recording) -> str:
    end = _closed(recording)
    if end.reason == "nobody listened":
        raise BadParameter("the run did not linger until its end: take a longer linger_s")
    return _IT_GOES_ON if end.reason in ("complete", "length") else _IT_STOPS


def _stop_shows(recording: Recording) -> str:
    told = []
    for lane in (TIED_CLOSE, KEPT_CLOSE, KEPT_STOP):
        ends = finished(lane_of(recording, lane))
        if ends:
            told.append(f"{lane}: {ends[-1].generated} tokens generated, {ends[-1].reason}")
    return f"{'; '.join(told)}."


# --- asking twice -----------------------------------------------------------------------------------------

_ONCE = "as many as the answer has: the server knows the question again"
_BARELY_MORE = "a few more: the first run stops when its client gives up"
_TWICE = "twice as many"


def _twice(recording: Recording) -> str:
    one = asked(recording)[LOST]
    if not one.had:
        raise BadParameter("its client never had an answer")
    times = one.paid / one.had
    return _ONCE if times < 1.05 else _BARELY_MORE if times < 1.8 else _TWICE


def _twice_shows(recording: Recording) -> str:
    found = asked(recording)
    told = (f"{lane}: {found[lane].paid} tokens for an answer of {found[lane].had}" for lane in (LOST, LOST_KEY))
    return f"{'; '.join(told)}."


ON_LEAVING: tuple[Choice, ...] = (
    Choice(
        "08-leave",
        "A reader leaves in the midst of an answer. One server sends events, another collects the answer and writes it "
        "at the end; neither looks at anything but its writes. How many more tokens do they let be generated?",
        _leave,
        _leave_shows,
        options=(
            Option(_NONE_MORE, "leaving-stops-the-model"),
            Option(_A_FEW, "a-failed-write-is-soon-enough"),
            Option(_ALL_THE_REST),
        ),
    ),
    Choice(
        "08-stop",
        "A run is kept, so that it can be resumed. Its reader has seen enough, and the client closes the stream. What "
        "does the model do?",
        _stop,
        _stop_shows,
        options=(
            Option(_IT_STOPS, "leaving-is-stopping"),
            Option(_IT_WAITS, "a-model-waits-for-its-reader"),
            Option(_IT_GOES_ON),
        ),
    ),
    Choice(
        "08-twice",
        "The answer to a POST is lost on its way, and the client sends the same request again. How many tokens does "
        "the model generate?",
        _twice,
        _twice_shows,
        options=(
            Option(_ONCE, "a-repeated-post-is-recognised"),
            Option(_BARELY_MORE, "giving-up-takes-back"),
            Option(_TWICE),
        ),
    ),
)
