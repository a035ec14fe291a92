"""Both directions of one connection as records: HTTP, the event streams inside its bodies, WebSocket after an upgrade.

``http1/`` finds messages and decides where HTTP ends, ``sse/`` and ``websocket/`` dissect what those
messages carry or what follows them. A conversation grows: feeding the next bytes continues where
it stopped, and gives what feeding everything at once gives.
"""

from __future__ import annotations

import enum
from collections.abc import Collection

from lab_servers.wire.http1.exchanges import Exchanges
from lab_servers.wire.http1.layers import InflatedContent, inflatable
from lab_servers.wire.http1.message import Content, Message
from lab_servers.wire.model import CLIENT, SERVER, Record
from lab_servers.wire.sse.stream import EventStream, PlainContent
from lab_servers.wire.websocket.handshake import negotiated_deflate
from lab_servers.wire.websocket.stream import FrameStream


class Protocol(enum.Enum):
    """What a bare run of bytes of one direction is, where nothing before it tells."""

    HTTP_REQUEST = "http-request"
    HTTP_RESPONSE = "http-response"
    SSE = "sse"
    WEBSOCKET_CLIENT = "websocket-client"
    WEBSOCKET_SERVER = "websocket-server"

    @property
    def sender(self) -> str:
        """The side that sends such bytes."""
        return CLIENT if self in (Protocol.HTTP_REQUEST, Protocol.WEBSOCKET_CLIENT) else SERVER


_WEBSOCKET_ALONE = (Protocol.WEBSOCKET_CLIENT, Protocol.WEBSOCKET_SERVER)


class Conversation:
    """What two sides say to each other on one connection.

    Args:
        only: For bytes of one direction alone: what they are.

    Attributes:
        data: Everything that each side sent, by sender.
    """

    def __init__(self, only: Protocol | None = None) -> None:
        self._http = Exchanges(alone=only.sender if only else None)
        self.data = {sender: stream.data for sender, stream in self._http.streams.items()}
        self._frames: dict[str, FrameStream] = {}
        self._events: dict[int, _Events] = {}  # by the place of the response among the messages
        self._seen_messages = 0
        self._ended: set[str] = set()
        self._plain: EventStream | None = None
        self._only = only
        if only is Protocol.SSE:
            self._plain = EventStream(SERVER, PlainContent(self.data[SERVER]))
        elif only is not None and only in _WEBSOCKET_ALONE:
            self._frames[only.sender] = FrameStream(only.sender, self.data[only.sender])

    @classmethod
    def of(cls, client: bytes, server: bytes, *, finished: Collection[str] = (CLIENT, SERVER)) -> Conversation:
        """The conversation of two whole streams.

        Args:
            client: Everything the client sent.
            server: Everything the server sent.
            finished: The sides that have sent their FIN. After a reset a body that lasts until the
                connection closes is not complete (RFC 9112 §8).
        """
        found = cls()
        found.feed(CLIENT, client)
        found.feed(SERVER, server)
        for sender in finished:
            found.finish(sender)
        for sender in (CLIENT, SERVER):
            found.end(sender)
        return found

    @classmethod
    def raw(cls, protocol: Protocol, data: bytes) -> Conversation:
        """The conversation of which only these bytes of one direction are known."""
        found = cls(protocol)
        found.feed(protocol.sender, data)
        found.finish(protocol.sender)
        return found

    # --- bytes in -------------------------------------------------------------------------

    def feed(self, sender: str, data: bytes) -> None:
        """Take the next bytes that one side sent."""
        if self._plain is not None or sender in self._frames:
            self.data[sender].extend(data)
        else:
            self._http.feed(sender, data)
        self._follow()

    def finish(self, sender: str) -> None:
        """Take note that one side will send no more: its FIN."""
        if self._plain is not None:
            self._plain.advance()
            self._plain.finish()
        elif sender not in self._frames:
            self._http.finish(sender)
        self._ended.add(sender)
        self._follow()

    def end(self, sender: str) -> None:
        """Take note that one side will send no more, although it sent no FIN: the connection broke."""
        if self._plain is None and self._only is None:
            self._http.end(sender)
        self._ended.add(sender)
        self._follow()

    def settle(self) -> None:
        """Take note that no more will be fed, although more may have been sent.

        What waits for the other side, as an answer without a request does, is then read without it.
        """
        self._http.settle()
        self._follow()

    def _follow(self) -> None:
        """Hand on what has become known to whoever dissects the next layer."""
        if self._http.upgraded_to == "websocket" and not self._frames and self._http.http_end is not None:
            self._begin_websocket(self._http.http_end)
        for sender, frames in self._frames.items():
            frames.advance()
            if sender in self._ended:
                frames.end()
        if self._plain is not None:
            self._plain.advance()

    def _begin_websocket(self, http_end: dict[str, int]) -> None:
        response = self._http.upgrade_response
        asked = response.request if response else None
        deflate = negotiated_deflate(
            response.values("Sec-WebSocket-Extensions") if response else [],
            asked.values("Sec-WebSocket-Extensions") if asked else [],
        )
        for sender, negotiated in zip((CLIENT, SERVER), deflate, strict=True):
            self._frames[sender] = FrameStream(sender, self.data[sender], http_end[sender], deflate=negotiated)

    # --- what was found -------------------------------------------------------------------

    @property
    def http_end(self) -> dict[str, int] | None:
        """The offset, by sender, at which the connection stopped being HTTP; ``None`` while it is."""
        return self._http.http_end if self._http.upgraded_to is not None else None

    @property
    def upgraded_to(self) -> str | None:
        """The protocol that an upgrade led to, in lower case; ``"tunnel"`` after CONNECT; ``None`` without upgrade."""
        return self._http.upgraded_to

    def messages(self, sender: str | None = None) -> list[Message]:
        """The HTTP messages whose head is known, of one side or of both."""
        return [one for one in self._http.messages if sender in (None, one.sender)]

    def frames(self, sender: str) -> FrameStream | None:
        """What one side sent as WebSocket; ``None`` where it is none."""
        return self._frames.get(sender)

    def event_streams(self) -> list[EventStream]:
        """The event streams in the bodies of responses, in their order."""
        if self._plain is not None:
            return [self._plain]
        for index in range(self._seen_messages, len(self._http.messages)):
            message = self._http.messages[index]
            if message.sender == SERVER and message.media_type == "text/event-stream":
                events = _events_of(message)
                if events is not None:
                    self._events[index] = events
        self._seen_messages = len(self._http.messages)
        for events in self._events.values():
            events.advance(self._http.streams[SERVER].ended)
        return [events.stream for events in self._events.values()]

    def records(self, sender: str, layer: str | None = None) -> list[Record]:
        """What one side sent, as records in the order of the bytes.

        Args:
            sender: ``"client"`` or ``"server"``.
            layer: ``"sse"`` for the event blocks inside bodies; ``"http"`` or ``"websocket"`` for that
                layer alone; by default both of these, which together tile the side's stream.
        """
        if layer == "sse":
            found = [record for stream in self.event_streams() for record in _with_tail(stream)]
            return found if sender == SERVER else []
        frames = self._frames.get(sender)
        records: list[Record] = []
        if layer in (None, "http") and self._plain is None and self._only not in _WEBSOCKET_ALONE:
            stream = self._http.streams[sender]
            tail = None if frames else stream.tail()
            records += [*stream.records, *([tail] if tail is not None else [])]
        if layer in (None, "websocket") and frames is not None:
            records += _with_tail(frames)
        if layer is None and self._plain is not None and sender == SERVER:
            records += _with_tail(self._plain)
        return records


class _Events:
    """One event stream in the body of a response."""

    def __init__(self, message: Message, content: Content | InflatedContent) -> None:
        self._message = message
        self._content = content
        self.stream = EventStream(message.sender, content)

    def advance(self, ended: bool) -> None:
        """Take what has been added to the body."""
        self._content.fill()
        self.stream.advance()
        # What could not be inflated to its end may go on; only this reader does not.
        if (self._message.is_complete or ended) and not self._content.problem:
            self.stream.finish()


def _events_of(message: Message) -> _Events | None:
    codings = [one for one in message.tokens("Content-Encoding") if one != "identity"]
    if any(one != "chunked" for one in message.tokens("Transfer-Encoding")):
        return None  # under another transfer coding the bytes are no event stream
    if not codings:
        return _Events(message, message.content)
    return _Events(message, InflatedContent(message.content, codings[0])) if inflatable(codings) else None


def _with_tail(found: EventStream | FrameStream) -> list[Record]:
    tail = found.tail()
    return [*found.records, *([tail] if tail is not None else [])]
