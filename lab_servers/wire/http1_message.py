"""What an HTTP/1.1 message is: where it lies in its sender's stream, its head, and how its end is told (RFC 9112)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

CLIENT = "client"
SERVER = "server"


class Framing(enum.Enum):
    """How a message says where its body ends (RFC 9112 section 6.3)."""

    NONE = "none"  # no body at all
    CONTENT_LENGTH = "content-length"  # after so many bytes
    CHUNKED = "chunked"  # with a chunk of size 0
    CLOSE = "close"  # when the server closes the connection
    UPGRADED = "upgraded"  # the connection stops being HTTP here (101, or 2xx to CONNECT)


@dataclass(frozen=True)
class Message:
    """One request or response, as far as it is known.

    Attributes:
        sender: ``"client"`` for a request, ``"server"`` for a response.
        start: Offset of its first byte in its sender's stream.
        head_end: Offset just past the empty line that ends the head.
        end: Offset just past its last byte; of an incomplete message, its last byte so far.
        start_line: The request line or status line, without its line end.
        field_lines: Names and values in the order in which they stand.
        framing: How the end of the body is told.
        complete: Whether all of it has been seen.
        body_length: How many bytes of content there are, the framing of chunks left out.
        pieces: For a chunked body the ranges of chunk data, else the body's one range; empty where
            the follower was asked to keep none.
        request: Of a response, the request that it answers, by its number on the connection.
    """

    sender: str
    start: int
    head_end: int
    end: int
    start_line: str
    field_lines: tuple[tuple[str, str], ...]
    framing: Framing
    complete: bool
    body_length: int = 0
    pieces: tuple[tuple[int, int], ...] = ()
    request: int | None = None

    @property
    def status(self) -> int | None:
        """The status code of a response; ``None`` for a request."""
        return int(self.start_line.split(" ", 2)[1]) if self.sender == SERVER else None

    def values(self, name: str) -> list[str]:
        """All values of a field, by its name in any case."""
        return [value for key, value in self.field_lines if key.strip().lower() == name.lower()]
