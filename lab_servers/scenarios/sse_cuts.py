"""One and the same event stream, sent once for each byte at which it can be cut in two, and read in two ways.

The two parts travel as two chunks of HTTP, so the bytes themselves show the cut. ``views/looks/sse_cuts.py`` shows
which reader got the right events.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from lab_servers.clients.session import open_session
from lab_servers.clients.sse import events_of
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, chunk, read_request, stream_head

STANDARD, NAIVE = "by the standard", "piece by piece"
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
TOKENS = "你好世界"
# So many connections at a time: enough to be quick, and few enough for a small machine.
_AT_A_TIME = 8


def stream_of(line_end: str) -> bytes:
    """The stream: an event for each token, as ``/api/stream`` sends them."""
    end = LINE_ENDS[line_end]
    blocks = (json.dumps({"d": token}, ensure_ascii=False, separators=(",", ":")) for token in TOKENS)
    return "".join(f"data: {data}{end}{end}" for data in blocks).encode()


def read_by_the_standard(pieces: Sequence[bytes]) -> list[str]:
    """The data of each event, however the stream is cut."""
    return [event.data for event in events_of(pieces)]


def read_piece_by_piece(pieces: Sequence[bytes]) -> list[str]:
    """What comes of it when each piece is taken for whole events. Do not do this."""
    found = []
    for piece in pieces:
        for line in piece.decode("utf-8", "replace").splitlines():
            if line.startswith("data: "):
                found.append(line.removeprefix("data: "))
    return found


@dataclass(frozen=True)
class CutEverywhere(Scenario):
    """Which events does a client get when the same stream is cut in two, at each byte in turn?

    Each cut is a connection of its own. Both readers get the very same pieces.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    line_end: str = choice("LF", LINE_ENDS, "With what the lines of the stream end.")

    @property
    def about_s(self) -> float:
        """A few milliseconds for each connection."""
        return 0.004 * len(stream_of(self.line_end)) + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask for each cut; a mark for each reader says what it got."""
        stream = stream_of(self.line_end)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, OSError):
                asked = await read_request(reader)
                cut = int(parse_qs(urlsplit(asked.target).query)["cut"][0])
                for part in (stream_head(), chunk(stream[:cut]), chunk(stream[cut:]), LAST_CHUNK):
                    writer.write(part)
                    await writer.drain()

        url = await lab.host_async("cut", answer)
        turns = asyncio.Semaphore(_AT_A_TIME)
        async with asyncio.TaskGroup() as all_cuts:
            asking = {cut: all_cuts.create_task(_ask(url, cut, turns)) for cut in range(1, len(stream))}
        return {f"cut {cut}": task.result() for cut, task in asking.items()}


async def _ask(url: str, cut: int, turns: asyncio.Semaphore) -> list[Mark]:
    async with turns, open_session(keep_alive=False) as session, session.get(f"{url}/?cut={cut}") as response:
        pieces, under_way = [], b""
        async for data, ends_chunk in response.content.iter_chunks():
            under_way += data
            if ends_chunk:
                pieces.append(under_way)
                under_way = b""
    readers = {STANDARD: read_by_the_standard, NAIVE: read_piece_by_piece}
    return [Mark(now_ns(), name, json.dumps(read(pieces), ensure_ascii=False)) for name, read in readers.items()]
