"""Prints lines from a thread of its own, so that a terminal which does not keep up delays nobody else."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TextIO

MAX_WAITING_LINES = 10_000


class Printer:
    """Writes lines to a stream in the order in which they were put, and flushes them.

    A terminal can be paused, and a pipe's reader can be slow. Then lines wait; when
    ``MAX_WAITING_LINES`` wait already, further ones are left out, and their number is printed.

    Args:
        stream: Where the lines go.
        on_broken: Called once, on the printer's thread, when nobody reads the stream any more.
    """

    def __init__(self, stream: TextIO, on_broken: Callable[[], None]) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._left_out = 0
        # A daemon: one that is blocked in a paused terminal must not keep the process alive.
        self._thread = threading.Thread(target=self._write_all, name="printer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Print a line soon; from any thread, and without waiting."""
        with self._lock:
            if self._lines.qsize() >= MAX_WAITING_LINES:
                self._left_out += 1
                return
        self._lines.put(line)

    def finish(self, timeout_s: float) -> bool:
        """Print what waits, and no more after that; tell whether that was done within the time."""
        self._lines.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _write_all(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.write(self._notice())
                    self._stream.flush()
            self._stream.write(self._notice())
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe, a closed stream
            self._on_broken()

    def _notice(self) -> str:
        with self._lock:
            count, self._left_out = self._left_out, 0
        return f"… {count:,} lines were left out: the output was not read fast enough.\n" if count else ""
