"""One answer over HTTP, SSE and WebSocket at once, each through a relay of the same code: what does it carry?

``views/looks/tcp_one_relay.py`` shows it. The servers are ``servers/http.py``, ``sse.py`` and ``websocket.py``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients import converse, get, read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number
from lab_servers.scenarios.scenario import Scenario


@dataclass(frozen=True)
class OneRelay(Scenario):
    """What passes one and the same relay when HTTP, SSE and WebSocket carry the same answer?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("http", "sse", "websocket")

    interval_s: float = number(0.1, 0.02, 5, "seconds", "How long the model needs for each of the four characters.")

    @property
    def about_s(self) -> float:
        """Four characters."""
        return 4 * self.interval_s + 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Ask in all three ways at once; each client notes the answer that it got."""
        async with asyncio.TaskGroup() as all_at_once:
            ways = {
                "HTTP": all_at_once.create_task(self._over_http(lab)),
                "SSE": all_at_once.create_task(self._over_sse(lab)),
                "WebSocket": all_at_once.create_task(self._over_websocket(lab)),
            }
        return {label: (way.result(),) for label, way in ways.items()}

    async def _over_http(self, lab: Lab) -> Mark:
        answer = await get(lab.url("http", f"/api/answer?interval_s={self.interval_s}"), timeout_s=60)
        return Mark(now_ns(), "got", answer.json()["answer"])

    async def _over_sse(self, lab: Lab) -> Mark:
        stream = await read_events(lab.url("sse", f"/api/stream?interval_s={self.interval_s}"), timeout_s=60)
        return Mark(now_ns(), "got", _joined(stream.marks, "event received"))

    async def _over_websocket(self, lab: Lab) -> Mark:
        heard = await converse(lab.url("websocket", f"/ws/stream?interval_s={self.interval_s}"), timeout_s=60)
        return Mark(now_ns(), "got", _joined(heard.marks, "received"))


def _joined(marks: Sequence[Mark], name: str) -> str:
    return "".join(json.loads(mark.detail)["d"] for mark in marks if mark.name == name)
