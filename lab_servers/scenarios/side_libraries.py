"""The same ways by second libraries: httpx and httpx-sse for HTTP, aiohttp for WebSocket.

With two libraries for one protocol one can tell what is the protocol's doing and what is the library's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import httpx
from httpx_sse import aconnect_sse

from lab_servers.clients.session import open_session
from lab_servers.scenarios.side_lanes import CLOSE_WITHIN_S, Errand
from lab_servers.servers.body import JSON
from lab_servers.servers.feed import NDJSON
from lab_servers.servers.feed_messages import MAX_MESSAGE_BYTES


def httpx_client() -> httpx.AsyncClient:
    """A client of httpx that sets no time limits and obeys no proxy variable of the environment."""
    # Kept connections are kept: five seconds is httpx's own limit, and messages may be as far apart as that.
    return httpx.AsyncClient(timeout=None, trust_env=False, limits=httpx.Limits(keepalive_expiry=None))


async def ndjson_by_httpx(errand: Errand) -> None:
    """NDJSON as httpx reads lines. It cuts at more than LF, so no message here has a U+2028 in it."""
    async with httpx_client() as client, client.stream("GET", f"{errand.url}/api/lines") as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            errand.deliver(line)


async def sse_by_httpx_sse(errand: Errand) -> None:
    """An event stream as httpx-sse reads it."""
    async with httpx_client() as client, aconnect_sse(client, "GET", f"{errand.url}/api/events") as source:
        source.response.raise_for_status()
        async for event in source.aiter_sse():
            errand.deliver(event.data)


async def websocket_by_aiohttp(errand: Errand) -> None:
    """WebSocket as aiohttp speaks it, at both ends."""
    within = aiohttp.ClientWSTimeout(ws_close=CLOSE_WITHIN_S)
    async with AsyncExitStack() as closed_last, open_session(keep_alive=True) as session:
        socket = await session.ws_connect(
            f"{errand.url}/ws", compress=0, max_msg_size=MAX_MESSAGE_BYTES, timeout=within
        )
        # Closed after the session: of a run that is stopped, the session ends the connection at once, while this
        # alone would wait for the peer's Close frame.
        closed_last.push_async_callback(socket.close)

        async def speak() -> None:
            async for _, message in errand.outgoing.each():
                await socket.send_str(message)

        async with asyncio.TaskGroup() as both:
            speaking = both.create_task(speak())
            async for message in socket:
                errand.deliver(message.data)
            speaking.cancel()  # the server closes when it has everything


async def post_each_by_httpx(errand: Errand) -> None:
    """One request for each message."""
    async with httpx_client() as client:
        async for _, message in errand.outgoing.each():
            await _post(client, errand.url, JSON, message.encode())


async def post_lines_by_httpx(errand: Errand) -> None:
    """One request whose body grows by a line for each message."""

    async def lines() -> AsyncIterator[bytes]:
        async for _, message in errand.outgoing.each():
            yield f"{message}\n".encode()

    async with httpx_client() as client:
        await _post(client, errand.url, NDJSON, lines())


async def _post(client: httpx.AsyncClient, url: str, content_type: str, body: bytes | AsyncIterator[bytes]) -> None:
    response = await client.post(f"{url}/api/messages", content=body, headers={"Content-Type": content_type})
    response.raise_for_status()
