"""The log behind an event stream: what has happened, numbered, so that a client that was away can be told.

``sse_server.py`` sends what is here. A server without a log can only go on with what happens next.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from .sse_events import Event

HEARTBEAT_S = 15.0


class EventLog:
    """What has happened so far; without it a client that comes back would miss what happened meanwhile."""

    def __init__(self) -> None:
        self._data: list[str] = []
        self._is_over = False
        self._grew = asyncio.Condition()

    async def add(self, data: str) -> None:
        """Something happens."""
        async with self._grew:
            self._data.append(data)
            self._grew.notify_all()

    async def end(self) -> None:
        """Nothing more will happen."""
        async with self._grew:
            self._is_over = True
            self._grew.notify_all()

    def has_told_all(self, after: int) -> bool:
        """Whether a client that knows so many events knows them all, and none will follow."""
        return self._is_over and after >= len(self._data)

    async def follow(self, after: int) -> AsyncIterator[Event | None]:
        """The events behind the first ``after`` ones, as they happen; ``None`` after each long silence."""
        number = after
        while not self.has_told_all(number):
            if number < len(self._data):
                number += 1
                yield Event(self._data[number - 1], str(number))
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_S), self._grew:
                    await self._grew.wait()
            except TimeoutError:
                yield None
