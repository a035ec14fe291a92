"""One answer by plain HTTP, one as an event stream, one conversation by WebSocket: how much of each is HTTP?

``views/looks/handshake_share.py`` reads from the bytes which of the three is based on HTTP and which is a new protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients import converse, get, read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number
from lab_servers.scenarios.scenario import Scenario


@dataclass(frozen=True)
class ShareOfHttp(Scenario):
    """How much of a connection is HTTP, of plain HTTP, of an event stream and of a WebSocket?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("http", "sse", "websocket")

    interval_s: float = number(0.02, 0, 1, "seconds", "How long the stream takes for each token.")

    @property
    def about_s(self) -> float:
        """Four tokens, and little else."""
        return 4 * self.interval_s + 0.2

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """One after the other."""
        whole = await get(lab.url("http", "/api/user/info"))
        stream = await read_events(lab.url("sse", f"/api/stream?interval_s={self.interval_s:g}"))
        chat = await converse(lab.url("websocket", "/ws/chat"), ["你好"], expect=1)
        return {"HTTP": whole.marks, "SSE": stream.marks, "WebSocket": chat.marks}
