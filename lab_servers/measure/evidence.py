"""The words of the evidence table: its columns and rows, what a cell says, and the bytes that a cell rests on.

``evidence_probes.py`` and ``evidence_costs.py`` compute cells from a recording of the scenario ``Evidence``
(``scenarios/choosing_evidence.py``); ``views/evidence_cells.py`` shows them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.wire.http1.message import Message
from lab_servers.wire.model import Record

HTTP, SSE, WEBSOCKET = "HTTP", "SSE", "WebSocket"
COLUMNS = (HTTP, SSE, WEBSOCKET)

EVENT_STREAM = "text/event-stream"


class Dimension(enum.Enum):
    """A row of the table. Its value is its name."""

    BASED_ON_HTTP = "based on HTTP"
    NEW_PROTOCOL = "new protocol"
    DIRECTION = "direction"
    DURATION = "connection duration"
    BROWSER_API = "browser API"
    RECONNECTION = "automatic reconnection"
    TYPICAL_USE = "typical use"


class Part(enum.Enum):
    """A part of the run. Its value is what the request targets of its connections begin with, one of them."""

    TALK = ("/api/user/info", "/api/stream", "/ws/room")  # what each of the three was made for
    VISIT = ("/visit/each",)  # somebody stays for a while and wants two answers
    VISIT_KEPT = ("/visit/kept",)  # the same by HTTP on one kept connection
    VISIT_WHOLE = ("/visit/whole",)  # the same by HTTP, each response waiting for the whole answer
    CUT = ("/cut/first",)  # the server breaks the connection off
    BY_HAND = ("/cut/by-hand",)  # the same, for an application that opens the next connection itself
    CRUD = ("/job/change",)  # one thing is changed
    AI_ANSWER = ("/job/answer",)  # a prompt, and an answer while it is written
    CHAT = ("/job/chat",)  # others and this client speak when they like


def relay_name(column: str) -> str:
    """What recordings call the server of one column."""
    return f"{column} evidence"


def series(column: str, part: Part, what: str) -> str:
    """The name of a series of marks, such as ``"SSE, AI_ANSWER: produced"``."""
    return f"{client_name(column, part)}: {what}"


def client_name(column: str, part: Part) -> str:
    """What the client of one part is called in the names of marks."""
    return f"{column}, {part.name}"


@dataclass(frozen=True)
class Exhibit:
    """Bytes on the wire that a cell rests on.

    Attributes:
        capture: The connection.
        side: Who sent them.
        start: The offset of the first in everything that this side sent.
        stop: The offset after the last.
    """

    capture: Capture
    side: Side
    start: int
    stop: int

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self.capture.bytes_from(self.side)[self.start : self.stop]


@dataclass(frozen=True)
class Cell:
    """One cell of the table, as a probe found it.

    Attributes:
        dimension: Its row.
        column: Its column: one of :data:`COLUMNS`.
        value: What stands in it, in a few words.
        sentence: Why, with the figures of this recording.
        exhibits: The bytes that decide, the most telling first.
        correction: What is wrong or half right about the short answer, with the figures that show it; may be empty.
        spec: Where it is specified, such as ``"RFC 6455 §1.3"``; may be empty.
    """

    dimension: Dimension
    column: str
    value: str
    sentence: str
    exhibits: tuple[Exhibit, ...]
    correction: str = ""
    spec: str = ""


# --- finding connections in a recording ---------------------------------------------------------------------


def connections(recording: Recording, column: str, part: Part) -> tuple[Dissection, ...]:
    """The connections of one column on which one part of the run passed, in the order of opening."""
    found = (dissect(capture) for capture in recording.of(relay_name(column)))
    return tuple(one for one in found if _is_of(one, part))


def required(recording: Recording, column: str, part: Part) -> tuple[Dissection, ...]:
    """The same where there must be one.

    Raises:
        BadParameter: there is none.
    """
    found = connections(recording, column, part)
    if not found:
        raise BadParameter(
            f"This recording has no connection of {column!r} for the part {part.name}: run the scenario Evidence."
        )
    return found


def _is_of(found: Dissection, part: Part) -> bool:
    asked = requests(found)
    return bool(asked) and asked[0].target.partition("?")[0] in part.value


def requests(found: Dissection) -> list[Message]:
    """The HTTP requests on a connection, an opening handshake included."""
    return found.conversation.messages(Side.CLIENT.value)


def answers(found: Dissection) -> list[Message]:
    """The HTTP responses on a connection, a 101 included."""
    return found.conversation.messages(Side.SERVER.value)


def sent_bytes(found: Dissection, side: Side) -> int:
    """How many bytes one side sent on a connection."""
    return len(found.capture.bytes_from(side))


def head_of(found: Dissection, message: Message) -> Exhibit:
    """The head of a message."""
    return Exhibit(found.capture, Side(message.sender), message.start, message.head_end)


def field_line_of(found: Dissection, message: Message, name: str) -> Exhibit:
    """The line of a field in the head of a message; the whole head where there is none."""
    whole = head_of(found, message)
    at = whole.data.lower().find(b"\n" + name.lower().encode() + b":")
    if at < 0:
        return whole
    start = whole.start + at + 1
    size = whole.data[at + 1 :].find(b"\n") + 1
    return Exhibit(found.capture, whole.side, start, start + size)


def exhibit(found: Dissection, record: Record) -> Exhibit:
    """A record."""
    return Exhibit(found.capture, Side(record.sender), record.pieces[0][0], record.pieces[-1][1])


def first(records: Iterable[Record], *names: str) -> Record | None:
    """The first record of one of these names."""
    return next((one for one in records if one.name in names), None)


def counted(number: int, word: str) -> str:
    """``"1 frame"`` or ``"2 frames"``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
