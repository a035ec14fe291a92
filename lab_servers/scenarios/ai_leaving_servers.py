"""Two servers that notice late, or never, that their reader has left, for ``ai_reader_leaves.py``.

Both are written as many are. One speaks on a WebSocket and never listens. The other generates in the thread that
writes, as servers do that give each request a thread: nobody watches its socket while it sleeps, and its write is
what finds out.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.scenarios.ai_model import SERVER, HostedModel
from lab_servers.servers.answer import Mark as Tell
from lab_servers.servers.guard import refuse_strangers
from lab_servers.servers.llm.answering import payload
from lab_servers.servers.llm.model import Model
from lab_servers.servers.llm.parts import Cut
from lab_servers.servers.llm.settings import Settings
from lab_servers.servers.llm.timeline import moments_of

LOOPBACK = "127.0.0.1"
LARGEST_REQUEST_BYTES = 64 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n"


def make_speaking_app(mark: Tell, *, epoch: str) -> web.Application:
    """A server whose WebSocket handler reads the question and then only sends."""
    model = Model(mark, epoch)

    async def speak(request: web.Request) -> web.WebSocketResponse:
        socket_ = web.WebSocketResponse(compress=False)
        await socket_.prepare(request)
        await socket_.receive()
        run = model.begin("A question over a WebSocket", Settings.from_values(dict(request.query)))
        try:
            # RFC 6455 §5.5.1 asks for a Close frame in reply to one. Nothing here reads, so nothing here replies.
            async for numbered in run.parts():
                if not isinstance(numbered.part, Cut):
                    await socket_.send_str(payload(run.run_id, numbered.sequence, numbered.part))
        finally:
            run.leave()
        return socket_

    async def close(app: web.Application) -> None:
        model.close()

    app = web.Application(middlewares=[refuse_strangers])
    app.on_shutdown.append(close)
    app.router.add_get("/ws", speak, allow_head=False)
    return app


class ThreadedModel(HostedModel):
    """A model that is generated in the thread of its connection: sleep, generate, write, and again.

    Each write that succeeds is a mark, "wrote by llm".
    """

    def __init__(self) -> None:
        super().__init__(handler_cancellation=False)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    async def start(self, epoch: str) -> None:
        """Listen on a free port, in a thread."""
        self.epoch = epoch
        self._loop = asyncio.get_running_loop()
        listener = socket.create_server((LOOPBACK, 0))
        self.address = listener.getsockname()[:2]
        accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        self._threads.append(accepting)
        accepting.start()

        async def stop() -> None:
            self._ending.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            for thread in self._threads:
                await asyncio.to_thread(thread.join, 1)

        self._stop = stop

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                serving = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(serving)
                serving.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(10)
            try:
                settings = Settings.from_values(dict(parse_qsl(urlsplit(_target_of(connection)).query)))
            except (OSError, ValueError):  # BadValue is one
                with suppress(OSError):
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            run, generated, sequence = f"{self.epoch}-1", 0, 0
            reason = "complete"
            begun_s = time.monotonic()
            try:
                connection.sendall(HEAD)
                for moment in moments_of("A question to a thread", settings):
                    self._ending.wait(max(begun_s + moment.due_s - time.monotonic(), 0))
                    if self._ending.is_set():
                        return
                    for _ in range(moment.tokens):
                        generated += 1
                        self._tell("token", f"{run} {generated}")
                    for part in moment.parts:
                        sequence += 1
                        connection.sendall(f"data: {payload(run, sequence, part)}\n\n".encode())
                        self._tell("wrote", str(sequence))
            except OSError:
                reason = "reader left"
            self._tell("finished", f"{run} {generated} {reason}")

    def _tell(self, what: str, detail: str) -> None:
        # The time is this thread's; the list and whoever waits for it belong to the loop.
        mark = Mark(now_ns(), f"{what} by {SERVER}", detail)
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._keep, mark)

    def _keep(self, mark: Mark) -> None:
        self.marks.append(mark)
        self._marked.set()


def _target_of(connection: socket.socket) -> str:
    """The request target; the content is left where it is."""
    asked = b""
    while b"\r\n\r\n" not in asked and len(asked) < LARGEST_REQUEST_BYTES:
        came = connection.recv(4096)
        if not came:
            break
        asked += came
    words = asked.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return words[1] if len(words) == 3 else "/"


async def host_threaded(lab: Lab, name: str, epoch: str) -> HostedModel:
    """Start such a model behind a relay."""
    model = ThreadedModel()
    await model.start(epoch)
    await model.host(lab, [name])
    return model


async def host_speaking(lab: Lab, name: str, epoch: str) -> HostedModel:
    """Start a model that only speaks behind a relay."""
    model = HostedModel(handler_cancellation=False, make=make_speaking_app)
    await model.start(epoch)
    await model.host(lab, [name])
    return model
