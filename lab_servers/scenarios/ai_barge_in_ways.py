"""The three ways of talking to a model that talks, server and client of each. ``ai_barge_in.py`` runs all of them.

Sound goes up as one binary frame every 20 ms. Over WebSocket a frame is a message; in one long upload it is a record of
the body with a prefix of its own; by POST it is a body, or part of one. Down come tokens, as messages or events.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from lab_servers.clients.sse import events_in
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.barge_in import (
    AUDIO,
    ENDED,
    FRAME_EVERY_S,
    FRAMES_PATH,
    HEARD,
    INTERRUPTS,
    PREFIX_BYTES,
    PRODUCED,
    SHOWN,
    SPOKEN,
    STOPPED,
    UPLOAD_PATH,
)

INTERRUPT = 2
MOST_TOKENS = 100_000  # never said: the interruption comes before, or the time is over
LIMIT_BYTES = 64 * 1024
# Of the six connections that browsers open to one origin, one carries the answer and one is kept for what is urgent.
FRAME_CONNECTIONS = 4


@dataclass
class Talk:
    """One conversation: what the client does, what the server notes, on one loop.

    Attributes:
        frame_bytes: How long a frame is.
        after_tokens: After how many tokens the client interrupts.
        ttft_s: Time to the model's first token, seconds.
        gap_s: The time between two, seconds.
        marks: What happened.
        shown: How many tokens the client has.
    """

    frame_bytes: int
    after_tokens: int
    ttft_s: float
    gap_s: float
    marks: list[Mark] = field(default_factory=list)
    shown: int = 0
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)  # the server has heard it
    wants_silence: asyncio.Event = field(default_factory=asyncio.Event)  # the client says it
    is_over: asyncio.Event = field(default_factory=asyncio.Event)  # the client's answer has ended

    def note(self, name: str, detail: str = "") -> None:
        """Something happens now."""
        self.marks.append(Mark(now_ns(), name, detail))

    # --- the model, on the server's side ---

    async def tokens(self) -> AsyncIterator[str]:
        """The answer, token by token, until it is interrupted."""
        clock = asyncio.get_running_loop()
        begun_s = clock.time() + self.ttft_s
        for number in range(1, MOST_TOKENS + 1):
            with suppress(TimeoutError):
                async with asyncio.timeout_at(begun_s + number * self.gap_s):
                    await self.interrupted.wait()
            if self.interrupted.is_set():
                break
            self.note(PRODUCED, str(number))
            yield json.dumps({"n": number, "d": "你好世界"[number % 4]}, ensure_ascii=False, separators=(",", ":"))
        self.note(STOPPED)

    def hear(self, data: bytes) -> None:
        """Frames arrive; each begins with its number, which stands in for the first bytes of the sound."""
        for start in range(0, len(data), self.frame_bytes):
            self.note(HEARD, str(int.from_bytes(data[start : start + 4], "big")))

    # --- the client's side ---

    async def frames(self) -> AsyncIterator[bytes]:
        """One frame every 20 ms, by the clock, until the answer has ended."""
        clock = asyncio.get_running_loop()
        begun_s, number = clock.time(), 0
        while not self.is_over.is_set():
            number += 1
            self.note(SPOKEN, str(number))
            yield number.to_bytes(4, "big").ljust(self.frame_bytes, b"\x7f")
            await asyncio.sleep(max(begun_s + number * FRAME_EVERY_S - clock.time(), 0))

    def show(self, text: str) -> None:
        """A token is there; after enough of them the client has something to say."""
        self.note(SHOWN, text)
        self.shown += 1
        if self.shown == self.after_tokens:
            self.note(INTERRUPTS)
            self.wants_silence.set()

    def end(self) -> None:
        """The answer has ended."""
        self.note(ENDED)
        self.is_over.set()


# --- WebSocket ------------------------------------------------------------------------------------------


def websocket_handler(talk: Talk) -> Callable[[ServerConnection], Awaitable[None]]:
    """Serves the talk on one connection."""

    async def serve(connection: ServerConnection) -> None:
        async def speak() -> None:
            async for token in talk.tokens():
                await connection.send(token)
            await connection.send('{"end":true}')

        speaking = asyncio.ensure_future(speak())
        try:
            async for message in connection:
                if isinstance(message, bytes):
                    talk.hear(message)
                else:
                    talk.interrupted.set()
        finally:
            speaking.cancel()

    return serve


async def over_websocket(url: str, talk: Talk) -> None:
    """Talk on one connection for both directions."""
    async with connect(url, proxy=None, compression=None, ping_interval=None) as connection:

        async def listen() -> None:
            async for message in connection:
                if '"end"' in str(message):
                    break
                talk.show(str(message))
            talk.end()

        async def speak() -> None:
            with suppress(ConnectionClosed):
                async for frame in talk.frames():
                    await connection.send(frame)

        async def interrupt() -> None:
            await talk.wants_silence.wait()
            await connection.send('{"type":"interrupt"}')

        async with asyncio.TaskGroup() as both:
            for work in (listen, speak, interrupt):
                both.create_task(work())


# --- HTTP -----------------------------------------------------------------------------------------------


def http_app(talk: Talk) -> web.Application:
    """Serves the talk over HTTP: the answer as an event stream, frames as POSTs or in one upload."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        async for token in talk.tokens():
            await response.write(f"data: {token}\n\n".encode())
        return response

    async def frames(request: web.Request) -> web.Response:
        talk.hear(await request.read())
        return web.Response(status=204)

    async def interrupt(_: web.Request) -> web.Response:
        talk.interrupted.set()
        return web.Response(status=204)

    async def upload(request: web.Request) -> web.Response:
        with suppress(asyncio.IncompleteReadError):  # the end of the body
            while True:
                kind, *length = await request.content.readexactly(PREFIX_BYTES)
                data = await request.content.readexactly(int.from_bytes(bytes(length), "big"))
                if kind == AUDIO:
                    talk.hear(data)
                else:
                    talk.interrupted.set()
        return web.Response(status=204)

    async def ready(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application(client_max_size=LIMIT_BYTES)
    app.add_routes(
        [
            web.post("/api/answer", answer),
            web.post(FRAMES_PATH, frames),
            web.post("/api/interrupt", interrupt),
            web.post("/api/ready", ready),
            web.post(UPLOAD_PATH, upload),
        ]
    )
    return app


def _session(connections: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
    )


async def _listen(session: aiohttp.ClientSession, url: str, talk: Talk) -> None:
    try:
        async with session.post(f"{url}/api/answer") as response:
            async for event in events_in(response, limit_bytes=LIMIT_BYTES):
                talk.show(event.data)
    finally:
        talk.end()


async def by_posts(url: str, talk: Talk) -> None:
    """A POST for each frame, on kept connections; what has gathered while all were busy goes with the next."""
    waiting: list[bytes] = []
    grew = asyncio.Condition()
    async with _session(1) as down, _session(1) as urgent, _session(FRAME_CONNECTIONS) as up:
        # The connection for what is urgent is open before it is needed.
        (await urgent.post(f"{url}/api/ready")).release()

        async def gather() -> None:
            async for frame in talk.frames():
                async with grew:
                    waiting.append(frame)
                    grew.notify()
            async with grew:
                grew.notify_all()

        async def carry() -> None:
            while True:
                async with grew:
                    await grew.wait_for(lambda: waiting or talk.is_over.is_set())
                    sent, waiting[:] = b"".join(waiting), []
                if not sent:
                    return
                (await up.post(url + FRAMES_PATH, data=sent)).release()

        async def interrupt() -> None:
            await talk.wants_silence.wait()
            (await urgent.post(f"{url}/api/interrupt")).release()

        async with asyncio.TaskGroup() as all_at_once:
            for work in (gather(), *(carry() for _ in range(FRAME_CONNECTIONS)), interrupt(), _listen(down, url, talk)):
                all_at_once.create_task(work)


async def by_upload(url: str, talk: Talk) -> None:
    """One POST whose body is the whole talk; the interruption is a record in it."""
    records: asyncio.Queue[bytes] = asyncio.Queue()

    async def gather() -> None:
        async for frame in talk.frames():
            records.put_nowait(bytes([AUDIO]) + len(frame).to_bytes(2, "big") + frame)
        records.put_nowait(b"")

    async def interrupt() -> None:
        await talk.wants_silence.wait()
        records.put_nowait(bytes([INTERRUPT, 0, 0]))

    async def body() -> AsyncIterator[bytes]:
        while record := await records.get():
            yield record

    async def speak(session: aiohttp.ClientSession) -> None:
        async with session.post(url + UPLOAD_PATH, data=body()) as response:
            await response.read()

    async with _session(1) as down, _session(1) as up, asyncio.TaskGroup() as all_at_once:
        for work in (gather(), interrupt(), speak(up), _listen(down, url, talk)):
            all_at_once.create_task(work)
