"""The capstone: a job for every seed, and the answer that a learner gives for it, held against a run of that job.

``lessons/n12_exercises.py`` makes an exercise of it. What is right is what the run measured, not what the model of
``measure/costs.py`` says.
"""

from __future__ import annotations

import math
import textwrap
from random import Random
from typing import Any

from lab_servers.errors import require_whole
from lab_servers.measure.costs import HOUR_S
from lab_servers.measure.decision import CRITERIA
from lab_servers.measure.job_run import chosen_by_run, job_of, ran
from lab_servers.measure.jobs import SELDOM_S, Job
from lab_servers.recording import Recording

# A number of the answer may be so far from what was measured: a run of a second or two has few messages.
WITHIN = 0.25

TRANSPORT, BYTES, RUNNER_UP, REQUESTS = "transport", "bytes_per_hour", "runner_up_bytes_per_hour", "requests_per_hour"

# Words for the jobs, so that none tells what carries it.
_QUIET = ("the water level of a river on a town's page", "the state of a parcel", "the number of free parking spaces")
_STEADY = ("the goals and cards of a match", "the progress of a video's encoding", "the prices of some shares")
_LIVELY = ("a whiteboard that two people draw on", "a terminal in a browser", "the pieces of a shared puzzle")


def capstone_job(seed: int = 2026) -> Job:
    """A job to choose a transport for: another one for every seed.

    Args:
        seed: A number of your own, 0 to 1,000,000.

    Raises:
        BadParameter: the seed is none of these.
    """
    require_whole("seed", seed, 0, 1_000_000)
    random = Random(seed)
    kind = random.randrange(3)
    down_s: float
    up_s: float
    tolerated_s: float
    header_bytes = random.randrange(300, 900, 20)
    if kind == 0:
        name = random.choice(_QUIET)
        down_s, up_s = random.randrange(60, 240, 10), SELDOM_S
        tolerated_s, size = random.randrange(30, 90, 5), random.randrange(60, 160, 10)
    elif kind == 1:
        name = random.choice(_STEADY)
        down_s, up_s = random.randrange(5, 20) / 10, SELDOM_S
        tolerated_s, size = random.randrange(3, 9) / 10, random.randrange(150, 400, 10)
    else:
        name = random.choice(_LIVELY)
        down_s = up_s = random.randrange(10, 50) / 100
        tolerated_s, size = random.randrange(2, 5) / 10, random.randrange(30, 120, 5)
    return Job(
        name,
        down_every_s=down_s,
        up_every_s=up_s,
        tolerated_s=tolerated_s,
        size_bytes=float(size),
        header_bytes=float(header_bytes),
    )


def words_of(job: Job) -> str:
    """A job as a task is given: what happens how often, and what is asked of it."""
    up = (
        f"The client sends one of as many bytes every {job.up_every_s:g} s."
        if job.up_every_s < SELDOM_S
        else "The client has nothing to send."
    )
    return textwrap.fill(
        f"{job.name[:1].upper()}{job.name[1:]}. The server has a message of {job.size_bytes:g} bytes every "
        f"{job.down_every_s:g} s, which may be known {job.tolerated_s:g} s late. {up} Each request carries "
        f"{job.header_bytes:g} bytes of the job's own fields. A user stays {job.stay_s:g} s; an open stream has a "
        f"heartbeat every {job.heartbeat_s:g} s; the round trip is {job.round_trip_s:g} s.",
        width=76,
    )


class Measured(str):
    """What stands in a verdict in place of a number that is still to be found: the words, and beside them the value."""

    value: str | float = ""

    @classmethod
    def of(cls, value: str | float) -> Measured:
        """Words for a value, which they do not tell."""
        made = cls("as in the run" if isinstance(value, str) else f"as in the run, give or take {WITHIN:.0%}")
        made.value = value
        return made


def is_met(answer: Any, expected: dict[str, Measured]) -> bool:
    """Whether a learner's answer has a part of the right one."""
    for key, measured in expected.items():
        given, value = answer[key], measured.value
        if isinstance(value, str):
            if not isinstance(given, str) or _name(given) != _name(value):
                return False
        elif isinstance(given, bool) or not math.isclose(float(given), value, rel_tol=WITHIN, abs_tol=0.5):
            return False
    return True


def _name(transport: str) -> str:
    """Short polling is polling, and capitals do not count."""
    return transport.strip().lower().removeprefix("short ")


def wanted_of(recording: Recording) -> dict[str, Measured]:
    """The right answer for the job of a run, by its parts, from what was measured in it.

    Raises:
        BadParameter: this is no recording of ``JobBothWays``.
    """
    stay_s = job_of(recording).stay_s
    hours = {one.transport: one.per_s(stay_s).times(HOUR_S) for one in ran(recording)}
    chosen = chosen_by_run(recording, CRITERIA["bytes"])
    others = [hour.bytes for transport, hour in hours.items() if transport is not chosen]
    parts: dict[str, str | float] = {
        TRANSPORT: chosen.value,
        BYTES: hours[chosen].bytes,
        RUNNER_UP: min(others),
        REQUESTS: hours[chosen].requests,
    }
    return {key: Measured.of(value) for key, value in parts.items()}
