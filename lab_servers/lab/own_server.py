"""A learner's or a scenario's own server: one coroutine per connection, over plain asyncio streams.

``lab.py`` puts a relay in front of it. It may be as wrong as a lesson needs it to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from lab_servers.capture.connection import LOOPBACK
from lab_servers.lab.hosting import ProblemLog, Started

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def start_own(handler: Handler, log: ProblemLog) -> Started:
    """Start it on a free loopback port of the running loop; what the handler raises goes to ``log``."""
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await handler(reader, writer)
        except asyncio.CancelledError:
            # The server is being stopped: asyncio would report the cancelled task of a connection as a problem.
            pass
        except Exception as error:
            log.logger.warning("A server of your own failed", exc_info=error)
        finally:
            open_now.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, LOOPBACK, 0)

    async def stop() -> None:
        server.close()
        tasks = list(open_now)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return server.sockets[0].getsockname()[:2], stop
