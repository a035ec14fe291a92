"""The one clock of a recording, and marks: an application's own moments on that clock.

Captures, clients and servers all read :func:`now_ns`, so that "the byte passed" and "the
application saw it" can be subtracted from each other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


def now_ns() -> int:
    """Nanoseconds on a monotonic clock with an arbitrary zero.

    ``perf_counter`` and not ``monotonic``: both never go back, but on Windows ``monotonic``
    advances in steps of about 15 ms, longer than most of what a lab measures.
    """
    return time.perf_counter_ns()


def wall_clock_offset_ns() -> int:
    """What to add to a :func:`now_ns` time to get Unix time, in nanoseconds.

    The two clocks cannot be read in one step; of several tries the one whose two readings of
    the monotonic clock lie closest together is the least disturbed.
    """
    tries = []
    for _ in range(9):
        before = now_ns()
        wall = time.time_ns()
        after = now_ns()
        tries.append((after - before, wall - (before + after) // 2))
    return min(tries)[1]


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment of an application, such as "token 3 shown".

    Attributes:
        at_ns: When, on the clock of :func:`now_ns`.
        name: What happened, in a few words; marks that a view draws as one series share a name.
        detail: What it happened to, for example the token's text.
    """

    at_ns: int
    name: str
    detail: str = ""
