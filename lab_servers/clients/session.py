"""The aiohttp session that every client of HTTP here uses, and the two places where aiohttp needs help.

The requests themselves are in ``http.py``, ``polling.py`` and ``sse.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


@asynccontextmanager
async def open_session(
    *, keep_alive: bool, version: aiohttp.HttpVersion = aiohttp.HttpVersion11, once: bool = False
) -> AsyncIterator[aiohttp.ClientSession]:
    """An aiohttp session as all clients here use it, closed with its connection at the end.

    It ignores the proxy variables of the environment, keeps no cookies, sets no time limits of
    its own, and uses one connection at a time.

    Args:
        keep_alive: Whether a connection may be used again.
        version: The version of HTTP in the requests.
        once: Whether this session gets one connection and no more. Else aiohttp sends a GET again when its connection
            was cut before the head of the answer (RFC 9110 §9.2.2 allows it), and whoever asked never hears of the cut.
    """
    connector = _Connector(limit=1, force_close=not keep_alive)
    connector.is_for_one = once
    session = aiohttp.ClientSession(
        connector=connector,
        # RFC 9112 §9.3: a client without persistent connections MUST send "close" in every request.
        headers={} if keep_alive else {"Connection": "close"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        version=version,
        trust_env=False,
    )
    try:
        yield session
    except BaseException:
        connector.abort()
        raise
    finally:
        await session.close()


def body_of(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The body of a response, piece by piece as it arrives.

    Raises:
        aiohttp.ClientError: while iterating, when the body ends before it is complete.
    """
    # aiohttp 3.14 closes the connection when a chunk is framed wrongly, but does not tell
    # whoever reads the body, who would then wait for ever.
    protocol = response.connection.protocol if response.connection is not None else None
    if protocol is None:
        return response.content.iter_any()
    closed = protocol.closed
    _end_with(response.content, closed)
    if _is_close_delimited(response) and closed is not None:
        return _until_closed(response.content, closed)
    return response.content.iter_any()


def _is_close_delimited(response: aiohttp.ClientResponse) -> bool:
    return "Content-Length" not in response.headers and "Transfer-Encoding" not in response.headers


async def _until_closed(content: aiohttp.StreamReader, closed: asyncio.Future[None]) -> AsyncIterator[bytes]:
    """The pieces of a body that the end of the connection ends: if that end is a reset, the body is not complete.

    RFC 9112 §8 takes such a body for complete "unless an error was indicated by the underlying connection", and
    aiohttp 3.14 in any case.
    """
    async for data in content.iter_any():
        yield data
    if closed.done() and not closed.cancelled() and closed.exception() is not None:
        raise aiohttp.ClientPayloadError("the connection was reset before the body was complete")


def _end_with(content: aiohttp.StreamReader, closed: asyncio.Future[None] | None) -> None:
    """End the reading of ``content`` once ``closed`` is done; ``None`` stands for a connection closed before."""

    def end(closed: asyncio.Future[None] | None) -> None:
        if closed is not None and not closed.cancelled():
            closed.exception()  # a look marks it as noticed; else asyncio logs it
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection was closed before the body was complete"))

    def stop_watching() -> None:
        # A kept connection lives on after this body; the callbacks must not pile up on it.
        if closed is not None:
            closed.remove_done_callback(end)

    if closed is None:
        end(None)
    else:
        closed.add_done_callback(end)
        content.on_eof(stop_watching)


class _Connector(aiohttp.TCPConnector):
    """A connector that can give its connection up at once.

    Closing a transport waits until the peer has taken every byte written before. A peer that
    does not read would so keep the socket of a cancelled upload open for ever.
    """

    _transport: asyncio.Transport | None = None
    _lost_by: OSError | None = None
    is_for_one = False

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_for_one and self._transport is not None:
            # What became of the first: a reset is told as a reset.
            raise aiohttp.ClientOSError(*self._lost_by.args) if self._lost_by else aiohttp.ServerDisconnectedError()
        connection = await super().connect(*args, **kwargs)
        self._transport = connection.transport
        closed = connection.protocol.closed if connection.protocol is not None else None
        if self.is_for_one and closed is not None:
            closed.add_done_callback(self._note_end)
        return connection

    def _note_end(self, closed: asyncio.Future[None]) -> None:
        error = None if closed.cancelled() else closed.exception()
        self._lost_by = error.__cause__ if error is not None and isinstance(error.__cause__, OSError) else None

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
