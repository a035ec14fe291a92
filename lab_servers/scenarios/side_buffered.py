"""One answer whole, streamed, and streamed through a hop that reads all of it before it passes anything on.

``views/looks/side_buffered.py`` shows when the reader saw each piece. The hop stands between a client and a small
server of ours; both of its sides are recorded, each under the name of the server that the bytes were meant for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from lab_servers.clients import get, read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, block, chunk, head, stream_head

WHOLE, STREAMED, THROUGH_HOP = "whole response", "streamed", "streamed, buffering hop"
ORIGIN, HOP = "model", "buffering hop"
# What each client asks for: the target tells the lanes apart, on both sides of the hop.
TARGETS = {WHOLE: "/whole", STREAMED: "/stream", THROUGH_HOP: "/stream/hop"}
_LANES = {target: lane for lane, target in TARGETS.items()}

_TEXT = "你好世界"
_PATIENCE_S = 600
# RFC 9110 §7.6.3: a gateway must say in the request that it passed through here.
_VIA = b"Via: 1.1 buffering-hop\r\n"


@dataclass(frozen=True)
class BufferedHop(Scenario):
    """What is left of the gain of streaming when a hop on the way keeps the answer until it is complete?

    Three clients ask for the same answer at the same moment: as one JSON document, as an event stream, and as an
    event stream through a hop that reads everything before it passes on anything.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    tokens: int = whole(8, 2, 16, "tokens", "How many tokens the answer has.")
    interval_s: float = number(0.08, 0.01, 5, "seconds", "How long the model needs for each of them.")

    @property
    def about_s(self) -> float:
        """As long as the model needs for all tokens."""
        return self.tokens * self.interval_s + 0.1

    @property
    def answer(self) -> tuple[str, ...]:
        """The tokens."""
        return tuple(_TEXT[place % len(_TEXT)] for place in range(self.tokens))

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Let all three ask at once; "produced" is when the model had a token, "shown" when the reader had it."""
        produced: dict[str, list[Mark]] = {lane: [] for lane in TARGETS}

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._answer(reader, writer, produced)

        origin = await lab.host_async(ORIGIN, answer)
        where = urlsplit(origin)

        async def keep_and_pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _keep_and_pass_on(reader, writer, str(where.hostname), where.port or 0)

        hop = await lab.host_async(HOP, keep_and_pass_on)
        async with asyncio.TaskGroup() as all_at_once:
            reading = {
                WHOLE: all_at_once.create_task(_read_whole(origin + TARGETS[WHOLE])),
                STREAMED: all_at_once.create_task(_read_events(origin + TARGETS[STREAMED])),
                THROUGH_HOP: all_at_once.create_task(_read_events(hop + TARGETS[THROUGH_HOP])),
            }
        return {lane: [*task.result(), *produced[lane]] for lane, task in reading.items()}

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, produced: Mapping[str, list[Mark]]
    ) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError, OSError):
            target = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
            lane = _LANES.get(target)
            if lane is None:
                writer.write(head("404 Not Found", "", "Content-Length: 0"))
                return
            streams = lane != WHOLE
            if streams:
                writer.write(stream_head())
            clock = asyncio.get_running_loop()
            begun_s = clock.time()
            for place, token in enumerate(self.answer, 1):
                # Counted from the beginning, so that what writing takes does not add up.
                await asyncio.sleep(begun_s + place * self.interval_s - clock.time())
                produced[lane].append(Mark(now_ns(), "produced", token))
                if streams:
                    writer.write(chunk(block(_json(token))))
                    await writer.drain()
            if streams:
                writer.write(LAST_CHUNK)
            else:
                body = _json("".join(self.answer)).encode()
                writer.write(head("200 OK", "application/json", f"Content-Length: {len(body)}") + body)
            await writer.drain()


def _json(text: str) -> str:
    return json.dumps({"d": text}, ensure_ascii=False, separators=(",", ":"))


async def _keep_and_pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    """The hop: it passes on one request, keeps the answer until it is complete, and then sends all of it at once.

    It changes no byte of the answer. That an answer has a length, chunks or events is nothing to it.
    """
    with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        request_line, fields = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)
        from_server, to_server = await asyncio.open_connection(host, port)
        try:
            to_server.write(request_line + b"\r\n" + _VIA + fields)
            writer.write(await from_server.read())
            await writer.drain()
        finally:
            to_server.close()
            with suppress(OSError):
                await to_server.wait_closed()


async def _read_whole(url: str) -> list[Mark]:
    """The client that waits for the document: its reader sees all tokens at once."""
    asked = Mark(now_ns(), "asked")
    text = (await get(url, timeout_s=_PATIENCE_S)).json()["d"]
    return [asked, Mark(now_ns(), "shown", text)]


async def _read_events(url: str) -> list[Mark]:
    """The client that reads events: its reader sees each token as its event is there."""
    asked = Mark(now_ns(), "asked")
    stream = await read_events(url, timeout_s=_PATIENCE_S)
    return [
        asked,
        *(
            Mark(mark.at_ns, "shown", json.loads(mark.detail)["d"])
            for mark in stream.marks
            if mark.name == "event received"
        ),
    ]
