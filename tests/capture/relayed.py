"""A relay in front of a server that a test writes in a line or two."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from lab_servers.capture.capture import Budget, Capture, Side, TransitionKind
from lab_servers.capture.conditions import Condition
from lab_servers.capture.relay import Relay

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def relay_to(
    handler: Handler, budget: Budget | None = None, conditions: dict[Side, list[Condition]] | None = None
) -> AsyncIterator[Relay]:
    async def and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(and_close, LOOPBACK, 0)
    relay = Relay("test", server.sockets[0].getsockname(), budget or Budget(), conditions)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def send_reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def story(capture: Capture) -> list[tuple[TransitionKind, Side | None]]:
    return [(transition.kind, transition.by) for transition in capture.transitions]
