"""The relay: a TCP hop in front of a server that forwards bytes untouched and records them.

It sits between any client and one server and knows nothing of what they say to each other, so
it sees the true bytes of every client there is. What it sees goes to a ``Recorder``
(``capture.py``); network conditions (``conditions.py``) stand between its reading and its writing.

A relay passes on more than bytes: a FIN as a FIN, a reset as a reset, and a reader's slowness
as slowness, so that at most one read and one buffer of bytes wait inside it per direction.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable, Mapping, Sequence

from lab_servers.capture.capture import CONNECTION_COST_BYTES, Budget, Capture, Recorder, Side, Track, TransitionKind
from lab_servers.capture.conditions import Condition, Stage, chain
from lab_servers.errors import PortUnavailable
from lab_servers.marks import now_ns

LOOPBACK = "127.0.0.1"

# Bytes that may wait in the relay for a slow reader before the writer is stopped.
BUFFER_BYTES = 256 * 1024

# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

Observer = Callable[["Connection", Side, bytes, int], None]


class Leg(asyncio.Protocol):
    """One side's socket of a relayed connection: it reads from that side and writes to it."""

    def __init__(self, connection: Connection, side: Side) -> None:
        self.connection = connection
        self.side = side
        self.transport: asyncio.Transport | None = None
        self.finished = False  # this side has sent its FIN
        self.lost = False
        self._partner: Leg | None = None
        self._onward: Stage
        self._track: Track
        self._observers = connection.relay.observers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        if self.side is Side.CLIENT:
            self.connection.client_accepted(transport)
        else:
            self.connection.server_reached(transport)

    def join(self, partner: Leg, onward: Stage) -> None:
        """Start to pass on what this side sends: through ``onward`` to ``partner``."""
        self._track = self.connection.recorder.tracks[self.side]
        self._partner = partner
        self._onward = onward

    def data_received(self, data: bytes) -> None:
        """One read: pass it on and write it down."""
        at_ns = now_ns()
        # First on, then down: the byte's way is not made longer by our notes. Snapshots are taken
        # on this loop too, so whoever has seen a byte arrive finds it in the capture.
        self._onward.write(data)
        self._track.passed(data, at_ns)
        for observer in self._observers:
            observer(self.connection, self.side, data, at_ns)

    def eof_received(self) -> bool:
        """This side's FIN: pass it on, and keep the other direction open."""
        self.finished = True
        self.connection.recorder.happened(TransitionKind.HALF_CLOSED, self.side, now_ns())
        self._onward.write_eof()
        self.connection.close_if_finished()
        return True  # keep our own sending half: the other side may have more to say

    def pause_writing(self) -> None:
        """This side reads too slowly: stop reading from the other."""
        if self._partner is not None and self._partner.transport is not None:
            self._partner.transport.pause_reading()

    def resume_writing(self) -> None:
        """This side has caught up: read from the other again."""
        if self._partner is not None and self._partner.transport is not None and not self._partner.finished:
            self._partner.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone, because its side reset it or because we closed it."""
        self.lost = True
        self.connection.leg_lost(self, exc)

    def reset(self) -> None:
        """Close this side's socket with a RST."""
        if self.transport is None or self.lost:
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


class Connection:
    """A client's connection and the relay's own connection to the server, joined."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.recorder: Recorder  # from the moment on at which the client's socket is there
        self.legs = {Side.CLIENT: Leg(self, Side.CLIENT), Side.SERVER: Leg(self, Side.SERVER)}
        self.closed = asyncio.get_running_loop().create_future()
        self._connecting: asyncio.Task[None] | None = None
        self._closing = False  # both sides have sent their FIN
        self._aborting = False  # we are resetting both sockets, so their loss is no news

    @property
    def number(self) -> int:
        """1 for the relay's first connection, then counting up."""
        return self.recorder.number

    def client_accepted(self, transport: asyncio.Transport) -> None:
        """The client's socket is there: reach the server before a byte is read from it."""
        transport.pause_reading()
        # A client that is gone already has no address left to tell.
        address = transport.get_extra_info("peername") or (LOOPBACK, 0)
        self.recorder = self.relay.connection_opened(self, address[:2])
        if self.relay.is_stopped:
            self.abandon()
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        server = self.legs[Side.SERVER]
        try:
            await asyncio.get_running_loop().create_connection(lambda: server, *self.relay.upstream)
        except OSError:
            self.recorder.happened(TransitionKind.REFUSED, None, now_ns())
            self._end_with_reset()

    def server_reached(self, transport: asyncio.Transport) -> None:
        """The server's socket is there too: from now on bytes pass."""
        client, server = self.legs[Side.CLIENT], self.legs[Side.SERVER]
        if self._aborting or client.transport is None:
            server.reset()
            return
        self.recorder.happened(TransitionKind.CONNECTED, None, now_ns())
        client.join(server, chain(self.relay.conditions[Side.CLIENT], transport))
        server.join(client, chain(self.relay.conditions[Side.SERVER], client.transport))
        client.transport.resume_reading()

    def close_if_finished(self) -> None:
        """Close both sockets once each side has sent its FIN; what is buffered is sent first."""
        if all(leg.finished for leg in self.legs.values()):
            self._closing = True
            for leg in self.legs.values():
                if leg.transport is not None:
                    leg.transport.close()

    def leg_lost(self, leg: Leg, exc: Exception | None) -> None:
        """A socket is gone. If its own side did that, with a reset, the other side gets one too."""
        if not self._aborting and (exc is not None or not self._closing):
            # asyncio reports a RST as whatever error the next read or write met.
            self.recorder.happened(TransitionKind.RESET, leg.side, now_ns())
            self._end_with_reset()
        server = self.legs[Side.SERVER]
        if self.legs[Side.CLIENT].lost and (server.lost or server.transport is None) and not self.closed.done():
            self.recorder.happened(TransitionKind.CLOSED, None, now_ns())
            self.closed.set_result(None)
            self.relay.connection_closed(self)

    def abandon(self) -> None:
        """End the connection because the relay stops."""
        if not self._closing and not self._aborting:
            self.recorder.happened(TransitionKind.ABANDONED, None, now_ns())
        self._end_with_reset()

    def _end_with_reset(self) -> None:
        self._aborting = True
        if self._connecting is not None and self._connecting is not asyncio.current_task():
            self._connecting.cancel()
        for leg in self.legs.values():
            leg.reset()


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
        self.unrecorded_connections = 0
        self._budget = budget
        self.is_stopped = False
        self._count = 0
        self._open: set[Connection] = set()
        self._recorders: list[Recorder] = []
        self._server: asyncio.Server | None = None
        self._address = (LOOPBACK, 0)

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

    def stop_listening(self) -> None:
        """Take no more connections; those that are open go on."""
        if self._server is not None:
            self._server.close()

    async def stop(self) -> None:
        """Stop listening and reset whatever is still open."""
        self.stop_listening()
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

    def forget(self, since_ns: int = 0) -> None:
        """Drop the closed connections opened since then, and give their share of the bound back."""
        kept = []
        for recorder in self._recorders:
            if recorder.is_closed and recorder.opened_ns >= since_ns:
                recorder.forget()
            else:
                kept.append(recorder)
        self._recorders = kept

    def connection_opened(self, connection: Connection, client_address: tuple[str, int]) -> Recorder:
        """Give a new connection its recorder, which is kept only while the bound has room for it."""
        self._count += 1
        self._open.add(connection)
        kept = self._budget.take_whole(CONNECTION_COST_BYTES)
        held_bytes = CONNECTION_COST_BYTES if kept else 0
        budget = self._budget if kept else Budget(0)
        recorder = Recorder(self.name, self._count, client_address, self._address, now_ns(), budget, held_bytes)
        if kept:
            self._recorders.append(recorder)
        else:
            self.unrecorded_connections += 1
        return recorder

    def connection_closed(self, connection: Connection) -> None:
        """A connection's last socket is gone."""
        self._open.discard(connection)
        for observer in self.closed_observers:
            observer(connection.recorder.snapshot())

    def _accepted(self) -> Leg:
        return Connection(self).legs[Side.CLIENT]


def _port_sentence(name: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} for {name} is in use by another program: choose another port, or 0 for any free one."
    if error.errno == errno.EACCES:
        return f"Port {port} for {name} may not be opened by this user: choose a port from 1024 to 65535, or 0."
    return f"Port {port} for {name} cannot be opened ({error.strerror or error}): choose another port, or 0."
