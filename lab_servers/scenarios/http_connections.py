"""The same requests over one kept connection and over a connection each.

``views/looks/http_connections.py`` counts both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients.http import exchange
from lab_servers.clients.session import open_session
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario

KEPT, ANEW = "one connection kept", "a connection each"


@dataclass(frozen=True)
class Connections(Scenario):
    """How many connections do several requests need?

    One client asks several times, first with its connection kept open, then with a new one for each request.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("http",)

    requests: int = whole(5, 1, 50, "requests", "How often the client asks, in each of the two ways.")
    delay_s: float = number(0.02, 0, 2, "seconds", "How long the server takes for each answer.")

    pause_s: float = number(0.02, 0, 5, "seconds", "How long the client works on an answer before it asks again.")

    @property
    def about_s(self) -> float:
        """Both ways, one after the other."""
        return 2 * self.requests * (self.delay_s + self.pause_s)

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask in both ways."""
        query = f"?delay_s={self.delay_s}" if self.delay_s else ""
        url = lab.url("http", f"/api/user/info{query}")
        marks: dict[str, list[Mark]] = {}
        for way in (KEPT, ANEW):
            marks[way] = []
            async with open_session(keep_alive=way == KEPT) as session:
                for _ in range(self.requests):
                    marks[way] += (await exchange(session, "GET", url)).marks
                    await asyncio.sleep(self.pause_s)
        return marks
