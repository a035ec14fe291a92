"""Six ways in which a stream can end or be refused, for a strict EventSource and for a client that reads a stream once.

``views/looks/sse_coming_back.py`` counts the requests of both.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lab_servers.clients import event_source, read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, block, chunk, head, read_request, stream_head

ALL = "all"
EVENT_SOURCE, PLAIN = "EventSource", "plain reader"
CLEAN, CUT, NO_CONTENT, OTHER_TYPE, FAILED, CLOSED = "clean end", "cut", "204", "other type", "status 500", "close()"
CASES = {
    CLEAN: "Every stream ends in good order",
    CUT: "Every stream is cut before its end",
    NO_CONTENT: "The first stream ends in good order, the next answer is 204",
    OTHER_TYPE: "The next answer is a 200 with the type text/plain",
    FAILED: "The next answer is a 500",
    CLOSED: "The application calls close() at the first event",
}
_ANSWERS = {
    NO_CONTENT: head("204 No Content", ""),
    OTHER_TYPE: head("200 OK", "text/plain", "Content-Length: 6") + b"later\n",
    FAILED: head("500 Internal Server Error", "text/event-stream", "Content-Length: 0"),
}


@dataclass(frozen=True)
class ComingBack(Scenario):
    """How often does an EventSource ask when its stream has ended, and what makes it stop?

    Beside it a client reads the same stream once. The lab stops watching an EventSource that would go on for ever.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    case: str = choice(ALL, (ALL, *CASES), "How the stream ends, or what comes next; all are tried at the same time.")
    watch_requests: int = whole(5, 2, 20, "requests", "After how many requests the lab stops watching.")
    retry_ms: int = whole(40, 0, 5_000, "ms", "The reconnection time, which the server sets with a retry field.")

    @property
    def about_s(self) -> float:
        """As long as it takes to come back so often."""
        return self.watch_requests * (self.retry_ms / 1e3 + 0.02) + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Both clients for each case."""
        asked: Counter[str] = Counter()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, OSError):
                target = (await read_request(reader)).target
                asked[target] += 1
                case = _case_of(target)
                if asked[target] > 1 and case in _ANSWERS:
                    writer.write(_ANSWERS[case])
                else:
                    writer.write(stream_head() + chunk(f"retry: {self.retry_ms}\n\n".encode()))
                    writer.write(chunk(block(f"answer {asked[target]}")) + (b"" if case == CUT else LAST_CHUNK))
                await writer.drain()

        url = await lab.host_async("ending", answer)
        told: dict[str, Sequence[Mark]] = {}
        async with asyncio.TaskGroup() as all_at_once:
            watching = {
                name: [all_at_once.create_task(one) for one in (self._watch(url, name), _read_once(url, name))]
                for name in CASES
                if self.case in (ALL, name)
            }
        for name, tasks in watching.items():
            told[f"{EVENT_SOURCE}, {name}"], told[f"{PLAIN}, {name}"] = (task.result() for task in tasks)
        return told

    async def _watch(self, url: str, case: str) -> list[Mark]:
        run = await event_source(
            f"{url}{path_of(EVENT_SOURCE, case)}", most_requests=self.watch_requests,
            close_after=1 if case == CLOSED else None, reconnection_time_ms=self.retry_ms,
        )  # fmt: skip
        return [*run.marks, Mark(now_ns(), "left in state", run.ready_state.name)]


async def _read_once(url: str, case: str) -> list[Mark]:
    stream = await read_events(f"{url}{path_of(PLAIN, case)}", limit=1 if case == CLOSED else None)
    return [*stream.marks, Mark(now_ns(), "stopped", stream.ending.value)]


def path_of(who: str, case: str) -> str:
    """The path at which one client meets one case."""
    return f"/{'event-source' if who == EVENT_SOURCE else 'plain'}/{list(CASES).index(case)}"


def _case_of(target: str) -> str:
    return list(CASES)[int(target.rpartition("/")[2])]
