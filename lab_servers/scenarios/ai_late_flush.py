"""A buffer behind a server that is emptied late: every byte passes unchanged, and waits. Used by ``ai_batching.py``.

A server that writes into a buffer, or a proxy before it, does this to a stream: what was written is not yet sent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from lab_servers.lab.hosting import Started

READ_BYTES = 65_536


async def start_late_flush(upstream: tuple[str, int], hold_s: float) -> Started:
    """Start it on a free loopback port.

    Args:
        upstream: The server behind it.
        hold_s: How long the first byte of a full buffer waits before all of it is sent, in seconds.
    """
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            from_server, to_server = await asyncio.open_connection(*upstream)
            try:
                async with asyncio.TaskGroup() as both:
                    up = both.create_task(_pass_on(reader, to_server))
                    await _hold_back(from_server, writer, hold_s)
                    up.cancel()
            finally:
                to_server.close()
        except* OSError:
            pass  # an end that is gone needs no more bytes
        except* asyncio.CancelledError:
            pass  # asyncio would report the cancelled task of a connection as a problem
        finally:
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, upstream[0], 0)

    async def stop() -> None:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)

    return server.sockets[0].getsockname()[:2], stop


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(READ_BYTES):
        writer.write(data)
        await writer.drain()
    writer.write_eof()  # the client's end is passed on, so that the server ends the connection too


async def _hold_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hold_s: float) -> None:
    """Collect from the first byte on for so long, then send all of it; until the server has sent its last."""
    loop = asyncio.get_running_loop()
    ended = False
    while not ended:
        held = await reader.read(READ_BYTES)
        ended = not held
        due = loop.time() + hold_s
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                while not ended:
                    more = await reader.read(READ_BYTES)
                    held += more
                    ended = not more
        writer.write(held)
        await writer.drain()
