"""The clients of a comparison, one small coroutine for each way of asking, with the libraries that the course uses.

Each gets an :class:`Errand` and returns when all is delivered. ``side_lanes_up.py`` has the ways of sending,
``side_libraries.py`` the same with second libraries, ``side_runs.py`` what runs them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from websockets.asyncio.client import connect

from lab_servers.clients.session import body_of, open_session
from lab_servers.clients.sse import events_in
from lab_servers.errors import ExchangeFailed
from lab_servers.servers.feed_messages import MAX_MESSAGE_BYTES, Feed, Lines, as_text

# How long the server may hold a question of the long poller.
HOLD_S = 10.0

# How long a peer's Close frame may take: on a slow network all that was sent before is in front of it.
CLOSE_WITHIN_S = 60.0


@dataclass(frozen=True)
class Errand:
    """What one client is to do.

    Attributes:
        url: The URL of its server, without a path.
        count: How many messages it is to get; 0 if it only sends.
        deliver: Called with the text of each message when the application has it.
        outgoing: What it is to send, as soon as each exists; its ``total`` is 0 if it only listens.
        poll_every_s: In which steps a polling client asks, in seconds.
    """

    url: str
    count: int
    deliver: Callable[[str], None]
    outgoing: Feed
    poll_every_s: float


# What does an errand, in one way and by one library.
Way = Callable[[Errand], Coroutine[Any, Any, None]]


@asynccontextmanager
async def answer(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The response to a GET, when its head is there.

    Raises:
        ExchangeFailed: its status is none of success.
    """
    async with session.get(url, headers=headers) as response:
        if not response.ok:
            raise ExchangeFailed(
                f"{url} answered {response.status}. Look at the request in the capture.", status=response.status
            )
        yield response


async def whole(errand: Errand) -> None:
    """One question; the answer is one JSON document, of which nothing can be used before its end."""
    async with open_session(keep_alive=True) as session, answer(session, f"{errand.url}/api/messages") as response:
        for message in await response.json():
            errand.deliver(as_text(message))


async def request_each(errand: Errand, *, keep_alive: bool = True) -> None:
    """One question for each message, held by the server until that message exists."""
    async with open_session(keep_alive=keep_alive) as session:
        for number in range(1, errand.count + 1):
            async with answer(session, f"{errand.url}/api/messages/{number}") as response:
                errand.deliver(await response.text())


async def connection_each(errand: Errand) -> None:
    """The same with a TCP connection for each question."""
    await request_each(errand, keep_alive=False)


async def polling(errand: Errand) -> None:
    """A question in fixed steps: what is new? Steps that pass while an answer is awaited are left out."""
    clock = asyncio.get_running_loop()
    began = clock.time()
    known = 0
    async with open_session(keep_alive=True) as session:
        while known < errand.count:
            async with answer(session, f"{errand.url}/api/news?after={known}") as response:
                for message in Lines().feed(await response.read()):
                    errand.deliver(message)
                    known += 1
            steps = math.floor((clock.time() - began) / errand.poll_every_s) + 1
            if known < errand.count:
                await asyncio.sleep(began + steps * errand.poll_every_s - clock.time())


async def long_polling(errand: Errand) -> None:
    """A question that the server holds until something is new; then at once the next."""
    known = 0
    async with open_session(keep_alive=True) as session:
        while known < errand.count:
            async with answer(session, f"{errand.url}/api/news?after={known}&hold_s={HOLD_S:g}") as response:
                for message in Lines().feed(await response.read()):
                    errand.deliver(message)
                    known += 1


async def ndjson(errand: Errand) -> None:
    """One question, one answer that grows by a line for each message."""
    lines = Lines()
    async with open_session(keep_alive=True) as session, answer(session, f"{errand.url}/api/lines") as response:
        async for data in body_of(response):
            for message in lines.feed(data):
                errand.deliver(message)


async def sse(errand: Errand) -> None:
    """One question, one answer that grows by an event for each message (WHATWG HTML §9.2)."""
    headers = {"Accept": "text/event-stream"}
    async with (
        open_session(keep_alive=True) as session,
        answer(session, f"{errand.url}/api/events", headers) as response,
    ):
        async for event in events_in(response, limit_bytes=MAX_MESSAGE_BYTES):
            errand.deliver(event.data)


async def websocket(errand: Errand) -> None:
    """One connection for both directions (RFC 6455); the server closes when both are complete."""
    async with connect(
        f"{errand.url}/ws",
        proxy=None,  # the variables of the environment must not lead loopback traffic away
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        ping_interval=None,
        open_timeout=None,
        close_timeout=CLOSE_WITHIN_S,
    ) as connection:

        async def speak() -> None:
            async for _, message in errand.outgoing.each():
                await connection.send(message)

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(speak())
                async for message in connection:
                    errand.deliver(str(message))
        except asyncio.CancelledError:
            connection.transport.abort()  # a run that is stopped does not wait for the peer's Close frame
            raise
