"""Finds the messages of HTTP/1.1 in the two byte streams of a connection (RFC 9112).

It says where each message's head and body begin and end, and which request a response answers.
It follows a growing stream: what it is fed in pieces gives the same messages as when fed whole.
It keeps no bodies, only heads, and what it does not understand it leaves alone: from there on
the connection is opaque to it.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from dataclasses import dataclass, field, replace

MAX_HEAD_BYTES = 64 * 1024
MAX_SIZE_LINE_BYTES = 4 * 1024

CLIENT = "client"
SERVER = "server"

_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ ]+ HTTP/1\.[0-9]")
_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}( .*)?")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;.*)?")


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
        pieces: For a chunked body the ranges of chunk data, else the body's one range.
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
    pieces: tuple[tuple[int, int], ...] = ()
    request: int | None = None

    @property
    def status(self) -> int | None:
        """The status code of a response; ``None`` for a request."""
        return int(self.start_line.split(" ", 2)[1]) if self.sender == SERVER else None

    @property
    def body_length(self) -> int:
        """How many bytes of content there are, the framing of chunks left out."""
        return sum(stop - start for start, stop in self.pieces)

    def values(self, name: str) -> list[str]:
        """All values of a field, by its name in any case."""
        return [value for key, value in self.field_lines if key.lower() == name.lower()]


class ExchangeFollower:
    """Follows one connection as its bytes arrive, in both directions."""

    def __init__(self) -> None:
        self._streams = {CLIENT: _Stream(CLIENT), SERVER: _Stream(SERVER)}
        self._unanswered: deque[tuple[int, Message]] = deque()
        self._requests = 0

    def feed(self, sender: str, data: bytes) -> list[Message]:
        """Take the next bytes of one direction.

        Returns:
            Each message whose head became known, or which became complete, in its newest state.
        """
        if self._streams[sender].opaque:
            return []
        self._streams[sender].buffer += data
        news = self._advance()
        for stream in self._streams.values():
            # A stream that must wait for the other one is not kept without a bound either.
            stream.opaque |= stream.message is None and len(stream.buffer) > MAX_HEAD_BYTES
            if stream.opaque:
                stream.buffer.clear()
        return news

    def finish(self, sender: str) -> list[Message]:
        """Take note that one side will send no more (its FIN or the connection's end)."""
        self._streams[sender].finished = True
        return self._advance()

    @property
    def http_end(self) -> dict[str, int] | None:
        """The offset, by sender, at which the connection stopped being HTTP; ``None`` while it is."""
        streams = self._streams
        if not all(stream.opaque for stream in streams.values()):
            return None
        return {sender: stream.offset for sender, stream in streams.items()}

    @property
    def unfinished(self) -> list[Message]:
        """The messages whose end has not been seen, as far as they are known."""
        return [message for stream in self._streams.values() if (message := stream.so_far()) is not None]

    def _advance(self) -> list[Message]:
        news: list[Message] = []
        progress = True
        # A response may depend on its request, and a request after an Upgrade on the response.
        while progress:
            progress = self._advance_stream(CLIENT, news) | self._advance_stream(SERVER, news)
        return news

    def _advance_stream(self, sender: str, news: list[Message]) -> bool:
        stream = self._streams[sender]
        if stream.opaque:
            return False
        if stream.message is not None:
            return self._note(stream, stream.read_body(), news)
        if sender == CLIENT and self._awaits_upgrade():
            return False
        if sender == SERVER and not self._unanswered:
            return False
        head = stream.read_head()
        if head is None:
            return False
        message = self._framed(head, stream)
        if message is None:
            stream.opaque = True
            return True
        if sender == CLIENT:
            self._requests += 1
            self._unanswered.append((self._requests, message))
        elif message.framing is Framing.UPGRADED:
            self._unanswered.popleft()
            for each in self._streams.values():
                each.opaque = True
        elif not 100 <= (message.status or 0) < 200:
            self._unanswered.popleft()
        stream.begin(message)
        stream.read_body()
        return self._note(stream, True, news)

    def _note(self, stream: _Stream, changed: bool, news: list[Message]) -> bool:
        message = stream.so_far() if changed else None
        if message is None:
            return False
        if message.complete:
            stream.message = None
        news[:] = [old for old in news if (old.sender, old.start) != (message.sender, message.start)]
        news.append(message)
        return True

    def _awaits_upgrade(self) -> bool:
        """Whether the bytes after the last request may turn out not to be HTTP."""
        if not self._unanswered:
            return False
        _, request = self._unanswered[-1]
        return bool(request.values("Upgrade")) or request.start_line.startswith("CONNECT ")

    def _framed(self, head: Message, stream: _Stream) -> Message | None:
        """The head with its framing by RFC 9112 section 6.3, or ``None`` where that is broken."""
        if stream.sender == SERVER:
            number, request = self._unanswered[0]
            head = replace(head, request=number)
            status = head.status or 0
            method = request.start_line.split(" ", 1)[0]
            if status == 101 or (method == "CONNECT" and 200 <= status < 300):
                return replace(head, framing=Framing.UPGRADED)
            if method == "HEAD" or 100 <= status < 200 or status in (204, 304):
                return replace(head, framing=Framing.NONE)
        codings = [coding.strip().lower() for value in head.values("Transfer-Encoding") for coding in value.split(",")]
        lengths = {length.strip() for value in head.values("Content-Length") for length in value.split(",")}
        if codings:
            if codings[-1] == "chunked":
                return replace(head, framing=Framing.CHUNKED)
            return replace(head, framing=Framing.CLOSE) if stream.sender == SERVER else None
        if lengths:
            length = lengths.pop()
            if lengths or not re.fullmatch("[0-9]{1,18}", length):
                return None
            stream.body_left = int(length)
            return replace(head, framing=Framing.CONTENT_LENGTH if stream.body_left else Framing.NONE)
        return replace(head, framing=Framing.CLOSE if stream.sender == SERVER else Framing.NONE)


@dataclass
class _Stream:
    """One direction: the bytes not yet understood, and the message under way."""

    sender: str
    buffer: bytearray = field(default_factory=bytearray)
    offset: int = 0  # of the buffer's first byte in the stream
    message: Message | None = None
    finished: bool = False
    opaque: bool = False
    body_left: int = 0  # of a Content-Length, or of the current chunk
    chunk_part: str = "size"  # size, data, data end, trailer
    pieces: list[tuple[int, int]] = field(default_factory=list)  # of the message under way
    searched: int = 0  # so many bytes of the buffer hold no end of a head
    has_start_line: bool = False  # whether the buffer's first line was looked at

    def begin(self, message: Message) -> None:
        self.message = message
        self.pieces = []
        self.chunk_part = "size"
        if message.framing in (Framing.NONE, Framing.UPGRADED):
            self.message = replace(message, complete=True)

    def so_far(self) -> Message | None:
        """The message under way; its pieces become a tuple only here, since there may be many."""
        return replace(self.message, pieces=tuple(self.pieces)) if self.message is not None else None

    def read_head(self) -> Message | None:
        """The next head, without its framing; ``None`` when it is not there yet or is no HTTP."""
        # RFC 9112 section 2.2: a recipient SHOULD ignore an empty line before the request line.
        while self.buffer[:2] == b"\r\n" or self.buffer[:1] == b"\n":
            self._skip(self.buffer.index(b"\n") + 1)
        end = _HEAD_END.search(self.buffer, self.searched, MAX_HEAD_BYTES + 1)
        if end is None:
            if not self.has_start_line and (line_end := self.buffer.find(b"\n", self.searched)) >= 0:
                self.has_start_line = True
                self.opaque = not self._is_start(bytes(self.buffer[:line_end]))
            self.opaque |= len(self.buffer) > MAX_HEAD_BYTES
            self.searched = max(len(self.buffer) - 2, 0)
            return None
        lines = [line.removesuffix(b"\r") for line in bytes(self.buffer[: end.start()]).split(b"\n")]
        if not self._is_start(lines[0]):
            self.opaque = True
            return None
        start = self.offset
        self._skip(end.end())
        fields = (line.decode("latin-1").partition(":") for line in lines[1:])
        return Message(
            self.sender,
            start,
            self.offset,
            self.offset,
            lines[0].decode("latin-1"),
            tuple((name, value.strip(" \t")) for name, _, value in fields),
            Framing.NONE,
            complete=False,
        )

    def read_body(self) -> bool:
        """Take what there is of the message's body; tell whether the message became complete."""
        message = self.message
        if message is None or message.complete:
            return False
        if message.framing is Framing.CHUNKED:
            self._read_chunks()
        elif message.framing is Framing.CONTENT_LENGTH:
            self._take_data(self.body_left)
            self._grow(complete=self.body_left == 0)
        else:
            self.body_left = len(self.buffer)
            self._take_data(self.body_left)
            self._grow(complete=self.finished)
        return self.message is not None and self.message.complete

    def _read_chunks(self) -> None:
        """RFC 9112 section 7.1: chunks, the last one of size 0, trailer fields, an empty line."""
        while not self.opaque:
            if self.chunk_part == "data":
                self._take_data(self.body_left)
                if self.body_left:
                    break
                self.chunk_part = "data end"
            line_end = self.buffer.find(b"\n", 0, MAX_SIZE_LINE_BYTES)
            if line_end < 0:
                self.opaque = len(self.buffer) >= MAX_SIZE_LINE_BYTES
                break
            line = bytes(self.buffer[:line_end]).removesuffix(b"\r")
            self._skip(line_end + 1)
            if self.chunk_part == "size":
                size = _CHUNK_SIZE.fullmatch(line)
                if size is None:
                    self.opaque = True
                    break
                self.body_left = int(size[1], 16)
                self.chunk_part = "data" if self.body_left else "trailer"
            elif self.chunk_part == "data end":
                self.opaque = line != b""
                self.chunk_part = "size"
            elif line == b"":
                self._grow(complete=True)
                return
        self._grow(complete=False)

    def _take_data(self, wanted: int) -> None:
        taken = min(wanted, len(self.buffer))
        if taken and self.message is not None:
            start = self.offset
            self._skip(taken)
            self.body_left -= taken
            if self.pieces and self.pieces[-1][1] == start:
                start = self.pieces.pop()[0]
            self.pieces.append((start, self.offset))

    def _grow(self, *, complete: bool) -> None:
        if self.message is not None:
            self.message = replace(self.message, end=self.offset, complete=complete)

    def _skip(self, count: int) -> None:
        self.searched = 0
        self.has_start_line = False
        del self.buffer[:count]
        self.offset += count

    def _is_start(self, line: bytes) -> bool:
        pattern = _REQUEST_LINE if self.sender == CLIENT else _STATUS_LINE
        return pattern.fullmatch(line.removesuffix(b"\r")) is not None


def messages(client: bytes, server: bytes, *, ended: bool = True) -> tuple[list[Message], ExchangeFollower]:
    """The messages of two whole streams, requests and responses each in their order.

    Args:
        client: Everything the client sent.
        server: Everything the server sent.
        ended: Whether both sides have sent their FIN.

    Returns:
        The messages, incomplete ones too, and the follower for what else it knows.
    """
    follower = ExchangeFollower()
    found = follower.feed(CLIENT, client) + follower.feed(SERVER, server)
    if ended:
        found += follower.finish(CLIENT) + follower.finish(SERVER)
    newest = {(message.sender, message.start): message for message in found + follower.unfinished}
    return sorted(newest.values(), key=lambda message: (message.sender, message.start)), follower
