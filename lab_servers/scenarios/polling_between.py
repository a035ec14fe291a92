"""Events that happen between two long polls, followed by a client that has a cursor and by one that has none.

The server is ``polling_news.py``; ``views/looks/polling_between.py`` counts in the answers which events arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from lab_servers.clients.http import exchange
from lab_servers.clients.session import open_session
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.polling_news import News
from lab_servers.scenarios.scenario import Scenario

WITHOUT, WITH = "without a cursor", "with a cursor"


@dataclass(frozen=True)
class BetweenPolls(Scenario):
    """Which events does a long poller miss that happen while it asks nothing?

    Two clients follow the same events. One asks for what is new now; the other asks for what came after the last
    event that it knows of.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    events: int = whole(12, 1, 60, "events", "How many events happen.")
    every_s: float = number(0.08, 0.01, 2, "seconds", "How long it takes on average until the next event.")
    busy_s: float = number(0.1, 0, 5, "seconds", "How long a client is busy with an answer before it asks again.")
    seed: int = whole(3, 0, 1_000_000, "", "What the times of the events are drawn with.")

    @property
    def about_s(self) -> float:
        """Until the last event has happened and the clients have asked once more."""
        return self.events * self.every_s + self.busy_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Let the events happen while both clients follow them."""
        random = Random(self.seed)
        gaps_s = [random.uniform(0.2, 1.8) * self.every_s for _ in range(self.events)]
        news = News()
        url = await lab.host_async("news", news.handle)
        async with asyncio.TaskGroup() as all_at_once:
            followers = {
                WITHOUT: all_at_once.create_task(self._follow(url, has_cursor=False)),
                WITH: all_at_once.create_task(self._follow(url, has_cursor=True)),
            }
            all_at_once.create_task(news.happen(gaps_s))
        return {"news": news.marks} | {name: follower.result() for name, follower in followers.items()}

    async def _follow(self, url: str, *, has_cursor: bool) -> list[Mark]:
        marks: list[Mark] = []
        cursor = 0
        async with open_session(keep_alive=True) as session:
            while True:
                marks.append(Mark(now_ns(), "asked"))
                target = f"/news?after={cursor}" if has_cursor else "/news"
                answer = await exchange(session, "GET", url + target, timeout_s=60)
                marks.append(Mark(now_ns(), "answered", str(answer.status)))
                told = answer.json()
                marks += [Mark(now_ns(), "knew", str(event["id"])) for event in told["events"]]
                if told["done"]:
                    return marks
                cursor = told["next"]
                await asyncio.sleep(self.busy_s)
