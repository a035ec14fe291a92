"""Takes heads, bodies and chunks off one direction of an HTTP/1.1 connection, as its bytes arrive.

Which framing a message has depends on the other direction too; ``exchanges.py`` decides that. What is
found becomes records (``records.py``), unless the connection is only followed: then nothing is kept.
"""

from __future__ import annotations

import re

from lab_servers.wire.http1.framing import Ending
from lab_servers.wire.http1.lines import REQUEST_LINE, STATUS_LINE, field_values
from lab_servers.wire.http1.message import CLIENT, Content, Framing, Message
from lab_servers.wire.http1.records import Body, Chunk, Head, LastChunk, Opaque, Trailers
from lab_servers.wire.model import Record, text_of

MAX_HEAD_BYTES = 64 * 1024
MAX_SIZE_LINE_BYTES = 4 * 1024
MAX_EMPTY_LINE_BYTES = 1024

_HEAD_END = re.compile(rb"\n\r?\n")
_FIRST_LINES_ARE_EMPTY = re.compile(rb"(?:\r?\n){1,1024}")
# RFC 9112 §7.1: chunk-size [ chunk-ext ] CRLF. Sixteen hexadecimal digits are 64 bits.
_SIZE_LINE = re.compile(rb"(0*[0-9A-Fa-f]{1,16})((?:[ \t]*;[^\n]*?|[ \t]+)?)(\r?\n)")


class Stream:
    """One direction: the message under way, and the records found so far.

    Args:
        sender: The side that sends.
        data: All that it sent. The caller appends to it, and where records are kept never shortens it.
        keep: Whether records and the places of bodies are kept. Without, :meth:`forget` may drop what was read.
    """

    def __init__(self, sender: str, data: bytearray, keep: bool) -> None:
        self.sender = sender
        self.data = data
        self.keep = keep
        self.base = 0  # the offset in the stream of data[0]
        self.at = 0  # the offset of the first byte that is not understood yet
        self.message: Message | None = None
        self.records: list[Record] = []
        self.finished = False  # this side's FIN was seen
        self.ended = False  # no more will come, for whatever reason
        self.opaque = False  # what follows is not HTTP, or cannot be understood
        self.opaque_why = ""
        self.opaque_spec = "RFC 9112 §2.2"
        self.at_limit = False  # it is opaque because of a bound of ours, and not because a rule was broken
        self.other: Stream | None = None  # the other direction, where there is one
        self._left = 0  # of a Content-Length
        self._part = "size"  # of a chunked body: size, data, trailers
        self._chunk = (0, 0, 0)  # where the chunk under way, its data, and the end of its data lie
        self._searched = 0  # up to this offset there is no end of a head
        self._start_line_seen = False

    # --- heads ----------------------------------------------------------------------------

    def read_head(self) -> Message | None:
        """The next head, without its framing; ``None`` when it is not there yet or is no HTTP."""
        data, low = self.data, self.at - self.base
        if low == len(data):
            return None
        # RFC 9112 §2.2: a server SHOULD ignore at least one empty line before a request line.
        empty = _FIRST_LINES_ARE_EMPTY.match(data, low)
        start = empty.end() if empty else low
        if start - low > MAX_EMPTY_LINE_BYTES:
            self.give_up(f"more than {MAX_EMPTY_LINE_BYTES:,} bytes of empty lines", at_limit=True)
            return None
        if data[start : start + 2] == b"\r":  # perhaps one more empty line
            return None
        end = _HEAD_END.search(data, max(start, self._searched - self.base), start + MAX_HEAD_BYTES)
        if end is None:
            self._look_at_start(start)
            self._searched = self.base + max(len(data) - 2, 0)
            return None
        head_stop = end.end()
        start_line, *lines = [line.removesuffix(b"\r") for line in bytes(data[start : end.start()]).split(b"\n")]
        if not self.is_start(start_line):
            self.give_up(why_no_http(self.sender, start_line))
            return None
        fields = tuple((text_of(name), text_of(value)) for name, value in field_values(lines))
        head_end = head_stop + self.base
        message = Message(
            self.sender, start + self.base, head_end, head_end, text_of(start_line), fields,
            Content(self.data if self.keep else None),
        )  # fmt: skip
        return message

    def begin(self, message: Message, ending: Ending) -> None:
        """The framing of the head that was just read is known: its body comes next."""
        if self.keep:
            self.records.append(Head(self, self.at, message.head_end, message))
        self.at = message.head_end
        self._searched = 0
        self._start_line_seen = False
        message.problems.extend(ending.problems)
        self.message = message
        self._part = "size"
        self._left = ending.length
        if ending.framing is None:
            self.give_up("where this message ends is unknowable", "RFC 9112 §6.3")
            return
        message.framing = ending.framing
        message.is_complete = ending.framing in (Framing.NONE, Framing.UPGRADED) or (
            ending.framing is Framing.CONTENT_LENGTH and not ending.length
        )

    def _look_at_start(self, start: int) -> None:
        """Give up early where the first line alone says that this is no HTTP, or where the head has no end."""
        if not self._start_line_seen:
            line_end = self.data.find(b"\n", start, start + MAX_HEAD_BYTES)
            if line_end >= 0:
                self._start_line_seen = True
                line = bytes(self.data[start:line_end]).removesuffix(b"\r")
                if not self.is_start(line):
                    self.give_up(why_no_http(self.sender, line))
                    return
        if len(self.data) - start >= MAX_HEAD_BYTES:
            self.give_up(f"a head of more than {MAX_HEAD_BYTES:,} bytes; servers answer 431", at_limit=True)

    def is_start(self, line: bytes) -> bool:
        """Whether a line is a request line or status line, with some liberty as to white space."""
        return (REQUEST_LINE if self.sender == CLIENT else STATUS_LINE).fullmatch(line) is not None

    def give_up(self, why: str, spec: str = "RFC 9112 §2.2", *, at_limit: bool = False) -> None:
        """From here on the bytes are not understood."""
        self.opaque_spec = spec
        self.at_limit = at_limit
        self.opaque = True
        self.opaque_why = why

    # --- bodies ---------------------------------------------------------------------------

    def read_body(self) -> bool:
        """Take what there is of the message's body; tell whether anything was taken or completed."""
        message = self.message
        if message is None or message.is_complete or self.opaque:
            return False
        before = self.at
        if message.framing is Framing.CHUNKED:
            self._read_chunks(message)
        else:
            available = self.base + len(self.data) - self.at
            taken = min(self._left, available) if message.framing is Framing.CONTENT_LENGTH else available
            message.content.add(self.at, self.at + taken)
            self.at += taken
            self._left -= taken
            complete = self._left == 0 if message.framing is Framing.CONTENT_LENGTH else self.finished
            if complete and self.keep and message.content.length:
                self.records.append(Body(self, self.at - message.content.length, self.at, message))
            message.is_complete = complete
        message.end = self.at
        return self.at > before or message.is_complete

    def _read_chunks(self, message: Message) -> None:
        """RFC 9112 §7.1: chunks, the last one of size 0, trailer fields, an empty line."""
        data, base, content = self.data, self.base, message.content
        size = len(data)
        while True:
            if self._part == "size":
                line = _SIZE_LINE.match(data, self.at - base, self.at - base + MAX_SIZE_LINE_BYTES)
                if line is None:
                    self._look_at_size_line()
                    return
                length, data_start = int(line[1], 16), line.end() + base
                data_stop = data_start + length
                if length and data[data_stop - base : data_stop - base + 2] == b"\r\n":
                    # All of the chunk is here, as is that of most: the same as below, in one step.
                    content.add(data_start, data_stop)
                    if self.keep:
                        self.records.append(Chunk(self, self.at, data_start, data_stop, data_stop + 2, message))
                    self.at = data_stop + 2
                elif length:
                    self._chunk = (self.at, data_start, data_stop)
                    self.at = data_start
                    self._part = "data"
                else:
                    if self.keep:
                        self.records.append(LastChunk(self, self.at, data_start, message))
                    self.at = data_start
                    self._part = "trailers"
            elif self._part == "data":
                start, data_start, data_stop = self._chunk
                taken = min(data_stop, base + size)
                if taken > self.at:
                    content.add(self.at, taken)
                    self.at = taken
                if taken < data_stop:
                    return
                ending = bytes(data[data_stop - base : data_stop - base + 2])
                stop = data_stop + (2 if ending == b"\r\n" else 1)
                if ending == b"\r\n" or ending[:1] == b"\n":
                    if self.keep:
                        self.records.append(Chunk(self, start, data_start, data_stop, stop, message))
                    self.at = stop
                    self._part = "size"
                elif ending not in (b"", b"\r"):
                    if self.keep:
                        self.records.append(Chunk(self, start, data_start, data_stop, data_stop, message))
                    self.give_up("the data of a chunk is not followed by CR LF, so its size was wrong", "RFC 9112 §7.1")
                    return
                else:
                    return
            else:
                self._read_trailers(message)
                return

    def _look_at_size_line(self) -> None:
        low = self.at - self.base
        line_feed = self.data.find(b"\n", low, low + MAX_SIZE_LINE_BYTES)
        if line_feed >= 0:
            self.give_up("this is no chunk size, which is a number in hexadecimal digits", "RFC 9112 §7.1")
        elif len(self.data) - low >= MAX_SIZE_LINE_BYTES:
            self.give_up(f"a line with a chunk size of more than {MAX_SIZE_LINE_BYTES:,} bytes", at_limit=True)

    def _read_trailers(self, message: Message) -> None:
        data, low = self.data, self.at - self.base
        if data[low : low + 2] == b"\r\n":
            stop = low + 2
        elif data[low : low + 1] == b"\n":
            stop = low + 1
        else:
            end = _HEAD_END.search(data, max(low, self._searched - self.base), low + MAX_HEAD_BYTES)
            if end is None:
                self._searched = self.base + max(len(data) - 2, 0)
                if len(data) - low >= MAX_HEAD_BYTES:
                    self.give_up(f"trailer fields of more than {MAX_HEAD_BYTES:,} bytes", at_limit=True)
                return
            stop = end.end()
        if self.keep:
            self.records.append(Trailers(self, self.at, stop + self.base, message))
        self.at = stop + self.base
        self._searched = 0
        message.is_complete = True

    # --- the end --------------------------------------------------------------------------

    def tail(self) -> Record | None:
        """What lies behind the last settled record, as far as it is known."""
        stop = self.base + len(self.data)
        message = self.message
        if self.opaque or message is None:
            if self.at >= stop:
                return None
            if self.opaque or not self._may_be_head():
                return Opaque(self, self.at, stop)
            return Head(self, self.at, stop, None)
        if message.framing is not Framing.CHUNKED:
            start = self.at - message.content.length
            return Body(self, start, stop, message) if start < stop else None
        if self._part == "data":
            start, data_start, data_stop = self._chunk
            return Chunk(self, start, data_start, min(data_stop, stop), stop, message)
        if self.at >= stop:
            return None
        if self._part == "size":
            return Chunk(self, self.at, stop, stop, stop, message)
        return Trailers(self, self.at, stop, message)

    def _may_be_head(self) -> bool:
        """Whether what is there looks like the beginning of a head."""
        data, low = self.data, self.at - self.base
        empty = _FIRST_LINES_ARE_EMPTY.match(data, low)
        start = empty.end() if empty else low
        line_feed = data.find(b"\n", start, start + MAX_HEAD_BYTES)
        if line_feed >= 0:
            return self.is_start(bytes(data[start:line_feed]).removesuffix(b"\r"))
        beginning = bytes(data[start : start + 64])
        return beginning.isascii() and beginning.replace(b"\r", b"").decode("ascii").isprintable()

    def forget(self) -> None:
        """Drop the bytes that were read; only for a stream that keeps no records."""
        del self.data[: self.at - self.base]
        self.base = self.at


def why_no_http(sender: str, line: bytes) -> str:
    """What to say of a first line that is none."""
    if line.startswith(b"PRI * HTTP/2"):
        return "this is the connection preface of HTTP/2 (RFC 9113 §3.4), another protocol"
    if line[:2] == b"\x16\x03":
        return "this looks like TLS: the bytes are encrypted"
    what = (
        "request line (method, target, version)" if sender == CLIENT else "status line (version, status code, reason)"
    )
    return f"the first line is no {what} of HTTP/1.x"
