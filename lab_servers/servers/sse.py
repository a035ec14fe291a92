"""Server-sent events: one HTTP answer that goes on growing (WHATWG HTML §9.2). Neighbours: http, polling, websocket.

Two streams: the model's answer as four events and then the end, and a build log that goes on until the client leaves.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import HttpVersion11, web

from .answer import Mark, no_mark, produce
from .body import errors_as_json
from .guard import allow_loopback_pages, refuse_strangers
from .query import Query

# A client that vanished behind a proxy may never be reported as gone, so no stream lasts for ever.
MAX_OPEN_S = 3600.0
MAX_EVENTS = 1_000_000
BUILD_STEPS = ("checkout", "dependencies", "compile", "test", "package")

ENDPOINTS = (
    "GET    /api/stream?interval_s=0.3",
    "GET    /api/build/log?interval_s=1&heartbeat_s=15&limit=20     Last-Event-ID: 7",
)


async def index(request: web.Request) -> web.Response:
    """List what can be asked for."""
    return web.Response(text="\n".join(ENDPOINTS) + "\n")


def event_stream(request: web.Request) -> web.StreamResponse:
    """An answer that is an event stream, not yet begun.

    What is not here, though it is often copied: ``Connection: keep-alive`` says what HTTP/1.1 does anyway, and
    HTTP/2 forbids it (RFC 9113 §8.2.2); ``charset`` is not needed, a stream is always UTF-8; ``X-Accel-Buffering`` is
    nginx's own and belongs there where an nginx stands in front; ``Transfer-Encoding: chunked`` is HTTP/1.1's
    framing, which aiohttp chooses because the length is unknown.
    """
    headers = {
        # A browser's EventSource gives up for good on any other type (WHATWG HTML §9.2.3).
        "Content-Type": "text/event-stream",
        # A 200 to a GET may be stored and reused unless it says otherwise (RFC 9111 §4.2.2);
        # events of the past are not an answer to a client that connects now.
        "Cache-Control": "no-cache",
    }
    response = web.StreamResponse(headers=headers)
    if request.version < HttpVersion11:
        # No chunks in HTTP/1.0: only the end of the connection can end this body.
        response.force_close()
    return response


async def build_log(request: web.Request) -> web.StreamResponse:
    """Send one log line every ``interval_s`` seconds until the client leaves, or ``limit`` lines are sent."""
    query = Query(request.rel_url.raw_query_string, "interval_s", "heartbeat_s", "limit")
    interval_s = query.number("interval_s", 1, 0.01, 60)
    heartbeat_s = query.number("heartbeat_s", 15, 0.05, 60)
    limit = query.whole("limit", MAX_EVENTS, 1, MAX_EVENTS)
    number = last_event_id(request) + 1
    end = number + limit

    response = event_stream(request)
    await response.prepare(request)
    if request.method == "HEAD":
        return response

    clock = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(MAX_OPEN_S):
            # How long the client shall wait before it reconnects, in milliseconds. A block without
            # data dispatches no event, so this can be sent at once.
            await response.write(b"retry: 2000\n\n")
            due = clock.time() + interval_s
            while number < end:
                silence_s = due - clock.time()
                if silence_s > heartbeat_s:
                    # A line that begins with a colon is a comment. It shows proxies with an idle timeout
                    # that the connection lives, and shows this server a client that left.
                    await asyncio.sleep(heartbeat_s)
                    await response.write(b": heartbeat\n\n")
                    continue
                await asyncio.sleep(silence_s)
                step = BUILD_STEPS[(number - 1) % len(BUILD_STEPS)]
                # The browser sends the last id back when it reconnects; "event" names the listener that gets it.
                await response.write(f"id: {number}\nevent: line\ndata: {step} {number}\n\n".encode())
                number += 1
                due += interval_s
    except TimeoutError:
        pass
    # A clean end does not stop an EventSource: it reconnects and sends Last-Event-ID. Only 204, another
    # content type or close() on its side stops it (WHATWG HTML §9.2.3).
    return response


def last_event_id(request: web.Request) -> int:
    """The id after which to continue; 0 means from the beginning.

    An id that this log cannot have given (no whole number, or too large) also means from the beginning: to skip ahead
    would lose events in silence, and to refuse would make an EventSource give up for good. This log is computed from
    the number; a real server keeps its last events, because without a log there is nothing to resume from.
    """
    text = request.headers.get("Last-Event-ID", "")
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_EVENTS))
    return int(text) if plain and int(text) <= MAX_EVENTS else 0


def make_app(mark: Mark = no_mark) -> web.Application:
    """The event stream server.

    Args:
        mark: Told of each token that the model produces.
    """

    async def stream(request: web.Request) -> web.StreamResponse:
        """Send each token of the model's answer as an event, then end the answer."""
        interval_s = Query(request.rel_url.raw_query_string, "interval_s").number("interval_s", 0.3, 0, 60)
        response = event_stream(request)
        # The head goes out now, before the first token: the client learns at once that it was accepted.
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        async for token in produce(interval_s, mark):
            # JSON keeps line ends out of the data: a bare one would end the field. The blank line is what
            # makes the client dispatch the event.
            data = json.dumps({"d": token}, ensure_ascii=False, separators=(",", ":"))
            await response.write(f"data: {data}\n\n".encode())
        return response

    app = web.Application(middlewares=[errors_as_json, refuse_strangers])
    app.on_response_prepare.append(allow_loopback_pages)
    app.add_routes([web.get("/", index), web.get("/api/stream", stream), web.get("/api/build/log", build_log)])
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8082)
