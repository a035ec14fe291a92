"""A stream that is cut inside an event, and four servers to come back to: with and without ids, with and without a log.

``views/looks/sse_resume.py`` counts what an EventSource got, what it missed and what it got twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lab_servers.clients import event_source
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, Asked, block, chunk, head, read_request, stream_head

IDS_AND_LOG, IDS_ONLY, LOG_ONLY, NEITHER = "ids and a log", "ids, no log", "a log, no ids", "neither"
SERVERS = (IDS_AND_LOG, IDS_ONLY, LOG_ONLY, NEITHER)
_MOST_REQUESTS = 6


@dataclass(frozen=True)
class ResumeAfterCut(Scenario):
    """What is missed and what comes twice when a stream was cut and the client comes back?

    The events are numbered, and happen whether anybody listens or not. A server with a log can tell what has happened
    before; one without goes on with what happens next. Only an id in the events lets the client say where it was.

    Raises:
        BadParameter: a parameter is out of its bounds, or the cut lies behind the last event.
    """

    events: int = whole(10, 2, 60, "events", "How many events happen.")
    every_s: float = number(0.03, 0.01, 2, "seconds", "How long it is from one event to the next.")
    cut_in: int = whole(4, 1, 60, "", "The number of the event in whose middle the first connection is cut.")
    retry_ms: int = whole(70, 0, 10_000, "ms", "After how long the client comes back; the server says so.")

    def require_fitting(self) -> None:
        """The cut must lie in an event that happens."""
        if self.cut_in > self.events:
            raise BadParameter(
                f"cut_in must be at most {self.events}, since so many events happen, not {self.cut_in}: "
                "choose an earlier event, or more events."
            )

    @property
    def about_s(self) -> float:
        """Until the last event has happened."""
        return self.events * self.every_s + self.retry_ms / 1e3 + 0.2

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """All four at the same time; each client until its server says that this was all."""
        servers = {name: _Server(name, self) for name in SERVERS}
        urls = {name: await lab.host_async(name, server.handle) for name, server in servers.items()}
        async with asyncio.TaskGroup() as all_four:
            watching = {
                name: all_four.create_task(event_source(f"{url}/log", most_requests=_MOST_REQUESTS))
                for name, url in urls.items()
            }
        return {name: [*servers[name].happened, *task.result().marks] for name, task in watching.items()}


class _Server:
    """One of the four servers. Its events begin to happen with the first request."""

    def __init__(self, name: str, run: ResumeAfterCut) -> None:
        self._has_ids = name in (IDS_AND_LOG, IDS_ONLY)
        self._has_log = name in (IDS_AND_LOG, LOG_ONLY)
        self._run = run
        self._start_s = 0.0
        self._start_ns = 0
        self._requests = 0
        self._has_told_all = False

    @property
    def happened(self) -> list[Mark]:
        """The moments at which the events happened, told or not."""
        step_ns = int(self._run.every_s * 1e9)
        return [
            Mark(self._start_ns + (event - 1) * step_ns, "happened", f"line {event}")
            for event in range(1, self._run.events + 1)
        ]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            asked = await read_request(reader)
            self._requests += 1
            if self._requests == 1:
                self._start_s, self._start_ns = asyncio.get_running_loop().time(), now_ns()
            if self._has_told_all:
                # HTML §9.2.1: this is how a server says that there is nothing to come back for.
                writer.write(head("204 No Content", ""))
            else:
                await self._tell(asked, writer)
            await writer.drain()

    async def _tell(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(stream_head() + chunk(f"retry: {self._run.retry_ms}\n\n".encode()))
        for event in range(self._first(asked), self._run.events + 1):
            await self._wait_for(event)
            data = block(f"line {event}", str(event) if self._has_ids else "")
            if self._requests == 1 and event == self._run.cut_in:
                writer.write(chunk(data[: len(data) // 2]))
                return  # the connection ends without the last chunk: cut
            writer.write(chunk(data))
            await writer.drain()
        writer.write(LAST_CHUNK)
        self._has_told_all = True

    def _first(self, asked: Asked) -> int:
        """The number of the first event that this request is told."""
        if self._has_log:
            known = asked.last_event_id
            return int(known) + 1 if known.isascii() and known.isdigit() and len(known) < 9 else 1
        since_s = asyncio.get_running_loop().time() - self._start_s
        return min(int(since_s / self._run.every_s) + 1, self._run.events + 1) if self._requests > 1 else 1

    async def _wait_for(self, event: int) -> None:
        """Until the event has happened."""
        due_s = self._start_s + (event - 1) * self._run.every_s
        await asyncio.sleep(max(due_s - asyncio.get_running_loop().time(), 0))
