"""Uploads that ask first (``Expect: 100-continue``), one that does not, and servers that take, refuse or ignore them.

``views/looks/http_expect.py`` shows who sent what when. Client and server are raw ones of ours: libraries hide most of
this from their users.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario

ASKS = "Expect: 100-continue\r\n"
_CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_FAILED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Upload:
    """What one client does and what its server does.

    Attributes:
        path: Where the client uploads to; the server does what the path says.
        asks: Whether the client asks before it sends the body.
    """

    path: str
    asks: bool


# By the words in which they are shown.
UPLOADS = {
    "asks, is told to go on": Upload("/takes", True),
    "asks, is refused": Upload("/too-large", True),
    "asks, hears 417, tries without": Upload("/no-expectations", True),
    "asks, hears nothing": Upload("/silent", True),
    "does not ask, is refused": Upload("/too-large", False),
}


@dataclass(frozen=True)
class AskFirst(Scenario):
    """What does it save to ask before a body is sent, and what if nobody answers?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    body_bytes: int = whole(20_000, 1, 1_000_000, "bytes", "How large the body is that each client would send.")
    thinks_s: float = number(0.05, 0, 5, "seconds", "How long a server takes to decide what to answer to the head.")
    patience_s: float = number(0.2, 0.01, 10, "seconds", "How long a client that asked waits before it sends anyway.")

    @property
    def about_s(self) -> float:
        """All clients at once; the longest way is that of the one that hears nothing, or is told 417."""
        return max(self.patience_s, self.thinks_s) + 2 * self.thinks_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Let all clients upload at once."""
        url = await lab.host_async("uploads", self._answer)
        async with asyncio.TaskGroup() as all_at_once:
            tasks = {name: all_at_once.create_task(self._upload(url, upload)) for name, upload in UPLOADS.items()}
        return {name: task.result() for name, task in tasks.items()}

    # --- the server -------------------------------------------------------------------------------

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path, asks = head.split(" ", 2)[1], ASKS in head
            await asyncio.sleep(self.thinks_s)
            if path == "/too-large":
                writer.write(_TOO_LARGE)
            elif path == "/no-expectations" and asks:
                writer.write(_FAILED)
            else:
                if path == "/takes" and asks:
                    writer.write(_CONTINUE)
                    await writer.drain()
                await reader.readexactly(self.body_bytes)
                writer.write(_CREATED)
            writer.write_eof()
            # A socket that is closed with bytes unread resets the connection, and the reset may destroy the answer on
            # its way. So the server closes its own half and reads on until the client has closed (RFC 9112 §9.6).
            while await reader.read(65_536):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            return

    # --- the client -------------------------------------------------------------------------------

    async def _upload(self, url: str, upload: Upload) -> list[Mark]:
        marks: list[Mark] = []
        async with asyncio.timeout(60):
            status = await self._once(url, upload.path, upload.asks, marks)
            # RFC 9110 §10.1.1: a client that is told 417 should try again without the expectation.
            if status == "417":
                await self._once(url, upload.path, False, marks)
        return marks

    async def _once(self, url: str, path: str, asks: bool, marks: list[Mark]) -> str:
        """One request on a connection of its own; returns the status of the final answer."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            expect = ASKS if asks else ""
            head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {self.body_bytes}\r\n{expect}\r\n"
            writer.write(head.encode())
            marks.append(Mark(now_ns(), "asks first" if asks else "does not ask", f"{self.body_bytes} bytes"))
            status = ""
            if asks:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.patience_s):
                        status = await _next_status(reader)
                marks.append(Mark(now_ns(), "heard", status or "nothing"))
            if status in ("", "100"):
                writer.write(b"." * self.body_bytes)
                await writer.drain()
                status = await _next_status(reader)
                # The server may have said "go on" only after this client had lost its patience.
                if status == "100":
                    status = await _next_status(reader)
                marks.append(Mark(now_ns(), "answered", status))
            return status
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _next_status(reader: asyncio.StreamReader) -> str:
    """The status code of the next head that comes."""
    return (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
