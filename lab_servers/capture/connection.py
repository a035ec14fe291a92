"""One relayed connection: the client's socket and the relay's own socket to the server, joined.

The :class:`Relay` (``relay.py``) makes one for each client that it accepts. This is where bytes,
FINs, resets and slowness are passed on, and written down in a ``Recorder`` (``capture.py``).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lab_servers.capture.capture import Recorder, Side, Track, TransitionKind
from lab_servers.capture.conditions.condition import Condition, Passage
from lab_servers.capture.conditions.line import Line, Stage
from lab_servers.marks import now_ns

if TYPE_CHECKING:
    from lab_servers.capture.relay import Relay

LOOPBACK = "127.0.0.1"

# Bytes that may wait in the relay for a slow reader before the writer is stopped.
BUFFER_BYTES = 256 * 1024

# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class _Nowhere:
    """The stage of what nobody can receive any more."""

    def write(self, data: bytes) -> None:
        """Drop the bytes."""

    def write_eof(self) -> None:
        """Drop the end."""

    def reset(self) -> None:
        """Drop the reset."""

    def is_closing(self) -> bool:
        """Always."""
        return True


NOWHERE = _Nowhere()


class Leg(asyncio.Protocol):
    """One side's socket of a relayed connection: it reads from that side and writes to it."""

    def __init__(self, connection: Connection, side: Side) -> None:
        self.connection = connection
        self.side = side
        self.transport: asyncio.Transport | None = None
        self.finished = False  # this side has sent its FIN
        self.lost = False
        self._is_full = False  # this side reads too slowly: enough waits for it
        self._partner: Leg | None = None
        self._onward: Stage = NOWHERE
        self._line: Line | None = None  # in front of the outlet, where there are conditions
        self._outlet: Outlet
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

    def join(self, partner: Leg, outlet: Outlet, conditions: Sequence[Condition], at_ns: int) -> None:
        """Start to pass on what this side sends: through ``conditions`` and ``outlet`` to ``partner``."""
        self._track = self.connection.recorder.tracks[self.side]
        self._partner = partner
        self._outlet = outlet
        self.meet(conditions, at_ns)

    def meet(self, conditions: Sequence[Condition], at_ns: int) -> None:
        """From now on, ``at_ns``, what this side sends meets these conditions; what is held of it keeps its time."""
        if self._partner is None or self._partner.lost:
            return
        passage = Passage(self.connection.number, self.side, at_ns)
        if self._line is not None and (conditions or not self._line.is_empty):
            self._line.meet(conditions, passage)
        elif conditions:
            self._line = Line(self._outlet, conditions, passage, self._regulate)
            if self._partner._is_full:
                self._line.block()
        else:
            self._line = None
        # Without conditions the outlet itself, so that bytes cross this hop as fast as they can.
        self._onward = self._line or self._outlet
        self._regulate()

    def pass_reset_on(self) -> None:
        """This side has given the connection up: tell the other, as soon as the conditions let it."""
        if self._partner is not None:
            self._onward.reset()

    def nobody_receives(self) -> None:
        """The other side's socket is gone: drop what is held for it, and what still comes."""
        if self._line is not None:
            self._line.discard()
        self._onward = NOWHERE

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
        """This side reads too slowly: let no more pass to it, and stop reading from the other."""
        self._is_full = True
        if self._partner is not None:
            self._partner._onward_is_full(True)

    def resume_writing(self) -> None:
        """This side has caught up: read from the other again."""
        self._is_full = False
        if self._partner is not None:
            self._partner._onward_is_full(False)

    def _onward_is_full(self, is_full: bool) -> None:
        if self._line is not None:
            self._line.block() if is_full else self._line.unblock()
        self._regulate()

    def _regulate(self) -> None:
        """Read from this side just while there is room for what it sends."""
        if self.transport is None or self._partner is None or self.finished:
            return
        if self._line.has_room if self._line is not None else not self._partner._is_full:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

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

    def __init__(self, connection: Connection, receiver: Leg, transport: asyncio.Transport) -> None:
        self._connection = connection
        self._transport = transport
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.reset = receiver.reset

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
        at_ns = now_ns()
        self.recorder.happened(TransitionKind.CONNECTED, None, at_ns)
        client.join(server, Outlet(self, server, transport), self.relay.conditions[Side.CLIENT], at_ns)
        server.join(client, Outlet(self, client, client.transport), self.relay.conditions[Side.SERVER], at_ns)

    def conditions_changed(self) -> None:
        """From now on bytes meet the conditions that the relay has now; one that is being given up has no more use."""
        if not self._aborting:
            for side, leg in self.legs.items():
                leg.meet(self.relay.conditions[side], now_ns())

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
        self.legs[leg.side.other].nobody_receives()
        if not self._aborting and (exc is not None or not self._closing):
            # asyncio reports a RST as whatever error the next read or write met.
            self.recorder.happened(TransitionKind.RESET, leg.side, now_ns())
            self._aborting = True
            self._stop_connecting()
            leg.pass_reset_on()
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
        """Give the connection up on both sides at once, whatever conditions hold."""
        self._aborting = True
        self._stop_connecting()
        for leg in self.legs.values():
            leg.nobody_receives()
            leg.reset()

    def _stop_connecting(self) -> None:
        if self._connecting is not None and self._connecting is not asyncio.current_task():
            self._connecting.cancel()
