"""A small gateway (reverse proxy) of ours: passes one request on, waits only so long for the answer, else says 504.

``polling_time_limits.py`` puts it between a client and the polling server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

LARGEST_HEAD_BYTES = 16_000

# RFC 9110 §15.6.5. A gateway says in its own words that it got no answer in time.
_TOO_LATE = b"The server behind this proxy did not answer in time.\n"
_GATEWAY_TIMEOUT = (
    b"HTTP/1.1 504 Gateway Timeout\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
    % (len(_TOO_LATE), _TOO_LATE)
)
# RFC 9110 §7.6.3: a gateway must say in the request that it passed through here.
_VIA = b"Via: 1.1 lab-proxy\r\n"


class PatientProxy:
    """Handles one request per connection, as a request with ``Connection: close`` asks for.

    Args:
        host: The server's host.
        port: Its port.
        patience_s: How long the answer may take to begin, in seconds.

    Attributes:
        idle: Set while no request is under way.
    """

    def __init__(self, host: str, port: int, patience_s: float) -> None:
        self._host = host
        self._port = port
        self._patience_s = patience_s
        self.idle = asyncio.Event()
        self.idle.set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on, and what comes back; the request has no body."""
        self.idle.clear()
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._pass_on(head, reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # a client that left, or sent no request: there is nobody to answer
        finally:
            self.idle.set()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(self._host, self._port)
        try:
            request_line, fields = head.split(b"\r\n", 1)
            to_server.write(request_line + b"\r\n" + _VIA + fields)
            answer = asyncio.ensure_future(from_server.read(LARGEST_HEAD_BYTES))
            # A client that leaves is seen as the end of what it sends.
            leaving = asyncio.ensure_future(reader.read(1))
            first = await _first_of((answer, leaving), self._patience_s)
            if first is None:
                writer.write(_GATEWAY_TIMEOUT)
            elif first is answer:
                writer.write(answer.result())
                while data := await from_server.read(LARGEST_HEAD_BYTES):
                    writer.write(data)
        finally:
            to_server.close()
            with suppress(OSError):
                await to_server.wait_closed()


async def _first_of(waits: Sequence[asyncio.Future[bytes]], patience_s: float) -> asyncio.Future[bytes] | None:
    """The one that is done first; ``None`` after ``patience_s`` seconds. The others are cancelled."""
    try:
        done, _ = await asyncio.wait(waits, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        return next((one for one in waits if one in done), None)
    finally:
        late = [one for one in waits if not one.done()]
        for one in late:
            one.cancel()
        await asyncio.gather(*late, return_exceptions=True)
