"""One feed of messages over WebSocket, as the ``websockets`` library serves it. Neighbour: feed, over HTTP.

Messages go down as soon as they exist, others may come up at any time; when both ways are complete, the server
closes with 1000 (RFC 6455 §7.4.1).
"""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import LoggerLike

from .feed_messages import MAX_MESSAGE_BYTES, Feed, Inbox
from .guard import LOOPBACK_ORIGIN, is_loopback_host
from .query import BadValue
from .shutdown import TrackedConnection

# How long the client's Close frame may take: on a slow network all that was sent before is in front of it.
CLOSE_WITHIN_S = 60.0


async def carry(connection: ServerConnection, feed: Feed, inbox: Inbox) -> None:
    """Send each message when it exists, and take what comes, until both are complete or the client has left."""
    closing = asyncio.Event()

    async def speak() -> None:
        async for _, message in feed.each():
            await connection.send(message)
        await inbox.complete.wait()
        closing.set()
        await connection.close(1000)

    try:
        # Speaking and listening go on together: a server that only sends learns late that its client has left.
        async with asyncio.TaskGroup() as both:
            speaking = both.create_task(speak())
            async for message in connection:
                if isinstance(message, bytes):
                    await connection.close(1003, "this feed understands text only")
                    break
                try:
                    inbox.receive(message)
                except BadValue:
                    await connection.close(1008, "no message that this feed takes")
                    break
            if not closing.is_set():
                speaking.cancel()  # the client has left: there is nobody to speak to
    except* ConnectionClosed:
        pass  # a client that leaves without a closing handshake (1006) is an everyday event


def make_server(host: str, port: int, feed: Feed, inbox: Inbox, *, logger: LoggerLike | None = None) -> Server:
    """Describe the server; ``await`` the result where the event loop runs to start it, ``shutdown.stop`` ends it.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 for a free one.
        feed: What clients are sent.
        inbox: Where it goes what clients send.
        logger: Takes the library's log lines in place of its own logger.
    """

    def check_request(connection: ServerConnection, request: Request) -> Response | None:
        """Refuse while it is still HTTP; the library leaves Host to its user (``guard.py`` says why it matters)."""
        if not is_loopback_host(request.headers.get_all("Host")):
            return connection.respond(421, "The Host header must be 127.0.0.1, localhost or [::1].\n")
        if request.path != "/ws":
            return connection.respond(404, "There is nothing here; try /ws.\n")
        return None

    async def handle(connection: ServerConnection) -> None:
        await carry(connection, feed, inbox)

    return serve(
        handle,
        host,
        port,
        # A browser lets any page open a WebSocket to any server; checking Origin is the only defence (§10.2).
        origins=[None, LOOPBACK_ORIGIN],
        # Without permessage-deflate (RFC 7692) the payload stands in the frames as it is.
        compression=None,
        process_request=check_request,
        max_size=MAX_MESSAGE_BYTES,
        # No pings of its own: on a slow network they would wait behind the messages, and a late pong ends a
        # connection that is only busy. A server that stays up for hours needs them.
        ping_interval=None,
        close_timeout=CLOSE_WITHIN_S,
        logger=logger,
        create_connection=TrackedConnection,
    )
