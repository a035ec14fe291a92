"""One lane of a choice: a feed and an inbox as ``servers/feed.py`` has them, with heartbeats, behind its relay.

``choosing_followers.py`` has the clients, ``choosing_costs.py`` and ``choosing_job.py`` the runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import WSMsgType, web

from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, start_application
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.servers.feed import Ways
from lab_servers.servers.feed_messages import Feed, Inbox
from lab_servers.servers.sse import event_stream

# More than any run sends: a lane goes on until its client leaves.
MANY = 1_000_000

# The shortest comment that there is: a line of a colon, and the blank line that lets a parser go on.
COMMENT = b":\n\n"


class CarriedLane:
    """A transport with its server, and what its two applications did.

    Args:
        transport: The way.

    Attributes:
        url: Its relay's, once it is hosted.
        feed: What the server tells.
        inbox: What the server was told.
        pongs: How many pongs came back.
        marks: What was produced and delivered, and when.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.name = Lane(transport).name
        self.url = ""
        self.marks: list[Mark] = []
        self.pongs = 0
        self.feed = Feed(MANY, self._marker(Direction.DOWN))
        self.inbox = Inbox(MANY, self._marker(Direction.UP))
        self._beats = Feed(MANY)
        self._changed = asyncio.Event()

    def _marker(self, direction: Direction) -> Callable[[str, str], None]:
        return lambda what, detail: self.mark(what, detail, direction)

    def mark(self, what: str, detail: str, direction: Direction = Direction.DOWN) -> None:
        """Write down that something was produced or delivered now; the recording puts the lane's name in front."""
        self.marks.append(Mark(now_ns(), what + (" up" if direction is Direction.UP else ""), detail))
        self.changed()

    def changed(self) -> None:
        """Wake whoever waits in :meth:`until`."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so; asked again after each change of either side of the lane."""
        while not is_so():
            await self._changed.wait()

    async def host(self, lab: Lab) -> None:
        """Start the server behind a relay that bears the lane's name."""
        app = web.Application()
        ways = _Ways(self)
        app.add_routes(
            [
                web.get("/api/news", ways.news, allow_head=False),
                web.get("/api/events", ways.events, allow_head=False),
                web.get("/ws", ways.websocket, allow_head=False),
                web.post("/api/messages", ways.receive),
            ]
        )
        # What goes wrong at the server shows in the client, which then gets no answer.
        logger = ProblemLog().logger
        self.url = await lab.adopt(
            self.name, lambda: start_application(app, logger), speaks=f"{self.name}, for a choice"
        )

    async def until_held(self) -> None:
        """Wait until the server has a question that it holds, or that it is about to answer."""
        self.feed.asked.clear()
        await self.feed.asked.wait()

    def beat(self) -> None:
        """Let every open stream carry a heartbeat."""
        self._beats.produce("")

    async def beating(self, send: Callable[[], Awaitable[None]]) -> None:
        """Send a heartbeat at each beat from now on."""
        async for _ in self._beats.each(len(self._beats.after(0))):
            await send()


class _Ways(Ways):
    """The handlers of the feed, of which the two streams carry heartbeats as well."""

    def __init__(self, lane: CarriedLane) -> None:
        super().__init__(lane.feed, lane.inbox)
        self._lane = lane

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET an event stream of what happens from now on, with comments as heartbeats (WHATWG HTML §9.2.7)."""
        response = event_stream(request)
        await response.prepare(request)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._lane.beating(lambda: response.write(COMMENT)))
            # From now on, and not after the first write: what is produced meanwhile is part of it.
            async for number, message in self._lane.feed.each(len(self._lane.feed.after(0))):
                await response.write(f"id: {number}\ndata: {message}\n\n".encode())
        return response

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Upgrade, send what happens from now on, take what comes; with pings as heartbeats (RFC 6455 §5.5.2)."""
        # autoping would keep the pongs from us, which are counted here.
        socket = web.WebSocketResponse(compress=False, autoping=False)
        await socket.prepare(request)

        async def speak() -> None:
            async for _, message in self._lane.feed.each(len(self._lane.feed.after(0))):
                await socket.send_str(message)

        async with asyncio.TaskGroup() as both:
            speaking = both.create_task(speak())
            beating = both.create_task(self._lane.beating(socket.ping))
            async for message in socket:
                if message.type is WSMsgType.PONG:
                    self._lane.pongs += 1
                    self._lane.changed()
                elif message.type is WSMsgType.TEXT:
                    self._lane.inbox.receive(message.data)
            speaking.cancel()
            beating.cancel()
        return socket


def message_of(number: int, size_bytes: int) -> str:
    """A message with this number whose JSON text is so many bytes long, or the shortest that there is."""
    bare = f'{{"n":{number},"d":""}}'
    return bare[:-2] + "x" * max(0, size_bytes - len(bare)) + bare[-2:]


def session_for(headers: dict[str, str] | None = None) -> aiohttp.ClientSession:
    """A session as a lane's client uses it: no proxies of the environment, no cookies kept, no time limits."""
    return aiohttp.ClientSession(
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
    )
