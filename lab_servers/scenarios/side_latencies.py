"""Many small messages, one at a time, in turns over transports and libraries: how long does one take, and what decides?

Built like ``side_runs.py`` of ``side_servers.py`` and its clients, but here a lane's next message waits for its turn.
``measure/latencies.py`` draws the conclusions, ``views/looks/side_latencies.py`` shows them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from lab_servers.capture.conditions import Delay, Network
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.latencies import AGAIN, FIRST, LANES, MACHINE, NOTHING
from lab_servers.measure.machine import machine
from lab_servers.measure.transports import Lane
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_lanes import Errand
from lab_servers.scenarios.side_payload import TOKENS, make_messages
from lab_servers.scenarios.side_runs import carry, first_error
from lab_servers.scenarios.side_servers import host_lane
from lab_servers.servers.feed_messages import Feed, Inbox

_NAMES = (*(lane.name for lane in LANES), AGAIN)

# A message takes a few milliseconds at most, unless the machine does something else for a while.
_ROUND_WITHIN_S = 20.0


@dataclass(frozen=True)
class Latencies(Scenario):
    """How long does one small message take, and what decides: the protocol, the library, or the network?

    All connections are open and warm. Round by round, and in a new random order each time, every lane's server
    produces one message; the next lane's turn comes when that message is delivered. One lane runs twice, so that the
    run itself shows how much two lanes differ that are the same.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    messages: int = whole(150, 20, 5_000, "messages", "How many messages of each lane count.")
    warm_up: int = whole(20, 0, 500, "messages", "How many before them do not.")
    pause_s: float = number(0.001, 0, 1, "seconds", "How long all is quiet before each message.")
    slowed: str = choice(NOTHING, (NOTHING, *_NAMES), "The lane whose network adds a delay to what comes down.")
    added_s: float = number(0.005, 0, 1, "seconds", "That delay.")
    seed: int = whole(7, 0, 1_000_000, "", "What messages and turns are drawn with.")

    @property
    def about_s(self) -> float:
        """The pauses, and a millisecond or so for each message."""
        rounds = self.messages + self.warm_up
        added_s = 0.0 if self.slowed == NOTHING else self.added_s
        return 0.3 + rounds * (len(_NAMES) * (self.pause_s + 0.001) + added_s)

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Open all lanes, then take turns."""
        measured_on = Mark(now_ns(), MACHINE, machine().sentence())
        messages = make_messages(TOKENS, self.messages + self.warm_up, 64, self.seed)
        turns = [_Turns(name, lane, len(messages)) for name, lane in self._lanes()]
        for one in turns:
            await one.open(lab, self._network(one.name))
        order = Random(self.seed)
        try:
            async with asyncio.timeout(_ROUND_WITHIN_S + 10 * self.about_s), asyncio.TaskGroup() as all_at_once:
                for one in turns:
                    all_at_once.create_task(one.listen())
                for one in turns:
                    await one.feed.asked.wait()
                for message in messages:
                    for one in order.sample(turns, len(turns)):
                        await asyncio.sleep(self.pause_s)
                        await one.take(message)
        except TimeoutError:
            raise ExchangeFailed(
                "Not everything was delivered in time. Choose fewer messages, or run it while the machine is less busy."
            ) from None
        except ExceptionGroup as group:
            raise first_error(group) from group
        return {"run": [measured_on], **{one.name: one.marks for one in turns}}

    @staticmethod
    def _lanes() -> tuple[tuple[str, Lane], ...]:
        return (*((lane.name, lane) for lane in LANES), (AGAIN, FIRST))

    def _network(self, name: str) -> Network | None:
        if self.slowed != name or not self.added_s:
            return None
        return Network("a delay", down=(Delay(self.added_s),))


class _Turns:
    """One lane, whose messages are produced one by one."""

    def __init__(self, name: str, lane: Lane, total: int) -> None:
        self.name = name
        self.marks: list[Mark] = []
        self.feed = Feed(total, self._mark)
        self._lane = lane
        self._inbox = Inbox(total, self._mark)
        self._delivered = asyncio.Event()
        self._url = ""

    def _mark(self, what: str, number: str) -> None:
        self.marks.append(Mark(now_ns(), what, number))

    async def open(self, lab: Lab, network: Network | None) -> None:
        """Start its server."""
        self._url = await host_lane(lab, self._lane, self.feed, Inbox(0), name=self.name)
        if network:
            await lab.network_async(self.name, network)

    async def listen(self) -> None:
        """Ask, and take what comes, to the end."""
        await carry(self._lane, Errand(self._url, self.feed.total, self._receive, Feed(0), poll_every_s=1))

    async def take(self, message: str) -> None:
        """Produce one message, and wait until it is delivered."""
        self._delivered.clear()
        self.feed.produce(message)
        await self._delivered.wait()

    def _receive(self, message: str) -> None:
        self._inbox.receive(message)
        self._delivered.set()
