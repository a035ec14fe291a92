"""One conversation with ``/ws/chat``: the request, the 101, and the frames that follow on the same connection.

``views/looks/handshake.py`` shows where HTTP ends in it. The runs beside this one have handshakes that go wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients import converse
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, switch, whole
from lab_servers.scenarios.scenario import Scenario

TEXTS = ("你好", "hello", "😀")


@dataclass(frozen=True)
class Handshake(Scenario):
    """Where does HTTP end and WebSocket begin on one connection?

    A client opens ``/ws/chat``, says a text, has it answered, and closes with 1000. The key of the handshake is the
    library's own: new and random each time, as it must be (RFC 6455 §4.1).

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("websocket",)

    text: str = choice("你好", TEXTS, "What the client says once the WebSocket is open.")
    times: int = whole(1, 0, 20, "messages", "How often it says it.")
    with_origin: bool = switch(False, "Name the page that asks (Origin), as a browser does.")

    @property
    def about_s(self) -> float:
        """A handshake and a few messages."""
        return 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Open, talk, close."""
        origin = lab.url("websocket").replace("ws", "http", 1) if self.with_origin else None
        said = await converse(
            lab.url("websocket", "/ws/chat"), [self.text] * self.times, expect=self.times, origin=origin
        )
        return {"client": said.marks}
