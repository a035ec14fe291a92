"""WebSocket: after one HTTP request either side sends when it likes (RFC 6455). Neighbours: sse sends one way only.

Three paths: ``/ws/chat`` answers each message, ``/ws/room`` joins people, ``/ws/stream`` sends the model's answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import LoggerLike, Subprotocol

from .answer import Mark, no_mark, produce
from .guard import LOOPBACK_ORIGIN, is_loopback_host
from .query import BadValue, Query
from .room import Room
from .shutdown import TrackedConnection

MAX_MESSAGE_BYTES = 1024 * 1024
SUBPROTOCOLS = (Subprotocol("chat.v2.lab"), Subprotocol("chat.v1.lab"))

ENDPOINTS = ("/ws/chat", "/ws/room?tick_s=5", "/ws/stream?interval_s=0.3")

Handler = Callable[[ServerConnection], Awaitable[None]]


async def chat(connection: ServerConnection) -> None:
    """Answer each text message at once."""
    async for message in connection:
        if isinstance(message, bytes):
            # RFC 6455 §7.4.1 names this very case: "an endpoint that understands only text data".
            await connection.close(1003, "this chat understands text only")
            return
        await connection.send("收到:" + message)


async def stream(connection: ServerConnection, interval_s: float, mark: Mark) -> None:
    """Send each token of the model's answer, unasked, then close with 1000."""

    async def speak() -> None:
        async for token in produce(interval_s, mark):
            await connection.send(json.dumps({"d": token}, ensure_ascii=False, separators=(",", ":")))
        # A stream has no other sign for "complete" than this: 1000, RFC 6455 §7.4.1 "the purpose has been fulfilled".
        await connection.close(1000)

    try:
        # Speaking and listening go on together: a server that only sends would learn that its client left
        # at its next send, and the model would go on working until then.
        async with asyncio.TaskGroup() as both:
            speaking = both.create_task(speak())
            async for _ in connection:
                pass
            speaking.cancel()
    except* ConnectionClosed:
        pass


def select_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Choose what the messages mean, among what the client offers (RFC 6455 §1.9): the newest that both know.

    No common one is no reason to refuse: the server then names none (§4.2.2), and a browser that offered some ends the
    connection itself. The library's simpler ``subprotocols=`` would refuse every client that offers none.
    """
    return next((name for name in SUBPROTOCOLS if name in offered), None)


def make_server(
    host: str,
    port: int,
    mark: Mark = no_mark,
    *,
    compression: str | None = None,
    logger: LoggerLike | None = None,
) -> Server:
    """Describe the WebSocket server; ``await`` the result, or enter it with ``async with``, to start it.

    Call it where the event loop runs.

    ``shutdown.stop`` ends it within a bound; ``server.sockets[0].getsockname()[1]`` is the port that port 0 became.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 for a free one.
        mark: Told of each token that the model produces.
        compression: ``"deflate"`` offers permessage-deflate (RFC 7692). Without it frames can be read on the wire.
        logger: Takes the library's log lines in place of its own logger.
    """
    room = Room()

    def handler_for(target: str) -> Handler | None:
        path, _, query = target.partition("?")
        if path == "/ws/chat":
            Query(query)
            return chat
        if path == "/ws/room":
            return partial(room.visit, tick_s=Query(query, "tick_s").number("tick_s", 5, 0.01, 60))
        if path == "/ws/stream":
            interval_s = Query(query, "interval_s").number("interval_s", 0.3, 0, 60)
            return partial(stream, interval_s=interval_s, mark=mark)
        return None

    def check_request(connection: ServerConnection, request: Request) -> Response | None:
        """Refuse while it is still HTTP. A plain GET passes here, and the library answers it 426 with Upgrade."""
        # The library leaves Host to its user. One line of it is a must (RFC 9112 §3.2); its value is checked against
        # DNS rebinding, as in guard.py.
        hosts = request.headers.get_all("Host")
        if len(hosts) != 1:
            return connection.respond(400, f"The request must have one Host header, and has {len(hosts)}.\n")
        if not is_loopback_host(hosts):
            return connection.respond(421, "The Host header must be 127.0.0.1, localhost or [::1].\n")
        if request.path == "/":
            return connection.respond(200, "\n".join(ENDPOINTS) + "\n")
        try:
            if handler_for(request.path) is None:
                return connection.respond(404, f"There is nothing here; try {', '.join(ENDPOINTS)}.\n")
        except BadValue as mistake:
            return connection.respond(400, f"{mistake}\n")
        return None

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        handler = handler_for(connection.request.path)
        assert handler is not None
        # A client that leaves without a closing handshake (1006) is an everyday event, not an error.
        with suppress(ConnectionClosed):
            await handler(connection)

    return serve(
        handle,
        host,
        port,
        # A browser lets any page open a WebSocket to any server: no preflight, no CORS. Checking Origin is the only
        # defence (RFC 6455 §10.2). None stands for clients that are no browsers and send no Origin.
        origins=[None, LOOPBACK_ORIGIN],
        select_subprotocol=select_subprotocol,
        compression=compression,
        process_request=check_request,
        # A longer message ends the connection with 1009 before it is read into memory.
        max_size=MAX_MESSAGE_BYTES,
        # TCP does not report a peer that vanished. A ping every 20 s must be answered within 20 s (RFC 6455 §5.5.2),
        # or the connection counts as lost (1011); it also keeps idle timeouts on the way from cutting it.
        ping_interval=20,
        ping_timeout=20,
        logger=logger,
        create_connection=TrackedConnection,
    )


if __name__ == "__main__":

    async def _serve() -> None:
        async with make_server("127.0.0.1", 8083) as server:
            await server.serve_forever()

    asyncio.run(_serve())
