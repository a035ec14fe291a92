"""A plain TCP client: sends bytes as they are, whatever they are, and listens until there is a reason to stop.

It speaks no protocol, so it can send what ``http.py`` and ``websocket.py`` rightly refuse to: broken requests, bare
line feeds, frames without a mask. What came back is in the relay's capture; this client only counts it.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from lab_servers.clients.failures import require_timeout, unreachable
from lab_servers.errors import BadParameter, ExchangeFailed, require_between, require_whole
from lab_servers.marks import Mark, now_ns

DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024
LARGEST_LIMIT_BYTES = 64 * 1024 * 1024
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")

# One write, and one read at most.
SLICE_BYTES = 64 * 1024


class RawEnding(enum.Enum):
    """Why the client listened no longer, as the rest of a sentence that begins with "It ended because"."""

    SERVER = "the server closed the connection"
    RESET = "the connection was reset"
    QUIET = "nothing more came for a while, and this client left"
    TIMEOUT = "the time limit passed, and this client left"
    BOUND = "the server sent as much as this client accepts, and this client left"


class Pause(NamedTuple):
    """A place in the bytes at which the client waits before it sends on, ``quiet_s`` of silence at most.

    Attributes:
        offset: The offset of the first byte that is sent after the pause.
        until_quiet: Whether it waits for that silence; else the first byte of an answer ends the pause.
    """

    offset: int
    until_quiet: bool = False


@dataclass(frozen=True)
class RawExchange:
    """What one connection brought.

    Attributes:
        sent_bytes: How many of the bytes this client handed to its system.
        received_bytes: How many bytes came.
        ending: Why no more came.
        marks: "connected", "sent" (detail: how many bytes), "first bytes received", "ended" (detail: why).
    """

    sent_bytes: int
    received_bytes: int
    ending: RawEnding
    marks: tuple[Mark, ...]

    def __repr__(self) -> str:
        return f"<RawExchange {self.sent_bytes:,} bytes sent, {self.received_bytes:,} received; {self.ending.value}>"


async def send_bytes(
    host: str,
    port: int,
    data: bytes,
    *,
    timeout_s: float = 5,
    quiet_s: float = 0.5,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    pauses: Sequence[Pause] = (),
) -> RawExchange:
    """Connect, write ``data`` as it is, and read until one of the four bounds is met; then close the socket.

    It never ends its own side first: a server may take a FIN for "the client has left" and give up its answer.

    Args:
        host: ``127.0.0.1``, ``::1`` or ``localhost``: bytes of any kind go to this machine only.
        port: The port, for example of a relay.
        data: What to send. Nothing about it is checked.
        timeout_s: The longest that all of it may take, 0.001 to 3,600 seconds.
        quiet_s: Leave when neither a byte came nor one could be sent for so long, 0.001 to 3,600 seconds.
        limit_bytes: Leave when so many bytes came, 1 to 64 MiB.
        pauses: Where to wait before sending on, in the order of the bytes; all at once without.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: nothing listens on that port.
    """
    if host not in LOOPBACK_HOSTS:
        raise BadParameter(
            f"host must be one of {', '.join(LOOPBACK_HOSTS)}, not {host!r}: "
            "raw bytes are sent to servers of this machine only."
        )
    require_whole("port", port, 1, 65535)
    require_timeout(timeout_s)
    require_between("quiet_s", quiet_s, 0.001, 3600, "seconds")
    require_whole("limit_bytes", limit_bytes, 1, LARGEST_LIMIT_BYTES, "bytes")
    where = f"{host}:{port}"
    deadline = asyncio.get_running_loop().time() + timeout_s
    try:
        async with asyncio.timeout_at(deadline):
            reader, writer = await asyncio.open_connection(host, port, limit=SLICE_BYTES)
    except TimeoutError as error:
        raise ExchangeFailed(f"{where} took no connection within {timeout_s:g} s. Raise timeout_s.") from error
    except OSError as error:
        raise unreachable(where, error) from error
    return await _Exchange(reader, writer, deadline, quiet_s, limit_bytes).run(data, pauses)


class _Exchange:
    """One open connection: two tasks, of which one writes while the other reads."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        deadline: float,
        quiet_s: float,
        limit_bytes: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._deadline = deadline
        self._quiet_s = quiet_s
        self._limit_bytes = limit_bytes
        self._time = asyncio.get_running_loop().time
        self._active_at = self._time()  # when a byte last came or could be sent
        self._sent_bytes = 0
        self._received_bytes = 0
        self._heard = False  # whether a byte came since the last pause
        self._pause: Pause | None = None  # at which the writing half waits
        self._go_on = asyncio.Event()
        self._marks = [Mark(now_ns(), "connected")]

    async def run(self, data: bytes, pauses: Sequence[Pause]) -> RawExchange:
        # 0: a slice counts as sent once the system has all of it, so a server that stops reading is noticed.
        self._writer.transport.set_write_buffer_limits(high=0)
        writing = asyncio.create_task(self._write_all(data, pauses))
        try:
            ending = await self._read()
            self._marks.append(Mark(now_ns(), "ended", ending.value))
            if not self._writer.transport.is_closing() and self._sent_bytes == len(data):
                self._writer.close()
                with suppress(OSError):
                    await self._writer.wait_closed()
        finally:
            writing.cancel()
            # Closing would wait until the peer has taken what is still to be sent, which may be never.
            self._writer.transport.abort()
        return RawExchange(self._sent_bytes, self._received_bytes, ending, tuple(self._marks))

    async def _write_all(self, data: bytes, pauses: Sequence[Pause]) -> None:
        # The reading half finds out why it cannot be sent.
        with suppress(OSError):
            for pause in pauses:
                await self._write(data, pause.offset)
                if pause.until_quiet or not self._heard:
                    self._pause = pause
                    await self._go_on.wait()
                self._pause = None
                self._go_on.clear()
                self._heard = False
            await self._write(data, len(data))
            self._marks.append(Mark(now_ns(), "sent", f"{len(data):,} bytes"))

    async def _write(self, data: bytes, stop: int) -> None:
        view = memoryview(data)
        while self._sent_bytes < stop:
            part = view[self._sent_bytes : min(self._sent_bytes + SLICE_BYTES, stop)]
            self._writer.write(part)
            await self._writer.drain()
            self._sent_bytes += len(part)
            self._active_at = self._time()

    async def _read(self) -> RawEnding:
        """Read until there is a reason to stop, and return it."""
        while self._received_bytes < self._limit_bytes:
            try:
                async with asyncio.timeout_at(min(self._deadline, self._active_at + self._quiet_s)):
                    came = await self._reader.read(SLICE_BYTES)
            except TimeoutError:
                if self._time() >= self._deadline:
                    return RawEnding.TIMEOUT
                if self._pause is not None:
                    self._active_at = self._time()
                    self._go_on.set()
                elif self._time() >= self._active_at + self._quiet_s:
                    return RawEnding.QUIET
                continue  # more can be sent now, or was meanwhile
            except OSError:
                return RawEnding.RESET
            if not came:
                return RawEnding.SERVER
            self._heard_some(len(came))
            # A server that never pauses must not keep the time limit from being seen.
            if self._time() >= self._deadline:
                return RawEnding.TIMEOUT
        return RawEnding.BOUND

    def _heard_some(self, size_bytes: int) -> None:
        if not self._received_bytes:
            self._marks.append(Mark(now_ns(), "first bytes received"))
        self._received_bytes += size_bytes
        self._active_at = self._time()
        self._heard = True
        if self._pause is not None and not self._pause.until_quiet:
            self._go_on.set()
