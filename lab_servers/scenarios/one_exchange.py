"""One request and its answer, with the framing and the delays of your choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar
from urllib.parse import urlencode

from lab_servers.clients import get
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.scenario import Scenario

FRAMINGS = ("content-length", "chunked", "close")


@dataclass(frozen=True)
class OneExchange(Scenario):
    """What passes when a client asks ``GET /api/user/info`` once?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("http",)

    framing: str = choice("content-length", FRAMINGS, "How the answer says where its body ends (RFC 9112 §6.3).")
    delay_s: float = number(0.0, 0, 30, "seconds", "How long the server waits before it sends the head.")
    parts: int = whole(1, 1, 29, "", "In how many parts the server writes the body.")
    part_delay_s: float = number(0.0, 0, 5, "seconds", "How long the server waits between two parts.")

    @property
    def about_s(self) -> float:
        """The server's pauses."""
        return self.delay_s + (self.parts - 1) * self.part_delay_s

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Ask once; the client's marks are named ``"client: …"``."""
        # What is left at its default is not asked for, so that the plainest run is the plainest request.
        asked_for = {field.name: getattr(self, field.name) for field in fields(self)}
        query = urlencode({name: value for name, value in asked_for.items() if value != getattr(OneExchange, name)})
        url = lab.url("http", "/api/user/info" + (f"?{query}" if query else ""))
        return {"client": (await get(url, timeout_s=200)).marks}
