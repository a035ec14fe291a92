"""Messages just below and just above the lengths at which a frame's header grows, and one of the learner's own.

An echo server returns them, so that each length is seen with a masking key and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection

from lab_servers.clients import converse
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import whole
from lab_servers.scenarios.frames_library import LIMIT_BYTES, library_server
from lab_servers.scenarios.scenario import Scenario

# The last length that 7 bits can tell, the first that needs 16, the last of those, and the first that needs 64.
SIZES_BYTES = (125, 126, 65_535, 65_536)


@dataclass(frozen=True)
class FrameLengths(Scenario):
    """How many bytes of header does a frame need for its length?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    own_bytes: int = whole(0, 0, 1_000_000, "bytes", "A length of your own, sent before the four others.")

    @property
    def about_s(self) -> float:
        """Five messages, there and back."""
        return 0.2

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Send a text of each length, and have it back."""
        url = await lab.adopt("echo", library_server(echo), speaks="WebSocket: what it is told", scheme="ws")
        sizes = (self.own_bytes, *SIZES_BYTES)
        await converse(url, ["." * size for size in sizes], expect=len(sizes), limit_bytes=LIMIT_BYTES)
        # What the client sent and received is in the bytes; as marks it would be a second copy of 65,536 dots.
        return {}


async def echo(connection: ServerConnection) -> None:
    """Say what it is told."""
    async for message in connection:
        await connection.send(message)
