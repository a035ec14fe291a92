"""Runs a server on a free port the way a lab runs it, and talks to it in plain bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def running(app: web.Application) -> AsyncIterator[int]:
    """The port of an aiohttp application while it runs. A stop that takes a second or more fails."""
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.3, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        async with asyncio.timeout(1.0):
            await runner.cleanup()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection and nothing more."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def request_bytes(target: str, *headers: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    """A request as it goes on the wire, with a loopback Host unless the headers have one."""
    lines = [f"{method} {target} HTTP/{version}", *headers]
    if not any(header.lower().startswith("host:") for header in headers):
        lines.append("Host: 127.0.0.1")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def exchange(port: int, request: bytes) -> tuple[list[str], bytes]:
    """Send one request and read to the end of the connection: the lines of the head, and the raw body."""
    async with connected(port) as (reader, writer), asyncio.timeout(10):
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    return head.decode().split("\r\n"), body


def status_of(head: list[str]) -> int:
    return int(head[0].split(" ")[1])


def names_of(head: list[str]) -> set[str]:
    return {line.partition(":")[0].lower() for line in head[1:]}


def header(head: list[str], name: str) -> str | None:
    """The value of a header that occurs at most once."""
    values = [line.partition(":")[2].strip() for line in head[1:] if line.lower().startswith(f"{name.lower()}:")]
    assert len(values) <= 1
    return values[0] if values else None
