"""One relayed connection: the client's socket and the relay's own socket to the server, joined.

The :class:`Relay` (``relay.py``) makes one for each client that it accepts. This is where bytes,
FINs, resets and slowness are passed on, and written down in a ``Recorder`` (``capture.py``).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from lab_servers.capture.capture import Recorder, Side, Track, TransitionKind
from lab_servers.capture.conditions import Stage, chain
from lab_servers.marks import now_ns

if TYPE_CHECKING:
    from lab_servers.capture.relay import Relay

LOOPBACK = "127.0.0.1"

# Bytes that may wait in the relay for a slow reader before the writer is stopped.
BUFFER_BYTES = 256 * 1024

# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


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
            with suppress(OSError):  # some systems refuse options on a socket that was reset already
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


class Outlet:
    """The last stage of a direction: the socket itself, and word to the connection that the FIN has gone out."""

    def __init__(self, connection: Connection, transport: asyncio.Transport) -> None:
        self._connection = connection
        self._transport = transport
        self.write = transport.write

    def write_eof(self) -> None:
        """Send the FIN, behind every byte before it."""
        # shutdown() fails on a socket whose peer has reset it; that leg's own loss tells of it.
        with suppress(OSError):
            self._transport.write_eof()
        self._connection.fin_passed_on()


class Connection:
    """A client's connection and the relay's own connection to the server, joined."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.recorder: Recorder  # from the moment on at which the client's socket is there
        self.legs = {Side.CLIENT: Leg(self, Side.CLIENT), Side.SERVER: Leg(self, Side.SERVER)}
        self.closed = asyncio.get_running_loop().create_future()
        self._connecting: asyncio.Task[None] | None = None
        self._fins = 0  # passed on, behind every byte that conditions held back
        self._closing = False  # both FINs have been passed on
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
        client.join(server, chain(self.relay.conditions[Side.CLIENT], Outlet(self, transport)))
        server.join(client, chain(self.relay.conditions[Side.SERVER], Outlet(self, client.transport)))
        client.transport.resume_reading()

    def fin_passed_on(self) -> None:
        """Close both sockets once both FINs have been passed on; what is buffered is sent first."""
        self._fins += 1
        if self._fins == len(self.legs):
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
