"""Turns the signals that mean "please end" into an entry of a queue."""

from __future__ import annotations

import queue
import signal
from types import FrameType

# SIGHUP: the terminal was closed. SIGBREAK: what Windows has where others have SIGTERM.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

# Windows does not wake a thread that waits for a lock when a signal arrives.
_WAKE_EVERY_S = 0.2


class Ending:
    """Waits until the process is to end: for a signal, or for :meth:`ask`. For the main thread."""

    def __init__(self) -> None:
        # A signal's handler runs between any two steps of the main thread. SimpleQueue is made for
        # that ("put() is reentrant"); an Event could wait for a lock that its own thread holds.
        self._reasons: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen(self) -> None:
        """Take over the signals. After the first one, a SIGINT ends the process at once."""
        for name in _ENDING:
            number = getattr(signal, name, None)
            # nohup ignores SIGHUP on purpose. SIGINT is taken even where a shell that started us in
            # the background ignores it: that it ends us cleanly is part of the contract.
            if number is not None and (name == "SIGINT" or signal.getsignal(number) is not signal.SIG_IGN):
                signal.signal(number, self._arrived)

    def ask(self) -> None:
        """Ask for the end, from any thread."""
        self._reasons.put("asked")

    def wait(self) -> None:
        """Block until the end is asked for."""
        while True:
            try:
                self._reasons.get(timeout=_WAKE_EVERY_S)
            except queue.Empty:
                continue
            return

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self._reasons.put(signal.Signals(number).name)
