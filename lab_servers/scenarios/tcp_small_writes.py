"""Two small writes and then a read, again and again: what Nagle's algorithm and a delayed ACK cost together.

``views/looks/tcp_small_writes.py`` shows it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import whole
from lab_servers.scenarios.scenario import Scenario

SERVER = "two parts"
ANSWER = b"answer\n"
NOT_ALL_CAME = "Not all bytes came in time, because the machine is busy: run it again."


@dataclass(frozen=True)
class _Writer:
    """How one client writes.

    Attributes:
        label: Its name.
        at_once: Whether it hands over both parts in one write.
        no_delay: Whether it sets TCP_NODELAY.
    """

    label: str
    at_once: bool
    no_delay: bool


WRITERS = (
    _Writer("two writes", at_once=False, no_delay=False),
    _Writer("two writes, TCP_NODELAY", at_once=False, no_delay=True),
    _Writer("one write", at_once=True, no_delay=False),
)


@dataclass(frozen=True)
class SmallWrites(Scenario):
    """How long does a question in two small writes wait for its answer, compared with one write and with TCP_NODELAY?

    The server answers when both parts have come. Each client asks again and again on one connection.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    exchanges: int = whole(20, 3, 200, "", "How many questions each client asks that count.")
    warm_up: int = whole(3, 0, 50, "", "How many it asks before; the first one often is fast.")
    first_bytes: int = whole(16, 1, 1_000, "bytes", "How long the first part of a question is.")
    second_bytes: int = whole(16, 1, 1_000, "bytes", "How long the second part is.")

    @property
    def about_s(self) -> float:
        """One client of three may have to wait each time."""
        return (self.exchanges + self.warm_up) * 0.045 + 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """One client after the other, so that none disturbs another's times."""
        url = await lab.host_async(SERVER, self._answer, scheme="tcp")
        marks: dict[str, Sequence[Mark]] = {}
        try:
            async with asyncio.timeout(20 + 6 * self.about_s):
                for writer in WRITERS:
                    marks[writer.label] = await self._ask(urlsplit(url).port or 0, writer)
        except (OSError, asyncio.IncompleteReadError) as error:  # a TimeoutError is one as well
            raise ExchangeFailed(NOT_ALL_CAME) from error
        return marks

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                await reader.readexactly(self.first_bytes + self.second_bytes)
                writer.write(ANSWER)

    async def _ask(self, port: int, how: _Writer) -> list[Mark]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        # asyncio sets TCP_NODELAY on each of its connections; most other libraries leave that to you.
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(how.no_delay))
        first, second = b"1" * self.first_bytes, b"2" * self.second_bytes
        marks = []
        try:
            for number in range(-self.warm_up, self.exchanges):
                detail = "warm-up" if number < 0 else str(number + 1)
                marks.append(Mark(now_ns(), "asked", detail))
                # With nothing waiting in asyncio's own buffer, each write is one send at once.
                if how.at_once:
                    writer.write(first + second)
                else:
                    writer.write(first)
                    writer.write(second)
                await reader.readexactly(len(ANSWER))
                marks.append(Mark(now_ns(), "answered", detail))
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return marks
