"""A model's answer as an event stream, asked for over HTTP/1.1 or over HTTP/1.0, which knows no chunks.

``views/looks/sse_stream.py`` shows how the body grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from lab_servers.clients import read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, number
from lab_servers.scenarios.scenario import Scenario
from lab_servers.wire.sse.decoder import EventStreamDecoder

TOKENS = 4
_PATIENCE_S = 30.0
_READ_BYTES = 4096


@dataclass(frozen=True)
class OneStream(Scenario):
    """What passes while an answer is streamed as events, and what says where its body ends?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("sse",)

    interval_s: float = number(0.12, 0.01, 2, "seconds", "What the model needs for each token.")
    http: str = choice("1.1", ("1.1", "1.0"), "The version of HTTP in which the client asks; 1.0 has no chunks.")

    @property
    def about_s(self) -> float:
        """As long as the model needs."""
        return TOKENS * self.interval_s + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask for the stream, and mark each event."""
        url = lab.url("sse", f"/api/stream?interval_s={self.interval_s:g}")
        if self.http == "1.1":
            return {"client": (await read_events(url, timeout_s=_PATIENCE_S)).marks}
        return {"client": await _ask_in_http_1_0(url)}


async def _ask_in_http_1_0(url: str) -> list[Mark]:
    """GET as a client of HTTP/1.0 does: the body is all that comes until the connection ends (RFC 9112 §6.3)."""
    parts = urlsplit(url)
    marks = [Mark(now_ns(), "request started", f"GET {url}")]
    async with asyncio.timeout(_PATIENCE_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            lines = (f"GET {parts.path}?{parts.query} HTTP/1.0", f"Host: {parts.netloc}", "Accept: text/event-stream")
            writer.write("\r\n".join((*lines, "", "")).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            marks.append(Mark(now_ns(), "head received", answer.split(b" ", 2)[1].decode()))
            decoder = EventStreamDecoder()
            while data := await reader.read(_READ_BYTES):
                marks += [Mark(now_ns(), "event received", event.data) for event in decoder.feed(data)]
        finally:
            writer.close()
    return marks
