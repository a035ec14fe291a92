"""One text said several times to ``/ws/chat``: the first frames that a learner takes apart, bit by bit.

``views/looks/frames.py`` shows the first two bytes of the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab_servers.clients import converse
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.scenario import Scenario

TEXTS = ("你好", "hello", "😀", "a text of more than a few bytes")


@dataclass(frozen=True)
class ChatFrames(Scenario):
    """What does a text message look like on the wire, from either side, and what when it is said again?

    The client says the text to ``/ws/chat`` and has it answered, as often as it is told, then closes with 1000.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("websocket",)

    text: str = choice("你好", TEXTS, "What the client says.")
    times: int = whole(2, 1, 20, "messages", "How often it says it.")

    @property
    def about_s(self) -> float:
        """A few messages."""
        return 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Say it, and wait for every answer."""
        said = await converse(lab.url("websocket", "/ws/chat"), [self.text] * self.times, expect=self.times)
        return {"client": said.marks}
