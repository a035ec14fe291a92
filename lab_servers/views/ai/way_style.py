"""How each way of an answer looks, the same in every picture: colour by family, sign and dashes by way.

The other modules of this room draw with it; ``style.py`` has the colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab_servers.views.style import BLUE, DASH_DOT, DASHED, DOTTED, GREEN, PURPLE, SOLID, VERMILION
from lab_servers.wire.llm.ways import Way

Dashes = str | tuple[int, tuple[float, ...]]


@dataclass(frozen=True)
class WayStyle:
    """The look of one way.

    Attributes:
        color: The family's: whole, polling, our own that grow, the vendors'.
        dashes: The line, as matplotlib takes it.
        marker: The sign.
    """

    color: str
    dashes: Dashes
    marker: str

    @property
    def curve(self) -> dict[str, Any]:
        """What a line with signs on it takes, but for its width."""
        return {"color": self.color, "linestyle": self.dashes, "marker": self.marker, "markersize": 7}


_STYLES = {
    Way.WHOLE: WayStyle(BLUE, SOLID, "o"),
    Way.CHAT: WayStyle(VERMILION, SOLID, "s"),
    Way.RESPONSES: WayStyle(VERMILION, DASHED, "p"),
    Way.MESSAGES: WayStyle(VERMILION, DOTTED, "h"),
    Way.GEMINI: WayStyle(VERMILION, DASH_DOT, "d"),
    Way.OLLAMA: WayStyle(VERMILION, (0, (4, 1, 1, 1)), "8"),
    Way.EVENT_STREAM: WayStyle(GREEN, SOLID, "D"),
    Way.NDJSON: WayStyle(GREEN, DASHED, "P"),
    Way.WEBSOCKET: WayStyle(GREEN, DOTTED, "*"),
    Way.SHORT_POLLING: WayStyle(PURPLE, SOLID, "v"),
    Way.LONG_POLLING: WayStyle(PURPLE, DASHED, "^"),
}


def style_of_way(name: str) -> WayStyle:
    """The look of a way, by its name or by one that begins with it and a comma."""
    known = name.split(",")[0]
    return next((style for way, style in _STYLES.items() if way.value == known), WayStyle(BLUE, DASHED, "X"))
