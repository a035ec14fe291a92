"""A job to choose a transport for, in a few numbers, and six real ones with where their numbers come from.

``costs.py`` computes what a job costs. The numbers of the six are assumptions: whoever knows better changes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lab_servers.errors import require_one_of
from lab_servers.parameters import number, parameters_of, whole

# Longer than anybody stays: no message of that kind within a session.
SELDOM_S = 86_400.0


@dataclass(frozen=True)
class Job:
    """What has to be told to whom, how often, and how late it may be.

    Raises:
        BadParameter: a number is out of its bounds.
    """

    name: str = "my job"
    down_every_s: float = number(1.0, 0.01, SELDOM_S, "seconds", "Time between two messages from the server.")
    up_every_s: float = number(SELDOM_S, 0.01, SELDOM_S, "seconds", "Time between two messages from the client.")
    tolerated_s: float = number(5.0, 0.05, SELDOM_S, "seconds", "How late a message from the server may be known.")
    size_bytes: float = number(200, 20, 65_000, "bytes", "Payload of a message.")
    header_bytes: float = number(
        0, 0, 8_000, "bytes", "What each request carries above the lab's own: cookies, a token, a browser's fields."
    )
    heartbeat_s: float = number(
        15, 1, 3_600, "seconds", "Time between two heartbeats of an open stream, and how long a question is held."
    )
    stay_s: float = number(600, 0.1, SELDOM_S, "seconds", "How long a user stays before a stream must be opened anew.")
    keep_alive_s: float = number(
        5, 0, 3_600, "seconds", "How long a connection of plain requests stays open after its last answer."
    )
    round_trip_s: float = number(0.04, 0, 2, "seconds", "Round trip of the network between client and server.")
    users: int = whole(1_000, 1, 10_000_000, "users", "How many do it at once.")
    source: str = ""

    def __post_init__(self) -> None:
        for parameter in parameters_of(type(self)):
            parameter.check(getattr(self, parameter.name))

    def with_number(self, name: str, value: float) -> Job:
        """The same job with one number changed.

        Raises:
            BadParameter: the value is out of its bounds.
        """
        changed: dict[str, Any] = {name: value}
        return replace(self, **changed)

    def call(self) -> str:
        """The call that makes this very job, as Python; what has its default is left out."""
        chosen = [f"{self.name!r}"]
        for one in parameters_of(type(self)):
            if getattr(self, one.name) != one.default:
                chosen.append(f"{one.name}={getattr(self, one.name)!r}")
        return f"Job({', '.join(chosen)})"


# A browser on a site with a login: its own fields (User-Agent, Accept-*, Sec-*) and one session cookie.
_BROWSER_BYTES = 700

JOBS: tuple[Job, ...] = (
    Job(
        "CRUD form",
        down_every_s=3_600,
        up_every_s=60,
        tolerated_s=600,
        size_bytes=500,
        header_bytes=_BROWSER_BYTES,
        source="Somebody saves once a minute; once an hour somebody else changes the same record, and it is early "
        "enough to learn of that after ten minutes.",
    ),
    Job(
        "build status",
        down_every_s=60,
        tolerated_s=15,
        size_bytes=100,
        header_bytes=_BROWSER_BYTES,
        source="A build goes from step to step about once a minute, and nobody minds to see it a quarter of a minute "
        "late.",
    ),
    Job(
        "log tail",
        down_every_s=0.2,
        tolerated_s=1,
        size_bytes=120,
        header_bytes=_BROWSER_BYTES,
        source="Five lines a second of the length of a terminal's line and a half; a second late still feels live.",
    ),
    Job(
        "AI answer",
        down_every_s=0.03,
        up_every_s=60,
        tolerated_s=0.2,
        size_bytes=220,
        header_bytes=_BROWSER_BYTES,
        source="About 33 tokens a second, each in a JSON object with an id and a model's name, as common APIs send "
        "it; a prompt once a minute; text that jumps in steps of more than a fifth of a second looks broken.",
    ),
    Job(
        "chat room",
        down_every_s=0.7,
        up_every_s=2,
        tolerated_s=0.5,
        size_bytes=80,
        header_bytes=_BROWSER_BYTES,
        source="A typing indicator every two seconds while somebody types, and those of two or three others come "
        "back, with their lines in between.",
    ),
    Job(
        "multiplayer cursor",
        down_every_s=0.017,
        up_every_s=0.05,
        tolerated_s=0.15,
        size_bytes=30,
        header_bytes=_BROWSER_BYTES,
        source="A cursor is sent twenty times a second, and those of three others come back; more than 0.15 s late it "
        "seems to be somewhere else.",
    ),
)  # fmt: skip


def job_named(name: str) -> Job:
    """One of the six.

    Raises:
        BadParameter: there is none of that name.
    """
    require_one_of("name", name, tuple(one.name for one in JOBS))
    return next(one for one in JOBS if one.name == name)
