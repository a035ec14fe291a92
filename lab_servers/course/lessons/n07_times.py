"""The exercises of ``07_side_by_side`` on times: a verdict within the noise, and how late a poller knows.

``n07_bytes.py`` has those on bytes, ``n07_side_by_side.py`` joins all to the objectives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.lessons.n07_bytes import both_ways
from lab_servers.measure.latencies import findings
from lab_servers.measure.transports import Lane, Transport
from lab_servers.recording import Recording
from lab_servers.scenarios import Latencies
from lab_servers.views.heads import heads

_MADE = "made with a seed"

POLLING = Lane(Transport.POLLING).name

# --- a verdict ------------------------------------------------------------------------------------------

LESS, MORE, NOISE = "less", "more", "within the noise"

_SURE = "An interval that holds zero leaves open which of the two is larger: that is noise, whatever the medians say."
_COUNTS = "A difference that is sure but smaller than what counts changes nothing for a user: it is no difference here."
_SIDE = "A difference below zero means less, one above zero more."
# Errors and uncertainties are §3.7, the median of a delay is §5.2.
_RFC_7679 = "https://www.rfc-editor.org/rfc/rfc7679#section-"


def verdict_on(difference: float, low: float, high: float, smallest: float) -> str:
    """What may be said of a difference of two medians with its interval."""
    if low <= 0 <= high or abs(difference) <= smallest:
        return NOISE
    return LESS if difference < 0 else MORE


def _noise_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        for row in findings(recording).rows:
            if one := row.comparison:
                figures = tuple(round(float(value), 4) for value in (one.difference, one.low, one.high, one.smallest))
                yield _judged(figures, "recorded")
    for _ in range(8):
        size, smallest = round(random.uniform(1, 9), 2), 0.5
        sign = random.choice((-1, 1))
        yield _judged(_interval(sign * size, size / 2, smallest))
        yield _judged(_interval(sign * size, size * 2, smallest))
        # Sure, and it counts, although its interval reaches below what counts.
        yield _judged(_interval(sign * 0.7, 0.4, smallest))
        yield _judged(_interval(sign * 0.3, 0.1, smallest))
        yield _judged(_interval(sign * 0.3, 0.6, smallest))


def _interval(difference: float, half: float, smallest: float) -> tuple[float, ...]:
    return tuple(round(one, 3) for one in (difference, difference - half, difference + half, smallest))


def _judged(figures: tuple[float, ...], source: str = _MADE) -> Case:
    difference, low, high, smallest = figures
    rule = _SURE if low <= 0 <= high else _COUNTS if abs(difference) <= smallest else _SIDE
    section = f"{_RFC_7679}{'3.7' if rule == _SURE else '5.2'}"
    return Case(figures, verdict_on(*figures), rule, section, source)


# --- how late a poller is -------------------------------------------------------------------------------

_NEXT = "A message waits for the first question that is asked after it was there, not for the nearest one."
_AT_ONCE = "A question in the very moment of a message brings it: that one waits for 0 s."
_NEVER = "A message after the last question is never told: None."
_RFC_6202 = "https://www.rfc-editor.org/rfc/rfc6202#section-2.1"


def waits_for(asked_s: Sequence[float], produced_s: Sequence[float]) -> list[float | None]:
    """How long each message waits for the question that brings it."""
    return [min((asked - at for asked in asked_s if asked >= at), default=None) for at in produced_s]


def _late_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        asked, produced = _asked_and_produced(recording)
        yield _late(asked, produced, _NEXT, "recorded")
    for _ in range(6):
        every_s = random.choice((0.5, 2.0, 10.0))
        asked = [step * every_s for step in range(random.randint(2, 6))]
        inside = [round(random.uniform(0.01, asked[-1] - 0.01), 3) for _ in range(4)]
        yield _late(asked, inside, _NEXT)
        yield _late(asked, [asked[1]], _AT_ONCE)
        yield _late(asked, [*inside, asked[-1] + 0.25], _NEVER)
    yield _late([], [1.0], _NEVER)


def _asked_and_produced(recording: Recording) -> tuple[list[float], list[float]]:
    """When the requests of the polling lane had passed, and when its messages were produced, in seconds."""
    marks = recording.marks_named(f"{POLLING}: produced")
    start_ns = recording.start_ns
    asked = [
        capture.time_of(Side.CLIENT, request.end - 1)
        for capture in recording.of(POLLING)
        for request in heads(capture, Side.CLIENT)
        if request.start_line.startswith("GET")
    ]
    return _seconds(asked, start_ns), _seconds([mark.at_ns for mark in marks], start_ns)


def _seconds(moments_ns: Sequence[int], start_ns: int) -> list[float]:
    return [round((at_ns - start_ns) / 1e9, 4) for at_ns in moments_ns]


def _late(asked: list[float], produced: list[float], rule: str, source: str = _MADE) -> Case:
    return Case((asked, produced), waits_for(asked, produced), rule, _RFC_6202, source)


def _is_close(given: Any, expected: list[float | None]) -> bool:
    def same(one: Any, other: float | None) -> bool:
        return one is None if other is None else one is not None and math.isclose(one, other, abs_tol=1e-6)

    return len(given) == len(expected) and all(map(same, given, expected))


NOISE_OR_NOT, LATE = (
    Exercise(
        "07-noise",
        "Say of a difference of medians, with its interval and the smallest difference that counts, whether it is one.",
        "verdict",
        _noise_cases,
        (
            "Two things must hold before you say less or more: it is sure, and it counts.",
            "Sure: zero does not lie from low to high. It counts: its size, without the sign, is above smallest.",
        ),
        """\
def verdict(difference, low, high, smallest):
    if low <= 0 <= high or abs(difference) <= smallest:
        return "within the noise"
    return "less" if difference < 0 else "more"
""",
        lambda lab: Latencies(messages=20, warm_up=2).run(lab),
    ),
    Exercise(
        "07-late",
        "How long does each message wait for the poller's question that brings it?",
        "waits",
        _late_cases,
        (
            "Of the questions that are asked at the moment of the message or later, the first one counts.",
            "For each message: the smallest asked - produced that is not below 0, or None where there is none.",
        ),
        """\
def waits(asked_s, produced_s):
    found = []
    for at in produced_s:
        later = [asked - at for asked in asked_s if asked >= at]
        found.append(min(later) if later else None)
    return found
""",
        both_ways,
        _is_close,
    ),
)
