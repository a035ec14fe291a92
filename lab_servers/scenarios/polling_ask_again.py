"""One job followed by four clients at once, so that what asking again costs can be compared: bytes, requests, lateness.

``views/looks/polling_ask_again.py`` shows it. The server is ``servers/polling.py``, the clients ``clients/polling.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from lab_servers.clients import Answer, Polled, long_poll, poll
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number
from lab_servers.recording import Recording
from lab_servers.scenarios.polling_job import start_job
from lab_servers.scenarios.scenario import Scenario

# Each client names itself in every request, so that a connection tells whose it is. The names are equally long: the
# bytes that the clients send differ by nothing but how they ask.
PLAIN, HASTY, CONDITIONAL, LONG = "plain polling", "twice as often", "conditional polling", "long polling"
USER_AGENTS = {PLAIN: "poller/1", HASTY: "poller/2", CONDITIONAL: "poller/3", LONG: "poller/4"}


@dataclass(frozen=True)
class AskAgain(Scenario):
    """What do four ways of asking again cost for one and the same job, and how late is each line known?

    Plain polling, plain polling twice as often, conditional polling (RFC 9110 §13.1.2) and long polling follow one
    job of six lines, each over one kept connection.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("polling",)

    duration_s: float = number(1.2, 0.3, 30, "seconds", "How long the job takes for its six lines.")
    poll_every_s: float = number(0.07, 0.02, 10, "seconds", "How long a polling client waits between two questions.")
    hold_s: float = number(0.12, 0.05, 30, "seconds", "How long the server may hold a question of the long poller.")

    @property
    def about_s(self) -> float:
        """The job, and the last question of a polling client."""
        return self.duration_s + self.poll_every_s

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Start the job, and follow it in four ways at once."""
        job = lab.url("polling", await start_job(lab, "build", self.duration_s))
        async with asyncio.TaskGroup() as all_at_once:
            followers = {
                PLAIN: all_at_once.create_task(self._poll(job, PLAIN, self.poll_every_s)),
                HASTY: all_at_once.create_task(self._poll(job, HASTY, self.poll_every_s / 2)),
                CONDITIONAL: all_at_once.create_task(self._poll(job, CONDITIONAL, self.poll_every_s)),
                LONG: all_at_once.create_task(self._long_poll(job)),
            }
        return {way: follower.result() for way, follower in followers.items()}

    async def _poll(self, job: str, way: str, every_s: float) -> list[Mark]:
        polled = await poll(
            job,
            interval_s=every_s,
            is_done=_is_done,
            conditional=way == CONDITIONAL,
            headers={"User-Agent": USER_AGENTS[way]},
            limit=10_000,
        )
        return [_name_mark(polled.marks[0].at_ns, way), *_asking(polled.marks), *_knew(polled)]

    async def _long_poll(self, job: str) -> list[Mark]:
        followed = await long_poll(
            f"{job}/events", hold_s=self.hold_s, headers={"User-Agent": USER_AGENTS[LONG]}, limit=10_000
        )
        knew = [Mark(mark.at_ns, "knew", mark.detail) for mark in followed.marks if mark.name == "received"]
        return [_name_mark(followed.marks[0].at_ns, LONG), *_asking(followed.marks), *knew]

    def finished(self, recording: Recording) -> Recording:
        """Name when the job wrote each line ``"job: produced"``, and leave out what other jobs wrote meanwhile.

        A run that was cancelled leaves its job at work. Of two lines with the same text, this job's is the last one
        before somebody knew of it.
        """
        known: dict[str, int] = {}
        for mark in recording.marks:
            if mark.name.endswith(": knew"):
                known.setdefault(mark.detail, mark.at_ns)
        mine: dict[str, Mark] = {}
        for mark in recording.marks_named("produced by polling"):
            if mark.at_ns <= known.get(mark.detail, 0):
                mine[mark.detail] = replace(mark, name="produced")
        others = tuple(mark for mark in recording.marks if mark.name != "produced by polling")
        return replace(recording, marks=others).with_marks("job", mine.values())


def _is_done(answer: Answer) -> bool:
    return bool(answer.json()["state"] == "done")


def _name_mark(at_ns: int, way: str) -> Mark:
    return Mark(at_ns, "calls itself", USER_AGENTS[way])


def _asking(marks: Sequence[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.name in ("asked", "answered")]


def _knew(polled: Polled) -> list[Mark]:
    """When each line was known: a status tells all lines so far, and those that were not there before are new."""
    marks: list[Mark] = []
    changed = [mark for mark in polled.marks if mark.name == "changed"]
    for change, answer in zip(changed, polled.changes, strict=True):
        lines = answer.json()["lines"]
        marks += [Mark(change.at_ns, "knew", line) for line in lines[len(marks) :]]
    return marks
