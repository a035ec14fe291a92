"""Takes heads, bodies and chunks off one direction of an HTTP/1.1 connection, as its bytes arrive.

Which framing a message has depends on the other direction too; that is decided in ``http1.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from lab_servers.wire.http1_message import CLIENT, Framing, Message

MAX_HEAD_BYTES = 64 * 1024
MAX_SIZE_LINE_BYTES = 4 * 1024

_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ ]+ HTTP/1\.[0-9]")
_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}( .*)?")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;.*)?")


@dataclass
class Stream:
    """One direction: the bytes not yet understood, and the message under way."""

    sender: str
    keep_pieces: bool = True
    buffer: bytearray = field(default_factory=bytearray)
    offset: int = 0  # of the buffer's first byte in the stream
    message: Message | None = None
    finished: bool = False
    opaque: bool = False
    body_left: int = 0  # of a Content-Length, or of the current chunk
    chunk_part: str = "size"  # size, data, data end, trailer
    pieces: list[tuple[int, int]] = field(default_factory=list)  # of the message under way
    body_length: int = 0  # likewise
    searched: int = 0  # so many bytes of the buffer hold no end of a head
    has_start_line: bool = False  # whether the buffer's first line was looked at

    def begin(self, message: Message) -> None:
        """A head was read and its framing is known: its body comes next."""
        self.message = message
        self.pieces = []
        self.body_length = 0
        self.chunk_part = "size"
        if message.framing in (Framing.NONE, Framing.UPGRADED):
            self.message = replace(message, complete=True)

    def so_far(self) -> Message | None:
        """The message under way; its pieces become a tuple only here, since there may be many."""
        if self.message is None:
            return None
        return replace(self.message, body_length=self.body_length, pieces=tuple(self.pieces))

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
            self.body_length += taken
            if self.keep_pieces:
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
