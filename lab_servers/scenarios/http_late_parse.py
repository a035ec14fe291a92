"""The same records as one JSON document and as lines, each read by a client that waits and by one that reads on.

``views/looks/http_late_parse.py`` shows when each record was there and when a client had its value. The server is
a small one of ours that takes its time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from lab_servers.clients import get
from lab_servers.clients.session import body_of, open_session
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario

DOCUMENT, LINES = "one JSON document", "a line for each record"
_TYPES = {DOCUMENT: "application/json", LINES: "application/x-ndjson"}
# What each of the four clients asks for, by its name; the path of its request is how its connection is known.
LANES = {
    "document, read whole": ("/document/whole", DOCUMENT),
    "document, read as it comes": ("/document/streaming", DOCUMENT),
    "lines, read whole": ("/lines/whole", LINES),
    "lines, read as they come": ("/lines/streaming", LINES),
}


def parts_of(form: str, records: int) -> list[bytes]:
    """The body of such an answer, in the parts in which the server writes it, one for each record."""
    texts = [json.dumps({"n": number, "name": "张三"}, ensure_ascii=False) for number in range(1, records + 1)]
    if form == LINES:
        return [f"{text}\n".encode() for text in texts]
    ends = [","] * (records - 1) + ["]"]
    begins = ["["] + [""] * (records - 1)
    return [f"{begin}{text}{end}".encode() for begin, text, end in zip(begins, texts, ends, strict=True)]


@dataclass(frozen=True)
class LateParse(Scenario):
    """When can a client have the first value of an answer that is still being written?

    A slow server sends the same records as one JSON document and as lines (NDJSON). Two clients ask for each: a plain
    one that waits for the whole body, and a streaming one that tries with every piece.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    records: int = whole(5, 1, 50, "records", "How many records the answer has.")
    pause_s: float = number(0.1, 0.01, 5, "seconds", "How long the server needs for each of them.")

    @property
    def about_s(self) -> float:
        """The server's pauses."""
        return self.records * self.pause_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Let all four ask at once; a mark "value" is a record that a program can work with."""
        url = await lab.host_async("slow", self._answer)
        async with asyncio.TaskGroup() as all_at_once:
            tasks = {
                lane: all_at_once.create_task(
                    _read_whole(url + path, form) if path.endswith("whole") else _read_on(url + path, form)
                )
                for lane, (path, form) in LANES.items()
            }
        return {lane: task.result() for lane, task in tasks.items()}

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            return
        form = LINES if urlsplit(target).path.startswith("/lines") else DOCUMENT
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {_TYPES[form]}\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        for part in parts_of(form, self.records):
            await asyncio.sleep(self.pause_s)
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _read_whole(url: str, form: str) -> list[Mark]:
    """The plain client: ask, wait, parse."""
    asked = Mark(now_ns(), "asked")
    body = (await get(url, timeout_s=600)).body
    found = json.loads(body) if form == DOCUMENT else [json.loads(line) for line in body.splitlines()]
    parsed_ns = now_ns()
    return [asked, *(Mark(parsed_ns, "value", str(one["n"])) for one in found)]


async def _read_on(url: str, form: str) -> list[Mark]:
    """The streaming client: with every piece that comes it tries what can be parsed."""
    marks, rest = [Mark(now_ns(), "asked")], b""
    async with asyncio.timeout(600), open_session(keep_alive=False) as session, session.get(url) as response:
        async for piece in body_of(response):
            rest += piece
            if form == LINES:
                *lines, rest = rest.split(b"\n")
                marks += [Mark(now_ns(), "value", str(json.loads(line)["n"])) for line in lines]
                continue
            try:
                found = json.loads(rest)
            except ValueError:  # also what a character cut in two gives
                marks.append(Mark(now_ns(), "no value yet", f"{len(rest)} bytes"))
                continue
            parsed_ns = now_ns()
            marks += [Mark(parsed_ns, "value", str(one["n"])) for one in found]
    return marks
