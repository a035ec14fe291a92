"""An event, and the block of lines that it is on the wire; ``sse_reader.py`` reads what is written here."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """What the application says.

    Attributes:
        data: The text.
        id: Its place in the log; empty for none.
        type: The name of the listener that it is for; empty for ``message``.
    """

    data: str
    id: str = ""
    type: str = ""


def encode(event: Event) -> bytes:
    """An event as a block of lines.

    Raises:
        ValueError: its id or its type cannot stand on one line.
    """
    # HTML §9.2.6: an id with NUL is ignored by the client; a line end would end the field.
    if any(char in event.id for char in "\r\n\0"):
        raise ValueError("an id must have no line end and no NUL")
    if any(char in event.type for char in "\r\n"):
        raise ValueError("a type must have no line end")
    lines = [f"event: {event.type}"] if event.type else []
    lines += [f"id: {event.id}"] if event.id else []
    # HTML §9.2.5: CRLF, LF and CR each end a line, so data with line ends becomes several data lines.
    lines += [f"data: {line}" for line in re.split("\r\n|\r|\n", event.data)]
    # HTML §9.2.6: the blank line dispatches the event. HTML §9.2.5: a stream is always UTF-8.
    return "\n".join((*lines, "", "")).encode("utf-8")
