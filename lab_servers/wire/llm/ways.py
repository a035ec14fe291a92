"""The ways in which a model's answer travels here: which dialect its JSON texts are in, and what tells them apart.

``reader.py`` reads the dialects, ``clients/answers.py`` asks in each of these ways, ``measure/answer_bytes.py`` counts.
"""

from __future__ import annotations

from enum import Enum

from lab_servers.wire.llm.dialects import Carried, Dialect


class Way(Enum):
    """One way of getting an answer. Its value is its name, in pictures and as that of a relay."""

    WHOLE = "whole JSON"
    CHAT = "chat completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    GEMINI = "Gemini"
    OLLAMA = "Ollama"
    EVENT_STREAM = "event stream"
    NDJSON = "NDJSON"
    WEBSOCKET = "WebSocket"
    SHORT_POLLING = "short polling"
    LONG_POLLING = "long polling"

    @property
    def dialect(self) -> Dialect:
        """Whose words the answer is in."""
        return _DIALECTS.get(self, Dialect.OURS)

    @property
    def carried(self) -> Carried:
        """How its JSON texts are told apart. Of polling, each response is a message: a list of parts."""
        return _CARRIED.get(self, "event stream")

    @property
    def is_vendors(self) -> bool:
        """Whether a vendor's clients ask in this way; the others are this project's own."""
        return self in _DIALECTS


_DIALECTS = {
    Way.CHAT: Dialect.CHAT,
    Way.RESPONSES: Dialect.RESPONSES,
    Way.MESSAGES: Dialect.MESSAGES,
    Way.GEMINI: Dialect.GEMINI,
    Way.OLLAMA: Dialect.OLLAMA,
}
_CARRIED: dict[Way, Carried] = {
    Way.WHOLE: "json",
    Way.OLLAMA: "lines",
    Way.NDJSON: "lines",
    Way.WEBSOCKET: "messages",
    Way.SHORT_POLLING: "messages",
    Way.LONG_POLLING: "messages",
}

OURS = tuple(way for way in Way if not way.is_vendors)
VENDORS = tuple(way for way in Way if way.is_vendors)
