"""One job, really run on several transports at once, so that a choice and the model behind it can be proved wrong.

``measure/job_run.py`` reads what each cost, ``views/looks/choosing_job.py`` shows it. Lanes and clients are those of
``choosing_lane.py`` and ``choosing_followers.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.jobs import SELDOM_S, Job
from lab_servers.measure.timing import PRODUCED
from lab_servers.measure.transports import Direction, Transport
from lab_servers.parameters import choice, number
from lab_servers.scenarios.choosing_followers import Asking, Follower, follower
from lab_servers.scenarios.choosing_lane import CarriedLane, message_of
from lab_servers.scenarios.scenario import Scenario

SETS: dict[str, tuple[Transport, ...]] = {
    "polling + SSE + WebSocket": (Transport.POLLING, Transport.SSE, Transport.WEBSOCKET),
    "polling + SSE": (Transport.POLLING, Transport.SSE),
    "SSE + WebSocket": (Transport.SSE, Transport.WEBSOCKET),
    "all four": (Transport.POLLING, Transport.LONG_POLLING, Transport.SSE, Transport.WEBSOCKET),
}

# What the quickest of a job's steps takes in a run, seconds: long enough for a busy machine, short enough for a lesson.
STEP_S = 0.03
_TIMES = "seconds of the job in each second"


@dataclass(frozen=True)
class JobBothWays(Scenario):
    """What does one job cost when it is really run on several transports?

    Time is squeezed: with a speed of 60 a minute of the job passes in a second. Messages, questions and heartbeats
    keep their sizes, only the waits between them are shorter.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    transports: str = choice("polling + SSE + WebSocket", tuple(SETS), "On which transports, all at once.")
    down_every_s: float = number(2.0, 0.01, SELDOM_S, "seconds", "Time between two messages from the server.")
    up_every_s: float = number(SELDOM_S, 0.01, SELDOM_S, "seconds", "Time between two messages from the client.")
    poll_every_s: float = number(1.0, 0.02, SELDOM_S, "seconds", "Time between two questions of polling.")
    size_bytes: float = number(200, 20, 65_000, "bytes", "Payload of a message.")
    header_bytes: float = number(0, 0, 8_000, "bytes", "What each request carries above the lab's own fields.")
    heartbeat_s: float = number(15, 1, 3_600, "seconds", "Time between two heartbeats of an open stream.")
    stay_s: float = number(600, 0.1, SELDOM_S, "seconds", "How long a user stays; a run opens each stream once.")
    speed: float = number(20, 0.1, 100_000, _TIMES, "How quickly the job's time passes.")
    duration_s: float = number(1.2, 0.2, 60, "seconds", "How long the run takes.")

    @classmethod
    def of(cls, job: Job, transports: str = "polling + SSE + WebSocket", duration_s: float = 1.2) -> JobBothWays:
        """The run of a job, as quick as its shortest wait allows.

        Raises:
            BadParameter: a parameter is out of its bounds.
        """
        # What has just missed a question waits for the next one, and then for half a round trip; and a poller asks
        # again when its answer is there, not before.
        poll_every_s = round(max(job.tolerated_s - job.round_trip_s / 2, job.round_trip_s, 0.02), 6)
        shortest_s = min(job.down_every_s, job.up_every_s, poll_every_s, job.heartbeat_s)
        return cls(
            transports=transports,
            down_every_s=job.down_every_s,
            up_every_s=job.up_every_s,
            poll_every_s=poll_every_s,
            size_bytes=job.size_bytes,
            header_bytes=job.header_bytes,
            heartbeat_s=job.heartbeat_s,
            stay_s=job.stay_s,
            speed=max(0.1, float(f"{shortest_s / STEP_S:.3g}")),
            duration_s=duration_s,
        )

    @property
    def about_s(self) -> float:
        """As long as it takes, and the end of every connection."""
        return self.duration_s + 0.2

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """All transports at once; each has a lane and a client of its own."""
        lanes = [CarriedLane(transport) for transport in SETS[self.transports]]
        for lane in lanes:
            await lane.host(lab)
        async with asyncio.TaskGroup() as all_at_once:
            for lane in lanes:
                all_at_once.create_task(self._run_on(lane))
        return {lane.name: lane.marks for lane in lanes}

    async def _run_on(self, lane: CarriedLane) -> None:
        async with follower(lane, self._headers()) as client:
            asking: asyncio.Task[None] | None = None
            start_s = asyncio.get_running_loop().time()
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._repeat(start_s, self.down_every_s, 0.5, lambda: _down(lane, self.size_bytes)))
                parts.create_task(
                    self._repeat(start_s, self.up_every_s, 0.5, lambda: _up(lane, client, self.size_bytes))
                )
                if lane.transport in (Transport.SSE, Transport.WEBSOCKET):
                    parts.create_task(self._repeat(start_s, self.heartbeat_s, 1.0, lambda: _beat(lane)))
                elif isinstance(client, Asking) and lane.transport is Transport.POLLING:
                    parts.create_task(self._repeat(start_s, self.poll_every_s, 1.0, lambda: _ask(client)))
                elif isinstance(client, Asking):
                    asking = asyncio.create_task(_hold(client, self.heartbeat_s / self.speed))
            await _last(lane, client)
            if asking is not None:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)

    async def _repeat(self, start_s: float, every_s: float, first: float, do: Callable[[], Awaitable[None]]) -> None:
        """Do it at even intervals until the run is over; ``first`` tells at which part of the first of them.

        What happens in the middle of an interval never falls together with a question, which is asked at its end.
        """
        step_s = every_s / self.speed
        clock = asyncio.get_running_loop()
        turn = first
        # Half a nanosecond, lest rounding loses the last of a whole number of steps.
        while turn * step_s <= self.duration_s + 5e-10:
            await asyncio.sleep(start_s + turn * step_s - clock.time())
            await do()
            turn += 1

    def _headers(self) -> dict[str, str] | None:
        """A field whose line is as long as the job's own fields are."""
        name, rest = "Authorization", len("Authorization: \r\n")
        return {name: "x" * (int(self.header_bytes) - rest)} if self.header_bytes > rest else None


async def _down(lane: CarriedLane, size_bytes: float) -> None:
    number = sum(mark.name == PRODUCED for mark in lane.marks) + 1
    lane.feed.produce(message_of(number, int(size_bytes)))


async def _up(lane: CarriedLane, client: Follower, size_bytes: float) -> None:
    number = len(lane.inbox.messages) + 1
    lane.mark(PRODUCED, str(number), Direction.UP)
    await client.up(message_of(number, int(size_bytes)))


async def _beat(lane: CarriedLane) -> None:
    lane.beat()


async def _ask(client: Asking) -> None:
    await client.ask()


async def _hold(client: Asking, hold_s: float) -> None:
    while True:
        await client.ask(max(0.001, hold_s))


async def _last(lane: CarriedLane, client: Follower) -> None:
    """Let what was produced last arrive; a poller asks once more if it has to."""
    produced = sum(mark.name == PRODUCED for mark in lane.marks)
    if lane.transport is Transport.POLLING and isinstance(client, Asking) and client.delivered < produced:
        await client.ask()
    await client.until_delivered(produced)
