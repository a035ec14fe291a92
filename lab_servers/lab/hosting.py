"""Starts one of the servers behind its relay on the running loop, and stops both in good order.

The servers (``lab_servers/servers``) know nothing of this: they are what a learner would write
at work. What a lab adds, the relay and the quiet log, is added here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web, web_app
from aiohttp.http_exceptions import HttpProcessingError
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from lab_servers.capture.capture import Budget
from lab_servers.capture.conditions.network import LOOPBACK_NETWORK, Network
from lab_servers.capture.connection import LOOPBACK
from lab_servers.capture.relay import TURNS_TO_ACCEPT, Relay
from lab_servers.servers import http, polling, shutdown, sse, websocket
from lab_servers.servers.llm import app as llm

# Streams that are open when a server stops are given this long to end by themselves.
SHUTDOWN_S = 0.3

MarkCallback = Callable[[str, str], None]

# The address of a server, and what stops it.
Started = tuple[tuple[str, int], Callable[[], Coroutine[Any, Any, None]]]


@dataclass(frozen=True)
class ServerKind:
    """What the lab's table says of one server.

    Attributes:
        name: The server's name.
        speaks: The protocol, in a few words.
        scheme: The scheme of its URL.
        endpoints: Paths to try, most telling first.
        curl: A ``curl`` line to try; ``{url}`` stands for the server's http URL.
    """

    name: str
    speaks: str
    scheme: str
    endpoints: tuple[str, ...]
    curl: str


# RFC 6455 section 1.3 uses this key as its example.
_UPGRADE = (
    "-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' "
    "-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='"
)

KINDS = {
    kind.name: kind
    for kind in (
        ServerKind(
            "http",
            "HTTP/1.1",
            "http",
            ("/api/user/info", "/api/user/info?framing=chunked&parts=3", "/api/answer", "/api/notes"),
            "curl -i {no_proxy} {url}/api/user/info",
        ),
        ServerKind(
            "polling",
            "HTTP/1.1, asked again and again",
            "http",
            ("POST /api/jobs", "/api/jobs/1", "/api/jobs/1/events?after=0&hold_s=10"),
            'curl -i {no_proxy} {url}/api/jobs --json \'{{"kind": "build", "duration_s": 2}}\'',
        ),
        ServerKind(
            "sse",
            "Server-Sent Events over HTTP/1.1",
            "http",
            ("/api/stream", "/api/build/log"),
            "curl -iN {no_proxy} {url}/api/stream",
        ),
        ServerKind(
            "websocket",
            "WebSocket",
            "ws",
            ("/ws/chat", "/ws/room", "/ws/stream"),
            f"curl -iN -m 2 {{no_proxy}} {{url}}/ws/chat {_UPGRADE}",
        ),
        ServerKind(
            "llm",
            "a model's answer in every way and dialect",
            "http",
            ("POST /api/answer", "POST /v1/chat/completions", "POST /v1/messages", "/ws"),
            'curl -iN {no_proxy} {url}/api/answer --json \'{{"prompt": "世界?"}}\'',
        ),
    )
}


class ProblemLog(logging.Handler):
    """Keeps the last problems that servers report, and drops what is part of an ordinary day.

    A notebook would show a line printed from the lab's thread under whichever cell happens to
    run, so nothing is printed: the lab shows these instead.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: deque[str] = deque(maxlen=100)
        self.logger = logging.Logger("lab_servers")
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record as one line, unless it only says that a client left."""
        error = record.exc_info[1] if record.exc_info else None
        # Both libraries log a long traceback when a client goes away or sends what is no HTTP.
        ordinary = (ConnectionError, EOFError, ConnectionClosed, InvalidHandshake, HttpProcessingError)
        if not isinstance(error, ordinary):
            self.lines.append(record.getMessage() + (f" ({_in_words(error)})" if error else ""))

    def loop_problem(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An event loop's exception handler."""
        error = context.get("exception")
        self.logger.error(str(context.get("message")), exc_info=error if isinstance(error, BaseException) else None)


def _in_words(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:  # it may be of a learner's own class
        said = ""
    return f"{type(error).__name__}: {said}"


class Hosted:
    """One running server and its relay."""

    def __init__(self, kind: ServerKind, relay: Relay, stop_server: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.kind = kind
        self.relay = relay
        self.network = LOOPBACK_NETWORK
        self._stop_server = stop_server

    @property
    def url(self) -> str:
        """The URL that clients use: the relay's, without a path."""
        host, port = self.relay.address
        return f"{self.kind.scheme}://{host}:{port}"

    @property
    def http_url(self) -> str:
        """The same address for a client that speaks only HTTP, such as curl."""
        host, port = self.relay.address
        return f"http://{host}:{port}"

    @property
    def curl(self) -> str:
        """A line that a person can paste into a terminal."""
        # A proxy variable of the environment would send curl elsewhere, even for loopback addresses.
        return self.kind.curl.format(url=self.http_url, no_proxy=f"--noproxy {LOOPBACK}")

    def set_network(self, network: Network) -> None:
        """Put a network between the clients and this server, from the next byte on."""
        self.network = network
        self.relay.set_conditions(network.by_sender)

    async def stop(self) -> None:
        """Stop the server, which ends its streams in its own way, and then the relay."""
        await self.relay.stop_listening()
        # The same holds for the server's own listener. The relay is its only client, so after as many turns of the
        # loop there is no socket that it has just accepted.
        for _ in range(TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        # The relay goes last: a close frame or a last chunk still has to pass through it.
        await self._stop_server()
        await self.relay.stop()


async def host(name: str, port: int, budget: Budget, mark: MarkCallback, log: ProblemLog) -> Hosted:
    """Start a server on a port of its own choice, and its relay on ``port`` (0: any free one).

    Raises:
        PortUnavailable: the relay's port is taken or may not be opened.
    """

    def mark_of_this_server(what: str, detail: str) -> None:
        mark(f"{what} by {name}", detail)

    if name == "websocket":
        upstream, stop_server = await _start_websocket(mark_of_this_server, log)
    else:
        upstream, stop_server = await _start_aiohttp(name, mark_of_this_server, log)
    return await host_kind(KINDS[name], port, budget, (upstream, stop_server))


async def host_kind(kind: ServerKind, port: int, budget: Budget, started: Started) -> Hosted:
    """Put a relay on ``port`` in front of a server that runs already; the server is stopped if that fails.

    Raises:
        PortUnavailable: the relay's port is taken or may not be opened.
    """
    upstream, stop_server = started
    relay = Relay(kind.name, upstream, budget)
    try:
        await relay.start(port)
    except BaseException:
        await stop_server()
        raise
    return Hosted(kind, relay, stop_server)


async def settle(hosted: Iterable[Hosted], since_ns: int, within_s: float) -> None:
    """Wait for the connections that were opened since then to close, but no longer than that."""
    waits = [asyncio.ensure_future(one.relay.settle(since_ns)) for one in hosted]
    if not waits:  # a lab without servers, for a run that is computed or hosts its own
        return
    _, late = await asyncio.wait(waits, timeout=within_s)
    for wait in late:
        wait.cancel()


_MAKE_APP = {"http": http.make_app, "polling": polling.make_app, "sse": sse.make_app, "llm": llm.make_app}


async def _start_aiohttp(name: str, mark: MarkCallback, log: ProblemLog) -> Started:
    make_app = _MAKE_APP[name]
    return await start_application(make_app(mark), log.logger)


async def start_application(
    app: web.Application, logger: logging.Logger, *, handler_cancellation: bool = True, port: int = 0
) -> Started:
    """Start an aiohttp application on a free loopback port; also for a run that adopts one of its own.

    Args:
        app: The application.
        logger: Takes aiohttp's log lines.
        handler_cancellation: Whether a handler is cancelled when its client leaves. aiohttp's own default is that it
            is not: it then computes on to its end, or to its next write.
        port: The port, for a server that comes back to where it was; 0: any free one.
    """
    runner = web.AppRunner(
        app,
        handler_cancellation=handler_cancellation,
        shutdown_timeout=SHUTDOWN_S,
        access_log=None,
        logger=logger,
    )
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()

    async def stop() -> None:
        await runner.cleanup()
        # aiohttp caches handlers wrapped in middlewares for the life of the process, and with them
        # this application and its loop. A notebook starts many labs.
        cache = getattr(web_app, "_cached_build_middleware", None)
        if cache is not None:
            cache.cache_clear()

    return runner.addresses[0][:2], stop


async def _start_websocket(mark: MarkCallback, log: ProblemLog) -> Started:
    server = await websocket.make_server(LOOPBACK, 0, mark, logger=log.logger)
    return next(iter(server.sockets)).getsockname()[:2], lambda: shutdown.stop(server, SHUTDOWN_S)
