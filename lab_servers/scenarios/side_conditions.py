"""Small messages and many bytes through every network condition, so that what was asked can be held against what came.

``measure/networks_shown.py`` has the networks and computes the errors, ``views/looks/side_conditions.py`` shows them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions import Network
from lab_servers.capture.conditions.network import most_bytes_s
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.networks_shown import BULK, PROBE_BYTES, PROBES, mark_name, networks, server_name
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario

READ_BYTES = 65_536
PROBE, FILLING = b"p", b"b"

# How long the bytes of a transfer take at the asked rate, and how many they are at most.
BULK_S = 0.3
MOST_BULK_BYTES = 2_000_000

# Networks faster than this have their transfers alone, one after the other: there the machine itself is the limit.
FAST_BYTES_S = 50_000_000

LIMIT_S = 20
NOT_ALL_CAME = "Not everything came through the networks in time, because the machine is busy: run it again."


@dataclass(frozen=True)
class ConditionsShown(Scenario):
    """How exactly does the relay keep the delays and rates that it is asked for?

    Through each condition and each named network goes a small message every now and then, in both directions, and
    then, where a rate is asked for, as many bytes as pass in 0.3 s, at most 2 MB.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    delay_s: float = number(0.02, 0, 1, "seconds", "The delay of the condition Delay.")
    jitter_s: float = number(0.02, 0, 1, "seconds", "The most that the condition Jitter adds.")
    rate_bytes_s: float = number(100_000, 1_000, 10_000_000, "bytes/s", "The rate of the condition Bandwidth.")
    slice_bytes: int = whole(4, 1, 1_000, "bytes", "The size of a piece under the condition Slicing.")
    gap_s: float = number(0.003, 0.001, 0.1, "seconds", "The time between two pieces under the condition Slicing.")
    pause_s: float = number(0.2, 0, 1, "seconds", "How long the condition Pause lasts.")
    probes: int = whole(24, 5, 500, "", "How many small messages each network carries up, and as many down.")
    every_s: float = number(0.025, 0.005, 1, "seconds", "The time between two of them.")
    seed: int = whole(1, 0, 2**32 - 1, "", "What the condition Jitter draws with.")

    @property
    def about_s(self) -> float:
        """The messages, the longest round trip, and the transfers."""
        longest_s = max(network.round_trip_s for network in self._networks())
        return self.probes * self.every_s + max(longest_s, self.pause_s) + 2 * BULK_S

    def _networks(self) -> tuple[Network, ...]:
        return networks(
            delay_s=self.delay_s,
            jitter_s=self.jitter_s,
            rate_bytes_s=self.rate_bytes_s,
            slice_bytes=self.slice_bytes,
            gap_s=self.gap_s,
            pause_s=self.pause_s,
            seed=self.seed,
        )

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Host a server behind each network, and send through all of them at once."""
        courses = [_Course(network, self.probes, self.every_s) for network in self._networks()]
        for course in courses:
            await course.host(lab)
        try:
            async with asyncio.timeout(LIMIT_S + self.about_s):
                async with asyncio.TaskGroup() as all_at_once:
                    for place, course in enumerate(courses):
                        # Out of step, so that no two of them send in the same instant.
                        all_at_once.create_task(course.probe(place / len(courses)))
                async with asyncio.TaskGroup() as all_at_once:
                    for course in courses:
                        if course.fastest_bytes_s < FAST_BYTES_S:
                            all_at_once.create_task(course.fill())
                for course in courses:
                    if FAST_BYTES_S <= course.fastest_bytes_s < math.inf:
                        await course.fill()
        except* (OSError, TimeoutError):
            raise ExchangeFailed(NOT_ALL_CAME) from None
        return {server_name(course.network): course.marks for course in courses}


class _Course:
    """One network with a server behind it, and what both ends note of their reads."""

    def __init__(self, network: Network, probes: int, every_s: float) -> None:
        self.network = network
        self.marks: list[Mark] = []
        self.fastest_bytes_s = max(most_bytes_s(network.up), most_bytes_s(network.down))
        self._probes = probes
        self._every_s = every_s
        self._port = 0

    async def host(self, lab: Lab) -> None:
        """Start the server, with the network before it."""
        name = server_name(self.network)
        url = await lab.host_async(name, self._serve, scheme="tcp")
        self._port = urlsplit(url).port or 0
        await lab.network_async(name, self.network)

    async def probe(self, offset: float) -> None:
        """Send small messages that the server answers; ``offset`` is the start's share of the time between two."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read_all(reader, PROBES, Side.CLIENT))
            await asyncio.sleep(offset * self._every_s)
            for sent in range(self._probes):
                writer.write(PROBE + f"{sent:{PROBE_BYTES - 1}d}".encode())
                await asyncio.sleep(self._every_s)
            writer.write_eof()
        writer.close()

    async def fill(self) -> None:
        """Send as much as passes in the time of a transfer, in both directions."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read_all(reader, BULK, Side.CLIENT))
            both.create_task(self._pour(writer, Side.CLIENT))
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(READ_BYTES)
        came_ns = now_ns()
        if first[:1] == PROBE:
            await self._answer(reader, writer, first, came_ns)
        elif first:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pour(writer, Side.SERVER))
                self.marks.append(Mark(came_ns, mark_name(BULK, Side.SERVER), str(len(first))))
                both.create_task(self._read_all(reader, BULK, Side.SERVER, len(first)))

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes, came_ns: int
    ) -> None:
        received = answered = 0
        while data:
            received += len(data)
            self.marks.append(Mark(came_ns, mark_name(PROBES, Side.SERVER), str(received)))
            for _ in range(answered, received // PROBE_BYTES):
                writer.write(PROBE * PROBE_BYTES)
            answered = received // PROBE_BYTES
            data = await reader.read(READ_BYTES)
            came_ns = now_ns()

    async def _pour(self, writer: asyncio.StreamWriter, sender: Side) -> None:
        rate = most_bytes_s(self.network.by_sender[sender])
        writer.write(FILLING * max(1, min(MOST_BULK_BYTES, int(rate * BULK_S))))
        await writer.drain()
        writer.write_eof()

    async def _read_all(self, reader: asyncio.StreamReader, connection: int, receiver: Side, received: int = 0) -> None:
        while data := await reader.read(READ_BYTES):
            received += len(data)
            self.marks.append(Mark(now_ns(), mark_name(connection, receiver), str(received)))
