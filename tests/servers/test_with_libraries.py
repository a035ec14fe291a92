"""One job with libraries, by SSE and by WebSocket: after a cut nothing is missing and nothing double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from lab_servers.servers.with_libraries import events_app, message_server, read_events, read_messages
from tests.servers.from_scratch.peers import in_a_loop, scripted
from tests.servers.running import LOOPBACK, running

MESSAGES = tuple(f"{number}: 世界" for number in range(1, 30))


@asynccontextmanager
async def cutting(port: int, after_bytes: int) -> AsyncIterator[tuple[int, list[int]]]:
    """A way to the server that breaks off once, after so many bytes; and how many bytes each connection carried."""
    carried: list[int] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await asyncio.open_connection(LOOPBACK, port)
        number = len(carried)
        carried.append(0)

        async def up() -> None:
            with suppress(OSError):
                while data := await reader.read(65_536):
                    onward.write(data)
                onward.write_eof()

        upward = asyncio.create_task(up())
        while data := await onward_reader.read(64):
            writer.write(data)
            await writer.drain()
            carried[number] += len(data)
            if number == 0 and carried[0] >= after_bytes:
                break
        writer.close()
        onward.close()
        await upward

    async with scripted(forward) as cut_port:
        yield cut_port, carried


@in_a_loop
async def test_by_sse() -> None:
    async with running(events_app(MESSAGES)) as port, cutting(port, 500) as (cut_port, carried):
        assert await read_events(f"http://{LOOPBACK}:{cut_port}/", len(MESSAGES)) == list(MESSAGES)
    assert len(carried) == 2


@in_a_loop
async def test_by_websocket() -> None:
    server = await message_server(MESSAGES)
    async with server, cutting(next(iter(server.sockets)).getsockname()[1], 500) as (cut_port, carried):
        assert await read_messages(f"ws://{LOOPBACK}:{cut_port}/", len(MESSAGES)) == list(MESSAGES)
    assert len(carried) == 2
