"""Four demands on each of HTTP, SSE and WebSocket, of which each meets some and fails at others.

``measure/demands.py`` reads from the recording who met which; ``views/looks/choosing_failures.py`` shows it. The
servers are in ``choosing_failing.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed

from lab_servers.clients import event_source, get, read_events
from lab_servers.clients.http import exchange
from lab_servers.clients.session import open_session
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.demands import PATHS, Demand, relay_name_of
from lab_servers.measure.evidence import HTTP, SSE, WEBSOCKET
from lab_servers.parameters import number, whole
from lab_servers.scenarios.choosing_clients import dial
from lab_servers.scenarios.choosing_failing import Demanded, http_app, sse_app, websocket_handler
from lab_servers.scenarios.choosing_servers import aiohttp_server
from lab_servers.scenarios.frames_library import library_server
from lab_servers.scenarios.scenario import Scenario

# A client that asks for news waits so many intervals between two questions.
POLL_INTERVALS = 2.5
SAID = b"stop, please"


@dataclass(frozen=True)
class EachFails(Scenario):
    """At what does each of the three fail, so that another one is needed?

    The demands: read again what has not changed, come back after a cut, speak while the other one speaks, be told
    without asking. Each client does what its transport offers, and nothing that an application would have to invent.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    document_bytes: int = whole(2_000, 100, 1_000_000, "bytes", "How large the document is that is read twice.")
    interval_s: float = number(0.03, 0.01, 1, "seconds", "How long the server takes for each piece, or for the news.")

    @property
    def about_s(self) -> float:
        """A few pieces, a cut and a question or two."""
        return 8 * self.interval_s + 0.4

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """All twelve attempts at the same time."""
        demanded = Demanded(self.document_bytes, self.interval_s)
        urls = {
            HTTP: await lab.adopt(relay_name_of(HTTP), aiohttp_server(http_app(demanded)), speaks="HTTP/1.1"),
            SSE: await lab.adopt(relay_name_of(SSE), aiohttp_server(sse_app(demanded)), speaks="Server-Sent Events"),
            WEBSOCKET: await lab.adopt(
                relay_name_of(WEBSOCKET), library_server(websocket_handler(demanded)), speaks="WebSocket", scheme="ws"
            ),
        }
        async with asyncio.TaskGroup() as group:
            for attempt in (_read_again, _come_back, _be_told):
                group.create_task(attempt(urls, demanded))
            group.create_task(_speak_http(urls[HTTP] + PATHS[Demand.SPEAK], HTTP, demanded))
            group.create_task(_speak_http(urls[SSE] + PATHS[Demand.SPEAK], SSE, demanded))
            group.create_task(_speak_websocket(urls[WEBSOCKET] + PATHS[Demand.SPEAK], demanded))
        return demanded.marks


async def _read_again(urls: dict[str, str], _: Demanded) -> None:
    """The same document twice; by HTTP with the ETag of the first answer (RFC 9110 §13.1.2)."""
    path = PATHS[Demand.READ_AGAIN]
    async with open_session(keep_alive=True) as session:
        first = await exchange(session, "GET", urls[HTTP] + path)
        await exchange(session, "GET", urls[HTTP] + path, headers={"If-None-Match": first.header("ETag") or ""})
    for _again in range(2):
        await read_events(urls[SSE] + path)
    async with dial(urls[WEBSOCKET] + path) as connection:
        for _again in range(2):
            await connection.send("read")
            await connection.recv()


async def _come_back(urls: dict[str, str], _: Demanded) -> None:
    """Be cut off, and do what the client does by itself."""
    path = PATHS[Demand.COME_BACK]
    with suppress(ExchangeFailed):
        await get(urls[HTTP] + path)
    await event_source(urls[SSE] + path, most_requests=5)
    with suppress(ConnectionClosed):
        async with dial(urls[WEBSOCKET] + path) as connection:
            async for _message in connection:
                pass


async def _be_told(urls: dict[str, str], demanded: Demanded) -> None:
    """Wait for news: by asking again, or by listening."""
    path = PATHS[Demand.BE_TOLD]

    async def ask() -> None:
        async with open_session(keep_alive=True) as session:
            while True:
                answer = await exchange(session, "GET", urls[HTTP] + path)
                if answer.json()["news"]:
                    break
                await asyncio.sleep(POLL_INTERVALS * demanded.interval_s)
        demanded.note(HTTP, Demand.BE_TOLD, "knew")

    async def listen() -> None:
        await read_events(urls[SSE] + path, limit=1)
        demanded.note(SSE, Demand.BE_TOLD, "knew")

    async def talk() -> None:
        async with dial(urls[WEBSOCKET] + path) as connection:
            await connection.recv()
            demanded.note(WEBSOCKET, Demand.BE_TOLD, "knew")

    async with asyncio.TaskGroup() as group:
        for one in (ask, listen, talk):
            group.create_task(one())


async def _speak_http(url: str, column: str, demanded: Demanded) -> None:
    """Send a second request while the first is being answered, on the same connection (RFC 9112 §9.3.2)."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    host = f"Host: {parts.netloc}\r\n"
    writer.write(f"GET {parts.path} HTTP/1.1\r\n{host}\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await reader.read(1)  # the answer has begun
    writer.write(
        f"POST {parts.path} HTTP/1.1\r\n{host}Content-Length: {len(SAID)}\r\nConnection: close\r\n\r\n".encode() + SAID
    )
    demanded.note(column, Demand.SPEAK, "said")
    await reader.read(-1)
    writer.close()
    await writer.wait_closed()


async def _speak_websocket(url: str, demanded: Demanded) -> None:
    """Send a message while the server is in the midst of its own."""
    async with dial(url) as connection:
        await connection.recv()
        await connection.send(SAID.decode())
        demanded.note(WEBSOCKET, Demand.SPEAK, "said")
        with suppress(ConnectionClosed):
            async for _ in connection:
                pass
