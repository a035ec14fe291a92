"""A stream that is silent for a while, behind a hop that cuts what is silent for too long: with comments and without.

``views/looks/sse_heartbeat.py`` shows who got the event after the silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab_servers.clients import read_events
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, block, chunk, read_request, stream_head

WITH, WITHOUT = "with heartbeats", "without"
HOP, ORIGIN = "hop", "quiet server"
_PATHS = {WITH: "/with", WITHOUT: "/without"}
_HEARTBEAT = b": heartbeat\n\n"
_READ_BYTES = 4096
_PATIENCE_S = 90.0


@dataclass(frozen=True)
class Heartbeat(Scenario):
    """Does a stream outlive a silence, with a comment now and then and without?

    On the way stands a hop with an idle limit, as proxies have it. The server sends one event, is silent, and sends
    another.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    quiet_s: float = number(0.7, 0.05, 30, "seconds", "How long nothing happens between the two events.")
    heartbeat_s: float = number(0.1, 0.02, 30, "seconds", "How often the server sends a comment in the meantime.")
    idle_s: float = number(0.4, 0.02, 30, "seconds", "After how long a silence the hop cuts the connection.")

    @property
    def about_s(self) -> float:
        """As long as the silence."""
        return self.quiet_s + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Both clients at the same time."""
        origin = await lab.host_async(ORIGIN, self._answer)
        parts = urlsplit(origin)

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _pass_on(reader, writer, str(parts.hostname), parts.port or 0, self.idle_s)

        url = await lab.host_async(HOP, pass_on)
        async with asyncio.TaskGroup() as both:
            asking = {
                label: both.create_task(read_events(url + path, timeout_s=_PATIENCE_S))
                for label, path in _PATHS.items()
            }
        told = {}
        for label, task in asking.items():
            stream = task.result()
            told[label] = [*stream.marks, Mark(now_ns(), "ended", stream.ending.value)]
        return told

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            asked = await read_request(reader)
            clock = asyncio.get_running_loop()
            quiet_until = clock.time() + self.quiet_s
            writer.write(stream_head() + chunk(block("before the silence")))
            while (left_s := quiet_until - clock.time()) > 0:
                beats = asked.target == _PATHS[WITH] and self.heartbeat_s < left_s
                await asyncio.sleep(self.heartbeat_s if beats else left_s)
                if beats:
                    writer.write(chunk(_HEARTBEAT))
                    await writer.drain()
            writer.write(chunk(block("after the silence")) + LAST_CHUNK)
            await writer.drain()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, idle_s: float
) -> None:
    """A hop that knows nothing of events: it passes on one request and the bytes of its answer, and cuts when idle."""
    with suppress(asyncio.IncompleteReadError, OSError):
        request = await reader.readuntil(b"\r\n\r\n")
        from_server, to_server = await asyncio.open_connection(host, port)
        try:
            to_server.write(request)
            # TimeoutError is an OSError: the silence was too long.
            while data := await asyncio.wait_for(from_server.read(_READ_BYTES), idle_s):
                writer.write(data)
                await writer.drain()
        finally:
            to_server.close()
