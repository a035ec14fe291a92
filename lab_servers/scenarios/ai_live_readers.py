"""Two readers that can say stop: an event stream whose run is stopped by a POST, and a WebSocket that sends a message.

On every other way of ``clients/answers.py`` stopping is leaving, which needs no reader of its own. ``ai_live.py``
uses all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import aiohttp
from websockets.exceptions import ConnectionClosed

from lab_servers.clients.answer_questions import compact, question
from lab_servers.clients.answer_reading import Listener
from lab_servers.clients.failures import explained
from lab_servers.clients.http import DEFAULT_LIMIT_BYTES, exchange
from lab_servers.clients.session import body_of, open_session
from lab_servers.clients.websocket import open_connection
from lab_servers.errors import ExchangeFailed
from lab_servers.wire.llm.ways import Way

# The header in which the server names the run; the POST that stops it needs that name.
RUN_ID = "Run-Id"


async def read_stream(
    url: str, prompt: str, settings: Mapping[str, object], listener: Listener, stop: asyncio.Event, timeout_s: float
) -> None:
    """POST a prompt and read the event stream to its end; once ``stop`` is set, POST that the run shall stop.

    The stream is not closed by that: the server ends it, after an ``end`` that says why.

    Raises:
        ExchangeFailed: no stream began, or it broke.
    """
    asked = question(Way.EVENT_STREAM, prompt, settings)
    target = url + asked.path
    async with open_session(keep_alive=True) as session:
        async with explained(target, timeout_s):
            headers = {"Content-Type": "application/json"}
            response = await session.post(target, data=asked.content, headers=headers, allow_redirects=False)
        async with response:
            if response.status != 200:
                raise ExchangeFailed(f"{target} answered {response.status}: look at it in the capture.")
            run = f"{url}/api/runs/{response.headers.get(RUN_ID, '')}"
            stopping = asyncio.ensure_future(_post_stop(stop, run, timeout_s))
            try:
                async for data in body_of(response):
                    listener.feed(data)
                listener.end()
            except (aiohttp.ClientError, OSError):
                raise ExchangeFailed("The stream broke before its end: look at the capture.") from None
            finally:
                # Once asked, it is left to end; the run may be over before the POST is answered.
                if not stop.is_set():
                    stopping.cancel()
                with suppress(asyncio.CancelledError, ExchangeFailed):
                    await stopping


async def _post_stop(stop: asyncio.Event, run: str, timeout_s: float) -> None:
    await stop.wait()
    async with open_session(keep_alive=False) as session:
        await exchange(session, "POST", f"{run}/stop", timeout_s=timeout_s)


async def read_socket(
    url: str, prompt: str, settings: Mapping[str, object], listener: Listener, stop: asyncio.Event, timeout_s: float
) -> None:
    """Ask over a WebSocket and read to the end of the run; once ``stop`` is set, send the message that stops it.

    Raises:
        ExchangeFailed: no connection was opened, or it broke.
    """
    connection = await open_connection(
        f"ws://{url.partition('://')[2]}/ws", None, None, min(timeout_s, 30), DEFAULT_LIMIT_BYTES
    )
    stopping: asyncio.Future[None] | None = None
    try:
        await connection.send(compact({"type": "ask", "prompt": prompt, "settings": settings, "kept": False}))

        async def say_stop() -> None:
            await stop.wait()
            with suppress(ConnectionClosed):
                await connection.send(compact({"type": "stop", "run": listener.state.run_id}))

        while not listener.is_over:
            message = await connection.recv()
            listener.feed_messages([message if isinstance(message, str) else repr(message)], 0)
            # Before the first message the run has no name that could be said.
            if stopping is None and listener.state.run_id:
                stopping = asyncio.ensure_future(say_stop())
        await connection.close()
        listener.end()
    except ConnectionClosed:
        raise ExchangeFailed("The WebSocket closed before the answer had ended: look at the capture.") from None
    finally:
        if stopping is not None:
            stopping.cancel()
        connection.transport.abort()
