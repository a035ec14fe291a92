"""Stops the WebSocket server within a bound, as aiohttp's ``shutdown_timeout`` does for the other three."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import Server, ServerConnection


class TrackedConnection(ServerConnection):
    """A connection that its server knows from the first moment on, and not only after the handshake."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register, so that a client which never finishes its handshake cannot delay the stop."""
        super().connection_made(transport)
        self.server.all_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Sign off."""
        super().connection_lost(exc)
        self.server.all_connections.discard(self)


async def stop(server: Server, grace_s: float = 0.3) -> None:
    """Close every connection with 1001 (going away), and after ``grace_s`` seconds drop those that did not answer.

    The library by itself waits 10 seconds for an answer to its close frame.
    """
    server.close()
    try:
        async with asyncio.timeout(grace_s):
            await server.wait_closed()
    except TimeoutError:
        for connection in list(server.all_connections):
            connection.transport.abort()
        await server.wait_closed()
