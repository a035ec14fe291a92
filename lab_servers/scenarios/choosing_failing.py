"""The servers on which four demands are made, by HTTP, SSE and WebSocket; ``choosing_failures.py`` makes them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import web
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from lab_servers.marks import Mark, now_ns
from lab_servers.measure.demands import PATHS, Demand
from lab_servers.measure.evidence import HTTP, SSE, WEBSOCKET
from lab_servers.scenarios.choosing_servers import RETRY_MS, broken_off, message
from lab_servers.servers import sse
from lab_servers.servers.body import as_json, json_response
from lab_servers.servers.conditional import check_preconditions, validators

PIECES = 4


class Demanded:
    """What all three servers have in common: the document, the pace, the news, and the marks of the run."""

    def __init__(self, document_bytes: int, interval_s: float) -> None:
        self.document = {"text": "界" * ((document_bytes - len('{"text": ""}')) // 3)}
        self.interval_s = interval_s
        self.marks: dict[str, list[Mark]] = {}

    def note(self, column: str, demand: Demand, what: str) -> None:
        """Something happens now."""
        self.marks.setdefault(f"{column}, {demand.name}", []).append(Mark(now_ns(), what))

    async def pieces(self, column: str) -> AsyncIterator[str]:
        """What the server has to say, at its pace."""
        for number in range(1, PIECES + 1):
            yield message(number)
            await asyncio.sleep(self.interval_s)
        self.note(column, Demand.SPEAK, "server finished")


class News:
    """Something that happens some time after somebody first wanted to know of it."""

    def __init__(self, demanded: Demanded, column: str) -> None:
        self.happened = asyncio.Event()
        self._demanded = demanded
        self._column = column
        self._coming: asyncio.Task[None] | None = None

    def expect(self) -> None:
        """The time begins."""
        self._coming = self._coming or asyncio.create_task(self._come())

    async def _come(self) -> None:
        await asyncio.sleep(2 * self._demanded.interval_s)
        self._demanded.note(self._column, Demand.BE_TOLD, "happened")
        self.happened.set()


def http_app(demanded: Demanded) -> web.Application:
    """Plain HTTP."""
    news = News(demanded, HTTP)

    async def read(request: web.Request) -> web.Response:
        check_preconditions(request, demanded.document)
        return json_response(demanded.document, headers=validators(demanded.document))

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(message(1).encode())
        return broken_off(request, response)

    async def speak(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        before = b"["
        async for piece in demanded.pieces(HTTP):
            await response.write(before + piece.encode())
            before = b","
        await response.write(b"]")
        return response

    async def told(request: web.Request) -> web.Response:
        news.expect()
        return json_response({"news": news.happened.is_set()})

    app = web.Application()
    app.add_routes([
        web.get(PATHS[Demand.READ_AGAIN], read), web.get(PATHS[Demand.COME_BACK], cut),
        web.get(PATHS[Demand.SPEAK], speak), web.post(PATHS[Demand.SPEAK], _hearing(demanded, HTTP)),
        web.get(PATHS[Demand.BE_TOLD], told),
    ])  # fmt: skip
    return app


def sse_app(demanded: Demanded) -> web.Application:
    """Event streams."""
    news = News(demanded, SSE)
    asked: Counter[str] = Counter()

    async def begun(request: web.Request) -> web.StreamResponse:
        response = sse.event_stream(request)
        await response.prepare(request)
        return response

    async def read(request: web.Request) -> web.StreamResponse:
        response = await begun(request)
        await response.write(f"data: {as_json(demanded.document)}\n\n".encode())
        return response

    async def cut(request: web.Request) -> web.StreamResponse:
        asked[request.path] += 1
        if asked[request.path] > 1:
            return web.Response(status=204)
        response = await begun(request)
        await response.write(f"retry: {RETRY_MS}\n\nid: 1\ndata: {message(1)}\n\n".encode())
        return broken_off(request, response)

    async def speak(request: web.Request) -> web.StreamResponse:
        response = await begun(request)
        async for piece in demanded.pieces(SSE):
            await response.write(f"data: {piece}\n\n".encode())
        return response

    async def told(request: web.Request) -> web.StreamResponse:
        response = await begun(request)
        news.expect()
        await news.happened.wait()
        await response.write(b"data: news\n\n")
        return response

    app = web.Application()
    app.add_routes([
        web.get(PATHS[Demand.READ_AGAIN], read), web.get(PATHS[Demand.COME_BACK], cut),
        web.get(PATHS[Demand.SPEAK], speak), web.post(PATHS[Demand.SPEAK], _hearing(demanded, SSE)),
        web.get(PATHS[Demand.BE_TOLD], told),
    ])  # fmt: skip
    return app


def _hearing(demanded: Demanded, column: str) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
    async def hear(request: web.Request) -> web.Response:
        await request.read()
        demanded.note(column, Demand.SPEAK, "heard")
        return web.Response(status=204)

    return hear


def websocket_handler(demanded: Demanded) -> Callable[[ServerConnection], Coroutine[Any, Any, None]]:
    """WebSocket."""
    news = News(demanded, WEBSOCKET)

    async def read(connection: ServerConnection) -> None:
        async for _ in connection:
            await connection.send(as_json(demanded.document))

    async def cut(connection: ServerConnection) -> None:
        await connection.send(message(1))
        connection.transport.close()

    async def speak(connection: ServerConnection) -> None:
        async def talk() -> None:
            async for piece in demanded.pieces(WEBSOCKET):
                await connection.send(piece)
            await connection.close()

        talking = asyncio.create_task(talk())
        async for _ in connection:
            demanded.note(WEBSOCKET, Demand.SPEAK, "heard")
        await talking

    async def told(connection: ServerConnection) -> None:
        news.expect()
        await news.happened.wait()
        await connection.send("news")

    handlers = {
        PATHS[Demand.READ_AGAIN]: read,
        PATHS[Demand.COME_BACK]: cut,
        PATHS[Demand.SPEAK]: speak,
        PATHS[Demand.BE_TOLD]: told,
    }

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        with suppress(ConnectionClosed):
            await handlers[connection.request.path](connection)

    return handle
