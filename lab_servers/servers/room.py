"""The chat room behind ``websocket.py``: everybody hears everybody, and the server speaks unasked."""

from __future__ import annotations

import asyncio
import json
from itertools import count

from websockets.asyncio.server import ServerConnection, broadcast

MAX_MEMBERS = 50
MAX_UNSENT_BYTES = 1024 * 1024


class Room:
    """Who is there, and how to tell them all something."""

    def __init__(self) -> None:
        self._members: dict[ServerConnection, int] = {}
        self._numbers = count(1)

    async def visit(self, connection: ServerConnection, tick_s: float) -> None:
        """Stay until the connection ends; say what this member sends to all, and a tick every ``tick_s`` seconds."""
        if len(self._members) >= MAX_MEMBERS:
            # After the handshake, because a browser shows a script no reason for a refused one, only 1006.
            await connection.close(1013, f"the room is full: {MAX_MEMBERS} members")
            return
        number = next(self._numbers)
        self._members[connection] = number
        self._say([connection], {"type": "welcome", "you": number, "members": len(self._members)})
        self._say(self._others(connection), {"type": "joined", "member": number})
        ticking = asyncio.create_task(self._tick(connection, tick_s))
        try:
            async for message in connection:
                if isinstance(message, bytes):
                    await connection.close(1003, "this room understands text only")
                    return
                self._say(list(self._members), {"type": "said", "member": number, "text": message})
        finally:
            ticking.cancel()
            del self._members[connection]
            self._say(list(self._members), {"type": "left", "member": number})

    async def _tick(self, connection: ServerConnection, tick_s: float) -> None:
        for number in count(1):
            await asyncio.sleep(tick_s)
            self._say([connection], {"type": "tick", "n": number})

    def _others(self, connection: ServerConnection) -> list[ServerConnection]:
        return [member for member in self._members if member is not connection]

    def _say(self, members: list[ServerConnection], message: dict[str, object]) -> None:
        # `await member.send()` for one after the other would make everybody wait for the slowest. broadcast()
        # writes to all and waits for none, so what a member does not read piles up here: whoever has this much
        # unsent is let go. Reset and not closed: a close frame would wait behind everything that is not read.
        stalled = [member for member in members if member.transport.get_write_buffer_size() > MAX_UNSENT_BYTES]
        for member in stalled:
            member.transport.abort()
        reading = [member for member in members if not member.transport.is_closing()]
        broadcast(reading, json.dumps(message, ensure_ascii=False))
