"""What an HTTP/1.1 message is: its head, how its end is told (RFC 9112 §6.3), and where its content lies.

``stream.py`` finds messages in one direction; ``exchanges.py`` knows both directions; ``records.py``
makes records of what they found.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from lab_servers.wire.model import CLIENT, SERVER, Pieces, Severity

__all__ = ["CLIENT", "SERVER", "Content", "Framing", "Message", "Problem"]


_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def ascii_lower(text: str) -> str:
    """Lower case for A to Z alone: U+212A, the sign for kelvin, must not become a k that makes ``chunked`` of it."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def words_of(line: str) -> list[str]:
    """A start line split at spaces and tabs. Other characters that Python takes for white space are part of words."""
    return [word for word in line.replace("\t", " ").split(" ") if word]


class Framing(enum.Enum):
    """How a message says where its body ends (RFC 9112 §6.3)."""

    NONE = "none"  # no body at all
    CONTENT_LENGTH = "content-length"  # after so many bytes
    CHUNKED = "chunked"  # with a chunk of size 0
    CLOSE = "close"  # when the server closes the connection
    UPGRADED = "upgraded"  # the connection stops being HTTP here (101, or 2xx to CONNECT)


class Problem(NamedTuple):
    """Something about a head as a whole, or about one of its fields, that is not yet tied to bytes.

    Attributes:
        severity: How much it matters.
        text: The sentence of the note that it becomes.
        spec: The rule.
        field: The name of the field whose lines it is about, in any case; empty for the start line.
    """

    severity: Severity
    text: str
    spec: str
    field: str = ""


class Content:
    """The content of one message: its body without the framing of chunks.

    It is the content of an event stream as ``sse/`` wants it: bytes, and where each of them lies.

    Attributes:
        length: How many bytes there are so far.
        data: The content, as far as :meth:`fill` has copied it.
    """

    __slots__ = ("_pieces", "_source", "_starts", "data", "length")

    is_one_to_one = True
    problem = ""  # nothing keeps it from being read

    def __init__(self, source: bytearray | None) -> None:
        self.length = 0
        self.data = bytearray()
        self._source = source  # None: only the length is kept
        self._starts: list[int] = []  # the offset in the content at which each piece begins
        self._pieces: list[tuple[int, int]] = []

    def add(self, start: int, stop: int) -> None:
        """More of it lies at ``start`` to ``stop`` of the direction's stream."""
        if self._source is not None and start < stop:
            if self._pieces and self._pieces[-1][1] == start:
                self._pieces[-1] = (self._pieces[-1][0], stop)
            else:
                self._starts.append(self.length)
                self._pieces.append((start, stop))
        self.length += stop - start

    def fill(self) -> bytearray:
        """Copy what was added since the last call into :attr:`data`, and return that."""
        source = self._source
        have = len(self.data)
        if source is not None and have < self.length:
            for start, stop in self.pieces(have, self.length):
                self.data += source[start:stop]
        return self.data

    def pieces(self, start: int, stop: int) -> Pieces:
        """Where the content's bytes ``start`` to ``stop`` lie in the direction's stream."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        if start < stop and stop <= self.length:
            # Most of what is asked for lies in one piece.
            first, last = self._pieces[index]
            shift = first - self._starts[index]
            if stop + shift <= last:
                return ((start + shift, stop + shift),)
        found = []
        while index < len(self._pieces) and self._starts[index] < stop:
            first, last = self._pieces[index]
            low = first + max(start - self._starts[index], 0)
            high = min(first + stop - self._starts[index], last)
            if low < high:
                found.append((low, high))
            index += 1
        return tuple(found)

    @property
    def all_pieces(self) -> Pieces:
        """Where all of it lies; empty where only the length is kept."""
        return tuple(self._pieces)


@dataclass(slots=True, eq=False)
class Message:
    """One request or response. It grows until it is complete.

    Attributes:
        sender: ``"client"`` for a request, ``"server"`` for a response.
        start: Offset of its first byte in its sender's stream, empty lines before it left out.
        head_end: Offset just past the empty line that ends the head.
        end: Offset just past its last byte; of an incomplete message, its last byte so far.
        start_line: The request line or status line, without its line end.
        field_lines: Names and values in the order in which they stand.
        content: Where the body's bytes lie, the framing of chunks left out.
        framing: How the end of the body is told.
        is_complete: Whether all of it has been seen.
        number: Of a request, its place on the connection, from 1; of a response, that of the request it answers,
            or 0 when it answers none.
        request: Of a response, the request that it answers.
        problems: What is wrong with how it says where it ends.
    """

    sender: str
    start: int
    head_end: int
    end: int
    start_line: str
    field_lines: tuple[tuple[str, str], ...]
    content: Content
    framing: Framing = Framing.NONE
    is_complete: bool = False
    number: int = 0
    request: Message | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def method(self) -> str:
        """The method of a request."""
        return words_of(self.start_line)[0]

    @property
    def target(self) -> str:
        """The request target of a request."""
        return self.start_line.partition(" ")[2].rpartition(" ")[0].strip(" \t")

    @property
    def version(self) -> str:
        """The version, for example ``"HTTP/1.1"``."""
        words = words_of(self.start_line)
        return words[-1] if self.sender == CLIENT else words[0]

    @property
    def status(self) -> int | None:
        """The status code of a response; ``None`` for a request."""
        return int(words_of(self.start_line)[1]) if self.sender == SERVER else None

    def values(self, name: str) -> list[str]:
        """All values of a field, by its name in any case."""
        wanted = name.lower()
        return [value for key, value in self.field_lines if ascii_lower(key.strip(" \t")) == wanted]

    def tokens(self, name: str) -> list[str]:
        """The elements of a field that is a list, in lower case; empty ones are ignored (RFC 9110 §5.6.1)."""
        elements = (part.strip(" \t") for value in self.values(name) for part in value.split(","))
        return [ascii_lower(one) for one in elements if one]

    @property
    def media_type(self) -> str:
        """The type of the content without its parameters, in lower case; empty when there is none."""
        values = self.values("Content-Type")
        return ascii_lower(values[-1].partition(";")[0].strip(" \t")) if values else ""
