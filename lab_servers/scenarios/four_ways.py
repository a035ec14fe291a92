"""One answer of four tokens, asked for in four ways at the same moment: the first picture of the course."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lab_servers.clients import Answer, converse, get, poll, post, read_events
from lab_servers.errors import require_between
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.recording import Recording

# How the lanes of the picture are named, by the server that answers.
LABELS = {"http": "whole response", "polling": "polling", "sse": "SSE", "websocket": "WebSocket"}


@dataclass(frozen=True)
class FourWays:
    """The parameters of the run.

    Attributes:
        interval_s: Seconds that the model needs for each of the four tokens, 0.02 to 5.
        poll_every_s: Seconds between two questions of the polling client, 0.02 to 10.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    interval_s: float = 0.4
    poll_every_s: float = 0.5

    def __post_init__(self) -> None:
        require_between("interval_s", self.interval_s, 0.02, 5, "seconds")
        require_between("poll_every_s", self.poll_every_s, 0.02, 10, "seconds")

    def run(self, lab: Lab) -> Recording:
        """Ask in all four ways at once; block until the last answer is complete."""
        with lab.record("FourWays", **asdict(self)) as take:
            shown = lab.run(self._ask(lab))
        return self._with_lanes(take.recording, shown)

    async def run_async(self, lab: Lab) -> Recording:
        """The same, awaited."""
        async with lab.record("FourWays", **asdict(self)) as take:
            shown = await lab.submit(self._ask(lab))
        return self._with_lanes(take.recording, shown)

    async def _ask(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        ways: dict[str, Coroutine[Any, Any, list[Mark]]] = {
            "http": self._whole_response(lab),
            "polling": self._polling(lab),
            "sse": self._sse(lab),
            "websocket": self._websocket(lab),
        }
        async with asyncio.TaskGroup() as all_at_once:
            tasks = {server: all_at_once.create_task(way) for server, way in ways.items()}
        return {server: task.result() for server, task in tasks.items()}

    async def _whole_response(self, lab: Lab) -> list[Mark]:
        asked = Mark(now_ns(), "asked")
        answer = await get(lab.url("http", f"/api/answer?interval_s={self.interval_s}"))
        return [asked, Mark(now_ns(), "shown", answer.json()["answer"])]

    async def _polling(self, lab: Lab) -> list[Mark]:
        asked = Mark(now_ns(), "asked")
        job = await post(lab.url("polling", "/api/jobs"), json={"kind": "answer", "duration_s": 4 * self.interval_s})
        status = lab.url("polling", str(job.header("Location")))
        # Each answer tells all tokens so far; what was not there before is new.
        polled = await poll(status, interval_s=self.poll_every_s, is_done=_is_done, timeout_s=60)
        marks, known = [asked], 0
        changed = [mark for mark in polled.marks if mark.name == "changed"]
        for change, answer in zip(changed, polled.changes, strict=True):
            lines = answer.json()["lines"]
            marks += [Mark(change.at_ns, "shown", line) for line in lines[known:]]
            known = len(lines)
        return marks

    async def _sse(self, lab: Lab) -> list[Mark]:
        asked = Mark(now_ns(), "asked")
        stream = await read_events(lab.url("sse", f"/api/stream?interval_s={self.interval_s}"), timeout_s=60)
        return [asked, *_shown(stream.marks, "event received")]

    async def _websocket(self, lab: Lab) -> list[Mark]:
        asked = Mark(now_ns(), "asked")
        heard = await converse(lab.url("websocket", f"/ws/stream?interval_s={self.interval_s}"), timeout_s=60)
        return [asked, *_shown(heard.marks, "received")]

    def _with_lanes(self, recording: Recording, shown: dict[str, Sequence[Mark]]) -> Recording:
        marks = [_named_by_lane(mark) for mark in recording.marks]
        recording = replace(recording, marks=tuple(marks))
        for server, added in shown.items():
            recording = recording.with_marks(LABELS[server], added)
        return recording


def _is_done(answer: Answer) -> bool:
    return bool(answer.json()["state"] == "done")


def _shown(marks: Sequence[Mark], name: str) -> list[Mark]:
    return [Mark(mark.at_ns, "shown", json.loads(mark.detail)["d"]) for mark in marks if mark.name == name]


def _named_by_lane(mark: Mark) -> Mark:
    what, _, server = mark.name.partition(" by ")
    return replace(mark, name=f"{LABELS[server]}: {what}") if server in LABELS else mark
