"""Five ways for a TCP connection to end: who was first, with a FIN or a reset, and what are the applications told?

The first line that the client sends says which ending it is. ``views/looks/tcp_who_closed.py`` shows it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice
from lab_servers.scenarios.scenario import Scenario

SERVER = "endings"
ALL = "all"
ENDINGS = ("client-fin", "server-fin", "half-close", "client-reset", "server-reset")
LIMIT_S = 10
NOT_ALL_CAME = "Not all bytes came in time, because the machine is busy: run it again."

END = "the end of the stream"
RESET = "connection reset"

# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True)
class WhoClosed(Scenario):
    """Which side ended the connection first, with a FIN or with a reset, and what was the other told?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    ending: str = choice(ALL, (ALL, *ENDINGS), "The one ending to see, or all, each on a connection of its own.")

    @property
    def about_s(self) -> float:
        """Hardly anything."""
        return 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Bring about each ending, one after the other."""
        told: dict[str, list[Mark]] = {}
        is_served: dict[str, asyncio.Event] = {}

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ending = (await reader.readline()).decode("ascii", "replace").strip()
            if ending in is_served:
                try:
                    await _serve(ending, reader, writer, told[ending])
                finally:
                    is_served[ending].set()

        port = urlsplit(await lab.host_async(SERVER, serve, scheme="tcp")).port or 0
        try:
            for ending in ENDINGS:
                if self.ending in (ALL, ending):
                    told[ending], is_served[ending] = [], asyncio.Event()
                    async with asyncio.timeout(LIMIT_S):
                        await _visit(port, ending, told[ending])
                        await is_served[ending].wait()
        except OSError as error:  # a TimeoutError is one as well
            raise ExchangeFailed(NOT_ALL_CAME) from error
        return {ending: sorted(marks, key=lambda mark: mark.at_ns) for ending, marks in told.items()}


async def _serve(ending: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, marks: list[Mark]) -> None:
    """The server's part; the connection is closed when it returns."""
    if ending == "server-reset":
        _reset(writer)
        return
    if ending == "half-close":
        marks.append(await _told_at_the_end(reader, "server told"))
        writer.write(b"an answer after your FIN\n")
        return
    writer.write(b"an answer\n")
    await writer.drain()
    if ending != "server-fin":
        marks.append(await _told_at_the_end(reader, "server told"))


async def _visit(port: int, ending: str, marks: list[Mark]) -> None:
    """The client's part."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"{ending}\n".encode())
        if ending == "half-close":
            writer.write_eof()
        if ending in ("client-fin", "client-reset"):
            answer = await reader.readline()
            marks.append(Mark(now_ns(), "client got", f"{len(answer)}"))
            if ending == "client-reset":
                _reset(writer)
        else:
            marks.append(await _told_at_the_end(reader, "client told", marks))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _told_at_the_end(reader: asyncio.StreamReader, name: str, got: list[Mark] | None = None) -> Mark:
    """Read until there is no more, and note what the application was told; ``got`` takes how many bytes came."""
    try:
        data = await reader.read()
    except ConnectionResetError:
        return Mark(now_ns(), name, RESET)
    if got is not None:
        got.append(Mark(now_ns(), "client got", f"{len(data)}"))
    return Mark(now_ns(), name, END)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Give the connection up at once: a RST instead of a FIN."""
    sock = writer.get_extra_info("socket")
    with suppress(OSError):  # some systems refuse options on a socket that was reset already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    writer.transport.abort()
