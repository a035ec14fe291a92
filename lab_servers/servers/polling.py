"""Polling: a job takes its time, and the client asks again and again, or asks once and the server holds the answer.

Neighbours: http answers at once and completely; sse sends each line by itself when it exists.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from .answer import TOKENS, Mark, no_mark, produce
from .body import errors_as_json, json_response, read_fields
from .conditional import check_preconditions, validators
from .guard import allow_loopback_pages, refuse_strangers
from .query import BadValue, Query, number_of_seconds

MAX_JOBS = 100
MAX_BODY_BYTES = 1_000
BUILD_LINES = ("checkout", "dependencies", "compile", "test", "package", "done")

ENDPOINTS = (
    'POST   /api/jobs               {"kind": "answer", "duration_s": 1.2}   or "build"',
    "GET    /api/jobs/1             If-None-Match: …                        (polling)",
    "GET    /api/jobs/1/events?after=0&hold_s=10                            (long polling)",
)


async def index(request: web.Request) -> web.Response:
    """List what can be asked for."""
    return web.Response(text="\n".join(ENDPOINTS) + "\n")


@dataclass
class Job:
    """Work in progress: it writes ``of`` lines, evenly spread over ``duration_s`` seconds."""

    id: int
    kind: str
    duration_s: float
    ends_at: float
    of: int
    lines: list[str] = field(default_factory=list)
    grew: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def state(self) -> str:
        """``"running"`` or ``"done"``."""
        return "done" if len(self.lines) == self.of else "running"

    def status(self) -> dict[str, object]:
        """What plain polling sees."""
        return {"state": self.state, "done": len(self.lines), "of": self.of, "lines": self.lines}

    async def run(self, mark: Mark) -> None:
        """Write the lines, and wake whoever waits for the next one."""
        async for line in self._work(mark):
            async with self.grew:
                self.lines.append(line)
                self.grew.notify_all()

    async def _work(self, mark: Mark) -> AsyncIterator[str]:
        if self.kind == "answer":
            async for token in produce(self.duration_s / len(TOKENS), mark):
                yield token
            return
        clock = asyncio.get_running_loop()
        for number, line in enumerate(BUILD_LINES, start=1):
            # Counted from the end and not from the last line, so that delays do not add up.
            due = self.ends_at - self.duration_s * (1 - number / len(BUILD_LINES))
            await asyncio.sleep(due - clock.time())
            mark("produced", line)
            yield line


class Jobs:
    """The jobs of one application, at most ``MAX_JOBS``; each is an asyncio task that ends with the application."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_id = 0

    async def create(self, request: web.Request) -> web.Response:
        """POST a job; it runs on after the answer."""
        Query(request.rel_url.raw_query_string)
        fields = await read_fields(request, "kind", "duration_s")
        kind = fields.get("kind", "build")
        if kind not in ("build", "answer"):
            raise web.HTTPUnprocessableEntity(text="kind must be one of build, answer.")
        try:
            duration_s = number_of_seconds("duration_s", fields.get("duration_s", 2.0), 0, 300)
        except BadValue as mistake:
            raise web.HTTPUnprocessableEntity(text=str(mistake)) from None

        self._make_room()
        self._last_id += 1
        ends_at = asyncio.get_running_loop().time() + duration_s
        of = len(TOKENS if kind == "answer" else BUILD_LINES)
        job = Job(self._last_id, str(kind), duration_s, ends_at, of)
        self._jobs[str(job.id)] = job
        task = asyncio.create_task(job.run(self._mark))
        self._tasks.add(task)  # the loop keeps only a weak reference to a task
        task.add_done_callback(self._tasks.discard)
        # RFC 9110 §15.3.3: 202 says "taken, not finished" and points to where the status can be asked for.
        return json_response({"id": job.id, **job.status()}, status=202, headers={"Location": f"/api/jobs/{job.id}"})

    async def status(self, request: web.Request) -> web.Response:
        """GET the status now. Most polls find nothing new: the ETag makes that answer 304 and a body less."""
        Query(request.rel_url.raw_query_string)
        status = self._find(request).status()
        check_preconditions(request, status)
        return json_response(status, headers=validators(status))

    async def events(self, request: web.Request) -> web.Response:
        """GET the events after a cursor; when there is none yet, hold the answer until there is.

        The cursor makes it lossless: an event that comes between two requests is found by the next one.
        """
        query = Query(request.rel_url.raw_query_string, "after", "hold_s")
        after = query.whole("after", 0, 0, 1_000_000)
        hold_s = query.number("hold_s", 10, 0, 60)
        job = self._find(request)
        # An answer here is good for one cursor at one moment; no cache may give it again (RFC 9111 §5.2.2.5).
        headers = {"Cache-Control": "no-store"}
        try:
            # The hold must be shorter than every timeout on the way (client, proxy), or they will cut it.
            async with asyncio.timeout(hold_s), job.grew:
                await job.grew.wait_for(lambda: len(job.lines) > after or job.state == "done")
        except TimeoutError:
            # RFC 9110 §15.3.5: 204, all is well and there is nothing to say. The client asks again at once.
            return web.Response(status=204, headers=headers)
        new = [{"id": number, "line": line} for number, line in enumerate(job.lines, start=1) if number > after]
        return json_response({"events": new, "next": after + len(new), "state": job.state}, headers=headers)

    async def stop_with(self, app: web.Application) -> AsyncIterator[None]:
        """Cancel the jobs when the application ends, and wait until they have ended (a ``cleanup_ctx``)."""
        yield
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, request: web.Request) -> Job:
        job = self._jobs.get(request.match_info["id"])
        if job is None:
            raise web.HTTPNotFound(text=f"There is no job with this id; of finished jobs the last {MAX_JOBS} are kept.")
        return job

    def _make_room(self) -> None:
        if len(self._jobs) < MAX_JOBS:
            return
        finished = next((job for job in self._jobs.values() if job.state == "done"), None)
        if finished is not None:
            del self._jobs[str(finished.id)]
            return
        # 503 and not 429: nobody asked too often (RFC 6585 §4), the server as a whole is full for now
        # (RFC 9110 §15.6.4). Retry-After is in whole seconds (§10.2.3).
        wait_s = min(job.ends_at for job in self._jobs.values()) - asyncio.get_running_loop().time()
        raise web.HTTPServiceUnavailable(
            text=f"{MAX_JOBS} jobs are running, which is all this server takes.",
            headers={"Retry-After": str(max(1, math.ceil(wait_s)))},
        )


def make_app(mark: Mark = no_mark) -> web.Application:
    """The polling server.

    Args:
        mark: Told of each token or build line that a job produces.
    """
    app = web.Application(middlewares=[errors_as_json, refuse_strangers], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(allow_loopback_pages)
    jobs = Jobs(mark)
    app.cleanup_ctx.append(jobs.stop_with)
    app.add_routes(
        [
            web.get("/", index),
            web.post("/api/jobs", jobs.create),
            web.get("/api/jobs/{id}", jobs.status),
            web.get("/api/jobs/{id}/events", jobs.events),
        ]
    )
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8081)
