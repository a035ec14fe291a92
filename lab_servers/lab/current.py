"""The one lab of a notebook: a start cell that is run again replaces the lab that it started before (``lab.py``)."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping, Sequence

from lab_servers.capture.capture import DEFAULT_LIMIT_BYTES
from lab_servers.lab.hosting import KINDS
from lab_servers.lab.lab import Lab

_current: Lab | None = None
_current_lock = threading.RLock()


def start_lab(
    servers: Sequence[str] = tuple(KINDS),
    *,
    ports: Mapping[str, int] | None = None,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Lab:
    """Start a lab; the one that an earlier call started is stopped first, so a cell can be run again.

    The arguments are those of :class:`Lab`.

    Raises:
        BadParameter: an unknown server, or a port or a limit out of bounds.
        PortUnavailable: a fixed port is taken or may not be opened.
    """
    global _current
    lab = Lab(servers, ports=ports, limit_bytes=limit_bytes)
    with _current_lock:
        if _current is not None:
            _current.stop()
        else:
            atexit.register(_stop_current)
        _current = lab  # before it runs: a stop button pressed now must not leave a lab that nobody knows
        lab.start()
    return lab


def _stop_current() -> None:
    if _current is not None:
        _current.stop()
