"""One answer cut short before its end, in each of the three body framings, and read by clients of several makes.

The clients are in ``http_readers.py``; ``views/looks/http_cut_short.py`` shows who noticed. The server is a raw one of
ours, since a library does not break off on demand.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.http_readers import READERS, Reader
from lab_servers.scenarios.scenario import Scenario

FRAMINGS = ("content-length", "chunked", "close")
BODIES = {
    "JSON": ("application/json", '{"name": "张三", "age": 25}'.encode()),
    "CSV": ("text/csv; charset=utf-8", "name,age\n张三,25\n".encode()),
}
# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
# What was sent before a RST may be thrown away on its way, unless it was read before.
_BEFORE_RESET_S = 0.03


def framed(framing: str, content_type: str, body: bytes, chunk_bytes: int) -> tuple[bytes, bytes]:
    """Head and framed body of a complete answer (RFC 9112 §6.3).

    Args:
        framing: One of :data:`FRAMINGS`.
        content_type: The value of Content-Type.
        body: The content.
        chunk_bytes: How many bytes of it are in each chunk but the last, for ``"chunked"``.
    """
    fields = {
        "content-length": f"Content-Length: {len(body)}\r\n",
        "chunked": "Transfer-Encoding: chunked\r\n",
        "close": "Connection: close\r\n",
    }
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{fields[framing]}\r\n".encode()
    if framing != "chunked":
        return head, body
    parts = [body[start : start + chunk_bytes] for start in range(0, len(body), chunk_bytes)]
    return head, b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def cut_after(framing: str, framed_body: bytes, content_bytes: int, chunk_bytes: int) -> bytes:
    """A framed body up to and with byte ``content_bytes`` of its content, and nothing of its framing after that."""
    if framing != "chunked":
        return framed_body[:content_bytes]
    end, left = 0, content_bytes
    while left:
        size_line = framed_body.index(b"\r\n", end) + 2
        part = min(left, int(framed_body[end : size_line - 2], 16))
        left -= part
        end = size_line + part + (2 if left else 0)
    return framed_body[:end]


@dataclass(frozen=True)
class CutShort(Scenario):
    """Who notices that an answer was cut short, and who takes it for complete?

    One and the same body in each of the three framings, cut at the same byte. Each client asks for each of them, on a
    connection of its own.

    Raises:
        BadParameter: a parameter is out of its bounds, or the body has not so many bytes.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    missing_bytes: int = whole(2, 0, 28, "bytes", "How many bytes are missing at the end of the body; 0 is none.")
    cut_by: str = choice("FIN", ("FIN", "RST"), "How the server ends the connection: properly, or with a reset.")
    body: str = choice("JSON", BODIES, "What the body is.")
    chunk_bytes: int = whole(10, 1, 29, "bytes", "How many bytes of the body one chunk holds.")

    def require_fitting(self) -> None:
        """Something of the body must be left."""
        most = len(BODIES[self.body][1]) - 1
        if self.missing_bytes > most:
            raise BadParameter(
                f"missing_bytes must be at most {most} bytes for a body of {self.body}, which has {most + 1}, "
                f"not {self.missing_bytes}."
            )

    @property
    def about_s(self) -> float:
        """All clients ask at the same time."""
        return 0.3

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Let every client ask for every framing; a mark says what it concluded."""
        url = await lab.host_async("cut short", self._answer)
        async with asyncio.TaskGroup() as all_at_once:
            asking = {name: all_at_once.create_task(self._ask(url, read)) for name, read in READERS.items()}
        return {name: task.result() for name, task in asking.items()}

    async def _ask(self, url: str, read: Reader) -> list[Mark]:
        marks = []
        for framing in FRAMINGS:
            concluded = await read(f"{url}/api/user/info?framing={framing}")
            marks.append(Mark(now_ns(), framing, concluded))
        return marks

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            return
        framing = parse_qs(urlsplit(target).query).get("framing", ["close"])[0]
        content_type, body = BODIES[self.body]
        head, whole_body = framed(framing if framing in FRAMINGS else "close", content_type, body, self.chunk_bytes)
        if self.missing_bytes:
            whole_body = cut_after(framing, whole_body, len(body) - self.missing_bytes, self.chunk_bytes)
        writer.write(head + whole_body)
        await writer.drain()
        if self.cut_by == "RST":
            await asyncio.sleep(_BEFORE_RESET_S)
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            writer.transport.abort()
