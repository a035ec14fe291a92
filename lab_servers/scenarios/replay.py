"""Bytes of your own sent to one of the lab's servers: a recorded client stream, as it was or changed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from lab_servers.clients.raw import RawExchange, send_bytes
from lab_servers.clients.turns import pauses_of
from lab_servers.errors import BadParameter, LabNotRunning, require_between
from lab_servers.lab import Lab, Take
from lab_servers.lab.thread import STOPPED_MEANWHILE
from lab_servers.recording import Recording

LARGEST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Replay:
    """The parameters of the run.

    The bytes go out as they are, over one new connection and all at once, except that a WebSocket client waits for the
    answer to its handshake, and before its Close frame until the server has been quiet (``clients/turns.py``).

    Nothing in them is adapted: the Host field of a recorded request still names the port of its own run, which the
    lab's servers accept with any loopback name. They answer 421 to any other name, and 403 to an Origin that is not
    of this machine (``servers/guard.py``).

    Attributes:
        server: The name of the server that they go to, such as ``"http"``.
        data: The bytes, 1 byte to 1 MiB.
        timeout_s: The longest that sending and listening may take together, 0.01 to 60 seconds.
        quiet_s: How long to listen after the last byte came, 0.01 to 60 seconds. Raise it for an answer that
            is meant to be slow.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    server: str
    data: bytes
    timeout_s: float = 5
    quiet_s: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.server, str) or not self.server:
            raise BadParameter(f'server must be the name of a server, such as "http", not {self.server!r}.')
        if not isinstance(self.data, bytes):
            kind = type(self.data).__name__
            raise BadParameter(f'data must be bytes, written like b"GET / HTTP/1.1\\r\\n", not {kind}.')
        if not 1 <= len(self.data) <= LARGEST_BYTES:
            raise BadParameter(f"data must be 1 to {LARGEST_BYTES:,} bytes long, not {len(self.data):,}.")
        require_between("timeout_s", self.timeout_s, 0.01, 60, "seconds")
        require_between("quiet_s", self.quiet_s, 0.01, 60, "seconds")

    def run(self, lab: Lab) -> Recording:
        """Send the bytes and listen; the client's marks are named ``"client: …"``.

        Raises:
            BadParameter: no such server runs in this lab.
            LabNotRunning: the lab does not run, or was stopped meanwhile.
        """
        with self._take(lab) as take:
            exchange = lab.run(self._send(lab))
        return _recorded(take, exchange)

    async def run_async(self, lab: Lab) -> Recording:
        """The same, awaited."""
        async with self._take(lab) as take:
            exchange = await lab.submit(self._send(lab))
        return _recorded(take, exchange)

    def _take(self, lab: Lab) -> Take:
        # The bytes themselves are in the recording.
        size_bytes = len(self.data)
        return lab.record(
            "Replay", server=self.server, size_bytes=size_bytes, timeout_s=self.timeout_s, quiet_s=self.quiet_s
        )

    async def _send(self, lab: Lab) -> RawExchange:
        address = urlsplit(lab.url(self.server))
        assert address.hostname is not None
        assert address.port is not None
        return await send_bytes(
            address.hostname,
            address.port,
            self.data,
            timeout_s=self.timeout_s,
            quiet_s=self.quiet_s,
            pauses=pauses_of(self.data),
        )


def _recorded(take: Take, exchange: RawExchange) -> Recording:
    try:
        recording = take.recording
    except LabNotRunning:  # the lab was stopped between the last byte and the end of the take
        raise LabNotRunning(STOPPED_MEANWHILE) from None
    return recording.with_marks("client", exchange.marks)
