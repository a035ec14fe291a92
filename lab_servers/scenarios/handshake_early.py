"""Frames that a server writes together with its 101, and two clients: one keeps what it read too much, one does not.

``views/looks/handshake_early.py`` shows who got which message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import whole
from lab_servers.scenarios.frames_raw import CLOSE, TEXT, close_payload, frame, read_frame
from lab_servers.scenarios.handshake_peers import KEY, PATIENCE_S, accept_value, head, read_request, switching
from lab_servers.scenarios.scenario import Scenario

MESSAGES = ("welcome", "you are third in the queue", "you are second in the queue")
NAIVE, CAREFUL = "naive", "careful"
READ_BYTES = 4096

_HEAD_END = b"\r\n\r\n"
_NONCE = "AAECAwQFBgcICQoLDA0ODw=="
_MASK = bytes.fromhex("37fa213d")


@dataclass(frozen=True)
class EarlyFrame(Scenario):
    """What becomes of a frame that arrives in the same read as the 101?

    The server has three messages. It writes some of them together with its 101, in one write, and the others when it
    has heard from the client. Each client tells which messages it got.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    early: int = whole(1, 0, len(MESSAGES), "messages", "How many messages are written together with the 101.")

    @property
    def about_s(self) -> float:
        """Two short connections."""
        return 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """The naive client first, then the careful one."""

        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, OSError):
                request = await read_request(reader)
                frames = [frame(TEXT, message.encode()) for message in MESSAGES]
                # One write: where one record ends and the next begins is not for TCP to say.
                writer.write(switching(accept_value(request.key)) + b"".join(frames[: self.early]))
                await writer.drain()
                await read_frame(reader)
                writer.write(b"".join(frames[self.early :]) + frame(CLOSE, close_payload(1000)))
                await writer.drain()
                await read_frame(reader)  # the client's own close frame; then both are done

        url = await lab.host_async("greeter", greet, scheme="ws")
        return {NAIVE: await _visit(url, NAIVE), CAREFUL: await _visit(url, CAREFUL)}


async def naive_head(reader: asyncio.StreamReader) -> bytes:
    """Read the head, and throw away what was read too much. Do not do this."""
    data = b""
    while _HEAD_END not in data:
        came = await reader.read(READ_BYTES)
        if not came:
            raise asyncio.IncompleteReadError(data, None)
        data += came
    return data.partition(_HEAD_END)[0]


async def careful_head(reader: asyncio.StreamReader) -> bytes:
    """Read the head up to and including the empty line; what follows stays in the reader."""
    return await reader.readuntil(_HEAD_END)


async def _visit(url: str, who: str) -> list[Mark]:
    """Open a WebSocket, say that this client is ready, and note every message until the server closes."""
    parts = urlsplit(url)
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        marks = [Mark(now_ns(), "port", str(writer.get_extra_info("sockname")[1]))]
        fields = (
            ("Host", parts.netloc), ("Upgrade", "websocket"), ("Connection", "Upgrade"), (KEY, _NONCE),
            ("Sec-WebSocket-Version", "13"),
        )  # fmt: skip
        try:
            writer.write(head(f"GET /{who} HTTP/1.1", fields))
            await (naive_head if who == NAIVE else careful_head)(reader)
            writer.write(frame(TEXT, b"ready", key=_MASK))
            while (received := await read_frame(reader)).opcode != CLOSE:
                marks.append(Mark(now_ns(), "received", received.payload.decode()))
            writer.write(frame(CLOSE, received.payload, key=_MASK))
            await writer.drain()
        finally:
            writer.close()
    return marks
