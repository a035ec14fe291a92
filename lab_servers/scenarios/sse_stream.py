"""A model's answer as an event stream, asked for over HTTP/1.1 or over HTTP/1.0, which knows no chunks.

``views/looks/sse_stream.py`` shows how the body grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients import read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, number
from lab_servers.scenarios.scenario import Scenario

TOKENS = 4
_PATIENCE_S = 30.0


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
        return {"client": (await read_events(url, timeout_s=_PATIENCE_S, http=self.http)).marks}
