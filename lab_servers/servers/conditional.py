"""Conditional requests (RFC 9110 §13) for http and polling: the ETag of a representation, and the answers it saves."""

from __future__ import annotations

import hashlib

from aiohttp import ETag, web

from .body import as_json


def validators(value: object) -> dict[str, str]:
    """The headers that let a client ask "has it changed?" about a JSON answer."""
    # A strong ETag (RFC 9110 §8.8.3) changes with every byte of the body. A hash of the body does so by
    # itself, and differs between two servers that started at the same address; a counter would not.
    digest = hashlib.sha256(as_json(value).encode()).hexdigest()[:16]
    return {
        "ETag": f'"{digest}"',
        # no-cache lets a cache keep the answer, and makes it ask before each use (RFC 9111 §5.2.2.4): that
        # question is the conditional request. Without it, a cache may answer by itself from old data.
        "Cache-Control": "no-cache",
    }


def check_preconditions(request: web.Request, value: object) -> None:
    """Evaluate If-Match, then If-None-Match, in the order of RFC 9110 §13.2.2.

    Args:
        request: The request.
        value: What the resource is now, as its JSON answer would carry it.

    Raises:
        web.HTTPPreconditionFailed: 412, the client wanted to change another version than the present one.
        web.HTTPNotModified: 304, the client has the present version already.
    """
    headers = validators(value)
    tag = headers["ETag"].strip('"')
    # §13.1.1: If-Match compares strongly; a weak tag never matches. It prevents the lost update: two
    # clients read, both write, and the second would undo the first without knowing.
    if request.if_match is not None and not any(_names(tag, given, weak=False) for given in request.if_match):
        raise web.HTTPPreconditionFailed(text="It has changed: its ETag is another than If-Match names.")
    # §13.1.2: If-None-Match compares weakly. For GET and HEAD a match means "you have it": 304 without a body, and
    # with the headers that the 200 would have had (§15.4.5). For a method that changes something it means 412.
    if any(_names(tag, given, weak=True) for given in request.if_none_match or ()):
        if request.method in ("GET", "HEAD"):
            raise web.HTTPNotModified(headers=headers)
        raise web.HTTPPreconditionFailed(text="It exists in a version that If-None-Match excludes.")


def _names(tag: str, given: ETag, *, weak: bool) -> bool:
    return given.value in ("*", tag) and (weak or not given.is_weak)
