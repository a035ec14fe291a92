"""A small server of ours that tells events by long polling, with a cursor or without, to show what the cursor is for.

``polling_between.py`` runs it. ``servers/polling.py`` is the one to take as an example: it always has a cursor.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from lab_servers.marks import Mark, now_ns


class News:
    """Events that happen one after the other, and the server that tells them.

    ``GET /news?after=N`` is answered as soon as there are events after number N. ``GET /news`` is answered with the
    first event that happens from then on: such a server remembers nothing for a client that is not there.

    Attributes:
        marks: "produced" with the event's number, when it happened.
    """

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self._count = 0
        self._is_over = False
        self._grew = asyncio.Condition()

    async def happen(self, gaps_s: Iterable[float]) -> None:
        """Let one event happen after each gap, in seconds."""
        gaps = list(gaps_s)
        for number, gap_s in enumerate(gaps, start=1):
            await asyncio.sleep(gap_s)
            async with self._grew:
                self._count = number
                self._is_over = number == len(gaps)
                self.marks.append(Mark(now_ns(), "produced", str(number)))
                self._grew.notify_all()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one connection, until the client closes it."""
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return
            target = head.split(b" ", 2)[1].decode("ascii", errors="replace")
            after = parse_qs(urlsplit(target).query).get("after", [""])[0]
            writer.write(await self._answer(int(after) if after.isdecimal() else self._count))
            await writer.drain()

    async def _answer(self, after: int) -> bytes:
        async with self._grew:
            await self._grew.wait_for(lambda: self._count > after or self._is_over)
            numbers = range(after + 1, self._count + 1)
            events = [{"id": number, "line": f"event {number}"} for number in numbers]
            news = {"events": events, "next": self._count, "done": self._is_over}
        body = json.dumps(news).encode()
        fields = ("Content-Type: application/json", "Cache-Control: no-store", f"Content-Length: {len(body)}", "", "")
        return "\r\n".join(("HTTP/1.1 200 OK", *fields)).encode() + body
