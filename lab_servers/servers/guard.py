"""Keeps the servers for programs and pages of this machine: checks Host and Origin for all of them, and answers CORS.

A server on 127.0.0.1 is out of reach for other machines, and still within reach of every web page
that this machine's browser shows. These two checks shut such pages out.
"""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.typedefs import Handler

_LOOPBACK = r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?"
LOOPBACK_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
LOOPBACK_ORIGIN = re.compile(f"https?://{_LOOPBACK}", re.IGNORECASE)

# What a page may send besides the headers that need no permission (WHATWG Fetch §2.2.2): those of HTTP and of HTML, and
# those that the vendors' SDKs for JavaScript send to a model. "*" would not do: it never stands for Authorization.
ALLOWED_HEADERS = (
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Authorization",
    "OpenAI-Beta",
    "OpenAI-Organization",
    "OpenAI-Project",
    "x-api-key",
    "anthropic-version",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "x-goog-api-key",
    "x-goog-api-client",
    "User-Agent",
)
# What both SDKs tell of themselves: a family that has grown, and with each new name servers that list names refused
# pages that worked the day before (github.com/ollama/ollama/pull/6910). So its names are allowed as they are asked for.
SDK_HEADER = re.compile(r"x-stainless-[a-z-]{1,40}", re.IGNORECASE)


def is_loopback_host(values: list[str]) -> bool:
    """Whether every Host header names this machine by a loopback name; a request without one is not a browser's."""
    return all(LOOPBACK_HOST.fullmatch(value) for value in values)


@web.middleware
async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only requests made to a loopback name, and, if a page made them, made by a loopback page."""
    # DNS rebinding: evil.example first resolves to its own server, then to 127.0.0.1, and the browser takes both
    # for one origin. Only the Host header still tells. 421: no answers here for that name (RFC 9110 §15.5.20).
    if not is_loopback_host(request.headers.getall("Host", [])):
        raise web.HTTPMisdirectedRequest(text="The Host header must be 127.0.0.1, localhost or [::1].")

    # A page of another site may send a form or a simple POST here without asking first; its browser then names the
    # page in Origin (WHATWG Fetch §3.1), which scripts cannot change. "null" is a page that hides where it came from.
    for origin in request.headers.getall("Origin", []):
        if not LOOPBACK_ORIGIN.fullmatch(origin):
            raise web.HTTPForbidden(text="Only pages from this machine may use this server; this Origin is another.")

    # A preflight asks "may I?" before a PUT, a DELETE or a JSON POST from another port (WHATWG Fetch §4.8).
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
                "Access-Control-Allow-Headers": ", ".join((*ALLOWED_HEADERS, *_of_an_sdk(request))),
            },
        )
    return await handler(request)


def _of_an_sdk(request: web.Request) -> list[str]:
    asked = request.headers.get("Access-Control-Request-Headers", "").split(",")
    return [name.strip() for name in asked if SDK_HEADER.fullmatch(name.strip())]


async def allow_loopback_pages(request: web.Request, response: web.StreamResponse) -> None:
    """Let a page on another port of this machine, such as JupyterLab's, read the answer.

    An ``on_response_prepare`` signal and not a middleware: a stream has sent its head long before
    its handler returns to a middleware.
    """
    # Without Vary a cache could give one page the permission that was meant for another (WHATWG Fetch §3.3.5),
    # so it is there even when no permission is.
    response.headers["Vary"] = "Origin"
    origin = request.headers.get("Origin", "")
    if LOOPBACK_ORIGIN.fullmatch(origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        # Scripts of another origin see only a few headers unless the server names more of them.
        response.headers["Access-Control-Expose-Headers"] = "ETag, Location, Retry-After, Run-Id"
