"""One answer of four tokens, asked for in four ways at the same moment: the first picture of the course."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from lab_servers.clients import Answer, converse, get, poll, post, read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number
from lab_servers.recording import Recording
from lab_servers.scenarios.scenario import Scenario

# How the lanes of the picture are named, by the server that answers.
LABELS = {"http": "whole response", "polling": "polling", "sse": "SSE", "websocket": "WebSocket"}


@dataclass(frozen=True)
class FourWays(Scenario):
    """When does the reader of one answer see each piece of it, over each of four transports?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = tuple(LABELS)

    interval_s: float = number(0.4, 0.02, 5, "seconds", "How long the model needs for each of the four characters.")
    poll_every_s: float = number(0.5, 0.02, 10, "seconds", "How long the polling client waits between two questions.")

    @property
    def about_s(self) -> float:
        """Four characters, and then the polling client's last question."""
        return 4 * self.interval_s + self.poll_every_s

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Ask in all four ways at once."""
        ways: dict[str, Coroutine[Any, Any, list[Mark]]] = {
            "http": self._whole_response(lab),
            "polling": self._polling(lab),
            "sse": self._sse(lab),
            "websocket": self._websocket(lab),
        }
        async with asyncio.TaskGroup() as all_at_once:
            tasks = {server: all_at_once.create_task(way) for server, way in ways.items()}
        return {LABELS[server]: task.result() for server, task in tasks.items()}

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

    def finished(self, recording: Recording) -> Recording:
        """Name what the servers noted by the lanes of the picture."""
        return replace(recording, marks=tuple(_named_by_lane(mark) for mark in recording.marks))


def _is_done(answer: Answer) -> bool:
    return bool(answer.json()["state"] == "done")


def _shown(marks: Sequence[Mark], name: str) -> list[Mark]:
    return [Mark(mark.at_ns, "shown", json.loads(mark.detail)["d"]) for mark in marks if mark.name == name]


def _named_by_lane(mark: Mark) -> Mark:
    what, _, server = mark.name.partition(" by ")
    return replace(mark, name=f"{LABELS[server]}: {what}") if server in LABELS else mark
