"""WebSocket servers that the ``websockets`` library runs, for runs that need one beside the lab's own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.extensions.base import ServerExtensionFactory

LOOPBACK = "127.0.0.1"
LIMIT_BYTES = 4 * 1024 * 1024

Started = tuple[tuple[str, int], Callable[[], Coroutine[Any, Any, None]]]


def library_server(
    handler: Callable[[ServerConnection], Awaitable[None]],
    *,
    extensions: Sequence[ServerExtensionFactory] = (),
    max_size_bytes: int = LIMIT_BYTES,
) -> Callable[[], Coroutine[Any, Any, Started]]:
    """What starts such a server, as ``Lab.adopt`` takes it.

    Args:
        handler: Called for each connection.
        extensions: What the server offers; nothing unless told, so that frames can be read on the wire.
        max_size_bytes: A longer message ends the connection with 1009.
    """

    async def start() -> Started:
        server = await serve(
            handler, LOOPBACK, 0, compression=None, extensions=extensions, max_size=max_size_bytes,
            ping_interval=None, close_timeout=0.3, logger=_quiet(),
        )  # fmt: skip

        async def stop() -> None:
            server.close()
            await server.wait_closed()

        return server.sockets[0].getsockname()[:2], stop

    return start


def _quiet() -> logging.Logger:
    """A logger that says nothing: a server that fails on purpose must not fill a notebook with tracebacks."""
    logger = logging.Logger("a server of a run")
    logger.addHandler(logging.NullHandler())
    return logger
