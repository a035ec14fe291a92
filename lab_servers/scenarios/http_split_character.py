"""A small document in two chunks, cut where the learner says: between two characters or inside one.

``views/looks/http_split_character.py`` shows what decoders make of the pieces. The server is a raw one of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients import get
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario

DOCUMENT = '{"name": "张三", "age": 25}'.encode()


@dataclass(frozen=True)
class SplitCharacter(Scenario):
    """What does a decoder make of a body whose first chunk ends inside a character?

    The document has 29 bytes. The three of 张 are the bytes 11 to 13, counted from 1.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    cut_byte: int = whole(11, 1, len(DOCUMENT) - 1, "bytes", "How many bytes of the body the first chunk holds.")
    pause_s: float = number(0.05, 0, 5, "seconds", "How long the server waits before the second chunk.")

    @property
    def about_s(self) -> float:
        """The server's pause."""
        return self.pause_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask once; what the pieces mean is in their bytes."""
        url = await lab.host_async("two chunks", self._answer)
        return {"client": (await get(f"{url}/api/user/info")).marks}

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n"
        )
        for start, stop in ((0, self.cut_byte), (self.cut_byte, len(DOCUMENT))):
            await asyncio.sleep(self.pause_s if start else 0)
            writer.write(b"%x\r\n%b\r\n" % (stop - start, DOCUMENT[start:stop]))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
