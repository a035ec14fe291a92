"""HTTP: one request, one complete answer. Neighbours: polling asks again and again, sse never ends the answer.

Three kinds of answer: a small document in each of the three body framings, the model's answer as
a whole, and a collection of notes with the full set of methods and statuses.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise

from aiohttp import HttpVersion11, web

from .answer import Mark, no_mark, produce
from .body import as_json, errors_as_json, json_response
from .guard import allow_loopback_pages, refuse_strangers
from .notes import MAX_NOTE_BYTES, Notes
from .query import BadValue, Query

USER = as_json({"name": "张三", "age": 25}).encode("utf-8")

ENDPOINTS = (
    "GET    /api/user/info?framing=chunked&parts=4&part_delay_s=0.2",
    "GET    /api/user/info?delay_s=1&connection=close",
    "GET    /api/answer?interval_s=0.3",
    "GET    /api/notes",
    "POST   /api/notes              title=…&text=…",
    "GET    /api/notes/1            If-None-Match: …",
    "PUT    /api/notes/1            If-Match: …",
    "DELETE /api/notes/1",
)


async def index(request: web.Request) -> web.Response:
    """List what can be asked for."""
    return web.Response(text="\n".join(ENDPOINTS) + "\n")


class CloseDelimited(web.StreamResponse):
    """An answer whose body ends where the connection ends: the oldest framing (RFC 9112 §6.3, rule 8)."""

    def __init__(self, headers: dict[str, str], length_bytes: int) -> None:
        super().__init__(headers=headers)
        # aiohttp sends chunks on HTTP/1.1 whenever it knows no length. So it is told the length, and
        # announce_no_length() takes the header off again just before the head is sent.
        self.content_length = length_bytes
        # The end of the connection is the end of the body: there can be no next answer on it.
        self.force_close()


async def announce_no_length(request: web.Request, response: web.StreamResponse) -> None:
    """Send a close-delimited answer without Content-Length."""
    if isinstance(response, CloseDelimited):
        del response.headers["Content-Length"]


async def user_info(request: web.Request) -> web.StreamResponse:
    """Answer one JSON document, in the framing, the parts and the time that the query asks for."""
    names = ("framing", "delay_s", "parts", "part_delay_s", "connection")
    query = Query(request.rel_url.raw_query_string, *names)
    framing = query.choice("framing", "content-length", "chunked", "close")
    delay_s = query.number("delay_s", 0, 0, 30)
    parts = query.whole("parts", 1, 1, len(USER))
    part_delay_s = query.number("part_delay_s", 0, 0, 30)
    connection = query.choice("connection", "unsaid", "keep-alive", "close")
    if framing == "close" and connection == "keep-alive":
        raise BadValue("connection must be close with framing=close: the close is what ends the body.")

    await asyncio.sleep(delay_s)

    # JSON is always UTF-8 and RFC 8259 §11 knows no charset parameter; many servers send it, and it does no harm.
    headers = {"Content-Type": "application/json; charset=utf-8"}
    response = web.StreamResponse(headers=headers)
    if framing == "content-length":
        # RFC 9112 §6.3, rule 6: the receiver counts the bytes, and notices when some are missing.
        response.content_length = len(USER)
    elif framing == "chunked" and request.version >= HttpVersion11:
        # RFC 9112 §7.1: each part carries its own length, and a last chunk of length 0 says "complete".
        response.enable_chunked_encoding()
    else:
        # RFC 9112 §6.1: a server must not send chunks to an HTTP/1.0 client, so that one gets this framing too.
        response = CloseDelimited(headers, len(USER))
    if connection == "close":
        # RFC 9112 §9.3: HTTP/1.1 keeps the connection for the next request unless someone says close.
        response.force_close()

    await response.prepare(request)
    if request.method != "HEAD":  # RFC 9110 §9.3.2: the same head, and no body
        # The cuts fall at bytes, not at characters: 张 is three bytes, and a part may end after the first.
        cuts = [len(USER) * number // parts for number in range(parts + 1)]
        for number, (start, end) in enumerate(pairwise(cuts)):
            await asyncio.sleep(part_delay_s if number else 0)
            await response.write(USER[start:end])
    return response


def make_app(mark: Mark = no_mark) -> web.Application:
    """The HTTP server.

    Args:
        mark: Told of each token that the model produces.
    """

    async def whole_answer(request: web.Request) -> web.Response:
        """Wait until the model has finished, then answer everything at once."""
        interval_s = Query(request.rel_url.raw_query_string, "interval_s").number("interval_s", 0.3, 0, 60)
        tokens = [token async for token in produce(interval_s, mark)]
        return json_response({"answer": "".join(tokens)})

    app = web.Application(
        middlewares=[errors_as_json, refuse_strangers],
        client_max_size=MAX_NOTE_BYTES,  # a longer body is refused with 413 before it fills the memory
    )
    app.on_response_prepare.append(allow_loopback_pages)
    app.on_response_prepare.append(announce_no_length)
    notes = Notes()
    app.add_routes(
        [
            web.get("/", index),
            web.get("/api/user/info", user_info),
            web.get("/api/answer", whole_answer),
            web.get("/api/notes", notes.list),
            web.post("/api/notes", notes.create),
            web.get("/api/notes/{id}", notes.detail, name="note"),
            web.put("/api/notes/{id}", notes.update),
            web.delete("/api/notes/{id}", notes.delete),
        ]
    )
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
