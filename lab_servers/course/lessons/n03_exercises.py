"""The exercises of ``03_polling``: a conditional request, three time limits, a cursor, a delay with jitter.

``n03_polling.py`` joins them to the objectives.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording
from lab_servers.scenarios import AskAgain, BetweenPolls, RetryAfter, TimeLimits
from lab_servers.views.heads import heads
from lab_servers.views.looks import polling_ask_again, polling_time_limits

_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"

Fields = list[tuple[str, str]]
Event = dict[str, Any]

# --- the condition of the next request ------------------------------------------------------------------

_SAME_TAG = "If-None-Match repeats the entity tag as it came, with its quotes and with W/ if it has that."
_ANY_CASE = "The name of a field is the same in upper and lower case."
_TAG_ALONE = "Of two validators the ETag decides: beside If-None-Match a server must ignore If-Modified-Since."
_NO_TAG = "Without an ETag, Last-Modified is the validator; If-Modified-Since repeats it."
_NO_VALIDATOR = "An answer without a validator allows no condition."


def _condition_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        capture = polling_ask_again.capture_of(recording, polling_ask_again.CONDITIONAL)
        requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
        for answer, after in zip(answers, requests[1:], strict=False):
            expected = {"If-None-Match": after.values("If-None-Match")[0]}
            yield Case((list(answer.field_lines),), expected, _SAME_TAG, f"{_RFC_9110}13.1.2")
    date = "Tue, 24 Nov 2026 10:00:00 GMT"
    for _ in range(8):
        tag = "".join(random.choices("abcdef0123456789,!-", k=random.randint(0, 6)))
        strong, weak = f'"{tag}"', f'W/"{tag}"'
        name = random.choice(("etag", "ETAG", "Etag"))
        other = ("Content-Type", "application/json")
        yield _made([other, ("ETag", strong)], {"If-None-Match": strong}, _SAME_TAG, "13.1.2")
        yield _made([("ETag", weak), other], {"If-None-Match": weak}, _SAME_TAG, "13.1.2")
        yield _made([(name, strong)], {"If-None-Match": strong}, _ANY_CASE, "5.1")
        yield _made([("Last-Modified", date), ("ETag", weak)], {"If-None-Match": weak}, _TAG_ALONE, "13.1.3")
    yield _made([("Last-Modified", date)], {"If-Modified-Since": date}, _NO_TAG, "13.1.3")
    yield _made([("Content-Length", "5")], {}, _NO_VALIDATOR, "13")
    yield _made([], {}, _NO_VALIDATOR, "13")


def _made(fields: Fields, expected: dict[str, str], rule: str, section: str) -> Case:
    return Case((fields,), expected, rule, _RFC_9110 + section, "made with a seed")


def _same_fields(given: Any, expected: Mapping[str, str]) -> bool:
    """Whether two sets of fields are the same; their names ignore case (RFC 9110 §5.1)."""
    return {name.lower(): value for name, value in given.items()} == {
        name.lower(): value for name, value in expected.items()
    }


# --- whose patience ends first --------------------------------------------------------------------------

_SERVER_FIRST = "If the hold is the shortest, the server answers 204 in time, and the answer gets through."
_PROXY_FIRST = "If the proxy's limit is the shortest, the proxy answers 504 in the server's place."
_CLIENT_FIRST = "If the client's limit is the shortest, it leaves before anybody has answered."


def _patience_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        limits = polling_time_limits.limits_s(recording)
        got = polling_time_limits.outcome(recording)
        yield _limits(limits["server"], limits["proxy"], limits["client"], _STATUS.get(got), "recorded")
    for _ in range(20):
        hold_s, proxy_s, client_s = random.sample(range(1, 120), 3)
        least = min(hold_s, proxy_s, client_s)
        yield _limits(hold_s, proxy_s, client_s, 204 if least == hold_s else 504 if least == proxy_s else None)


_STATUS = {"204 No Content": 204, "504 Gateway Timeout": 504}


def _limits(
    hold_s: float, proxy_s: float, client_s: float, status: int | None, source: str = "made with a seed"
) -> Case:
    rule, section = {
        204: (_SERVER_FIRST, f"{_RFC_9110}15.3.5"),
        504: (_PROXY_FIRST, f"{_RFC_9110}15.6.5"),
        None: (_CLIENT_FIRST, "https://www.rfc-editor.org/rfc/rfc6202#section-5.5"),
    }[status]
    return Case((hold_s, proxy_s, client_s), status, rule, section, source)


# --- the cursor -----------------------------------------------------------------------------------------

_TAKE_ALL = "Every new event of an answer is taken in, in its order, and the cursor is the answer's next."
_NO_NEWS = "204 (None) brings nothing: the events stay, and so does the cursor."
_TWICE = "An answer that comes a second time adds nothing: whoever got none asks again with the old cursor."
_NOT_BACK = "The cursor never goes back, else old events would come again."


def _cursor_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    known: list[Event] = []
    for answer in _recorded_answers(recording) if recording is not None else ():
        yield Case((list(known), answer), (known + answer["events"], answer["next"]), _TAKE_ALL)
        known = known + answer["events"]
    for _ in range(6):
        first, second, third = sorted(random.sample(range(1, 9), 3))
        have, news = _events(1, first), _answer(first + 1, second)
        all_of_it = (have + news["events"], second)
        yield Case((have, news), all_of_it, _TAKE_ALL, source="made with a seed")
        yield Case((have, None), (have, first), _NO_NEWS, f"{_RFC_9110}15.3.5", "made with a seed")
        yield Case((_events(1, second), news), all_of_it, _TWICE, source="made with a seed")
        yield Case((have, _answer(1, second)), all_of_it, _TWICE, source="made with a seed")
        yield Case((_events(1, third), news), (_events(1, third), third), _NOT_BACK, source="made with a seed")
    yield Case(([], None), ([], 0), _NO_NEWS, f"{_RFC_9110}15.3.5", "made with a seed")


def _events(first: int, last: int) -> list[Event]:
    return [{"id": number} for number in range(first, last + 1)]


def _answer(first: int, last: int) -> Event:
    return {"events": _events(first, last), "next": last}


def _recorded_answers(recording: Recording) -> Iterator[Event]:
    for capture in recording.of("news"):
        stream = capture.bytes_from(Side.SERVER)
        asked = heads(capture, Side.CLIENT)
        if asked and "after=" in asked[0].target:
            for answer in heads(capture, Side.SERVER):
                if answer.is_complete:
                    yield json.loads(b"".join(stream[start:stop] for start, stop in answer.content.all_pieces))


def _same_news(given: Any, expected: tuple[list[Event], int]) -> bool:
    events, cursor = given
    return (list(events), cursor) == expected


# --- the next delay -------------------------------------------------------------------------------------

BASE_S, CAP_S = 1, 30
_FULL = "Full jitter: the draw decides on the whole of min(30, 2 ** failures) seconds, from none of it to all."
_CAP = "The longest wait is 30 s, after any number of failures."
_RETRY_AFTER = "Retry-After is the least that a client waits; the jitter comes on top."


def _jitter_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for value in _recorded_retry_after(recording) if recording is not None else ():
        yield Case((0, 0.5, value), value + 0.5, _RETRY_AFTER, f"{_RFC_9110}10.2.3")
    full, retry_after = "https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/", "10.2.3"
    for _ in range(8):
        failures, draw, wait_s = random.randint(0, 4), random.randint(1, 7) / 8, random.randint(1, 90)
        longest_s = BASE_S * 2**failures
        yield Case((failures, draw, 0), draw * longest_s, _FULL, full, "made with a seed")
        for many in (random.randint(5, 9), random.randint(10, 3000)):
            yield Case((many, draw, 0), draw * CAP_S, _CAP, full, "made with a seed")
        expected = wait_s + draw * longest_s
        yield Case((failures, draw, wait_s), expected, _RETRY_AFTER, _RFC_9110 + retry_after, "made with a seed")


def _recorded_retry_after(recording: Recording) -> list[int]:
    answers = [answer for capture in recording.captures for answer in heads(capture, Side.SERVER)]
    return sorted({int(value) for answer in answers for value in answer.values("Retry-After")})


def _is_close(given: Any, expected: float) -> bool:
    return not isinstance(given, bool) and math.isclose(given, expected, abs_tol=1e-9)


EXERCISES = (
    Exercise(
        "03-condition",
        "conditional_fields(fields) gets the field lines of the last answer, a list of (name, value), and returns the "
        "one field that makes the next request conditional, as a dict; an empty dict if there is no validator.",
        "conditional_fields",
        _condition_cases,
        (
            "An entity tag is opaque: nobody but the server takes it apart, and its quotes are part of it.",
            "Make a dict with the names in lower case first. Prefer etag; else use last-modified.",
        ),
        """def conditional_fields(fields):
    known = {name.lower(): value for name, value in fields}
    if "etag" in known:
        return {"If-None-Match": known["etag"]}
    if "last-modified" in known:
        return {"If-Modified-Since": known["last-modified"]}
    return {}
""",
        lambda lab: AskAgain(duration_s=0.4).run(lab),
        _same_fields,
    ),
    Exercise(
        "03-patience",
        "client_gets(hold_s, proxy_s, client_s) returns the status code that the client gets when nothing happens: "
        "204, 504, or None if it leaves without an answer.",
        "client_gets",
        _patience_cases,
        (
            "All three begin to wait at about the same moment. Whose patience ends first?",
            "Find the smallest of the three: the server answers 204, the proxy 504, the client leaves (None).",
        ),
        """def client_gets(hold_s, proxy_s, client_s):
    shortest = min(hold_s, proxy_s, client_s)
    if shortest == hold_s:
        return 204
    return 504 if shortest == proxy_s else None
""",
        lambda lab: TimeLimits(hold_s=0.5, proxy_s=0.1, client_s=0.9).run(lab),
    ),
    Exercise(
        "03-cursor",
        "take_in(known, answer) gets the events known so far and the next answer (None for a 204), and returns all "
        "events, each once and in order, and the cursor for the next question.",
        "take_in",
        _cursor_cases,
        (
            "Events have ids that only grow. Which of the answer's events are new?",
            "Keep the events with an id above the last known one. The cursor is the larger of that id and next.",
        ),
        """def take_in(known, answer):
    last = known[-1]["id"] if known else 0
    if answer is None:
        return known, last
    new = [event for event in answer["events"] if event["id"] > last]
    return known + new, max(last, answer["next"])
""",
        lambda lab: BetweenPolls(events=6, every_s=0.03, busy_s=0.03).run(lab),
        _same_news,
    ),
    Exercise(
        "03-jitter",
        "next_delay_s(failures, draw, retry_after_s) returns how long to wait, in seconds, with full jitter between 0 "
        "and min(30, 2 ** failures), on top of what Retry-After says (0 if nothing). draw is a random number from 0 to "
        "1.",
        "next_delay_s",
        _jitter_cases,
        (
            "Without jitter it would be min(30, 2 ** failures). Full jitter takes a random share of all of that.",
            "retry_after_s + draw * the longest wait.",
        ),
        """def next_delay_s(failures, draw, retry_after_s):
    longest_s = min(30, 2**failures)
    return retry_after_s + draw * longest_s
""",
        lambda lab: RetryAfter(clients=1, spread_s=0).run(lab),
        _is_close,
    ),
)
