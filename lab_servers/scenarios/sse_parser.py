"""A short event stream to be read line by line: one sample for each thing that a parser must get right.

``views/parser_states.py`` shows what the parser holds after each line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lab_servers.clients import read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, chunk, read_request, stream_head

SAMPLES = {
    "a tour": (
        b"retry: 2500\n\n"
        b"id: 7\nevent: line\ndata: compile\ndata: with warnings\n\n"
        b": heartbeat\n\n"
        b"data:done\n\n"
        b"data: never told\n"
    ),
    "several data lines": b"data: YHOO\ndata: +2\ndata: 10\n\ndata\n\ndata\ndata\n\n",
    "comments": b": connected\n\ndata: a\n: in between\ndata: b\n\n: heartbeat\n\n",
    "line ends": b"data: LF\n\ndata: CRLF\r\n\r\ndata: CR\r\rdata: mixed\ndata: in one block\r\n\r",
    "byte order mark": b"\xef\xbb\xbfdata: a mark before\n\n\xef\xbb\xbfdata: too late\n\ndata: \xef\xbb\xbfdata\n\n",
    "one space": b"data:none\n\ndata: one\n\ndata:  two\n\ndata:\ta tab\n\n",
    "ids": b"id: 7\ndata: a\n\ndata: b\n\nid: 8\x009\ndata: c\n\nid\ndata: d\n\nid: 10\n\nid: 11\ndata: e",
    "retry": b"retry: 1500\nretry: 2s\nretry: -1\nretry\ndata: a\n\n",
    "other line ends": "data: U+2028\u2028is data\n\ndata: U+0085\u0085too\n\n".encode(),
    "unknown fields": b"foo: bar\nDATA: a\n data: b\ndata : c\nevent: x\n\ndata: d\n\n",
}


@dataclass(frozen=True)
class ParserSteps(Scenario):
    """What does each line of an event stream do to its parser?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    sample: str = choice("a tour", SAMPLES, "Which stream the server sends.")

    @property
    def about_s(self) -> float:
        """It is sent at once."""
        return 0.05

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask for the sample."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, OSError):
                await read_request(reader)
                writer.write(stream_head() + chunk(SAMPLES[self.sample]) + LAST_CHUNK)
                await writer.drain()

        url = await lab.host_async("sample", answer)
        return {"client": (await read_events(f"{url}/", timeout_s=10)).marks}
