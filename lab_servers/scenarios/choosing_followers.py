"""The clients of a choice: each follows a lane on one transport until it is closed, and can send messages up.

``choosing_lane.py`` has the server. Polling and long polling ask when they are told to, so that a run can count it.
"""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

import aiohttp

from lab_servers.measure.timing import DELIVERED
from lab_servers.measure.transports import Transport
from lab_servers.scenarios.choosing_lane import CarriedLane, session_for

JSON_TYPE = {"Content-Type": "application/json"}


class Follower:
    """What the clients of all transports share; use as an asynchronous context manager.

    Args:
        lane: What is followed.
        headers: Fields for each of its requests.

    Attributes:
        delivered: How many messages came.
        beats: How many heartbeats.
    """

    def __init__(self, lane: CarriedLane, headers: dict[str, str] | None = None) -> None:
        self.lane = lane
        self.delivered = 0
        self.beats = 0
        self._session = session_for(headers)

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()
        await self._session.close()

    async def open(self) -> None:
        """Open what stays open, if anything does."""

    async def close(self) -> None:
        """Close it."""

    async def up(self, message: str) -> None:
        """Send a message up and wait until the server has taken it."""
        async with self._session.post(f"{self.lane.url}/api/messages", data=message, headers=JSON_TYPE) as answer:
            answer.raise_for_status()
            await answer.read()

    def deliver(self, message: str) -> None:
        """A message is there."""
        self.delivered += 1
        self.lane.mark(DELIVERED, str(json.loads(message)["n"]))

    async def until_delivered(self, count: int) -> None:
        """Wait until so many messages have come."""
        await self.lane.until(lambda: self.delivered >= count)

    async def until_beats(self, count: int) -> None:
        """Wait until so many heartbeats have come, and have been answered where they are answered."""
        await self.lane.until(lambda: self.beats >= count)


class Asking(Follower):
    """Polling, and, with ``hold_s``, long polling."""

    async def ask(self, hold_s: float = 0.0) -> int:
        """One question and its answer; returns how many messages it brought."""
        hold = f"&hold_s={hold_s:g}" if hold_s else ""
        async with self._session.get(f"{self.lane.url}/api/news?after={self.delivered}{hold}") as answer:
            answer.raise_for_status()
            lines = (await answer.text()).split("\n")[:-1]
        for line in lines:
            self.deliver(line)
        return len(lines)


class Streaming(Follower):
    """SSE: a task reads the stream; what goes up is a POST on another connection."""

    _reading: asyncio.Task[None] | None = None
    _answer: aiohttp.ClientResponse | None = None

    async def open(self) -> None:
        """Ask for the stream; it is open when its head is there."""
        self._answer = await self._session.get(f"{self.lane.url}/api/events", headers={"Accept": "text/event-stream"})
        self._answer.raise_for_status()
        self._reading = asyncio.create_task(self._read(self._answer))

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        # This server's events have one data line each, and its lines end in LF; a parser for all event streams is in
        # clients/event_source.py.
        async for line in answer.content:
            if line.startswith(b"data: "):
                self.deliver(line[6:-1].decode("utf-8"))
            elif line.startswith(b":"):
                self.beats += 1
                self.lane.changed()

    async def close(self) -> None:
        """Leave."""
        await _end(self._reading)
        if self._answer is not None:
            self._answer.close()


class Socketed(Follower):
    """WebSocket: a task reads, and what goes up is a frame on the same connection."""

    _reading: asyncio.Task[None] | None = None
    _socket: aiohttp.ClientWebSocketResponse | None = None

    async def open(self) -> None:
        """Do the handshake."""
        self._socket = await self._session.ws_connect(f"{self.lane.url}/ws", compress=0)
        self._reading = asyncio.create_task(self._read(self._socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:  # which answers pings by itself
            self.deliver(message.data)

    async def up(self, message: str) -> None:
        """Send a message up and wait until the server has taken it."""
        assert self._socket is not None
        received = len(self.lane.inbox.messages) + 1
        await self._socket.send_str(message)
        await self.lane.until(lambda: len(self.lane.inbox.messages) >= received)

    async def until_beats(self, count: int) -> None:
        """Wait until so many pongs are back at the server."""
        await self.lane.until(lambda: self.lane.pongs >= count)

    async def close(self) -> None:
        """The closing handshake."""
        if self._socket is not None:
            await self._socket.close()
        await _end(self._reading)


async def _end(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def follower(lane: CarriedLane, headers: dict[str, str] | None = None) -> Follower:
    """The client of a lane's transport."""
    if lane.transport is Transport.SSE:
        return Streaming(lane, headers)
    return Socketed(lane, headers) if lane.transport is Transport.WEBSOCKET else Asking(lane, headers)
