"""The real command as a child process, whose lines a test waits for."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType

from tests.repository.project import ROOT

COMMAND = (sys.executable, "-W", "error", "-m", "lab_servers")
GIVE_UP_S = 20.0


def environment(**changes: str) -> dict[str, str]:
    """This process's environment in a plain form: no proxies, UTF-8 output, and then the changes."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "PYTHONIOENCODING": "utf-8", **changes}


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=env or environment(), capture_output=True, encoding="utf-8",
        timeout=60, check=False,
    )  # fmt: skip


class Serving:
    """``serve`` under way: a context manager that leaves no process behind."""

    def __init__(self, *arguments: str, reads: bool = True) -> None:
        self._arguments = arguments
        self._reads = reads
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def __enter__(self) -> Serving:
        self.process = subprocess.Popen(
            [*COMMAND, "serve", *self._arguments], cwd=ROOT, env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self._thread = threading.Thread(target=self._read)
        if self._reads:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        if self._reads:
            self._thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def line(self) -> str:
        """The next line of its standard output."""
        line = self._lines.get(timeout=GIVE_UP_S)
        assert line is not None, f"it ended: {self.errors()}"
        return line

    def line_with(self, *texts: str) -> str:
        """The next line that contains these texts; those before it are dropped."""
        while not all(text in (line := self.line()) for text in texts):
            pass
        return line

    def ports(self) -> dict[str, int]:
        """The ports, read from the table that it prints first."""
        ports: dict[str, int] = {}
        while line := self.line():
            name, *rest = line.split()
            if rest and "://127.0.0.1:" in rest[0] and not line.startswith(" "):
                ports[name] = int(rest[0].rpartition(":")[2])
        return ports

    def end(self, number: signal.Signals) -> tuple[int, list[str], str]:
        """Send a signal and wait for the end.

        Returns:
            The exit status, what was left to read of standard output, and standard error.
        """
        self.process.send_signal(number)
        status = self.process.wait(GIVE_UP_S)
        return status, self.rest(), self.errors()

    def rest(self) -> list[str]:
        """Every line up to the end of standard output."""
        lines = []
        while (line := self._lines.get(timeout=GIVE_UP_S)) is not None:
            lines.append(line)
        return lines

    def errors(self) -> str:
        """Everything it wrote to standard error, once it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)
