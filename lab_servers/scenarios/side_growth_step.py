"""One step of growing work on one lane: so many clients get so many messages, and what that took is measured.

``side_growth.py`` chooses the steps, ``side_growth_server.py`` has the server, ``side_lanes.py`` the clients.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp

from lab_servers.clients.session import open_session
from lab_servers.lab import Lab
from lab_servers.marks import now_ns
from lab_servers.measure.growth_steps import Step
from lab_servers.measure.transports import Lane, Transport
from lab_servers.scenarios import side_lanes
from lab_servers.scenarios.side_growth_server import LOOK_EVERY_S, LaneServer, lane_server
from lab_servers.scenarios.side_lanes import Errand, Way, answer
from lab_servers.servers.feed_messages import Feed

# A listening socket keeps about a hundred connections that were not accepted yet; more at once would meet that bound.
OPEN_AT_ONCE = 64
TURNS_TO_PASS = 3

CLIENTS: dict[Transport, Way] = {
    Transport.REQUESTS: side_lanes.request_each,
    Transport.POLLING: side_lanes.polling,
    Transport.LONG_POLLING: side_lanes.long_polling,
    Transport.SSE: side_lanes.sse,
    Transport.WEBSOCKET: side_lanes.websocket,
}
FAREWELL = '{"n":0}'  # lets the streams end once everything is measured; it is not counted


@dataclass(frozen=True)
class Work:
    """What one step is to do.

    Attributes:
        units: The step's place on the axis.
        repeat: Which run through all steps it belongs to.
        clients: How many clients listen.
        messages: What the server says to each of them.
        interval_s: From one message to the next, seconds; ``None``: the next as soon as everybody has the last.
        poll_every_s: In which steps a polling client asks where messages have an interval.
    """

    units: int
    repeat: int
    clients: int
    messages: tuple[str, ...]
    interval_s: float | None = None
    poll_every_s: float = 0.1


class _Delivered:
    """Counts what arrived at all clients together, and notes when the last client had each message."""

    def __init__(self, clients: int) -> None:
        self._clients = clients
        self._counts: list[int] = [0] * clients
        self._having: list[int] = []  # how many clients have message 1, 2, …
        self.at_ns: list[int] = []  # when the last client had message 1, 2, …
        self._more = asyncio.Event()

    def receiver(self, place: int) -> Callable[[str], None]:
        """What the client at ``place`` calls with each message."""

        def deliver(message: str) -> None:
            number = self._counts[place]
            self._counts[place] += 1
            if number == len(self._having):
                self._having.append(0)
            self._having[number] += 1
            if self._having[number] == self._clients:
                self.at_ns.append(now_ns())
                self._more.set()

        return deliver

    async def wait(self, messages: int) -> None:
        """Wait until every client has so many."""
        while len(self.at_ns) < messages:
            self._more.clear()
            await self._more.wait()


async def run_step(lab: Lab, lane: Lane, work: Work) -> Step:
    """Open, let the messages travel, close; on the lab's loop.

    The server runs on a thread of its own and is counted apart; the lab's thread has relay and clients, also those of
    another lane that runs at the same time.
    """
    async with lane_server(lab, lane, len(work.messages) + 1) as server, asyncio.TaskGroup() as clients:
        delivered = _Delivered(work.clients)
        asks_once = lane.transport is Transport.POLLING and work.interval_s is None
        opening_ns, server_at_start = now_ns(), await server.processor_ns()
        pollers: list[_Poller] = []
        for place in range(work.clients):
            deliver = delivered.receiver(place)
            if asks_once:
                poller = _Poller(server.url, deliver)
                pollers.append(poller)
                clients.create_task(poller.stay())
            else:
                errand = Errand(server.url, len(work.messages) + 1, deliver, Feed(0), work.poll_every_s)
                clients.create_task(CLIENTS[lane.transport](errand))
            if (place + 1) % OPEN_AT_ONCE == 0:
                await _all_wait(lane, server, pollers, place + 1)
        await _all_wait(lane, server, pollers, work.clients)

        open_ns, server_at_open, rest_at_open = now_ns(), await server.processor_ns(), time.thread_time_ns()
        said_ns = await _say_all(server, work, delivered, pollers)
        await _all_wait(lane, server, pollers, work.clients)
        done_ns, server_at_end, rest_at_end = now_ns(), await server.processor_ns(), time.thread_time_ns()

        server.say(FAREWELL)
        for poller in pollers:
            poller.leave()
    return Step(
        work.units,
        work.repeat,
        work.clients,
        len(work.messages),
        work.clients * sum(len(message.encode()) for message in work.messages),
        opening_ns,
        open_ns,
        done_ns,
        now_ns(),
        server_at_open - server_at_start,
        server_at_end - server_at_open,
        rest_at_end - rest_at_open,
        tuple(have - said for said, have in zip(said_ns, delivered.at_ns, strict=False)),
    )


async def _say_all(server: LaneServer, work: Work, delivered: _Delivered, pollers: Sequence[_Poller]) -> list[int]:
    """Say every message, wait until everybody has it, and return when each was said."""
    said_ns = []
    clock = asyncio.get_running_loop()
    began_s = clock.time()
    for place, message in enumerate(work.messages):
        if work.interval_s is not None:
            # Counted from the start and not from the message before, so that delays do not add up.
            await asyncio.sleep(began_s + place * work.interval_s - clock.time())
        said_ns.append(now_ns())
        server.say(message)
        for poller in pollers:
            poller.ask()
        if work.interval_s is None:
            await delivered.wait(place + 1)
    if work.interval_s is not None:
        # n messages a second take n intervals, the one after the last too: what a quiet lane costs is part of a rate.
        await asyncio.sleep(began_s + len(work.messages) * work.interval_s - clock.time())
    await delivered.wait(len(work.messages))
    return said_ns


async def _all_wait(lane: Lane, server: LaneServer, pollers: Sequence[_Poller], clients: int) -> None:
    """Wait until every client so far waits for the next message."""
    if pollers:
        await asyncio.gather(*(poller.is_idle.wait() for poller in pollers))
    elif lane.transport is Transport.POLLING:
        await server.feed.asked.wait()
    else:
        await server.until_waiting(clients)
    # What the server had sent before it waited is on its way to the relay; it passes in the next turns of this loop.
    for _ in range(TURNS_TO_PASS):
        await asyncio.sleep(LOOK_EVERY_S)


class _Poller:
    """A client that asks when it is told to: after each message once, which is the best that polling can do."""

    def __init__(self, url: str, deliver: Callable[[str], None]) -> None:
        self.is_idle = asyncio.Event()
        self._url = url
        self._deliver = deliver
        self._told = asyncio.Event()
        self._known = 0
        self._is_over = False

    def ask(self) -> None:
        """Let it ask."""
        self.is_idle.clear()
        self._told.set()

    def leave(self) -> None:
        """Let it close its connection."""
        self._is_over = True
        self._told.set()

    async def stay(self) -> None:
        """Ask once, to open the connection, and then each time that it is told to."""
        async with open_session(keep_alive=True) as session:
            await self._ask(session)
            while True:
                self.is_idle.set()
                await self._told.wait()
                self._told.clear()
                if self._is_over:
                    return
                await self._ask(session)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        async with answer(session, f"{self._url}/api/news?after={self._known}") as response:
            for message in (await response.text()).splitlines():
                self._deliver(message)
                self._known += 1
