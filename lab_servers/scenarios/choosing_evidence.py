"""HTTP, SSE and WebSocket put to the same tests, so that each cell of their comparison can be read from bytes.

``measure/evidence_probes.py`` and ``measure/evidence_costs.py`` compute the cells, ``views/evidence_cells.py`` shows
them. The servers are in ``choosing_servers.py``, the clients in ``choosing_clients.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.evidence import HTTP, SSE, WEBSOCKET, relay_name
from lab_servers.parameters import number, whole
from lab_servers.scenarios import choosing_clients as clients
from lab_servers.scenarios.choosing_servers import Noted, Pace, aiohttp_server, http_app, sse_app, websocket_handler
from lab_servers.scenarios.frames_library import library_server
from lab_servers.scenarios.scenario import Scenario

LONGEST_ANSWER_S = 10.0


@dataclass(frozen=True)
class Evidence(Scenario):
    """In what do HTTP, SSE and WebSocket differ, and which bytes prove it?

    Each of the three talks as it was made to, is visited, is cut off, and does three jobs: a change (CRUD), an AI
    answer, a chat.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    messages: int = whole(8, 6, 100, "messages", "How many tokens an answer has, and lines each side of a chat.")
    interval_s: float = number(0.04, 0.01, 1, "seconds", "How long it is from one message to the next.")

    def require_fitting(self) -> None:
        """A client waits for one answer for half a minute at most."""
        if self.messages * self.interval_s > LONGEST_ANSWER_S:
            raise BadParameter(
                f"messages x interval_s must be at most {LONGEST_ANSWER_S:g} s, for so long takes an answer, not "
                f"{self.messages * self.interval_s:g} s: choose fewer messages, or a shorter interval."
            )

    @property
    def about_s(self) -> float:
        """The visit, with two answers and a pause."""
        return 2.5 * self.messages * self.interval_s + 5 * self.interval_s + 0.6

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """The talks and the cuts first, then the visit and the jobs."""
        noted = Noted()
        pace = Pace(self.messages, self.interval_s, noted)
        urls = {
            HTTP: await lab.adopt(relay_name(HTTP), aiohttp_server(http_app(pace)), speaks="HTTP/1.1"),
            SSE: await lab.adopt(relay_name(SSE), aiohttp_server(sse_app(pace)), speaks="Server-Sent Events"),
            WEBSOCKET: await lab.adopt(
                relay_name(WEBSOCKET), library_server(websocket_handler(pace)), speaks="WebSocket", scheme="ws"
            ),
        }
        await _together(
            clients.talk(urls, pace), clients.cut_http(urls[HTTP], pace), clients.cut_sse(urls[SSE]),
            clients.cut_websocket(urls[WEBSOCKET], pace), clients.change(urls, pace),
        )  # fmt: skip
        await _together(
            clients.answer_http(urls[HTTP], pace), clients.answer_sse(urls[SSE], pace),
            clients.answer_websocket(urls[WEBSOCKET], pace), clients.chat_http(urls[HTTP], pace),
            clients.chat_sse(urls[SSE], pace), clients.chat_websocket(urls[WEBSOCKET], pace),
            clients.visit_http(urls[HTTP], pace), clients.visit_http_kept(urls[HTTP], pace),
            clients.visit_http_whole(urls[HTTP], pace), clients.visit_sse(urls[SSE], pace),
            clients.visit_websocket(urls[WEBSOCKET], pace),
        )  # fmt: skip
        return noted.marks


async def _together(*work: Coroutine[None, None, None]) -> None:
    """All at once; the first that fails ends the others."""
    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(one)
