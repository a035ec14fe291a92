"""Uses a scenario panel as its page does, in small scenarios of their own against a real lab."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from lab_servers.clients import get
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, number, switch, whole
from lab_servers.scenarios import Scenario
from lab_servers.views import ScenarioPanel
from tests.waiting import until_sync

_presses = itertools.count(1)


@dataclass(frozen=True)
class Asking(Scenario):
    """How does ``asking`` go?"""

    servers: ClassVar[tuple[str, ...]] = ("http",)

    times: int = whole(1, 0, 5, "requests", "How often it asks.")
    pause_s: float = number(0.0, 0, 60, "seconds", "How long it waits after each answer.")
    framing: str = choice("chunked", ("chunked", "close"), "How the body ends.")
    is_greedy: bool = switch(False, "Whether it may ask more than three times.")

    def require_fitting(self) -> None:
        if self.times > 3 and not self.is_greedy:
            raise BadParameter("times above 3 requests need is_greedy: choose it, or fewer requests.")

    @property
    def about_s(self) -> float:
        return self.times * self.pause_s

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        marks: list[Mark] = []
        for _ in range(self.times):
            marks += (await get(lab.url("http", f"/api/user/info?framing={self.framing}"))).marks
            await asyncio.sleep(self.pause_s)
        return {"client": marks}


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@dataclass(frozen=True)
class Going(Scenario):
    """What does a panel say when a run goes wrong?"""

    how: str = choice("well", ("well", "wrong", "very wrong", "out", "without words", "out of time"), "How it goes.")

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        match self.how:
            case "wrong":
                raise ExchangeFailed("Nobody answered: try again.")
            case "very wrong":
                raise ValueError("a\n\x1b[31m" + "b" * 1000)
            case "out":
                raise KeyError
            case "without words":
                raise Unspeakable
            case "out of time":
                raise TimeoutError("the run's own")
        return {}


@dataclass(frozen=True)
class Held(Scenario):
    """How long does it last? Until the test lets it go."""

    may_end: ClassVar[asyncio.Event]
    begun: ClassVar[list[int]] = []

    number: int = whole(0, 0, 9, "", "Which run it is.")

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        Held.begun.append(self.number)
        if self.number:
            await Held.may_end.wait()
        return {}


class Hand:
    """A learner at a panel."""

    def __init__(self, panel: ScenarioPanel[Any]) -> None:
        self.panel = panel
        self.typed: dict[str, Any] = dict(self.shown("typed")["values"])

    def shown(self, trait: str) -> Any:
        """What the page is told."""
        return getattr(self.panel._controls, trait)

    def say(self, message: Any) -> None:
        """A message of the page."""
        self.panel._controls._handle_custom_msg(message, [])

    def type(self, **values: Any) -> str:
        """Change fields and leave them; return the status."""
        self.typed.update(values)
        self.say({"typed": dict(self.typed), "by": "here"})
        return self.panel.status

    def press_run(self, **values: Any) -> str:
        """Press Run with these values in the fields, and return what the status says at once."""
        self.typed.update(values)
        self.say({"press": "run", "id": f"here {next(_presses)}", "typed": dict(self.typed)})
        return self.panel.status

    def run(self, **values: Any) -> str:
        """The same, and wait until the run has ended."""
        self.press_run(**values)
        return self.wait()

    def wait(self) -> str:
        until_sync(lambda: not self.panel.is_running)
        return self.panel.status

    def cancel(self) -> None:
        self.say({"press": "cancel"})

    def open(self, tab: str) -> None:
        self.say({"tab": tab})
