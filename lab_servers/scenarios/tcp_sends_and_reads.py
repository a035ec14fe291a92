"""The same bytes sent and read in four ways: how many reads are there, and where do they cut?

How many reads there are is the system's choice, so the extremes are constructed: a reader that waits until all bytes
lie in its system's buffer, and one that takes only a few at a time. The reader has a plain socket: each of its reads is
one ``recv``. ``views/looks/tcp_sends_and_reads.py`` shows it.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.lab.hosting import Started
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.scenario import Scenario

SERVER = "plain TCP"
LOOPBACK = "127.0.0.1"
READ_BYTES = 65_536
LIMIT_S = 10
NOT_ALL_CAME = "Not all bytes came in time, because the machine is busy: run it again."

# All of it must fit into the receive buffer of any system, for the reader that waits.
MOST_BYTES = 16_384
MOST_READS = 500

UNFRAMED, LENGTH, LINE = "none", "length prefix", "line end"


@dataclass
class _Way:
    """One connection: how the bytes are sent and read, and what came of it.

    Attributes:
        label: Its name.
        in_one: Whether all is handed over in one send.
        waits: Whether the reader waits until everything has arrived.
        bites: Whether it reads a few bytes at a time.
        marks: What both sides noted.
    """

    label: str
    in_one: bool
    waits: bool
    bites: bool
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True)
class SendsAndReads(Scenario):
    """In how many reads do the same bytes arrive, and does it matter how they were sent?

    Raises:
        BadParameter: a parameter is out of its bounds, or all together are too much.
    """

    sends: int = whole(5, 1, 50, "", "How many messages are sent, each with a send of its own.")
    size_bytes: int = whole(9, 1, 4_000, "bytes", "How long each message is.")
    pause_s: float = number(0.01, 0, 0.5, "seconds", "How long the sender waits between two sends.")
    read_at_most_bytes: int = whole(10, 1, MOST_BYTES, "bytes", "How much a small read takes at most.")
    framing: str = choice(UNFRAMED, (UNFRAMED, LENGTH, LINE), "What marks the end of a message in the bytes.")

    def require_fitting(self) -> None:
        """All bytes fit into one receive buffer, and small reads are not too small for them."""
        total = len(b"".join(self._messages()))
        if total > MOST_BYTES:
            raise BadParameter(f"sends times size_bytes may be {MOST_BYTES:,} bytes at most, not {total:,}.")
        if total > MOST_READS * self.read_at_most_bytes:
            least = math.ceil(total / MOST_READS)
            raise BadParameter(
                f"read_at_most_bytes must be at least {least:,} bytes for {total:,} bytes in all, "
                f"not {self.read_at_most_bytes:,}."
            )

    @property
    def about_s(self) -> float:
        """The pauses, on three connections."""
        return 3 * self.sends * self.pause_s + 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Send the same bytes on four connections, one after the other."""
        ways = (
            _Way("many sends, read at once", in_one=False, waits=False, bites=False),
            _Way("many sends, read late", in_one=False, waits=True, bites=False),
            _Way("many sends, small reads", in_one=False, waits=True, bites=True),
            _Way("one send, small reads", in_one=True, waits=True, bites=True),
        )
        url = await lab.adopt(SERVER, lambda: self._start_reader(ways), speaks="bytes, no protocol", scheme="tcp")
        try:
            async with asyncio.timeout(LIMIT_S + self.about_s):
                for way in ways:
                    await self._send(urlsplit(url).port or 0, way)
        except OSError as error:  # a TimeoutError is one as well
            raise ExchangeFailed(NOT_ALL_CAME) from error
        return {way.label: sorted(way.marks, key=lambda mark: mark.at_ns) for way in ways}

    def _messages(self) -> tuple[bytes, ...]:
        return tuple(self._framed(f"message {number + 1}".encode()) for number in range(self.sends))

    def _framed(self, text: bytes) -> bytes:
        message = text.ljust(self.size_bytes, b".")[: self.size_bytes]
        if self.framing == LENGTH:
            return len(message).to_bytes(2) + message
        return message + b"\n" if self.framing == LINE else message

    # --- the sender ---------------------------------------------------------------------------

    async def _send(self, port: int, way: _Way) -> None:
        loop = asyncio.get_running_loop()
        messages = self._messages()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, (LOOPBACK, port))
            # So that the system holds nothing back: what small writes wait for is another run's subject.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number, data in enumerate([b"".join(messages)] if way.in_one else messages):
                if number:
                    await asyncio.sleep(self.pause_s)
                way.marks.append(Mark(now_ns(), "send", str(len(data))))
                await loop.sock_sendall(client, data)
            client.shutdown(socket.SHUT_WR)
            while await loop.sock_recv(client, READ_BYTES):
                pass

    # --- the reader ---------------------------------------------------------------------------

    async def _start_reader(self, ways: Sequence[_Way]) -> Started:
        """A server of plain sockets, which takes one connection for each way, in order."""
        listening = socket.create_server((LOOPBACK, 0))
        listening.setblocking(False)
        reading = asyncio.create_task(self._accept_each(listening, ways))

        async def stop() -> None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            listening.close()

        return listening.getsockname()[:2], stop

    async def _accept_each(self, listening: socket.socket, ways: Sequence[_Way]) -> None:
        loop = asyncio.get_running_loop()
        for way in ways:
            connection, _ = await loop.sock_accept(listening)
            # A client that was cancelled resets its connection; the run that it belonged to is over.
            with connection, suppress(OSError, TimeoutError):
                connection.setblocking(False)
                async with asyncio.timeout(LIMIT_S + self.about_s):
                    await self._read_all(connection, way)

    async def _read_all(self, connection: socket.socket, way: _Way) -> None:
        loop = asyncio.get_running_loop()
        if way.waits:
            await _until_arrived(connection, len(b"".join(self._messages())))
        received = hashlib.sha256()
        while data := await loop.sock_recv(connection, self.read_at_most_bytes if way.bites else READ_BYTES):
            way.marks.append(Mark(now_ns(), "read", str(len(data))))
            received.update(data)
        way.marks.append(Mark(now_ns(), "fingerprint of all", received.hexdigest()[:12]))


async def _until_arrived(connection: socket.socket, size_bytes: int) -> None:
    """Wait until so many bytes lie in the system's buffer, and read none of them."""
    arrived = 0
    while arrived < size_bytes:
        await asyncio.sleep(0.001)
        with suppress(BlockingIOError):
            arrived = len(connection.recv(size_bytes, socket.MSG_PEEK))
