"""The plain HTTP client: one request, one whole answer, and the moments at which its parts arrived.

The session that carries it is made in ``session.py``; polling (``polling.py``) is built on
:func:`exchange`. Redirects are not followed and no cookies are kept: one call is one exchange.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode

import aiohttp

from lab_servers.clients.failures import (
    explained,
    one_line,
    require_headers,
    require_timeout,
    require_token,
    require_url,
)
from lab_servers.clients.session import body_of, open_session
from lab_servers.errors import BadParameter, ExchangeFailed, require_between, require_whole
from lab_servers.marks import Mark, now_ns

DEFAULT_LIMIT_BYTES = 16 * 1024 * 1024
LARGEST_LIMIT_BYTES = 1024 * 1024 * 1024
MOST_URLS = 1000


@dataclass(frozen=True, repr=False)
class Answer:
    """A complete HTTP response.

    Attributes:
        status: The status code, for example 200.
        reason: The reason phrase, for example ``"OK"``; it may be empty.
        headers: Field names and values as they were on the wire, in their order.
        body: The content, after any ``Content-Encoding`` was undone.
        marks: "request started", "head received", "first body bytes" (if there were any) and
            "body complete": when this program knew it, which is later than the byte's own time.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    marks: tuple[Mark, ...]

    def header(self, name: str) -> str | None:
        """The value of a field, or ``None``. Several lines of one name are joined (RFC 9110 §5.3)."""
        values = [value for field, value in self.headers if field.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body as text, in the charset of Content-Type, else UTF-8; broken bytes become U+FFFD."""
        charset = re.search(r'charset="?([\w.:-]+)', self.header("Content-Type") or "", re.IGNORECASE)
        try:
            return self.body.decode(charset[1] if charset else "utf-8", errors="replace")
        except (LookupError, ValueError):  # the peer named a charset that does not exist or decodes nothing
            return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as a JSON value.

        Raises:
            ExchangeFailed: the body is no JSON text.
        """
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ExchangeFailed(
                f"The body is no JSON ({one_line(str(error))}); it begins with {self.body[:40]!r}. "
                "Look at .status and .text.",
                status=self.status,
            ) from error

    def __repr__(self) -> str:
        status = f"{self.status} {one_line(self.reason, 40)}".strip()
        kind = one_line(self.header("Content-Type") or "no Content-Type", 60)
        took_ms = (self.marks[-1].at_ns - self.marks[0].at_ns) / 1e6 if self.marks else 0.0
        return f"<Answer {status}, {kind}, {len(self.body)} bytes, {took_ms:.1f} ms: {one_line(self.text[:200], 60)}>"


async def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Answer:
    """Send a GET request on a connection of its own and wait for the whole answer.

    Raises: as :func:`request` does.
    """
    return await request("GET", url, headers=headers, timeout_s=timeout_s, limit_bytes=limit_bytes)


async def post(
    url: str,
    *,
    json: object = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Answer:
    """Send a POST request with a JSON or a form body and wait for the whole answer.

    Raises: as :func:`request` does.
    """
    return await request(
        "POST", url, json=json, form=form, headers=headers, timeout_s=timeout_s, limit_bytes=limit_bytes
    )


async def request(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    json: object = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Answer:
    """Send one request on a connection of its own, wait for the whole answer, and close.

    Args:
        method: For example ``"PUT"``.
        url: An absolute ``http`` or ``https`` URL.
        body: The request's content as it stands; give at most one of body, json and form.
        json: A value to send as ``application/json``; ``None`` sends none.
        form: Names and values to send as ``application/x-www-form-urlencoded``.
        headers: Further header fields; they override the client's own.
        timeout_s: The longest the whole exchange may take, in seconds.
        limit_bytes: The largest body that is accepted, in bytes.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: no complete answer arrived. A 404 or a 500 is an answer.
    """
    content_type, content = _encode(body, json, form)
    fields = with_overrides({"Content-Type": content_type} if content_type else {}, headers)
    async with open_session(keep_alive=False, once=True) as session:
        return await exchange(
            session, method, url, headers=fields, body=content, timeout_s=timeout_s, limit_bytes=limit_bytes
        )


async def get_all(
    urls: Sequence[str],
    *,
    keep_alive: bool = True,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> tuple[Answer, ...]:
    """GET several URLs one after the other; with ``keep_alive`` over one connection per server.

    Args:
        urls: 1 to 1,000 absolute URLs.
        keep_alive: Whether to leave the connection open for the next request (RFC 9112 §9.3).
        headers: Further header fields for every request.
        timeout_s: The longest one exchange may take, in seconds.
        limit_bytes: The largest sum of the bodies, in bytes.

    Raises: as :func:`request` does.
    """
    if isinstance(urls, str):
        raise BadParameter(f"urls must be a list of URLs, not the one text {urls!r}.")
    require_between("the number of urls", len(urls), 1, MOST_URLS)
    answers = []
    async with open_session(keep_alive=keep_alive) as session:
        for url in urls:
            answers.append(
                await exchange(session, "GET", url, headers=headers, timeout_s=timeout_s, limit_bytes=limit_bytes)
            )
            limit_bytes = max(1, limit_bytes - len(answers[-1].body))
    return tuple(answers)


def with_overrides(own: dict[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """A client's own header fields and the caller's, where the caller's win; names ignore case."""
    given = dict(given or {})
    taken = {name.lower() for name in given}
    return {name: value for name, value in own.items() if name.lower() not in taken} | given


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout_s: float = 30,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Answer:
    """One request and its whole answer over ``session``; :func:`request` describes the rest."""
    require_token("method", method)
    require_url(url, "http", "https")
    require_headers(headers or {})
    require_timeout(timeout_s)
    require_whole("limit_bytes", limit_bytes, 1, LARGEST_LIMIT_BYTES, "bytes")
    marks = [Mark(now_ns(), "request started", f"{method} {url}")]
    content = bytearray()
    # A file is written piece by piece, so that a large body does not hold up the event loop.
    upload = None if body is None else BytesIO(body)
    async with (
        explained(url, timeout_s),
        session.request(method, url, headers=headers, data=upload, allow_redirects=False) as response,
    ):
        marks.append(Mark(now_ns(), "head received", str(response.status)))
        async for data in body_of(response):
            if not content:
                marks.append(Mark(now_ns(), "first body bytes"))
            content += data
            if len(content) > limit_bytes:
                raise ExchangeFailed(
                    f"The body from {url} is larger than the {limit_bytes} bytes that limit_bytes leaves for it. "
                    "Raise limit_bytes, or ask for less.",
                    status=response.status,
                )
        marks.append(Mark(now_ns(), "body complete", f"{len(content)} bytes"))
        fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
        return Answer(response.status, response.reason or "", fields, bytes(content), tuple(marks))


def _encode(body: bytes | None, json: object, form: Mapping[str, str] | None) -> tuple[str | None, bytes | None]:
    """The Content-Type and the content of a request; both ``None`` if it has no content."""
    if sum(content is not None for content in (body, json, form)) > 1:
        raise BadParameter("Give at most one of body, json and form: a request has one content.")
    if json is not None:
        try:
            return "application/json", dumps(json, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise BadParameter(f"json must be a value that JSON can express: {error}.") from error
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form).encode()
    if body is not None:
        return "application/octet-stream", body
    return None, None
