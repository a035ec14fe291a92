"""The relay: a TCP hop in front of a server that forwards bytes untouched and records them.

It sits between any client and one server and knows nothing of what they say to each other, so
it sees the true bytes of every client there is. What it sees goes to a ``Recorder``
(``capture.py``); network conditions (``conditions/``) stand between its reading and its writing.
Each connection is a ``Connection`` (``connection.py``).

A relay passes on more than bytes: a FIN as a FIN, a reset as a reset, and a reader's slowness
as slowness, so that at most one read and one buffer of bytes wait inside it per direction, and what
its conditions hold, which has a bound too. What it records is when it read a byte: with conditions
that is when the byte set out, not when it arrived. One thing it learns late: a reset by a side that
it has stopped reading from (because that side has sent its FIN, or because the other side reads too
slowly) shows when it next writes or reads there.
"""

from __future__ import annotations

import asyncio
import errno
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from lab_servers.capture.capture import CONNECTION_COST_BYTES, Budget, Capture, Recorder, Side
from lab_servers.capture.conditions.condition import Condition
from lab_servers.capture.connection import BUFFER_BYTES, LOOPBACK, Connection, Leg
from lab_servers.errors import PortUnavailable
from lab_servers.marks import now_ns

# Turns of the loop within which a socket that was accepted becomes a connection of a protocol.
TURNS_TO_ACCEPT = 10

Observer = Callable[[Connection, Side, bytes, int], None]


class Relay:
    """A recording TCP relay in front of one server, on the running event loop.

    Args:
        name: The server's name, as captures and tables show it.
        upstream: Address and port of the server.
        budget: Bound on what is recorded, shared by all relays of a lab.
        conditions: For each sending side, the network conditions its bytes meet, in order.
    """

    def __init__(
        self,
        name: str,
        upstream: tuple[str, int],
        budget: Budget,
        conditions: Mapping[Side, Sequence[Condition]] | None = None,
    ) -> None:
        self.name = name
        self.upstream = upstream
        self.conditions = {side: tuple((conditions or {}).get(side, ())) for side in Side}
        self.observers: list[Observer] = []  # told of every read
        self.closed_observers: list[Callable[[Capture], None]] = []  # told of every connection that ended
        self._unrecorded_ns = array("q")  # when the connections were opened that are not recorded
        self._to_drop: set[Recorder] = set()
        self._budget = budget
        self.is_stopped = False
        self._count = 0
        self._open: set[Connection] = set()
        self._recorders: dict[Recorder, None] = {}  # in the order of acceptance
        self._server: asyncio.Server | None = None
        self._address = (LOOPBACK, 0)

    def set_conditions(self, conditions: Mapping[Side, Sequence[Condition]]) -> None:
        """Let all that is read from now on meet these conditions, on connections that are open too.

        What is held already keeps the time at which it passes, and nothing overtakes it. A side without an entry
        has no conditions.
        """
        self.conditions = {side: tuple(conditions.get(side, ())) for side in Side}
        for connection in tuple(self._open):
            connection.conditions_changed()

    @property
    def address(self) -> tuple[str, int]:
        """Address and port that clients connect to."""
        return self._address

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    async def start(self, port: int = 0) -> None:
        """Listen on the loopback address; port 0 takes any free port.

        Raises:
            PortUnavailable: the port is taken, or this user may not open it.
        """
        loop = asyncio.get_running_loop()
        # glibc maps memory anew for each read that is larger than any block freed before. One large
        # block, freed at once, makes a relay's first small reads as fast as its later ones.
        bytes(2 * BUFFER_BYTES)
        try:
            self._server = await loop.create_server(self._accepted, LOOPBACK, port, backlog=1024)
        except OSError as error:
            raise PortUnavailable(_port_sentence(self.name, port, error)) from None
        self._address = self._server.sockets[0].getsockname()[:2]

    async def stop_listening(self) -> None:
        """Take no more connections; those that are open go on."""
        server, self._server = self._server, None
        if server is None:
            return
        # asyncio leaves a socket open that it accepted just before its listener closed, so the listener is deaf
        # first: in a few turns of the loop what was accepted has become a connection. Where the loop cannot do
        # that (Windows), such a socket is closed when it is collected.
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):
            for sock in server.sockets:
                loop.remove_reader(sock.fileno())
            for _ in range(TURNS_TO_ACCEPT):
                await asyncio.sleep(0)
        server.close()

    async def stop(self) -> None:
        """Stop listening and reset whatever is still open."""
        await self.stop_listening()
        self.is_stopped = True
        ended = [connection.closed for connection in self._open]
        for connection in tuple(self._open):
            connection.abandon()
        if ended:
            await asyncio.wait(ended)

    async def settle(self, since_ns: int = 0) -> None:
        """Wait until every connection that was opened since then, and is still open, has closed."""
        waits = [connection.closed for connection in self._open if connection.recorder.opened_ns >= since_ns]
        if waits:
            await asyncio.wait(waits)

    def captures(self) -> tuple[Capture, ...]:
        """Snapshots of every connection recorded and not forgotten, in the order of acceptance."""
        return tuple(recorder.snapshot() for recorder in self._recorders)

    def unrecorded_connections(self, since_ns: int = 0) -> int:
        """How many connections opened since then are not recorded, because the bound was reached."""
        return len(self._unrecorded_ns) - bisect_left(self._unrecorded_ns, since_ns)

    @property
    def is_empty(self) -> bool:
        """Whether it keeps nothing that was recorded, and counts nothing that was not."""
        return not self._recorders and not self._unrecorded_ns

    def forget(self, since_ns: int, before_ns: int, *, later_too: bool = False) -> None:
        """Drop the closed connections that were opened in that time, and give their share of the bound back.

        Args:
            since_ns: The first time.
            before_ns: The time just after the last.
            later_too: Also drop those of them that are still open, as soon as they close.
        """
        for recorder in tuple(self._recorders):
            if since_ns <= recorder.opened_ns < before_ns:
                if recorder.is_closed:
                    self._drop(recorder)
                elif later_too:
                    self._to_drop.add(recorder)
        del self._unrecorded_ns[
            bisect_left(self._unrecorded_ns, since_ns) : bisect_left(self._unrecorded_ns, before_ns)
        ]

    def _drop(self, recorder: Recorder) -> None:
        recorder.forget()
        self._recorders.pop(recorder, None)
        self._to_drop.discard(recorder)

    def connection_opened(self, connection: Connection, client_address: tuple[str, int]) -> Recorder:
        """Give a new connection its recorder, which is kept only while the bound has room for it."""
        self._count += 1
        self._open.add(connection)
        kept = self._budget.take_whole(CONNECTION_COST_BYTES)
        held_bytes = CONNECTION_COST_BYTES if kept else 0
        budget = self._budget if kept else Budget(0)
        recorder = Recorder(self.name, self._count, client_address, self._address, now_ns(), budget, held_bytes)
        if kept:
            self._recorders[recorder] = None
        else:
            self._unrecorded_ns.append(recorder.opened_ns)
        return recorder

    def connection_closed(self, connection: Connection) -> None:
        """A connection's last socket is gone."""
        self._open.discard(connection)
        for observer in self.closed_observers:
            observer(connection.recorder.snapshot())
        if connection.recorder in self._to_drop:
            self._drop(connection.recorder)

    def _accepted(self) -> Leg:
        return Connection(self).legs[Side.CLIENT]


def _port_sentence(name: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} for {name} is in use by another program: choose another port, or 0 for any free one."
    if error.errno == errno.EACCES:
        return f"Port {port} for {name} may not be opened by this user: choose a port from 1024 to 65535, or 0."
    return f"Port {port} for {name} cannot be opened ({error.strerror or error}): choose another port, or 0."
