"""Real HTTP, polling, SSE and WebSocket servers inside a notebook's kernel, with every byte recorded.

A notebook needs these names; each room of the package has more, for whoever looks further.
"""

from importlib.metadata import PackageNotFoundError, version

from lab_servers.capture.capture import Side
from lab_servers.clients import converse, get, long_poll, poll, post, read_events
from lab_servers.kernel import allow_asyncio_run
from lab_servers.lab import Lab, start_lab
from lab_servers.recording import Recording

try:
    __version__ = version("lab_servers")
except PackageNotFoundError:  # used from a checkout that was not installed
    __version__ = "0+unknown"

__all__ = [
    "Lab",
    "Recording",
    "Side",
    "allow_asyncio_run",
    "converse",
    "get",
    "long_poll",
    "poll",
    "post",
    "read_events",
    "start_lab",
]
