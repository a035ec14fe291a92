"""The ways in which the same messages can travel, and the lanes of a comparison: one way, carried by one library.

A leaf of the house's measuring: scenarios (``scenarios/side_*.py``) run lanes, ``accounting.py`` and ``timing.py``
find them again in a recording by their names.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Transport(enum.Enum):
    """A way to carry messages. Its value is its name in pictures, tables and recordings."""

    WHOLE = "whole response"  # one response, once everything has been produced
    REQUESTS = "request each"  # an exchange for each message, on a kept connection
    RECONNECTING = "connection each"  # an exchange for each message, on a connection of its own
    NDJSON = "NDJSON"  # one response that grows, a line for each message
    # RFC 6202 §2.1 has the words. (A server of the lab's own is called "polling", and names are taken once.)
    POLLING = "short polling"  # a question in fixed steps: what is new?
    LONG_POLLING = "long polling"  # a question that is held until something is new
    SSE = "SSE"  # one response that grows, an event for each message (WHATWG HTML §9.2)
    WEBSOCKET = "WebSocket"  # a text message for each (RFC 6455)


class Direction(enum.Enum):
    """Which way messages go."""

    DOWN = "down"  # from the server to the client
    UP = "up"  # from the client to the server


@dataclass(frozen=True)
class Lane:
    """One transport carried by one library; its name is that of its relay in a recording.

    Attributes:
        transport: The way.
        library: The second library's name; empty for the one that the course uses otherwise.
    """

    transport: Transport
    library: str = ""

    @property
    def name(self) -> str:
        """``"SSE"``, or ``"SSE by httpx-sse"``."""
        return f"{self.transport.value} by {self.library}" if self.library else self.transport.value


def lane_named(name: str) -> Lane | None:
    """The lane of a recording's server name; ``None`` for a server that is no lane."""
    value, _, library = name.partition(" by ")
    found = next((one for one in Transport if one.value == value), None)
    return Lane(found, library) if found else None


# Every way with the library that the course uses otherwise; and beside three of them a second library, so that nobody
# takes the library for the protocol. The library named is the client's, and with WebSocket the server's as well.
LANES = tuple(Lane(transport) for transport in Transport)
SECOND_LANES = (
    Lane(Transport.NDJSON, "httpx"),
    Lane(Transport.SSE, "httpx-sse"),
    Lane(Transport.WEBSOCKET, "aiohttp"),
)
