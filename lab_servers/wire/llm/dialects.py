"""The dialects in which model servers write an answer, and what each says when the answer is at its end.

``reader.py`` reads them. A dialect says what one JSON text means; how the texts are told apart is another
question, which ``Carried`` answers.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

Carried = Literal["event stream", "lines", "json", "messages"]
"""How the JSON texts of an answer are told apart: as the data of server-sent events, one on each line (NDJSON),
one JSON value that is the whole body (an object, or an array that grows), or one in each message (WebSocket)."""

CARRIED: tuple[Carried, ...] = ("event stream", "lines", "json", "messages")


class Dialect(Enum):
    """Whose words an answer is written in."""

    CHAT = "chat completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    GEMINI = "Gemini"
    OLLAMA = "Ollama"
    OURS = "ours"


_TERMINATORS = {
    Dialect.CHAT: "data: [DONE]",
    Dialect.RESPONSES: "response.completed, response.incomplete or response.failed",
    Dialect.MESSAGES: "message_stop",
    Dialect.GEMINI: "finishReason, with which its last part comes",
    Dialect.OLLAMA: '"done":true',
    Dialect.OURS: '"type":"end"',
}


def terminator_of(dialect: Dialect, carried: Carried) -> str:
    """What the dialect sends last, in words for a reader, such as ``data: [DONE]``."""
    if carried == "json":
        return "the bracket that closes the JSON text"
    return _TERMINATORS[dialect]
