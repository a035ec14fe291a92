"""One job, twice, as one writes it with libraries: numbered messages, and a client that misses none after a cut.

``from_scratch/`` has what the libraries do. Only who does which part differs: with SSE the protocol says where a client
was, with WebSocket the application has to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress

import httpx
from aiohttp import web
from httpx_sse import aconnect_sse
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

RETRY_S = 0.05


def events_app(messages: Sequence[str]) -> web.Application:
    """SSE: a server by aiohttp."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        after = int(request.headers.get("Last-Event-ID", "0"))
        for number, text in enumerate(messages[after:], after + 1):
            await response.write(f"id: {number}\ndata: {text}\n\n".encode())
        return response

    app = web.Application()
    app.add_routes([web.get("/", stream)])
    return app


async def read_events(url: str, wanted: int) -> list[str]:
    """SSE: a client by httpx-sse. A browser's EventSource does all of this by itself."""
    had: list[str] = []
    last_event_id = "0"
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                headers = {"Last-Event-ID": last_event_id}
                async with aconnect_sse(client, "GET", url, headers=headers) as source:
                    async for event in source.aiter_sse():
                        had.append(event.data)
                        last_event_id = event.id
            if len(had) >= wanted:
                return had
            await asyncio.sleep(RETRY_S)


async def message_server(messages: Sequence[str], port: int = 0) -> Server:
    """WebSocket: a server by websockets."""

    async def handle(connection: ServerConnection) -> None:
        after = int(await connection.recv())
        for number, text in enumerate(messages[after:], after + 1):
            await connection.send(json.dumps({"id": number, "data": text}, ensure_ascii=False))

    return await serve(handle, "127.0.0.1", port, compression=None)


async def read_messages(url: str, wanted: int) -> list[str]:
    """WebSocket: a client by websockets. The numbers, and how one asks for what comes after one, are its own."""
    had: list[str] = []
    last = 0
    while True:
        with suppress(ConnectionClosed, OSError):
            async with connect(url, proxy=None, compression=None) as connection:
                await connection.send(str(last))
                async for text in connection:
                    message = json.loads(text)
                    had.append(message["data"])
                    last = message["id"]
        if len(had) >= wanted:
            return had
        await asyncio.sleep(RETRY_S)
