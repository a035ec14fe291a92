"""One feed of messages in every way that HTTP has, and aiohttp's WebSocket. Neighbour: feed_websocket, that alone.

Down to the client: whole, each by its number, polling, long polling, NDJSON, SSE. Up from the client: POST. Nothing is
compressed, so that every byte of a message stands on the wire as it is; a server at work would compress large bodies.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import HttpVersion11, WSMsgType, web

from .body import JSON, errors_as_json
from .feed_messages import MAX_MESSAGE_BYTES, Feed, Inbox, Lines, as_text
from .guard import refuse_strangers
from .query import BadValue, Query
from .sse import event_stream

# No registered type (IANA has none for lines of JSON), and the one that everybody uses.
NDJSON = "application/x-ndjson"

# All messages in one body, as JSON.
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_HOLD_S = 60.0
MOST_MESSAGES = 1_000_000

# How long the client's Close frame may take: behind it on a slow network is everything that was sent before.
CLOSE_WITHIN_S = 60.0

ENDPOINTS = (
    "GET    /api/messages                     all, once the last exists",
    "GET    /api/messages/1                   one, once it exists",
    "GET    /api/news?after=0                 (polling)",
    "GET    /api/news?after=0&hold_s=10       (long polling)",
    "GET    /api/lines                        (NDJSON)",
    "GET    /api/events                       (SSE)             Last-Event-ID: 7",
    "GET    /ws                               (WebSocket)",
    'POST   /api/messages                     {"n":1,"d":"…"}   or an array of them, or lines of NDJSON',
)


async def index(request: web.Request) -> web.Response:
    """List what can be asked for."""
    return web.Response(text="\n".join(ENDPOINTS) + "\n")


class Ways:
    """The handlers of one feed and one inbox.

    Args:
        feed: What clients ask for.
        inbox: Where it goes what clients send.
    """

    def __init__(self, feed: Feed, inbox: Inbox) -> None:
        self._feed = feed
        self._inbox = inbox

    # --- down ---------------------------------------------------------------------------

    async def whole(self, request: web.Request) -> web.Response:
        """GET all messages as one JSON array. Nothing is sent before the last one exists: then the length is known."""
        Query(request.rel_url.raw_query_string)
        return web.Response(text=f"[{','.join(await self._feed.whole())}]", content_type=JSON)

    async def one(self, request: web.Request) -> web.Response:
        """GET one message by its number; the answer waits until it exists."""
        Query(request.rel_url.raw_query_string)
        number = request.match_info["number"]
        if not (number.isascii() and number.isdigit() and len(number) < 8 and 1 <= int(number) <= self._feed.total):
            raise web.HTTPNotFound(text=f"There are messages 1 to {self._feed.total}.")
        message = (await self._feed.next_after(int(number) - 1))[0]
        return web.Response(text=message, content_type=JSON)

    async def news(self, request: web.Request) -> web.Response:
        """GET what is new after a cursor, as lines; with ``hold_s`` the answer waits so long for something new."""
        query = Query(request.rel_url.raw_query_string, "after", "hold_s")
        after = query.whole("after", 0, 0, MOST_MESSAGES)
        hold_s = query.number("hold_s", 0, 0, MAX_HOLD_S)
        new = self._feed.after(after)
        if not new and hold_s:
            try:
                async with asyncio.timeout(hold_s):
                    new = await self._feed.next_after(after)
            except TimeoutError:
                pass
        # An answer is good for one cursor at one moment; no cache may give it again (RFC 9111 §5.2.2.5).
        headers = {"Cache-Control": "no-store"}
        if not new:
            return web.Response(status=204, headers=headers)  # RFC 9110 §15.3.5: all is well, and nothing to say
        return web.Response(text="".join(f"{line}\n" for line in new), content_type=NDJSON, headers=headers)

    async def lines(self, request: web.Request) -> web.StreamResponse:
        """GET a body that grows by a line for each message, and ends after the last."""
        Query(request.rel_url.raw_query_string)
        response = web.StreamResponse(headers={"Content-Type": NDJSON, "Cache-Control": "no-cache"})
        if request.version < HttpVersion11:
            response.force_close()  # no chunks in HTTP/1.0: the end of the connection ends this body
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        async for _, message in self._feed.each():
            await response.write(f"{message}\n".encode())
        return response

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET an event stream (WHATWG HTML §9.2); the id of an event is its message's number.

        An id that this feed cannot have given means from the beginning: to skip ahead would lose events in silence.
        """
        Query(request.rel_url.raw_query_string)
        cursor = request.headers.get("Last-Event-ID", "")
        after = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 8 else 0
        if after > self._feed.total:
            after = 0
        elif after and after == self._feed.total:
            # A client that has the last: only 204 stops an EventSource from coming back for more (HTML §9.2.3).
            return web.Response(status=204)
        response = event_stream(request)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        # The id is what makes a reconnection lossless: EventSource sends the last one back.
        async for number, message in self._feed.each(after):
            await response.write(f"id: {number}\ndata: {message}\n\n".encode())
        return response

    # --- up -----------------------------------------------------------------------------

    async def receive(self, request: web.Request) -> web.Response:
        """POST a message, an array of messages, or a body that grows by a line for each; 204 once all of it is in.

        What stands before a mistake has arrived all the same: a line is taken as soon as it is complete.
        """
        Query(request.rel_url.raw_query_string)
        try:
            if request.content_type == NDJSON:
                lines = Lines()
                async for data in request.content.iter_any():
                    for line in lines.feed(data):
                        self._inbox.receive(line)
                lines.end()
            elif request.content_type == JSON:
                for message in _messages_in(await request.read()):
                    self._inbox.receive(message)
            else:
                sentence = f"The body must be {JSON} or {NDJSON}."
                raise web.HTTPUnsupportedMediaType(text=sentence, headers={"Accept": f"{JSON}, {NDJSON}"})
        except web.RequestPayloadError:
            raise BadValue("The body is cut short, or not encoded as its head says.") from None
        return web.Response(status=204)

    # --- both ---------------------------------------------------------------------------

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Upgrade (RFC 6455); send each message when it exists, take what comes, close when both are complete."""
        Query(request.rel_url.raw_query_string)
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES, timeout=CLOSE_WITHIN_S)
        await socket.prepare(request)
        closing = asyncio.Event()

        async def speak() -> None:
            async for _, message in self._feed.each():
                await socket.send_str(message)
            await self._inbox.complete.wait()
            closing.set()
            await socket.close()

        async def listen() -> None:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    await socket.close(code=1003)  # RFC 6455 §7.4.1: data of a type that it cannot accept
                    return
                try:
                    self._inbox.receive(message.data)
                except BadValue:
                    await socket.close(code=1008)
                    return

        try:
            # Speaking and listening go on together: a server that only sends learns late that its client has left.
            async with asyncio.TaskGroup() as both:
                speaking = both.create_task(speak())
                await listen()
                if not closing.is_set():
                    speaking.cancel()  # the client has left: there is nobody to speak to
        except* ConnectionError:
            pass  # it left while something was written to it, which happens every day
        return socket


def _messages_in(body: bytes) -> list[str]:
    """The messages of a JSON document, that is one or an array of them.

    Raises:
        BadValue: it is no JSON in UTF-8, or a message is longer than one may be.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text)
        messages = [as_text(each) for each in value] if isinstance(value, list) else [text]
        # A lone surrogate ("\ud800") is within JSON's grammar, and no UTF-8 can carry it on: encode() refuses it.
        longest_bytes = max((len(message.encode("utf-8")) for message in messages), default=0)
    except (ValueError, RecursionError):
        raise BadValue(f"The body is not {JSON} in UTF-8.") from None
    if longest_bytes > MAX_MESSAGE_BYTES:
        raise BadValue(f"A message must not be longer than {MAX_MESSAGE_BYTES} bytes.")
    return messages


def make_app(feed: Feed, inbox: Inbox) -> web.Application:
    """The server of one feed and one inbox, for aiohttp."""
    app = web.Application(middlewares=[errors_as_json, refuse_strangers], client_max_size=MAX_BODY_BYTES)
    ways = Ways(feed, inbox)
    app.add_routes(
        [
            web.get("/", index),
            web.get("/api/messages", ways.whole),
            web.get("/api/messages/{number}", ways.one),
            web.get("/api/news", ways.news),
            web.get("/api/lines", ways.lines),
            web.get("/api/events", ways.events),
            web.get("/ws", ways.websocket, allow_head=False),
            web.post("/api/messages", ways.receive),
        ]
    )
    return app
