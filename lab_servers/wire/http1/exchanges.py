"""Finds the messages of HTTP/1.1 in the two byte streams of a connection (RFC 9112), and pairs them.

It follows a growing connection: what it is fed in pieces gives the same as when fed whole. What it
does not understand it leaves alone: from there on that direction is opaque to it.
"""

from __future__ import annotations

from collections import deque

from lab_servers.wire.http1.framing import ending_of
from lab_servers.wire.http1.message import CLIENT, SERVER, Framing, Message
from lab_servers.wire.http1.stream import MAX_HEAD_BYTES, Stream


class Exchanges:
    """Follows one connection as its bytes arrive, in both directions.

    Args:
        keep: Whether records, and the places of bodies, are kept. Whoever follows a connection without end
            leaves them out, and then only heads are held, and only of messages under way.
        alone: The only side of which there are bytes; the other one is then not waited for.

    Attributes:
        streams: The two directions, by sender.
        messages: All messages whose head was read, in order; empty unless they are kept.
        upgraded_to: What the connection became: the protocol's name, in lower case, once it is no HTTP any more.
    """

    def __init__(self, *, keep: bool = True, alone: str | None = None) -> None:
        self.streams = {sender: Stream(sender, bytearray(), keep) for sender in (CLIENT, SERVER)}
        if alone is None:
            self.streams[CLIENT].other, self.streams[SERVER].other = self.streams[SERVER], self.streams[CLIENT]
        self.messages: list[Message] = []
        self.upgraded_to: str | None = None
        self.upgrade_response: Message | None = None
        self._keep = keep
        self._unanswered: deque[Message] = deque()
        self._requests = 0
        self._settled = False
        if alone is not None:
            other = self.streams[SERVER if alone == CLIENT else CLIENT]
            other.finished = other.ended = True

    def feed(self, sender: str, data: bytes) -> list[Message]:
        """Take the next bytes of one direction.

        Returns:
            Each message that has become known, has grown or has become complete; the newest news last.
        """
        stream = self.streams[sender]
        if stream.opaque and not self._keep:
            return []
        stream.data += data
        news = self._advance()
        if not self._keep:
            for each in self.streams.values():
                each.forget()
                # A stream that must wait for the other one is not kept without a bound either.
                if each.message is None and len(each.data) > MAX_HEAD_BYTES:
                    each.give_up("too much to be a head")
                if each.opaque:
                    each.data.clear()
        return news

    def finish(self, sender: str) -> list[Message]:
        """Take note that one side will send no more: its FIN."""
        self.streams[sender].finished = self.streams[sender].ended = True
        return self._advance()

    def end(self, sender: str) -> list[Message]:
        """Take note that one side will send no more, although it sent no FIN: the connection broke."""
        self.streams[sender].ended = True
        return self._advance()

    def settle(self) -> list[Message]:
        """Take note that no more will be fed, so that what waits for the other side must do without it.

        Unlike after :meth:`end`, a message that is not complete may still become so, only not here.
        """
        self._settled = True
        return self._advance()

    @property
    def http_end(self) -> dict[str, int] | None:
        """The offset, by sender, at which the connection stopped being HTTP; ``None`` while it is."""
        streams = self.streams
        if not all(stream.opaque for stream in streams.values()):
            return None
        return {sender: stream.at for sender, stream in streams.items()}

    @property
    def under_way(self) -> list[Message]:
        """The messages whose end has not been seen."""
        return [message for stream in self.streams.values() if (message := stream.message) is not None]

    def _advance(self) -> list[Message]:
        news: dict[int, Message] = {}
        while True:
            # A response may depend on its request, and a request after an Upgrade on the response.
            while self._advance_client(news) | self._advance_server(news):
                pass
            if not self._advance_without_the_other(news):
                return list(news.values())

    def _advance_client(self, news: dict[int, Message], *, waits: bool = True) -> bool:
        stream = self.streams[CLIENT]
        if stream.opaque:
            return False
        if stream.message is not None:
            return self._read_body(stream, news)
        if self.upgraded_to is not None:
            stream.give_up("")
            return True
        if waits and self._awaits_upgrade():
            return False
        return self._read_head(stream, None, news)

    def _advance_server(self, news: dict[int, Message]) -> bool:
        stream = self.streams[SERVER]
        if stream.opaque:
            return False
        if stream.message is not None:
            return self._read_body(stream, news)
        if not self._unanswered:
            return False
        return self._read_head(stream, self._unanswered[0], news)

    def _advance_without_the_other(self, news: dict[int, Message]) -> bool:
        """Both sides are stuck: one of them may be waiting for what will never come."""
        client, server = self.streams[CLIENT], self.streams[SERVER]
        if (server.ended or self._settled) and not client.opaque and client.message is None and self._awaits_upgrade():
            return self._advance_client(news, waits=False)
        if (client.ended or client.opaque or self._settled) and not server.opaque and server.message is None:
            # An answer that nobody asked for, such as an early 400 or a 408 (RFC 9110 §15.5.9).
            return self._read_head(server, None, news)
        return False

    def _read_head(self, stream: Stream, request: Message | None, news: dict[int, Message]) -> bool:
        message = stream.read_head()
        if message is None:
            return stream.opaque
        if stream.sender == CLIENT:
            self._requests += 1
            message.number = self._requests
        else:
            message.request = request
            message.number = request.number if request else 0
        stream.begin(message, ending_of(message))
        if self._keep:
            self.messages.append(message)
        news[id(message)] = message
        if stream.opaque:
            return True
        if stream.sender == CLIENT:
            self._unanswered.append(message)
        elif message.framing is Framing.UPGRADED:
            self._upgrade(message)
        elif request is not None and not 100 <= (message.status or 0) < 200:
            self._unanswered.popleft()
        self._read_body(stream, news)
        return True

    def _upgrade(self, response: Message) -> None:
        if response.request is not None:
            self._unanswered.popleft()
        asked = response.request.tokens("Upgrade") if response.request else []
        if response.status == 101 and response.request is not None and not asked:
            # The client asked for nothing and goes on with HTTP; it may have done so before this came.
            self.streams[SERVER].give_up("the server switches to a protocol that nobody asked for", "RFC 9110 §7.8")
            return
        self.upgrade_response = response
        said = response.tokens("Upgrade")
        self.upgraded_to = "tunnel" if response.status != 101 else (said or asked or ["unknown"])[0]
        self.streams[SERVER].give_up("")

    def _read_body(self, stream: Stream, news: dict[int, Message]) -> bool:
        message = stream.message
        if message is None:
            return False
        changed = stream.read_body()
        if changed:
            news.pop(id(message), None)  # the newest news stands last
            news[id(message)] = message
        if message.is_complete:
            stream.message = None
            return True
        return changed and stream.opaque

    def _awaits_upgrade(self) -> bool:
        """Whether the bytes after the last request may turn out not to be HTTP."""
        if not self._unanswered:
            return False
        request = self._unanswered[-1]
        return bool(request.values("Upgrade")) or request.method == "CONNECT"
