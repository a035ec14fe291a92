"""Clients that a server turns away with 503 and ``Retry-After``: half of them obey to the second, half add jitter.

The server is a small one of ours; ``views/looks/polling_retry_after.py`` shows when each client came back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from lab_servers.clients import get
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario

EXACT, SPREAD = "Retry-After alone", "Retry-After and jitter"

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nbusy\n"
)


class Recovering:
    """A server that turns away its first questions with 503, and says when to come back.

    Args:
        turned_away: How many questions it turns away before it is back.
        retry_after_s: What it says in ``Retry-After``, in whole seconds (RFC 9110 §10.2.3).
    """

    def __init__(self, turned_away: int, retry_after_s: int) -> None:
        self._turned_away = turned_away
        self._busy = _BUSY % retry_after_s

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one question of a connection."""
        try:
            await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        is_busy = self._turned_away > 0
        self._turned_away -= 1
        writer.write(self._busy if is_busy else _OK)
        await writer.drain()


@dataclass(frozen=True)
class RetryAfter(Scenario):
    """When do clients come back that were all told to come back after the same time?

    All ask at the same moment and get 503 with ``Retry-After``. Half of them come back after exactly that time, half
    wait a random time on top of it.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    clients: int = whole(6, 1, 30, "clients", "How many clients of each kind there are.")
    retry_after_s: int = whole(1, 1, 10, "seconds", "What the server says in Retry-After.")
    spread_s: float = number(0.5, 0, 10, "seconds", "The longest random wait on top of it, for half of the clients.")
    seed: int = whole(6, 0, 1_000_000, "", "What the random waits are drawn with.")

    @property
    def about_s(self) -> float:
        """Until the last client has come back."""
        return self.retry_after_s + self.spread_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Let all ask at once, and each come back in its own way."""
        random = Random(self.seed)
        url = await lab.host_async("recovering", Recovering(2 * self.clients, self.retry_after_s).handle)
        on_top = {EXACT: [0.0] * self.clients, SPREAD: [random.uniform(0, self.spread_s) for _ in range(self.clients)]}
        async with asyncio.TaskGroup() as all_at_once:
            tasks = {
                kind: [all_at_once.create_task(_come_back(url, wait_s)) for wait_s in waits]
                for kind, waits in on_top.items()
            }
        return {kind: [mark for task in of_kind for mark in task.result()] for kind, of_kind in tasks.items()}


async def _come_back(url: str, on_top_s: float) -> list[Mark]:
    """Ask until the answer is no 503; its marks are "asks" with the status that came back."""
    marks = []
    while True:
        asked_ns = now_ns()
        answer = await get(url)
        marks.append(Mark(asked_ns, "asks", str(answer.status)))
        if answer.status != 503:
            return marks
        # RFC 9110 §10.2.3 also allows a date; this server gives seconds.
        await asyncio.sleep(int(answer.header("Retry-After") or 1) + on_top_s)
