"""The reader of event streams: a parser that takes bytes as they come, and a client that comes back by itself.

``sse_server.py`` is the other end. The parser is HTML §9.2.5 and §9.2.6, the client HTML §9.2.3.
"""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from urllib.parse import urlsplit

from .http_body import CutOff, body_of
from .http_head import BadHead, Head, head_bytes, read_head
from .sse_events import Event

MOST_BLOCK_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(b"\r|\n")


class TooLarge(Exception):
    """An event is larger than this reader keeps. The standard sets no bound, a machine does."""


class Stopped(Exception):
    """The connection was failed: there will be no further request (HTML §9.2.3). The message says why."""


class LineState(enum.Enum):
    """Where in the lines the parser is."""

    BEGIN = "before the first byte"
    IN_LINE = "in a line, or before one"
    AFTER_CR = "after a CR, to which a LF may belong"


class Parser:
    """Bytes in, events out, however the bytes are cut.

    Attributes:
        last_event_id: What a request that resumes this stream says in ``Last-Event-ID``.
        retry_ms: The reconnection time that the stream has set; ``None`` while it has set none.
    """

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self._state = LineState.BEGIN
        self._unread = b""
        self._data: list[str] = []
        self._type = ""
        self._id = last_event_id
        self._size = 0

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes, and give the events that they complete.

        Raises:
            TooLarge: an event, or a line, is larger than this reader keeps.
        """
        self._unread += data
        if self._state is LineState.BEGIN:
            # HTML §9.2.5: one byte order mark at the very beginning is no part of the stream.
            if len(self._unread) < len(_BOM) and _BOM.startswith(self._unread):
                return []
            self._unread = self._unread.removeprefix(_BOM)
            self._state = LineState.IN_LINE
        events, at = [], 0
        while True:
            # HTML §9.2.5: CRLF is one line end, also when it was cut between its two bytes.
            if self._state is LineState.AFTER_CR and at < len(self._unread):
                at += self._unread[at : at + 1] == b"\n"
                self._state = LineState.IN_LINE
            found = _LINE_END.search(self._unread, at)
            if found is None:
                break
            line, at = self._unread[at : found.start()], found.end()
            if found[0] == b"\r":
                self._state = LineState.AFTER_CR
            self._keep(len(line))
            # HTML §9.2.5: the stream is decoded as UTF-8; what is broken becomes U+FFFD.
            event = self._take(line.decode("utf-8", errors="replace"))
            if event is not None:
                events.append(event)
        self._unread = self._unread[at:]
        if len(self._unread) > MOST_BLOCK_BYTES:
            raise TooLarge("a line is too long")
        return events

    def _keep(self, size: int) -> None:
        self._size += size
        if self._size > MOST_BLOCK_BYTES:
            raise TooLarge("an event is too large")

    def _take(self, line: str) -> Event | None:
        """Interpret one line."""
        if not line:
            return self._dispatch()
        # HTML §9.2.6: the name ends at the first colon; one space after it is taken off.
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                pass  # HTML §9.2.6: a line that begins with a colon is a comment.
            case "data":
                self._data.append(value)
            case "event":
                self._type = value
            case "id":
                # HTML §9.2.6: an id with NUL is ignored.
                if "\0" not in value:
                    self._id = value
            case "retry":
                # HTML §9.2.6: a retry that is not digits alone is ignored; so is here one of more than eleven days.
                if re.fullmatch("[0-9]{1,9}", value):
                    self.retry_ms = int(value)
            case _:
                pass  # HTML §9.2.6: a field of another name is ignored.
        return None

    def _dispatch(self) -> Event | None:
        """A blank line."""
        # HTML §9.2.6: the id sticks, also where nothing is dispatched; the type does not.
        self.last_event_id = self._id
        data, kind = self._data, self._type
        self._data, self._type, self._size = [], "", 0
        # HTML §9.2.6: a block without data dispatches nothing; of several data lines a LF stands between two.
        return Event("\n".join(data), self._id, kind or "message") if data else None


class ReadyState(enum.Enum):
    """What the client is doing (HTML §9.2.2)."""

    CONNECTING = 0
    OPEN = 1
    CLOSED = 2


class EventSource:
    """A client that comes back: ``async for event in EventSource(url)``.

    Attributes:
        ready_state: What it is doing.
        last_event_id: The last event ID that it has.
        retry_ms: How long it waits before it comes back.
    """

    def __init__(self, url: str, *, retry_ms: int = 3_000) -> None:
        self.ready_state = ReadyState.CONNECTING
        self.last_event_id = ""
        self.retry_ms = retry_ms
        self._url = urlsplit(url)

    def close(self) -> None:
        """Have enough: no further event, and no further request."""
        self.ready_state = ReadyState.CLOSED

    async def __aiter__(self) -> AsyncIterator[Event]:
        """The events of all its requests.

        Raises:
            Stopped: an answer stopped it for good.
        """
        while True:
            try:
                async with aclosing(self._request()) as events:
                    async for event in events:
                        yield event
                        if self.ready_state is ReadyState.CLOSED:
                            return
            except Stopped:
                self.ready_state = ReadyState.CLOSED
                raise
            except (OSError, BadHead, CutOff):
                pass  # HTML §9.2.3: a network error is a reason to come back.
            # HTML §9.2.3: so is the end of the stream, however clean.
            self.ready_state = ReadyState.CONNECTING
            # HTML §9.2.3: it waits for the reconnection time before the next request.
            await asyncio.sleep(self.retry_ms / 1e3)

    async def _request(self) -> AsyncGenerator[Event, None]:
        reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port or 80)
        try:
            target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
            fields = [f"Host: {self._url.netloc}", "Accept: text/event-stream", "Cache-Control: no-cache"]
            # HTML §9.2.4: the next request says which event was the last, in UTF-8.
            if self.last_event_id:
                fields.append(f"Last-Event-ID: {self.last_event_id.encode().decode('latin-1')}")
            writer.write(head_bytes(f"GET {target} HTTP/1.1", *fields))
            head = await read_head(reader)
            require_event_stream(head)
            self.ready_state = ReadyState.OPEN
            parser = Parser(self.last_event_id)
            async for piece in body_of(reader, head):
                for event in parser.feed(piece):
                    self.last_event_id = event.id
                    yield event
                # HTML §9.2.6: a retry field changes the reconnection time for good.
                self.last_event_id = parser.last_event_id
                self.retry_ms = self.retry_ms if parser.retry_ms is None else parser.retry_ms
            # HTML §9.2.6: an event without its blank line is dropped, with the parser.
        finally:
            writer.close()


def require_event_stream(head: Head) -> None:
    """Check that an answer is an event stream.

    Raises:
        Stopped: it is not, which stops an EventSource for good.
    """
    status = head.start_line[1]
    # HTML §9.2.3: any status but 200 stops it for good, 204 too. This client follows no redirect.
    if status != "200":
        raise Stopped(f"the status is {status}")
    # HTML §9.2.3: and so does any type but text/event-stream, whatever its parameters.
    if head.value("content-type").partition(";")[0].strip().lower() != "text/event-stream":
        raise Stopped(f"the type is {head.value('content-type')[:60]!r}")
