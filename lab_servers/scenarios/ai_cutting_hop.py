"""A TCP hop that cuts connections at a chosen byte of what the server sends. ``ai_resumed.py`` puts it behind a relay.

It forwards bytes untouched until then, and never waits for a good place: a head, a chunk's size, an id, a character
and a frame's head are cut like anything else. A cut is a FIN or a reset, as a proxy that is restarted or killed sends.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from lab_servers.capture.connection import LOOPBACK

_READ_BYTES = 64 * 1024
# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True)
class Cut:
    """Where and how a connection is cut.

    Attributes:
        at_byte: So many bytes of the server's pass.
        within_character: Not there, but within the first character behind it that has several bytes.
        reset: Whether by a RST; else by a FIN.
    """

    at_byte: int
    within_character: bool = False
    reset: bool = False


@dataclass
class Passage:
    """One connection through the hop, as far as it went.

    Attributes:
        number: Which it is, from 1.
        cut: What is planned for it.
        passed: What the server sent, as far as it was forwarded.
        was_cut: Whether the hop has cut it.
    """

    number: int
    cut: Cut | None
    passed: bytearray = field(default_factory=bytearray)
    was_cut: bool = False

    def share_of(self, data: bytes) -> bytes:
        """How much of the server's next bytes passes; what falls behind the cut does not."""
        if self.cut is None:
            self.passed += data
            return data
        start = len(self.passed)
        self.passed += data
        stop = self._cut_in(start)
        if stop is None:
            return data
        self.was_cut = True
        del self.passed[stop:]
        return data[: stop - start]

    def _cut_in(self, start: int) -> int | None:
        assert self.cut is not None
        if not self.cut.within_character:
            return self.cut.at_byte if self.cut.at_byte < len(self.passed) else None
        # Behind a first byte (0xC2 to 0xF4) and before a continuation (RFC 3629 §3): no byte of a frame's head, and
        # nothing in a head of HTTP, stands like this.
        for place in range(max(self.cut.at_byte, start, 1), len(self.passed)):
            if 0xC2 <= self.passed[place - 1] <= 0xF4 and 0x80 <= self.passed[place] <= 0xBF:
                return place
        return None


class CuttingHop:
    """The hop, on the running event loop.

    Args:
        upstream: Address and port of the server; may be set anew while it runs.
        plan: What happens to the n-th connection; ``None``: nothing.
        on_cut: Called after each cut.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        plan: Callable[[int], Cut | None] = lambda number: None,
        on_cut: Callable[[Passage], None] = lambda passage: None,
    ) -> None:
        self.upstream = upstream
        self.passages: list[Passage] = []
        self._plan = plan
        self.on_cut = on_cut
        self._address = ("", 0)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> tuple[str, int]:
        """Listen on a free loopback port, and return its address."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_READ_BYTES)
        self._address = self._server.sockets[0].getsockname()[:2]
        return self._address

    @property
    def url(self) -> str:
        """The URL of the server behind it, through it."""
        host, port = self._address
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening, and drop what is open."""
        if self._server is not None:
            self._server.close()
        still_open = dict(self._open)
        for task, writer in still_open.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*still_open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        number = len(self.passages) + 1
        passage = Passage(number, self._plan(number))
        self.passages.append(passage)
        # asyncio would report the cancelled task of a connection as a problem.
        with suppress(OSError, asyncio.CancelledError):
            await self._pass(passage, reader, writer)
        self._open.pop(task, None)
        writer.transport.abort() if passage.was_cut and passage.cut and passage.cut.reset else writer.close()

    async def _pass(self, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self.upstream, limit=_READ_BYTES)
        upward = asyncio.create_task(_upward(reader, up_writer))
        try:
            while data := await up_reader.read(_READ_BYTES):
                writer.write(passage.share_of(data))
                if passage.was_cut:
                    if passage.cut is not None and passage.cut.reset:
                        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                    self.on_cut(passage)
                    return
                await writer.drain()
            # The server has said all: let what it said arrive, and what the client still says pass.
            writer.write_eof()
            await upward
        finally:
            upward.cancel()
            up_writer.transport.abort()


async def _upward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
