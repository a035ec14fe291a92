"""The lab: starts the servers behind their relays, runs clients, hands out recordings, cleans up.

Everything lives on one thread of its own (``thread.py``); which servers there are and how they
are started stands in ``hosting.py``, and what is kept of what passed in ``kept.py``.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from lab_servers.capture.capture import DEFAULT_LIMIT_BYTES, Budget
from lab_servers.capture.conditions.network import Network
from lab_servers.capture.conditions.presets import network_named
from lab_servers.errors import BadParameter, LabNotRunning, require_between, shown
from lab_servers.lab.hosting import KINDS, Hosted, ProblemLog, ServerKind, Started, host, host_kind, settle
from lab_servers.lab.kept import Kept
from lab_servers.lab.own_server import Handler, require_free, start_own
from lab_servers.lab.table import html_table, text_table
from lab_servers.lab.take import Take
from lab_servers.lab.thread import STOP_WITHIN_S, STOPPED_MEANWHILE, Job, LoopThread
from lab_servers.marks import Mark, now_ns, wall_clock_offset_ns
from lab_servers.recording import Recording

T = TypeVar("T")

# How long a take waits for its connections to close before it calls them "still open".
SETTLE_S = 0.5

_numbers = itertools.count(1)


class Lab:
    """Real servers on loopback ports, each behind a relay that records every byte.

    Use it as a context manager in a script, or through ``start_lab`` (``current.py``) in a notebook.

    Args:
        servers: Names of the servers to start.
        ports: Fixed ports of relays, by server name; 0 or no entry takes any free port.
        limit_bytes: Bound on what is recorded, 0 to 4 GiB. At the bound the relays go on
            relaying, and every recording says what is missing.

    Raises:
        BadParameter: an unknown server, or a port or a limit out of bounds.
    """

    def __init__(
        self,
        servers: Sequence[str] = tuple(KINDS),
        *,
        ports: Mapping[str, int] | None = None,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
    ) -> None:
        for name in (*servers, *(ports or {})):
            if name not in KINDS:
                raise BadParameter(f"There is no server {name!r}: choose from {', '.join(KINDS)}.")
        for name, port in (ports or {}).items():
            require_between(f"the port of {name}", port, 0, 65535)
        require_between("limit_bytes", limit_bytes, 0, 4 * 1024**3, "bytes")
        self._names = tuple(dict.fromkeys(servers))
        self._ports = dict(ports or {})
        self._budget = Budget(limit_bytes)
        self._log = ProblemLog()
        self._thread = LoopThread(f"lab-{next(_numbers)}", self._log.loop_problem)
        self._kept = Kept()
        self._life = threading.RLock()  # held while the lab starts or stops
        self._is_stopping = False
        self._turn = asyncio.Lock()

    # --- life ---------------------------------------------------------------------------

    def start(self) -> Lab:
        """Start the servers that do not run yet, and return the lab itself.

        Raises:
            PortUnavailable: a fixed port is taken or may not be opened; nothing is left running.
            WouldDeadlock: called on the lab's own thread.
        """
        self._thread.require_other()
        with self._life:
            if not self.is_running:
                try:
                    self._thread.start()
                    self.run(self._start())
                except BaseException:
                    self._thread.stop()
                    raise
        return self

    def stop(self) -> None:
        """Stop every server, client and relay. What was recorded stays; stopping twice is harmless.

        Raises:
            WouldDeadlock: called on the lab's own thread.
        """
        self._thread.require_other()
        with self._life:
            if self.is_running:
                self._is_stopping = True
                try:
                    self._thread.run(self._stop(), STOP_WITHIN_S)
                except TimeoutError:  # a handler keeps the loop busy; the thread says so if it cannot be ended
                    pass
                finally:
                    self._thread.stop()
                    self._is_stopping = False

    async def start_async(self) -> Lab:
        """:meth:`start` for a caller that must not block its own loop."""
        return await asyncio.to_thread(self.start)

    async def stop_async(self) -> None:
        """:meth:`stop` for a caller that must not block its own loop."""
        await asyncio.to_thread(self.stop)

    def __enter__(self) -> Lab:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> Lab:
        return await self.start_async()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.stop_async()

    @property
    def is_running(self) -> bool:
        """Whether the servers are up."""
        return self._thread.is_running

    @property
    def is_stopping(self) -> bool:
        """Whether the lab is being stopped: what a client now says of its server comes from that."""
        return self._is_stopping

    # --- work ---------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the lab's loop, and block until it is done.

        Raises:
            LabNotRunning: the lab was not started, or was stopped meanwhile.
            WouldDeadlock: called on the lab's own thread.
        """
        return self._thread.run(work)

    def submit(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """Run a coroutine on the lab's loop without waiting: ``await`` the job, or ask its result."""
        return self._thread.submit(work)

    @property
    def turn(self) -> asyncio.Lock:
        """Held by the scenario that runs, on the lab's loop: a take records all that passes, so two would mix."""
        return self._turn

    def mark(self, name: str, detail: str = "") -> None:
        """Note an application's moment, from any thread."""
        self._thread.call(self._keep_mark, Mark(now_ns(), name, detail))

    def _keep_mark(self, mark: Mark) -> None:
        self._kept.add_mark(mark)

    # --- what is where ------------------------------------------------------------------

    @property
    def hosted(self) -> tuple[Hosted, ...]:
        """The servers with their relays; of a stopped lab, those that ran last."""
        return tuple(self._kept.hosted.values())

    @property
    def problems(self) -> tuple[str, ...]:
        """The last problems that servers reported, oldest first."""
        return tuple(self._log.lines)

    def url(self, server: str, path: str = "") -> str:
        """The URL of a path on one server, as a client uses it.

        Raises:
            LabNotRunning: the lab does not run.
            BadParameter: no such server runs.
        """
        return self._hosted(server).url + path

    def _hosted(self, server: str) -> Hosted:
        if not self.is_running:
            raise LabNotRunning("The lab is not running: start it with start_lab().")
        hosted = self._kept.hosted
        if not isinstance(server, str) or server not in hosted:
            raise BadParameter(f"No server {shown(server)} runs in this lab: choose from {', '.join(hosted)}.")
        return hosted[server]

    # --- networks -----------------------------------------------------------------------

    def network(self, server: str, network: str | Network = "loopback") -> None:
        """Put a network between one server and its clients; without a second word, take it away again.

        It holds for the connections that are open, from the next byte on, and for new ones. Hosting the server anew
        begins without a network.

        Args:
            server: The server's name.
            network: The name of one of the ``PRESETS`` (``capture/conditions/presets.py``), or a ``Network``.

        Raises:
            BadParameter: there is no such server or no such network.
            LabNotRunning: the lab does not run.
        """
        self.run(self.network_async(server, network))

    async def network_async(self, server: str, network: str | Network = "loopback") -> None:
        """:meth:`network` for a coroutine on the lab's loop, such as a scenario."""
        self._hosted(server).set_network(network if isinstance(network, Network) else network_named(network))

    # --- servers of one's own -----------------------------------------------------------

    def host(self, name: str, handler: Handler, *, scheme: str = "http") -> str:
        """Start a server of your own behind a relay that records it, and return its URL.

        Called again with the same name, it replaces the server; what was recorded of the old one outside of
        takes is forgotten, and what a take under way has seen of it stays in that take.

        Args:
            name: What recordings call it; not the name of one of the lab's own servers.
            handler: ``async def handler(reader, writer)``, called for each connection with the two ends of asyncio's
                streams. The connection is closed when it returns. What it raises shows in :attr:`problems`.
            scheme: What its URL begins with: ``"http"``, ``"ws"`` or ``"tcp"``.

        Raises:
            BadParameter: the name is taken by a server of the lab's or is no text of 1 to 40 printable characters,
                the scheme is unknown, or the handler is no coroutine function.
            LabNotRunning: the lab does not run.
        """
        return self.run(self.host_async(name, handler, scheme=scheme))

    async def host_async(self, name: str, handler: Handler, *, scheme: str = "http") -> str:
        """:meth:`host` for a coroutine on the lab's loop, such as a scenario."""
        if not asyncio.iscoroutinefunction(handler):
            raise BadParameter("handler must be written as async def handler(reader, writer): …")
        return await self.adopt(name, lambda: start_own(handler, self._log), speaks="your own server", scheme=scheme)

    async def adopt(
        self, name: str, start: Callable[[], Coroutine[Any, Any, Started]], *, speaks: str, scheme: str = "http"
    ) -> str:
        """The same for a server that a library starts; on the lab's loop.

        Args:
            name: What recordings call it.
            start: Starts it on a loopback port, and returns its address and a coroutine function that stops it.
            speaks: What it speaks, in a few words, for the lab's table.
            scheme: What its URL begins with.
        """
        require_free(name, scheme)
        kind = ServerKind(name, speaks, scheme, ("/",), "curl -i {no_proxy} {url}/" if scheme == "http" else "")
        hosted = await host_kind(kind, 0, self._budget, await start())
        if self._is_stopping:  # which stops what it knows, and does not know this one
            await hosted.stop()
            raise LabNotRunning(STOPPED_MEANWHILE)
        await self._kept.replace(name, hosted)
        return hosted.url

    # --- recordings ---------------------------------------------------------------------

    def recording(self, name: str = "lab", **parameters: object) -> Recording:
        """Everything recorded since the start or the last :meth:`forget`, as it is now.

        A stopped lab still has it, with the connections that the stop has ended.
        """
        if not self.is_running:
            return self._kept.recording(name, parameters, since_ns=0)
        return self.run(self._recording(name, parameters, since_ns=0))

    def record(self, name: str, *, settle_s: float = SETTLE_S, **parameters: object) -> Take:
        """Record one run: ``with lab.record("my run") as take: …``, then ``take.recording``.

        Args:
            name: What is run.
            settle_s: How long to wait, at the end, for the connections of the run to close, seconds.
            parameters: The run's parameters; the recording and a saved file carry them.
        """
        require_between("settle_s", settle_s, 0, 60, "seconds")
        return Take(self, name, settle_s, parameters)

    def forget(self) -> None:
        """Drop what is recorded of closed connections, and all marks; recordings made before stay."""
        self.run(self._forget())

    # --- on the lab's own loop ----------------------------------------------------------

    async def _start(self) -> None:
        self._kept = Kept(wall_clock_offset_ns())
        self._budget = Budget(self._budget.limit_bytes)
        self._turn = asyncio.Lock()  # a lock belongs to the loop on which somebody first waited for it
        try:
            for name in self._names:
                port = self._ports.get(name, 0)
                self._kept.hosted[name] = await host(name, port, self._budget, self.mark, self._log)
        except BaseException:
            await self._stop()
            self._kept.hosted.clear()
            raise

    async def _stop(self) -> None:
        await asyncio.gather(*(hosted.stop() for hosted in self._kept.all_hosted))

    async def _recording(self, name: str, parameters: Mapping[str, object], since_ns: int) -> Recording:
        # On the loop, so that no byte passes between the snapshots of two connections.
        return self._kept.recording(name, parameters, since_ns)

    async def _forget(self) -> None:
        self._kept.forget(0, now_ns())

    async def begin_take(self, take: Take) -> None:
        """A take begins; on the lab's loop."""
        self._kept.takes.add(take)

    async def end_take(self, take: Take, settle_s: float) -> Recording:
        """A take ends, and gets its recording; on the lab's loop."""
        kept = self._kept
        try:
            # The last FIN of a connection crosses the network there and back.
            round_trip_s = max((hosted.network.round_trip_s for hosted in kept.all_hosted), default=0.0)
            await settle(kept.all_hosted, take.since_ns, settle_s + round_trip_s)
            return kept.recording(take.name, take.parameters, take.since_ns)
        finally:
            kept.takes.discard(take)
            # What another take that goes on has seen begin must stay for it.
            kept.forget(take.since_ns, kept.first_take_ns(), later_too=True)

    # --- how it shows itself --------------------------------------------------------------

    def __repr__(self) -> str:
        return text_table(self.hosted, self.problems) if self.is_running else "Lab (stopped)"

    def _repr_html_(self) -> str:
        return html_table(self.hosted, self.problems) if self.is_running else "<p>Lab (stopped)</p>"
