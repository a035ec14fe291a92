"""The server of one lane on a thread of its own, so that its processor time can be told from everybody else's.

``side_servers.py`` starts the same servers on the lab's thread; ``side_growth_step.py`` runs a step with one of these.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from lab_servers.capture.relay import TURNS_TO_ACCEPT
from lab_servers.lab import Lab
from lab_servers.lab.hosting import SHUTDOWN_S, ProblemLog, Started, start_application
from lab_servers.lab.lab import SETTLE_S
from lab_servers.lab.thread import Job, LoopThread
from lab_servers.measure.transports import Lane, Transport
from lab_servers.servers import feed, feed_websocket, shutdown
from lab_servers.servers.feed_messages import Feed, Inbox

LOOPBACK = "127.0.0.1"
LOOK_EVERY_S = 0.001


class WatchedFeed(Feed):
    """A feed that knows how many are waiting for its next message.

    Attributes:
        waiting: How many, now; it may be read from any thread.
    """

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.waiting = 0

    async def next_after(self, number: int) -> list[str]:
        """Those after the first ``number``, as soon as there is one."""
        self.waiting += 1
        try:
            return await super().next_after(number)
        finally:
            self.waiting -= 1


class LaneServer:
    """A running server on its own thread.

    Attributes:
        feed: What it says.
        url: Where clients reach it, through the relay.
        address: Where it listens itself.
    """

    def __init__(self, thread: LoopThread, feed: WatchedFeed) -> None:
        self.feed = feed
        self.url = ""
        self.address = (LOOPBACK, 0)
        self._thread = thread

    def say(self, message: str) -> None:
        """Let the next message exist."""
        self._thread.call(self.feed.produce, message)

    async def until_waiting(self, clients: int) -> None:
        """Wait until so many of its handlers wait for the next message."""
        while self.feed.waiting < clients:  # noqa: ASYNC110 - the count is another thread's, and an Event is not
            await asyncio.sleep(LOOK_EVERY_S)

    async def processor_ns(self) -> int:
        """The processor time that the server's thread has used so far, in nanoseconds; the system's part included."""
        return await self._thread.submit(_thread_time_ns())


async def _thread_time_ns() -> int:
    return time.thread_time_ns()


@asynccontextmanager
async def lane_server(lab: Lab, lane: Lane, total: int, inbox: Inbox | None = None) -> AsyncIterator[LaneServer]:
    """Start it behind a relay of the lane's name; stop it, and its thread, at the end.

    Args:
        lab: The lab, on whose loop this is awaited.
        lane: SSE, WebSocket or another way of ``servers/feed.py``.
        total: How many messages it will say.
        inbox: Where it goes what clients send; its mark is called on the server's thread.
    """
    up = inbox or Inbox(0)
    is_websocket = lane.transport is Transport.WEBSOCKET
    log = ProblemLog()
    thread = LoopThread(f"{lane.name} of a run", log.loop_problem)
    server = LaneServer(thread, WatchedFeed(total))
    stopping = asyncio.Lock()

    async def start_there() -> Started:
        if is_websocket:
            started = await feed_websocket.make_server(LOOPBACK, 0, server.feed, up, logger=log.logger)
            return started.sockets[0].getsockname()[:2], lambda: shutdown.stop(started, SHUTDOWN_S)
        return await start_application(feed.make_app(server.feed, up), log.logger)

    async def start() -> Started:
        thread.start()  # not awaited, for it takes a millisecond and must not be left half-way
        starting = asyncio.ensure_future(_result(thread.submit(start_there())))
        try:
            server.address, stop_there = await asyncio.shield(starting)
        except BaseException:
            # Whoever cancels this leaves a server that is about to listen: let it come so far, and stop it.
            with suppress(Exception):
                await thread.submit((await starting)[1]())
            await asyncio.to_thread(thread.stop)
            raise

        async def stop() -> None:
            # A lab that stops asks for it too, maybe at the same time, and once more when the name is used again.
            async with stopping:
                if thread.is_running:
                    await thread.submit(_stop_in_turn(stop_there))
                    await asyncio.to_thread(thread.stop)

        stops.append(stop)
        return server.address, stop

    stops: list[Callable[[], Coroutine[Any, Any, None]]] = []
    scheme = "ws" if is_websocket else "http"
    try:
        server.url = await lab.adopt(lane.name, start, speaks=f"messages by {lane.name}", scheme=scheme)
    except BaseException:
        for stop in stops:
            await stop()
        raise
    (hosted,) = [one for one in lab.hosted if one.kind.name == lane.name]
    try:
        yield server
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await hosted.relay.settle()
    finally:
        # asyncio leaves a socket open that was accepted just before its listener closed: the clients have gone, so
        # after a few turns the relay has none such, and then neither has the server.
        await _turn()
        await hosted.stop()


async def _result(job: Job[Started]) -> Started:
    return await job


async def _stop_in_turn(stop_there: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await _turn()
    await stop_there()


async def _turn() -> None:
    for _ in range(TURNS_TO_ACCEPT):
        await asyncio.sleep(0)
