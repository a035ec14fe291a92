"""Real HTTP, polling, SSE and WebSocket servers inside a notebook's kernel, with every byte recorded.

A notebook needs these names; each room of the package has more, for whoever looks further.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab_servers.capture.capture import Side
    from lab_servers.clients import converse, event_source, get, long_poll, poll, post, read_events
    from lab_servers.kernel import allow_asyncio_run
    from lab_servers.lab import Lab, start_lab
    from lab_servers.recording import Recording

try:
    __version__ = version("lab_servers")
except PackageNotFoundError:  # used from a checkout that was not installed
    __version__ = "0+unknown"

_HOMES = {
    "Lab": "lab", "Recording": "recording", "Side": "capture.capture", "allow_asyncio_run": "kernel",
    "converse": "clients", "event_source": "clients", "get": "clients", "long_poll": "clients", "poll": "clients",
    "post": "clients", "read_events": "clients", "start_lab": "lab",
}  # fmt: skip

__all__ = [
    "Lab",
    "Recording",
    "Side",
    "allow_asyncio_run",
    "converse",
    "event_source",
    "get",
    "long_poll",
    "poll",
    "post",
    "read_events",
    "start_lab",
]


def __getattr__(name: str) -> object:
    # Each name is imported when it is first used (PEP 562): `python -m lab_servers doctor` has to
    # run where one of the libraries behind them is missing, and to say which.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
