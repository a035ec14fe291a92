"""A learner's or a scenario's own server: one coroutine per connection, over plain asyncio streams.

``lab.py`` puts a relay in front of it. It may be as wrong as a lesson needs it to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

from lab_servers.capture.connection import LOOPBACK
from lab_servers.errors import BadParameter, require_one_of, shown
from lab_servers.lab.hosting import KINDS, ProblemLog, Started

# What a learner's server is given to end by itself when it is stopped; then its connections are reset.
END_WITHIN_S = 0.3

SCHEMES = ("http", "ws", "tcp")
MOST_NAME_CHARACTERS = 40

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def require_free(name: str, scheme: str) -> None:
    """Check what a server of one's own is to be called.

    Raises:
        BadParameter: it is one of the lab's own names, or none that a table can show, or the scheme is unknown.
    """
    if not isinstance(name, str) or not name.isprintable() or not 1 <= len(name) <= MOST_NAME_CHARACTERS:
        raise BadParameter(
            f"The server's name must be a text of 1 to {MOST_NAME_CHARACTERS} printable characters, not {shown(name)}."
        )
    if name in KINDS:
        raise BadParameter(f"{name!r} is one of the lab's own servers: give yours another name.")
    require_one_of("scheme", scheme, SCHEMES)


async def start_own(handler: Handler, log: ProblemLog) -> Started:
    """Start it on a free loopback port of the running loop; what the handler raises goes to ``log``."""
    open_now: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now[task] = writer
        try:
            await handler(reader, writer)
        except asyncio.CancelledError:
            # The server is being stopped: asyncio would report the cancelled task of a connection as a problem.
            pass
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            # An exit() too: asyncio would end the lab's loop with it.
            log.logger.warning("A server of your own failed", exc_info=error)
        finally:
            open_now.pop(task, None)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, LOOPBACK, 0)

    async def stop() -> None:
        server.close()
        still_open = dict(open_now)
        for task in still_open:
            task.cancel()
        late = await _late(still_open)
        for task in late:  # what it wrote waits for a client that does not read, or it does not mind being cancelled
            still_open[task].transport.abort()
        if await _late(late):
            log.logger.warning("A server of your own goes on though it was cancelled: let CancelledError pass")

    return server.sockets[0].getsockname()[:2], stop


async def _late(tasks: Collection[asyncio.Task[None]]) -> Collection[asyncio.Task[None]]:
    """Those that do not end in time."""
    return (await asyncio.wait(tasks, timeout=END_WITHIN_S))[1] if tasks else ()
