"""``serve``: runs a lab until a signal, tells its exchanges as they happen, and saves what was recorded."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from lab_servers.capture.capture import DEFAULT_LIMIT_BYTES, Capture, Side
from lab_servers.capture.connection import Connection
from lab_servers.cli.arguments import Serve
from lab_servers.cli.exchanges import Exchanges
from lab_servers.cli.printer import Printer
from lab_servers.cli.signals import Ending
from lab_servers.cli.terminal import complain, counted
from lab_servers.errors import LabError, SaveFailed
from lab_servers.lab import Lab
from lab_servers.lab.hosting import Hosted
from lab_servers.marks import wall_clock_offset_ns
from lab_servers.recording import Recording

# What waits to be printed at the end is given this long, in seconds.
PRINT_WITHIN_S = 1.0

MAX_NOTICES = 20


def serve(command: Serve) -> int:
    """Run the servers until a signal, and return the exit status.

    Raises:
        SaveFailed: nothing can be written to the folder that was asked for.
        PortUnavailable: a port is taken, or may not be opened.
    """
    ending = Ending()
    ending.listen()
    if command.save is not None:
        prepare(command.save)
    # Without --save nobody will ever look at the recording, so nothing is kept for one.
    lab = Lab(ports=command.ports, limit_bytes=DEFAULT_LIMIT_BYTES if command.save else 0)
    lab.start()
    try:
        for one in lab.hosted:
            lab.network(one.kind.name, command.network)
        printer = None if command.as_json else Printer(sys.stdout, ending.ask)
        if printer is None:
            print(ready_line(lab.hosted), flush=True)
        else:
            printer.put(f"{lab}\n")
            tell_exchanges(lab.hosted, printer)
        ending.wait()
    except BaseException:
        lab.stop()
        raise
    return end(lab, command.save, printer)


def ready_line(hosted: tuple[Hosted, ...]) -> str:
    """The servers as one line of JSON."""
    return json.dumps(
        {
            one.kind.name: {
                "url": one.url,
                "port": one.relay.address[1],
                "endpoints": list(one.kind.endpoints),
                "curl": one.curl,
            }
            for one in hosted
        }
    )


def prepare(folder: Path) -> None:
    """Make a folder, if it is not there, and see that it can be written to.

    Raises:
        SaveFailed: it cannot, said before anything has been recorded in vain.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Permission bits do not tell: a file system may be read-only, and root may do nearly all.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SaveFailed(
            f"--save {str(folder)!r} cannot be written to ({reason}): name a folder that you may write to."
        ) from None


def tell_exchanges(hosted: tuple[Hosted, ...], printer: Printer) -> None:
    """Print each exchange of these servers from now on, as it happens."""
    clock = _WallClock()
    for one in hosted:
        teller = _Teller(one.kind.name, printer, clock)
        one.relay.observers.append(teller.passed)
        one.relay.closed_observers.append(teller.closed)


class _WallClock:
    """Recorded times as times of day."""

    def __init__(self) -> None:
        self._offset_ns = wall_clock_offset_ns()

    def of(self, at_ns: int) -> str:
        return datetime.fromtimestamp((at_ns + self._offset_ns) / 1e9).strftime("%H:%M:%S.%f")[:-3]


class _Teller:
    """One relay's observer. Called on the lab's loop."""

    def __init__(self, server: str, printer: Printer, clock: _WallClock) -> None:
        self._server = server
        self._printer = printer
        self._clock = clock
        self._open: dict[int, Exchanges] = {}

    def passed(self, connection: Connection, side: Side, data: bytes, at_ns: int) -> None:
        exchanges = self._open.get(connection.number)
        if exchanges is None:
            exchanges = self._open[connection.number] = Exchanges()
        for line in exchanges.passed(side, data, at_ns):
            self._print(connection.number, at_ns, line)

    def closed(self, capture: Capture) -> None:
        exchanges = self._open.pop(capture.number, None) or Exchanges()
        for line in exchanges.closed(capture):
            self._print(capture.number, capture.transitions[-1].at_ns, line)

    def _print(self, number: int, at_ns: int, line: str) -> None:
        self._printer.put(f"{self._clock.of(at_ns)}  {self._server} #{number}  {line}")


def end(lab: Lab, folder: Path | None, printer: Printer | None) -> int:
    """Stop a lab, save what it recorded, say what there is to say, and return the exit status."""
    lab.stop()
    # Taken only now: a connection that the stop has ended is told with its end.
    recording = lab.recording("serve")
    status = 0
    problems = list(lab.problems)
    if folder is not None:
        for name, part in split(recording, lab.hosted).items():
            try:
                path = part.save(folder / f"{name}.pcapng")
            except LabError as error:
                problems.append(str(error))
                status = 1
                continue
            problems += part.notices
            if printer is not None:
                printer.put(f"{path}: {counted(len(part), 'connection')}")
    _complain(problems)
    if printer is not None and not printer.finish(PRINT_WITHIN_S):
        # The printer is blocked within sys.stdout, which Python would wait for at its own end.
        sys.stderr.flush()
        os._exit(status)
    return status


def split(recording: Recording, hosted: tuple[Hosted, ...]) -> Mapping[str, Recording]:
    """One recording per server."""
    return {
        one.kind.name: replace(
            recording,
            captures=recording.of(one.kind.name),
            marks=tuple(mark for mark in recording.marks if mark.name.endswith(f" by {one.kind.name}")),
            parameters={"server": one.kind.name, "port": one.relay.address[1], "network": one.network.name},
            unrecorded_connections=one.relay.unrecorded_connections(),
        )
        for one in hosted
    }


def _complain(sentences: list[str]) -> None:
    for sentence in sentences[:MAX_NOTICES]:
        complain(sentence)
    if len(sentences) > MAX_NOTICES:
        complain(f"… and {counted(len(sentences) - MAX_NOTICES, 'notice')} more.")
