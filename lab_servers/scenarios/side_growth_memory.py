"""The memory that a server holds for open connections, measured where nothing else grows with them.

Plain sockets connect to the server itself and not to its relay, so neither a client library nor a recording is in the
figure; nothing of it is in the capture. ``side_growth.py`` runs it, after the steps of ``side_growth_step.py``.
"""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections.abc import Sequence
from contextlib import ExitStack

from lab_servers.lab import Lab
from lab_servers.measure.growth_steps import Memory
from lab_servers.measure.transports import Lane, Transport
from lab_servers.scenarios.side_growth_server import LaneServer, lane_server

# Opened before counting begins: with the first connections a library fills its own caches.
WARM_UP = 3

_GET = "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{fields}\r\n"
# The key is the example of RFC 6455 §1.3.
_UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
# What a client that waits for the first message has sent.
_QUESTIONS = {
    Transport.REQUESTS: ("/api/messages/1", ""),
    Transport.POLLING: ("/api/news?after=0", ""),
    Transport.LONG_POLLING: ("/api/news?after=0&hold_s=10", ""),
    Transport.SSE: ("/api/events", "Accept: text/event-stream\r\n"),
    Transport.WEBSOCKET: ("/ws", _UPGRADE),
}


async def measure_memory(lab: Lab, lane: Lane, counts: Sequence[int]) -> list[Memory]:
    """What Python holds more with so many connections open and at rest than with none; on the lab's loop.

    It counts all that Python allocates in this process, with ``tracemalloc``: objects and buffers of the server. The
    buffers that the system's kernel keeps for each socket are not in it.

    Args:
        lab: The lab; nothing else may run in it.
        lane: How the clients ask.
        counts: At how many open connections to measure, in ascending order.
    """
    found = []
    async with lane_server(lab, lane, total=1) as server:
        with ExitStack() as open_now:
            # All sockets exist before counting begins: connecting them is what is measured, not having them.
            idle = [open_now.enter_context(socket.socket()) for _ in range(WARM_UP + counts[-1])]
            for one in idle:
                one.setblocking(False)
            await _connect(server, lane, idle[:WARM_UP], WARM_UP)
            was_tracing = tracemalloc.is_tracing()
            if not was_tracing:
                tracemalloc.start()
            try:
                at_rest, connected = tracemalloc.get_traced_memory()[0], 0
                for count in counts:
                    await _connect(server, lane, idle[WARM_UP + connected : WARM_UP + count], WARM_UP + count)
                    connected = count
                    found.append(Memory(count, tracemalloc.get_traced_memory()[0] - at_rest))
            finally:
                if not was_tracing:
                    tracemalloc.stop()
        server.say('{"n":1}')  # whose clients have left: the handlers end
    return found


async def _connect(server: LaneServer, lane: Lane, sockets: Sequence[socket.socket], all_together: int) -> None:
    """Let these sockets ask, one after the other, and wait until as many as there are together are at rest."""
    loop = asyncio.get_running_loop()
    path, fields = _QUESTIONS[lane.transport]
    host, port = server.address
    question = _GET.format(path=path, host=host, port=port, fields=fields).encode()
    for one in sockets:
        await loop.sock_connect(one, server.address)
        await loop.sock_sendall(one, question)
        if lane.transport is Transport.POLLING:
            await loop.sock_recv(one, 4_096)  # the whole answer: 204 has no content
    if lane.transport is not Transport.POLLING:
        await server.until_waiting(all_together)
