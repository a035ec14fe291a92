"""A server that breaks one rule per connection, and two real clients that meet it: who notices, and says what?

The clients are those of the ``websockets`` and ``aiohttp`` libraries; what they answer stands in the bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice
from lab_servers.scenarios.frames_raw import CLOSE, CONTINUATION, PING, TEXT, accept, close_payload, frame, read_frame
from lab_servers.scenarios.scenario import Scenario

ALL, BOTH = "all", "both"
CLIENTS = ("websockets", "aiohttp")

# What each client of the run takes at most, and what follows every mistake: who gets to see it has not minded.
LIMIT_BYTES = 4096
AFTERWARDS = "all is well"

_KEY = bytes.fromhex("37fa213d")  # RFC 6455 §5.7 masks its example with it


class Mistake(NamedTuple):
    """What the server sends that it must not, in a few words and in bytes."""

    words: str
    wire: bytes


MISTAKES = {
    "masked": Mistake("A masked frame from a server", frame(TEXT, b"hello", key=_KEY)),
    "reserved-opcode": Mistake("Opcode 3, which nothing defines", frame(0x3, b"hello")),
    "rsv1": Mistake("RSV1 though no extension was agreed", frame(TEXT, b"hello", rsv=0b100)),
    "not-utf8": Mistake("A text that is not UTF-8", frame(TEXT, b"\xe4\xbd\xa0\xff")),
    "half-character": Mistake("A text that ends inside a character", frame(TEXT, b"\xe4\xbd\xa0\xe5\xa5")),
    "too-large": Mistake("A message above the client's limit", frame(TEXT, b"." * (LIMIT_BYTES + 1))),
    "fragmented-ping": Mistake("A ping with FIN = 0", frame(PING, b"hello", fin=False)),
    "long-ping": Mistake("A ping of 126 bytes", frame(PING, b"." * 126)),
    "lonely-continuation": Mistake("A continuation of nothing", frame(CONTINUATION, b"hello")),
    "message-in-message": Mistake(
        "A new message before the last one ended", frame(TEXT, b"hel", fin=False) + frame(TEXT, b"lo")
    ),
    "long-length": Mistake("A length of 5 in 16 bits", frame(TEXT, b"hello", length_bits=16)),
    "code-1006": Mistake("A close frame with code 1006", frame(CLOSE, close_payload(1006))),
    "code-1015": Mistake("A close frame with code 1015", frame(CLOSE, close_payload(1015))),
}


@dataclass(frozen=True)
class ForbiddenFrames(Scenario):
    """What does a real client do when the server sends a frame that it must not?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    mistake: str = choice(ALL, (ALL, *MISTAKES), "The one mistake to see, or all, each on a connection of its own.")
    client: str = choice(BOTH, (BOTH, *CLIENTS), "The library whose client meets it.")

    @property
    def about_s(self) -> float:
        """A connection for each mistake and client."""
        count = (len(MISTAKES) if self.mistake == ALL else 1) * (2 if self.client == BOTH else 1)
        return 0.1 + 0.02 * count

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Meet each mistake with each client."""
        url = await lab.host_async("rule breaker", break_rule, scheme="ws")
        marks: dict[str, list[Mark]] = {}
        for name, mistake in MISTAKES.items():
            if self.mistake not in (ALL, name):
                continue
            for client, visit in zip(CLIENTS, (_visit_with_websockets, _visit_with_aiohttp), strict=True):
                if self.client in (BOTH, client):
                    target = f"{name}/{client}"
                    async with asyncio.timeout(10):
                        delivered = await visit(f"{url}/{target}")
                    marks[target] = [
                        Mark(now_ns(), "mistake", mistake.words),
                        Mark(now_ns(), "went on", "yes" if AFTERWARDS in delivered else "no"),
                    ]
        return marks


async def break_rule(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Make the mistake that the path names, go on as if nothing were, and read until the client closes."""
    with suppress(asyncio.IncompleteReadError, ExchangeFailed, OSError):
        target = await accept(reader, writer)
        mistake = MISTAKES.get(target.strip("/").split("/")[0])
        if mistake is None:
            return
        writer.write(mistake.wire + frame(TEXT, AFTERWARDS.encode()))
        await writer.drain()
        received = await read_frame(reader)
        while received.opcode != CLOSE:
            received = await read_frame(reader)


async def _visit_with_websockets(url: str) -> list[str]:
    """The texts that the library delivers until it knows that all is well, or ends."""
    delivered: list[str] = []
    async with connect(
        url, proxy=None, compression=None, ping_interval=None, max_size=LIMIT_BYTES, close_timeout=2
    ) as connection:
        with suppress(ConnectionClosed):
            while AFTERWARDS not in delivered:
                delivered.append(str(await connection.recv()))
    return delivered


async def _visit_with_aiohttp(url: str) -> list[str]:
    """The same with the other library, which hands out an object for each message, end or error."""
    delivered: list[str] = []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, max_msg_size=LIMIT_BYTES, timeout=aiohttp.ClientWSTimeout(ws_close=2)) as connection,
    ):
        while AFTERWARDS not in delivered:
            message = await connection.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            delivered.append(str(message.data))
    return delivered
