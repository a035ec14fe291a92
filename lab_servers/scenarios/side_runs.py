"""Runs lanes at the same time, each with its own server, relay and client, and one clock for all that is produced.

Built from ``side_servers.py`` (servers), ``side_lanes*.py`` and ``side_libraries.py`` (clients). ``SideBySide`` is made
of it, and so is every other run that compares lanes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp
import httpx
from websockets.exceptions import WebSocketException

from lab_servers.capture.conditions import LOOPBACK_NETWORK, Network
from lab_servers.errors import ExchangeFailed, LabError
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.transports import Lane, Transport
from lab_servers.scenarios import side_lanes as down
from lab_servers.scenarios import side_lanes_up as up
from lab_servers.scenarios import side_libraries as second
from lab_servers.scenarios.side_lanes import Errand, Way
from lab_servers.scenarios.side_servers import host_lane
from lab_servers.servers.feed_messages import Feed, Inbox
from lab_servers.servers.query import BadValue

# A message that a library cut or joined is no message (BadValue).
_FAILURES = (aiohttp.ClientError, httpx.HTTPError, WebSocketException, OSError, BadValue)


@dataclass(frozen=True)
class LaneRun:
    """What travels on one lane.

    Attributes:
        lane: The lane; its name is that of its server in the recording.
        down: The messages that the server produces for the client, numbered from 1.
        up: The messages that the client produces for the server, numbered from 1.
        interval_s: From one message to the next, in seconds; each is due at a time counted from the start.
        moments_s: When each message is due that goes down, counted from the start; empty for even intervals.
        phase_s: How long after the start the first is due.
        up_later_s: How much later than that the first one is due that goes up.
        poll_every_s: In which steps a polling client asks.
        network: What lies between client and server: a preset's name, or a network.
    """

    lane: Lane
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    interval_s: float = 0.05
    moments_s: tuple[float, ...] = ()
    phase_s: float = 0
    up_later_s: float = 0
    poll_every_s: float = 0.13
    network: str | Network = LOOPBACK_NETWORK


def _both(way_down: Way, way_up: Way) -> Way:
    """A lane of HTTP: what comes down and what goes up travel in exchanges of their own, at the same time."""

    async def run(errand: Errand) -> None:
        async with asyncio.TaskGroup() as both:
            if errand.count:
                both.create_task(way_down(errand))
            if errand.outgoing.total:
                both.create_task(way_up(errand))

    return run


# The client of each lane.
CLIENTS: dict[Lane, Way] = {
    Lane(Transport.WHOLE): _both(down.whole, up.post_whole),
    Lane(Transport.REQUESTS): _both(down.request_each, up.post_each),
    Lane(Transport.RECONNECTING): _both(down.connection_each, up.post_on_connections),
    Lane(Transport.NDJSON): _both(down.ndjson, up.post_lines),
    Lane(Transport.POLLING): _both(down.polling, up.post_each),
    Lane(Transport.LONG_POLLING): _both(down.long_polling, up.post_each),
    Lane(Transport.SSE): _both(down.sse, up.post_each),
    Lane(Transport.WEBSOCKET): down.websocket,
    Lane(Transport.NDJSON, "httpx"): _both(second.ndjson_by_httpx, second.post_lines_by_httpx),
    Lane(Transport.SSE, "httpx-sse"): _both(second.sse_by_httpx_sse, second.post_each_by_httpx),
    Lane(Transport.WEBSOCKET, "aiohttp"): second.websocket_by_aiohttp,
}


class _Start:
    """The one moment at which all begin to produce: when somebody has asked on every lane."""

    def __init__(self, parties: int) -> None:
        self._missing = parties
        self._begun = asyncio.Event()
        self._moment = 0.0

    async def wait(self) -> float:
        self._missing -= 1
        if not self._missing:
            self._moment = asyncio.get_running_loop().time()
            self._begun.set()
        await self._begun.wait()
        return self._moment


async def carry(lane: Lane, errand: Errand) -> None:
    """Let a lane's client do its errand.

    Raises:
        ExchangeFailed: the lane broke.
    """
    try:
        await CLIENTS[lane](errand)
    except Exception as error:
        cause = first_error(error)
        if isinstance(cause, _FAILURES):
            raise ExchangeFailed(
                f"The lane {lane.name} broke ({type(cause).__name__}: {cause}). See in the capture which side ended it."
            ) from error
        raise cause from error


async def run_lanes(lab: Lab, runs: Sequence[LaneRun], *, within_s: float) -> dict[str, list[Mark]]:
    """Run them at once, on the lab's loop, until everything is delivered; return each lane's marks by its name.

    Production begins when all clients have asked, so that no lane's opening delays its first message. The marks
    (detail: the number of the message) are ``produced`` and ``delivered`` of what goes down, ``produced up`` and
    ``delivered up`` of what goes up.

    Args:
        lab: The lab.
        runs: The lanes, each at most once.
        within_s: The longest that it may take.

    Raises:
        ExchangeFailed: a lane broke, or delivered something else than was produced, or it took too long.
    """
    start = _Start(sum(bool(run.down) + bool(run.up) for run in runs))
    marks: dict[str, list[Mark]] = {run.lane.name: [] for run in runs}
    lines = [await _Line.prepare(lab, run, marks[run.lane.name]) for run in runs]
    try:
        async with asyncio.timeout(within_s), asyncio.TaskGroup() as all_at_once:
            for run, line in zip(runs, lines, strict=True):
                evenly_s = [place * run.interval_s for place in range(max(len(run.down), len(run.up)))]
                if run.down:
                    moments_s = run.moments_s or evenly_s
                    all_at_once.create_task(_produce(line.down, run.down, start, run.phase_s, moments_s))
                if run.up:
                    later_s = run.phase_s + run.up_later_s
                    all_at_once.create_task(_produce(line.up, run.up, start, later_s, evenly_s))
                all_at_once.create_task(line.carry())
    except TimeoutError:
        raise ExchangeFailed(
            f"Not everything was delivered within {within_s:g} s. Choose fewer messages or a faster network."
        ) from None
    except ExceptionGroup as group:
        raise first_error(group) from group
    for line in lines:
        line.require_complete()
    return marks


class _Line:
    """One lane while it runs."""

    def __init__(self, run: LaneRun, mark_here: Callable[[str], Callable[[str, str], None]]) -> None:
        self.run = run
        self.down = Feed(len(run.down), mark_here(""))
        self.up = Feed(len(run.up), mark_here(" up"))
        self.client = Inbox(len(run.down), mark_here(""))
        self.server = Inbox(len(run.up), mark_here(" up"))
        self.url = ""

    @classmethod
    async def prepare(cls, lab: Lab, run: LaneRun, marks: list[Mark]) -> _Line:
        """Start its server."""

        def mark_here(direction: str) -> Callable[[str, str], None]:
            return lambda name, number: marks.append(Mark(now_ns(), name + direction, number))

        line = cls(run, mark_here)
        line.url = await host_lane(lab, run.lane, line.down, line.server)
        await lab.network_async(run.lane.name, run.network)
        return line

    async def carry(self) -> None:
        """Let the client do its errand."""
        errand = Errand(self.url, len(self.run.down), self.client.receive, self.up, self.run.poll_every_s)
        await carry(self.run.lane, errand)

    def require_complete(self) -> None:
        """Check that both ends have what was produced, to the last character.

        Raises:
            ExchangeFailed: they have not.
        """
        for sent, inbox in ((self.run.down, self.client), (self.run.up, self.server)):
            if tuple(inbox.messages) != sent:
                raise ExchangeFailed(
                    f"The lane {self.run.lane.name} delivered {len(inbox.messages)} of {len(sent)} messages, or not as "
                    f"they were. Look at its last bytes in the capture."
                )


async def _produce(
    feed: Feed, messages: tuple[str, ...], start: _Start, phase_s: float, moments_s: Sequence[float]
) -> None:
    await feed.asked.wait()
    clock = asyncio.get_running_loop()
    began = await start.wait() + phase_s
    for message, moment_s in zip(messages, moments_s, strict=False):
        # Counted from the start and not from the message before, so that delays do not add up.
        await asyncio.sleep(began + moment_s - clock.time())
        feed.produce(message)


def first_error(error: Exception) -> Exception:
    """The error that began it: a task group wraps what its tasks raise."""
    while isinstance(error, ExceptionGroup):
        told = [one for one in error.exceptions if isinstance(one, LabError)]
        error = (told or error.exceptions)[0]
    return error
