"""Runs the servers without a library on free ports, and scripted peers for the clients without a library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from typing import Any

from lab_servers.servers.from_scratch.sse_log import EventLog
from lab_servers.servers.from_scratch.sse_server import serve_events
from lab_servers.servers.from_scratch.websocket_connection import Connection
from lab_servers.servers.from_scratch.websocket_server import serve_sockets

LOOPBACK = "127.0.0.1"


WITHIN_S = 30

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an ``async`` test on a loop of its own; one that hangs fails."""

    @wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(WITHIN_S):
                await test(*args, **kwargs)
                # The other end of a connection may still have to take note that it has ended.
                rest = asyncio.all_tasks() - {asyncio.current_task()}
                if rest:
                    await asyncio.wait(rest)

        asyncio.run(bounded())

    return run


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


@asynccontextmanager
async def log_server(log: EventLog, retry_ms: int = 10) -> AsyncIterator[str]:
    server = await serve_events(log, retry_ms=retry_ms)
    async with server:
        yield f"http://{LOOPBACK}:{port_of(server)}"


async def echo(connection: Connection) -> None:
    while True:
        await connection.send(await connection.receive())


@asynccontextmanager
async def socket_server(
    handler: Callable[[Connection], Awaitable[None]] = echo, **options: object
) -> AsyncIterator[int]:
    server = await serve_sockets(handler, **options)  # type: ignore[arg-type]
    async with server:
        yield port_of(server)


@asynccontextmanager
async def scripted(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A peer that says what a test wants, whatever it is asked."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, LOOPBACK, 0)
    async with server:
        yield port_of(server)
