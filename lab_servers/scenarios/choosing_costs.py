"""Unit costs: what a question, an answer, a message and a heartbeat take on each transport, counted one by one.

``measure/unit_costs.py`` reads them off the recording, ``views/looks/choosing_costs.py`` shows them. Lanes and clients
are those of ``choosing_lane.py`` and ``choosing_followers.py``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.costs import CHOICES
from lab_servers.measure.transports import Transport
from lab_servers.measure.unit_costs import LARGE_BYTES, SEVERAL, SMALL_BYTES, Step, detail_of
from lab_servers.parameters import whole
from lab_servers.scenarios.choosing_followers import Asking, Follower, follower
from lab_servers.scenarios.choosing_lane import CarriedLane, message_of
from lab_servers.scenarios.scenario import Scenario

# How long a question without news is held here. A real server holds it for as long as a heartbeat may wait; the bytes
# are the same.
HOLD_S = 0.004
# One with news is held until they come, and they come at once.
PATIENCE_S = 30.0

Do = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class UnitCosts(Scenario):
    """What does one question, answer, message and heartbeat take on each transport?

    Polling, long polling, SSE (with a POST for what goes up) and WebSocket, one after the other, each step some times
    in a row and that in several batches: bytes, requests, processor time, delay.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    steps: int = whole(5, 1, 100, "steps", "How many times a step is done in a batch.")
    batches: int = whole(5, 3, 50, "batches", "How many batches of each step; their median counts.")

    @property
    def about_s(self) -> float:
        """About a millisecond and a half for each of four transports' six steps."""
        return 0.3 + 0.036 * self.steps * self.batches

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """One transport after the other, so that the thread's processor time is that of one of them."""
        marks: dict[str, Sequence[Mark]] = {}
        for transport in CHOICES:
            lane = CarriedLane(transport)
            await lane.host(lab)
            await _Counted(lane, self.steps, self.batches).run()
            marks[lane.name] = lane.marks
        return marks


class _Counted:
    """One lane's steps, each batch of them between two marks."""

    def __init__(self, lane: CarriedLane, steps: int, batches: int) -> None:
        self._lane = lane
        self._steps = steps
        self._batches = batches
        self._produced = 0

    async def run(self) -> None:
        """Everything that can be counted on this transport."""
        if self._lane.transport in (Transport.SSE, Transport.WEBSOCKET):
            for _ in range(self._batches):
                await self._opened()
        async with follower(self._lane) as client:
            for step, do in self._steps_of(client).items():
                await do()  # not counted: the first of its kind opens connections and fills caches
                for _ in range(self._batches):
                    with self._batch(step, self._steps):
                        for _ in range(self._steps):
                            await do()

    async def _opened(self) -> None:
        client = follower(self._lane)
        try:
            with self._batch(Step.OPENING, 1):
                await client.__aenter__()
        finally:
            await client.__aexit__(None, None, None)

    @contextmanager
    def _batch(self, step: Step, count: int) -> Iterator[None]:
        """Marks around it, with the processor time that this thread has spent: on client, relay and server together."""
        self._lane.marks.append(Mark(now_ns(), step.value, detail_of(0, time.thread_time_ns())))
        yield
        spent_ns = time.thread_time_ns()
        self._lane.marks.append(Mark(now_ns(), step.value, detail_of(count, spent_ns)))

    def _steps_of(self, client: Follower) -> dict[Step, Do]:
        return {
            Step.QUIET: partial(self._quiet, client),
            Step.ONE: partial(self._down, client, 1, SMALL_BYTES),
            Step.SEVERAL: partial(self._down, client, SEVERAL, SMALL_BYTES),
            Step.LARGE: partial(self._down, client, 1, LARGE_BYTES),
            Step.UP: partial(self._up, client, SMALL_BYTES),
            Step.UP_LARGE: partial(self._up, client, LARGE_BYTES),
        }

    async def _quiet(self, client: Follower) -> None:
        if isinstance(client, Asking):
            await client.ask(HOLD_S if self._lane.transport is Transport.LONG_POLLING else 0.0)
            return
        beats = self._beats(client) + 1
        self._lane.beat()
        await client.until_beats(beats)

    def _beats(self, client: Follower) -> int:
        return self._lane.pongs if self._lane.transport is Transport.WEBSOCKET else client.beats

    async def _down(self, client: Follower, count: int, size_bytes: int) -> None:
        """Produce messages at one moment, and wait until the client has them."""
        if isinstance(client, Asking) and self._lane.transport is Transport.LONG_POLLING:
            # The question is there before the news, as it should be.
            asking = asyncio.create_task(client.ask(PATIENCE_S))
            await self._lane.until_held()
            self._produce(count, size_bytes)
            await asking
            return
        self._produce(count, size_bytes)
        if isinstance(client, Asking):
            await client.ask()
        else:
            await client.until_delivered(self._produced)

    def _produce(self, count: int, size_bytes: int) -> None:
        for _ in range(count):
            self._produced += 1
            self._lane.feed.produce(message_of(self._produced, size_bytes))

    async def _up(self, client: Follower, size_bytes: int) -> None:
        await client.up(message_of(len(self._lane.inbox.messages) + 1, size_bytes))
