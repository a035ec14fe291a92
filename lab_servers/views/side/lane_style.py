"""How each lane of a comparison looks, the same in every picture: colour by family, dashes and sign by transport.

``lanes.py`` finds the lanes in a recording, the other modules beside this one draw them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab_servers.measure.transports import Lane, Transport
from lab_servers.views.style import BLUE, DASH_DOT, DASHED, DOTTED, GREEN, PURPLE, SOLID, VERMILION

Dashes = str | tuple[int, tuple[float, ...]]


@dataclass(frozen=True)
class LaneStyle:
    """The look of one lane.

    Attributes:
        color: The family's: exchanges, polling, a response that grows, WebSocket.
        dashes: The line, as matplotlib takes it.
        marker: The sign.
        is_filled: Whether the sign is full; hollow for a second library.
    """

    color: str
    dashes: Dashes
    marker: str
    is_filled: bool = True

    @property
    def line(self) -> dict[str, Any]:
        """What ``axes.plot`` takes for a curve."""
        return {"color": self.color, "linestyle": self.dashes, "linewidth": 2.2}

    @property
    def sign(self) -> dict[str, Any]:
        """What ``axes.plot`` takes for signs without a line."""
        face = self.color if self.is_filled else "none"
        look = {"color": self.color, "marker": self.marker, "markerfacecolor": face}
        # A star and a cross have less ink than a disc of their size.
        size = 11 if self.marker in "*XP" else 8
        return {**look, "linestyle": "", "markersize": size, "markeredgewidth": 1.4}

    @property
    def both(self) -> dict[str, Any]:
        """What ``axes.plot`` takes for a curve with signs on it."""
        return {**self.sign, **self.line}


_BY_TRANSPORT = {
    Transport.WHOLE: LaneStyle(BLUE, SOLID, "o"),
    Transport.REQUESTS: LaneStyle(BLUE, DASHED, "s"),
    Transport.RECONNECTING: LaneStyle(BLUE, DOTTED, "X"),
    Transport.POLLING: LaneStyle(PURPLE, SOLID, "v"),
    Transport.LONG_POLLING: LaneStyle(PURPLE, DASHED, "^"),
    Transport.NDJSON: LaneStyle(GREEN, DASHED, "P"),
    Transport.SSE: LaneStyle(GREEN, SOLID, "D"),
    Transport.WEBSOCKET: LaneStyle(VERMILION, SOLID, "*"),
}


def style_of(lane: Lane) -> LaneStyle:
    """The look of a lane; that of a second library is its transport's with other dashes and hollow signs."""
    style = _BY_TRANSPORT[lane.transport]
    return LaneStyle(style.color, DASH_DOT, style.marker, is_filled=False) if lane.library else style
