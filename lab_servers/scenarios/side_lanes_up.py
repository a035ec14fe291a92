"""The clients that send: what is produced on the client's side goes up to the server by POST.

``side_lanes.py`` has the ways down, and WebSocket, which has both in one. A response cannot carry anything up: so
upstream, polling, long polling and SSE are simply requests of their own, the same as ``request each``.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import aiohttp

from lab_servers.clients.session import open_session
from lab_servers.errors import ExchangeFailed
from lab_servers.scenarios.side_lanes import Errand
from lab_servers.servers.body import JSON
from lab_servers.servers.feed import NDJSON


async def post_whole(errand: Errand) -> None:
    """One request, once the last message exists: a JSON array."""
    async with open_session(keep_alive=True) as session:
        messages = await errand.outgoing.whole()
        await _post(session, errand.url, JSON, f"[{','.join(messages)}]".encode())


async def post_each(errand: Errand, *, keep_alive: bool = True) -> None:
    """One request for each message. The next waits for the answer to the last, which keeps them in order."""
    async with open_session(keep_alive=keep_alive) as session:
        async for _, message in errand.outgoing.each():
            await _post(session, errand.url, JSON, message.encode())


async def post_on_connections(errand: Errand) -> None:
    """The same with a TCP connection for each."""
    await post_each(errand, keep_alive=False)


async def post_lines(errand: Errand) -> None:
    """One request whose body grows by a line for each message: NDJSON, chunked (RFC 9112 §7.1)."""

    async def lines() -> AsyncIterator[bytes]:
        async for _, message in errand.outgoing.each():
            yield f"{message}\n".encode()

    async with open_session(keep_alive=True) as session:
        await _post(session, errand.url, NDJSON, lines())


async def _post(
    session: aiohttp.ClientSession, url: str, content_type: str, body: bytes | AsyncIterator[bytes]
) -> None:
    # A file is written piece by piece, so that a large body does not hold up the event loop.
    data = io.BytesIO(body) if isinstance(body, bytes) else body
    async with session.post(f"{url}/api/messages", data=data, headers={"Content-Type": content_type}) as response:
        if response.status != 204:
            said = (await response.text())[:200]
            raise ExchangeFailed(f"{url} answered {response.status} to a POST: {said}", status=response.status)
