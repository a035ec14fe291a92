"""A client that says one message slowly, piece by piece, while the server speaks unasked: both directions at once.

The room of the lab's own server (``/ws/room``) is what speaks; the pieces are fragments (RFC 6455 §5.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from websockets.asyncio.client import connect

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario


@dataclass(frozen=True)
class BothWays(Scenario):
    """Who may speak when, if one side has not finished its sentence?

    The client says one message in fragments, with a pause after each. The server counts aloud all the while.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("websocket",)

    pieces: int = whole(4, 2, 12, "fragments", "In how many fragments the client says its message.")
    pause_s: float = number(0.06, 0.01, 2, "seconds", "How long the client thinks after each fragment.")
    tick_s: float = number(0.05, 0.01, 5, "seconds", "After how long the server speaks again, unasked.")

    @property
    def about_s(self) -> float:
        """The pauses."""
        return self.pieces * self.pause_s + 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Speak slowly, listen meanwhile, and leave once the room has repeated the message."""
        marks: list[Mark] = []
        url = lab.url("websocket", f"/ws/room?tick_s={self.tick_s:g}")
        # proxy=None: the variables of the environment must not lead loopback traffic away.
        async with (
            asyncio.timeout(self.about_s + 10),
            connect(url, proxy=None, compression=None, ping_interval=None) as connection,
        ):
            # The room's welcome comes unasked; waiting for it keeps the order of the run the same each time.
            marks.append(Mark(now_ns(), "received", str(await connection.recv())))
            speaking = asyncio.create_task(connection.send(self._slowly(marks)))
            async for message in connection:
                marks.append(Mark(now_ns(), "received", str(message)))
                if '"said"' in str(message):
                    break
            await speaking
        return {"client": marks}

    async def _slowly(self, marks: list[Mark]) -> AsyncIterator[str]:
        for place in range(1, self.pieces + 1):
            piece = f"piece {place} of {self.pieces}" + (", " if place < self.pieces else "")
            yield piece
            marks.append(Mark(now_ns(), "sent", piece))
            if place < self.pieces:
                await asyncio.sleep(self.pause_s)
