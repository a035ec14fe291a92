"""Every way for a WebSocket to end, one connection each: what both sides wrote, and what their applications are told.

Most servers here are the ``websockets`` library's. Where a library would not do it (a close frame without a code, a
cut, a broken rule), the server is written by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.frames_library import library_server
from lab_servers.scenarios.frames_raw import CLOSE, accept, close_payload, frame, read_frame
from lab_servers.scenarios.scenario import Scenario

ALL = "all"
LIMIT_BYTES = 4096

# What happens, by the path that the client asks for. Two kinds of server, since no library makes the last three.
_LIBRARY = {
    "client-done": "The client has what it wanted",
    "server-done": "The server has said all",
    "server-leaves": "The server goes down",
    "binary": "The client sends binary to a server of text",
    "broken-text": "The client sends a text that is not UTF-8",
    "too-large": "The client sends more than the server takes",
    "server-fails": "The server's code raises an exception",
    "private": "The application has a code of its own",
}
_BY_HAND = {
    "broken-rule": "The server breaks a rule: opcode 3",
    "no-code": "The server closes without a code",
    "cut": "The server is gone without a close frame",
}
ENDINGS = {**_LIBRARY, **_BY_HAND}


@dataclass(frozen=True)
class CloseCodes(Scenario):
    """Who closes with which code, and which codes are on the wire at all?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    ending: str = choice(ALL, (ALL, *ENDINGS), "The one ending to see, or all, each on a connection of its own.")
    private_code: int = whole(4000, 3000, 4999, "", "The code of the ending private; 4000 and up mean what you agree.")

    @property
    def about_s(self) -> float:
        """A connection for each."""
        return 0.03 * (len(ENDINGS) if self.ending == ALL else 1) + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Bring about each ending, one after the other."""
        told: dict[str, list[Mark]] = {}

        async def speak(connection: ServerConnection) -> None:
            assert connection.request is not None
            ending = connection.request.path.removeprefix("/")
            try:
                await self._end(ending, connection)
            finally:
                # The library closes after this handler; the code is known then.
                closing = asyncio.create_task(self._told_server(connection, told[ending]))
                closings.append(closing)

        closings: list[asyncio.Task[None]] = []
        library = library_server(speak, max_size_bytes=LIMIT_BYTES)
        urls = {
            **dict.fromkeys(_LIBRARY, await lab.adopt("closing", library, speaks="WebSocket's ends", scheme="ws")),
            **dict.fromkeys(_BY_HAND, await lab.host_async("closing by hand", end_by_hand, scheme="ws")),
        }
        for ending, happens in ENDINGS.items():
            if self.ending in (ALL, ending):
                told[ending] = [Mark(now_ns(), "what happens", happens)]
                async with asyncio.timeout(10):
                    code = await self._visit(f"{urls[ending]}/{ending}", ending)
                told[ending].append(Mark(now_ns(), "client told", str(code)))
        await asyncio.gather(*closings)
        return told

    async def _end(self, ending: str, connection: ServerConnection) -> None:
        """The server's part."""
        match ending:
            case "server-done":
                await connection.close(1000)
            case "server-leaves":
                await connection.close(1001, "back in a minute")
            case "private":
                await connection.close(self.private_code, "logged out")
            case "server-fails":
                raise RuntimeError("this server fails on purpose")
            case _:
                async for message in connection:
                    if isinstance(message, bytes):
                        await connection.close(1003, "text only")

    async def _told_server(self, connection: ServerConnection, marks: list[Mark]) -> None:
        await connection.wait_closed()
        marks.append(Mark(now_ns(), "server told", str(connection.close_code)))

    async def _visit(self, url: str, ending: str) -> int:
        """The client's part; returns the code that its library tells its application."""
        async with connect(url, proxy=None, compression=None, ping_interval=None, close_timeout=2) as connection:
            with suppress(ConnectionClosed):
                await self._say(connection, ending)
                await connection.recv()
        return connection.close_code or 1006

    async def _say(self, connection: ClientConnection, ending: str) -> None:
        match ending:
            case "client-done":
                await connection.close(1000, "thank you")
            case "binary":
                await connection.send(bytes(4))
            case "broken-text":
                await connection.send(b"\xe4\xbd\xff", text=True)
            case "too-large":
                await connection.send("." * (LIMIT_BYTES + 1))


async def end_by_hand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that ends as no library does; the path of the request says how."""
    with suppress(asyncio.IncompleteReadError, ExchangeFailed, OSError):
        ending = (await accept(reader, writer)).removeprefix("/")
        if ending == "cut":
            return  # which closes the TCP connection, and says nothing first
        writer.write(frame(CLOSE) if ending == "no-code" else frame(0x3, b"?"))
        await writer.drain()
        received = await read_frame(reader)
        if ending == "broken-rule" and received.opcode == CLOSE:
            writer.write(frame(CLOSE, close_payload(int.from_bytes(received.payload[:2]))))
            await writer.drain()
