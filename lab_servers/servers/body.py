"""JSON bodies for http, polling and sse: answers as UTF-8, errors as one sentence, and the fields of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from .query import BadValue

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def as_json(value: object) -> str:
    """JSON text with its characters as they are: 你 takes 3 bytes in UTF-8, and 6 as an escape."""
    return json.dumps(value, ensure_ascii=False)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A whole JSON answer. aiohttp sets Content-Length, because the body is known."""
    return web.json_response(value, status=status, headers=headers, dumps=as_json)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send every refusal as ``{"error": "one sentence"}``, whoever raised it."""
    try:
        return await handler(request)
    except BadValue as mistake:
        # RFC 9110 §15.5.1: 400, the client sent something that it must change before it asks again.
        return json_response({"error": str(mistake)}, status=400)
    except web.HTTPError as refusal:
        # Status and headers (405 needs its Allow) stay; only the body becomes JSON.
        refusal.text = as_json({"error": refusal.text})
        refusal.content_type = JSON
        raise


async def read_fields(request: web.Request, *known: str, accept: tuple[str, ...] = (JSON,)) -> dict[str, object]:
    """The fields of a request's body: a JSON object, or, if ``accept`` has it, an HTML form's.

    Raises:
        web.HTTPUnsupportedMediaType: another Content-Type (RFC 9110 §15.5.16).
        web.HTTPBadRequest: the body is not what its Content-Type says.
        web.HTTPUnprocessableEntity: a field is unknown or given twice (RFC 9110 §15.5.21).
        web.HTTPRequestEntityTooLarge: more than the application's ``client_max_size`` (RFC 9110 §15.5.14).
    """
    if request.content_type not in accept:
        # RFC 9110 §15.5.16: Accept in the answer names what would have been understood.
        sentence = f"The body must be {' or '.join(accept)}."
        raise web.HTTPUnsupportedMediaType(text=sentence, headers={"Accept": ", ".join(accept)})
    try:
        text = (await request.read()).decode("utf-8")
        pairs = _form_pairs(text) if request.content_type == FORM else _json_pairs(text)
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="The body is cut short, or not encoded as its head says.") from None
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text=f"The body is not {request.content_type} in UTF-8.") from None

    names = [name for name, _ in pairs]
    for name in names:
        if name not in known:
            sentence = f"{name[:40]!r} is an unknown field: this body takes {', '.join(known)}."
            raise web.HTTPUnprocessableEntity(text=sentence)
        if names.count(name) > 1:
            raise web.HTTPUnprocessableEntity(text=f"{name} must be given once, not several times.")
    return dict(pairs)


def _form_pairs(text: str) -> list[tuple[str, object]]:
    return list(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict"))


def _json_pairs(text: str) -> list[tuple[str, object]]:
    # Python's json takes a lone surrogate ("\ud800"), which no UTF-8 can carry back: encode() refuses it here.
    value = json.loads(text)
    as_json(value).encode("utf-8")
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return list(value.items())
