"""The three servers of the evidence table: the lab's own HTTP, SSE and WebSocket, with the paths that its run needs.

``choosing_evidence.py`` asks them, with the clients in ``choosing_clients.py``. What the paths are called stands in
``measure/evidence.py``.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import web
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from lab_servers.marks import Mark, now_ns
from lab_servers.measure.evidence import HTTP, SSE, WEBSOCKET, Part, client_name
from lab_servers.scenarios.frames_library import Started
from lab_servers.servers import http, sse
from lab_servers.servers.body import as_json, json_response
from lab_servers.servers.room import Room

RETRY_MS = 30
LOOPBACK = "127.0.0.1"


class Noted:
    """The marks of all clients and servers of the run, by the name of the client."""

    def __init__(self) -> None:
        self.marks: dict[str, list[Mark]] = {}

    def note(self, column: str, part: Part, what: str, detail: str) -> None:
        """Something happens now: a message was ``"produced"``, or ``"delivered"``."""
        self.add(column, part, now_ns(), what, detail)

    def add(self, column: str, part: Part, at_ns: int, what: str, detail: str) -> None:
        """The same, of a moment that has passed."""
        self.marks.setdefault(client_name(column, part), []).append(Mark(at_ns, what, detail))


class Pace:
    """The messages of a run: how many, and how far apart they come to exist."""

    def __init__(self, messages: int, interval_s: float, noted: Noted) -> None:
        self.messages = messages
        self.interval_s = interval_s
        self.noted = noted

    async def produce(self, column: str, part: Part) -> AsyncIterator[str]:
        """Each message at the moment at which it comes to exist."""
        clock = asyncio.get_running_loop()
        begun = clock.time()
        for number in range(1, self.messages + 1):
            await asyncio.sleep(max(begun + number * self.interval_s - clock.time(), 0))
            text = message(number)
            self.noted.note(column, part, "produced", text)
            yield text


def message(number: int) -> str:
    """A message: a token of an answer, or a line of a chat."""
    return json.dumps({"n": number, "d": "你好世界"[(number - 1) % 4]}, ensure_ascii=False, separators=(",", ":"))


class Lines:
    """What the others say in a chat, whether this client listens or not; it begins with the first visitor."""

    def __init__(self, pace: Pace, column: str) -> None:
        self.said: list[str] = []
        self._pace = pace
        self._column = column
        self._grew = asyncio.Condition()
        self._speaking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The others begin to speak, if they do not speak already."""
        self._speaking = self._speaking or asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        async for text in self._pace.produce(self._column, Part.CHAT):
            async with self._grew:
                self.said.append(text)
                self._grew.notify_all()

    async def follow(self) -> AsyncIterator[str]:
        """Every line when it is said, to the last."""
        self.begin()
        for number in range(self._pace.messages):
            async with self._grew:
                await self._grew.wait_for(lambda number=number: len(self.said) > number)  # type: ignore[misc]
            yield self.said[number]


def aiohttp_server(app: web.Application) -> Callable[[], Coroutine[Any, Any, Started]]:
    """What starts an application of aiohttp's, as ``Lab.adopt`` takes it."""

    async def start() -> Started:
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.3, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        return runner.addresses[0][:2], runner.cleanup

    return start


def http_app(pace: Pace) -> web.Application:
    """Plain HTTP: every answer is whole."""
    asked: Counter[str] = Counter()
    lines = Lines(pace, HTTP)

    async def state(request: web.Request) -> web.Response:
        return json_response({"state": "as it is now"})

    async def whole(request: web.Request) -> web.Response:
        await asyncio.sleep(pace.messages * pace.interval_s)
        return json_response({"answer": [message(number + 1) for number in range(pace.messages)]})

    async def cut(request: web.Request) -> web.StreamResponse:
        asked[request.path] += 1
        if asked[request.path] > 1:
            return json_response({"state": "whole"})
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "20"})
        await response.prepare(request)
        await response.write(b'{"state": ')
        return broken_off(request, response)

    async def change(request: web.Request) -> web.Response:
        return web.Response(text=await _changed(request, pace.noted, HTTP), content_type="application/json")

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        tokens = [text async for text in pace.produce(HTTP, Part.AI_ANSWER)]
        return web.Response(text="[" + ",".join(tokens) + "]", content_type="application/json")

    async def say(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    async def news(request: web.Request) -> web.Response:
        lines.begin()
        after = int(request.query.get("after", "0"))
        return web.Response(text="[" + ",".join(lines.said[after:]) + "]", content_type="application/json")

    app = http.make_app()
    app.add_routes([
        web.get("/visit/each", state), web.get("/visit/kept", state), web.get("/visit/whole", whole),
        web.get("/cut/first", cut), web.get("/cut/by-hand", cut), web.put("/job/change", change),
        web.post("/job/answer", answer), web.post("/job/chat", say), web.get("/job/chat", news),
    ])  # fmt: skip
    return app


def sse_app(pace: Pace) -> web.Application:
    """Event streams: every answer but that to a message of a chat is one."""
    asked: Counter[str] = Counter()
    lines = Lines(pace, SSE)

    async def stream(request: web.Request, texts: AsyncIterator[str]) -> web.StreamResponse:
        await request.read()
        response = sse.event_stream(request)
        await response.prepare(request)
        async for text in texts:
            await response.write(f"data: {text}\n\n".encode())
        return response

    async def visit(request: web.Request) -> web.StreamResponse:
        return await stream(request, pace.produce(SSE, Part.VISIT))

    async def cut(request: web.Request) -> web.StreamResponse:
        """Two events and a cut, two events and a clean end, and then 204."""
        asked[request.path] += 1
        if asked[request.path] > 2:
            return web.Response(status=204)
        response = sse.event_stream(request)
        await response.prepare(request)
        await response.write(f"retry: {RETRY_MS}\n\n".encode())
        for number in (asked[request.path] * 2 - 1, asked[request.path] * 2):
            await response.write(f"id: {number}\ndata: {message(number)}\n\n".encode())
        return broken_off(request, response) if asked[request.path] == 1 else response

    async def change(request: web.Request) -> web.StreamResponse:
        text = await _changed(request, pace.noted, SSE)

        async def once() -> AsyncIterator[str]:
            yield text

        return await stream(request, once())

    async def answer(request: web.Request) -> web.StreamResponse:
        return await stream(request, pace.produce(SSE, Part.AI_ANSWER))

    async def say(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    async def chat(request: web.Request) -> web.StreamResponse:
        return await stream(request, lines.follow())

    app = sse.make_app()
    app.add_routes([
        web.get("/visit/each", visit), web.get("/cut/first", cut), web.put("/job/change", change),
        web.post("/job/answer", answer), web.post("/job/chat", say), web.get("/job/chat", chat),
    ])  # fmt: skip
    return app


async def _changed(request: web.Request, noted: Noted, column: str) -> str:
    """Take a change, and give back the thing as it is now."""
    text = as_json(await request.json())
    noted.note(column, Part.CRUD, "produced", text)
    return text


def broken_off(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """End the connection in the midst of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return response


def websocket_handler(pace: Pace) -> Callable[[ServerConnection], Coroutine[Any, Any, None]]:
    """WebSocket: every path is a conversation."""
    room, lines = Room(), Lines(pace, WEBSOCKET)
    asked: Counter[str] = Counter()

    async def visit(connection: ServerConnection) -> None:
        async for _ in connection:
            async for text in pace.produce(WEBSOCKET, Part.VISIT):
                await connection.send(text)

    async def cut(connection: ServerConnection, path: str) -> None:
        asked[path] += 1
        if asked[path] == 1:
            await connection.send(message(1))
            await connection.send(message(2))
            # The library has no cut of its own: without a Close frame, after what was written has gone out.
            connection.transport.close()
            return
        async for _ in connection:
            await connection.send(message(3))

    async def change(connection: ServerConnection) -> None:
        async for text in connection:
            pace.noted.note(WEBSOCKET, Part.CRUD, "produced", str(text))
            await connection.send(str(text))

    async def answer(connection: ServerConnection) -> None:
        await connection.recv()
        async for text in pace.produce(WEBSOCKET, Part.AI_ANSWER):
            await connection.send(text)

    async def chat(connection: ServerConnection) -> None:
        async def speak() -> None:
            async for text in lines.follow():
                await connection.send(text)

        speaking = asyncio.create_task(speak())
        async for _ in connection:
            pass
        speaking.cancel()

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path.partition("?")[0]
        with suppress(ConnectionClosed):
            match path:
                case "/ws/room":
                    await room.visit(connection, tick_s=pace.interval_s)
                case "/visit/each":
                    await visit(connection)
                case "/job/change":
                    await change(connection)
                case "/job/answer":
                    await answer(connection)
                case "/job/chat":
                    await chat(connection)
                case _:
                    await cut(connection, path)

    return handle
