"""A client speaks at one rate on one lane, and what that took is measured.

``side_upstream.py`` chooses rates and lanes; the server is that of ``side_growth_server.py``, on a thread of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import connect

from lab_servers.clients.session import open_session
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.growth_steps import Step
from lab_servers.measure.transports import Lane, Transport
from lab_servers.scenarios.side_growth_server import LOOK_EVERY_S, LaneServer, lane_server
from lab_servers.servers.body import JSON
from lab_servers.servers.feed_messages import Feed, Inbox

# "Cookie: " and a line end, and one byte between them.
LEAST_COOKIE_BYTES = len("Cookie: \r\n") + 1
FAREWELL = '{"n":0}'  # from the server, once everything is measured: the event stream ends
TURNS_TO_PASS = 3

Send = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Speech:
    """What is said at one rate.

    Attributes:
        rate: Messages per second.
        messages: The messages.
        header_bytes: How long the Cookie field of each request is, its line end included; 0 for none.
    """

    rate: int
    messages: tuple[str, ...]
    header_bytes: int

    @property
    def headers(self) -> dict[str, str]:
        """The further field of each request."""
        return {"Cookie": "c" * (self.header_bytes - LEAST_COOKIE_BYTES + 1)} if self.header_bytes else {}


class _Arrivals:
    """What arrived at the server's application; told on the server's thread, awaited on the lab's."""

    def __init__(self, count: int) -> None:
        self.marks: list[Mark] = []
        self._count = count
        self._complete = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def mark(self, name: str, number: str) -> None:
        """Note one, on the server's thread."""
        self.marks.append(Mark(now_ns(), f"{name} up", number))
        if len(self.marks) == self._count:
            self._loop.call_soon_threadsafe(self._complete.set)

    async def complete(self) -> None:
        """Wait until all have arrived."""
        await self._complete.wait()


async def speak(lab: Lab, lane: Lane, speech: Speech, later_s: float, marks: list[Mark]) -> None:
    """Open, say everything by the clock, close; add the marks of it to ``marks``.

    The marks are ``produced up`` and ``delivered up`` (detail: the number of the message), and the step.
    """
    arrivals = _Arrivals(len(speech.messages))
    inbox = Inbox(len(speech.messages), arrivals.mark)
    produced: list[Mark] = []
    async with lane_server(lab, lane, 1, inbox) as server:
        opening_ns, server_at_start = now_ns(), await server.processor_ns()
        async with _OPEN[lane.transport](server, speech) as send:
            await _let_pass()
            open_ns, server_at_open, rest_at_open = now_ns(), await server.processor_ns(), time.thread_time_ns()
            outgoing = Feed(len(speech.messages))
            async with asyncio.TaskGroup() as both:
                both.create_task(_produce(outgoing, speech, later_s, produced))
                async for _, message in outgoing.each():
                    await send(message)
            await arrivals.complete()
            await _let_pass()
            done_ns, server_at_end, rest_at_end = now_ns(), await server.processor_ns(), time.thread_time_ns()
            server.say(FAREWELL)
    step = Step(
        speech.rate,
        0,
        1,
        len(speech.messages),
        sum(len(message.encode()) for message in speech.messages),
        opening_ns,
        open_ns,
        done_ns,
        now_ns(),
        server_at_open - server_at_start,
        server_at_end - server_at_open,
        rest_at_end - rest_at_open,
        tuple(there.at_ns - said.at_ns for said, there in zip(produced, arrivals.marks, strict=True)),
    )
    numbered = [Mark(said.at_ns, said.name, there.detail) for said, there in zip(produced, arrivals.marks, strict=True)]
    marks += [*numbered, *arrivals.marks, step.mark()]


async def _produce(outgoing: Feed, speech: Speech, later_s: float, produced: list[Mark]) -> None:
    clock = asyncio.get_running_loop()
    began_s = clock.time() + later_s
    for place, message in enumerate(speech.messages):
        # Counted from the start and not from the message before, so that delays do not add up.
        await asyncio.sleep(began_s + place / speech.rate - clock.time())
        produced.append(Mark(now_ns(), "produced up"))
        outgoing.produce(message)


async def _let_pass() -> None:
    """Let the relay pass on what both ends have sent."""
    for _ in range(TURNS_TO_PASS):
        await asyncio.sleep(LOOK_EVERY_S)


# --- the three ways -------------------------------------------------------------------------


@asynccontextmanager
async def _posting(server: LaneServer, speech: Speech, *, keep_alive: bool) -> AsyncIterator[Send]:
    """A POST for each message; the next waits for the answer to the last, which keeps them in order."""
    async with open_session(keep_alive=keep_alive) as session:

        async def send(message: str) -> None:
            headers = {"Content-Type": JSON, **speech.headers}
            async with session.post(f"{server.url}/api/messages", data=message.encode(), headers=headers) as response:
                if response.status != 204:
                    raise ExchangeFailed(f"A POST was answered {response.status}.", status=response.status)

        yield send


def _on_connections(server: LaneServer, speech: Speech) -> AbstractAsyncContextManager[Send]:
    return _posting(server, speech, keep_alive=False)


@asynccontextmanager
async def _beside_a_stream(server: LaneServer, speech: Speech) -> AsyncIterator[Send]:
    """The POSTs share a kept connection; a second one has the event stream."""
    async with AsyncExitStack() as open_now:
        session = await open_now.enter_async_context(open_session(keep_alive=True))
        headers = {"Accept": "text/event-stream", **speech.headers}
        stream = await open_now.enter_async_context(session.get(f"{server.url}/api/events", headers=headers))
        yield await open_now.enter_async_context(_posting(server, speech, keep_alive=True))
        await stream.read()  # to its end: the farewell


@asynccontextmanager
async def _websocket(server: LaneServer, speech: Speech) -> AsyncIterator[Send]:
    """One connection for both directions; the Cookie goes with its one request."""
    async with connect(
        f"{server.url}/ws", proxy=None, compression=None, ping_interval=None, additional_headers=speech.headers
    ) as connection:
        yield connection.send
        async for _ in connection:  # the farewell; then the server closes
            pass


_OPEN: dict[Transport, Callable[[LaneServer, Speech], AbstractAsyncContextManager[Send]]] = {
    Transport.RECONNECTING: _on_connections,
    Transport.SSE: _beside_a_stream,
    Transport.WEBSOCKET: _websocket,
}
