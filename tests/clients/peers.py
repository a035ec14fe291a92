"""Servers for these tests: recorded bytes over a raw socket, and the lab's own applications."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil
from aiohttp import web

LOOPBACK = "127.0.0.1"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A raw server: where it listens, and what it saw."""

    address: str = ""
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    ended: int = 0  # connections on which the client has ended its side, or reset

    @property
    def url(self) -> str:
        return f"http://{self.address}/"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.address}/"


@asynccontextmanager
async def raw_server(script: Script) -> AsyncIterator[Peer]:
    """A TCP server that runs ``script`` on each connection and then waits for the client to leave."""
    peer = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        try:
            await script(reader, writer)
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        finally:
            peer.ended += 1
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    peer.address = "{}:{}".format(*server.sockets[0].getsockname())
    try:
        yield peer
    finally:
        server.close()


@asynccontextmanager
async def answering(*answers: bytes, then: Callable[[asyncio.StreamWriter], None] | None = None) -> AsyncIterator[Peer]:
    """A server that meets each request head of a connection with the next of ``answers``.

    Args:
        answers: Recorded bytes; each connection begins with the first.
        then: What to do with the connection after the last answer; ``None`` leaves it open.
    """
    heads: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
            writer.write(answer)
            await writer.drain()
        if then is not None:
            then(writer)

    async with raw_server(script) as peer:
        peer.heads = heads
        yield peer


def end(writer: asyncio.StreamWriter) -> None:
    """Send a FIN."""
    writer.write_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    """Send a RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def lab_app(app: web.Application) -> AsyncIterator[str]:
    """One of the lab's aiohttp servers; yields its base URL."""
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.3)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0])
    finally:
        await runner.cleanup()


def client_sockets(peer: Peer) -> int:
    """How many sockets of this process are connected to ``peer``."""
    host, port = peer.address.split(":")
    return sum(found.raddr == (host, int(port)) for found in psutil.Process().net_connections("tcp4"))


async def closed_port() -> int:
    """A port on which nothing listens."""
    server = await asyncio.start_server(lambda reader, writer: None, LOOPBACK, 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


def names(marks: tuple[object, ...]) -> list[str]:
    """The names of marks, in order."""
    return [mark.name for mark in marks]  # type: ignore[attr-defined]
