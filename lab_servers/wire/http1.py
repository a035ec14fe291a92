"""Finds the messages of HTTP/1.1 in the two byte streams of a connection (RFC 9112).

It says where each message's head and body begin and end, and which request a response answers.
It follows a growing stream: what it is fed in pieces gives the same messages as when fed whole.
It keeps no bodies, only heads, and what it does not understand it leaves alone: from there on
the connection is opaque to it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from dataclasses import replace

from lab_servers.wire.http1_message import CLIENT, SERVER, Framing, Message
from lab_servers.wire.http1_stream import MAX_HEAD_BYTES, Stream

__all__ = ["CLIENT", "MAX_HEAD_BYTES", "SERVER", "ExchangeFollower", "Framing", "Message", "messages"]


class ExchangeFollower:
    """Follows one connection as its bytes arrive, in both directions.

    Args:
        keep_pieces: Whether messages tell the ranges of their bodies. There may be as many as there
            are chunks, so whoever follows a connection without end leaves them out.
    """

    def __init__(self, *, keep_pieces: bool = True) -> None:
        self._streams = {sender: Stream(sender, keep_pieces) for sender in (CLIENT, SERVER)}
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
        news: dict[tuple[str, int], Message] = {}
        progress = True
        # A response may depend on its request, and a request after an Upgrade on the response.
        while progress:
            progress = self._advance_stream(CLIENT, news) | self._advance_stream(SERVER, news)
        return list(news.values())

    def _advance_stream(self, sender: str, news: dict[tuple[str, int], Message]) -> bool:
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

    def _note(self, stream: Stream, changed: bool, news: dict[tuple[str, int], Message]) -> bool:
        message = stream.so_far() if changed else None
        if message is None:
            return False
        if message.complete:
            stream.message = None
        news.pop((message.sender, message.start), None)  # its newest state stands last
        news[message.sender, message.start] = message
        return True

    def _awaits_upgrade(self) -> bool:
        """Whether the bytes after the last request may turn out not to be HTTP."""
        if not self._unanswered:
            return False
        _, request = self._unanswered[-1]
        return bool(request.values("Upgrade")) or request.start_line.startswith("CONNECT ")

    def _framed(self, head: Message, stream: Stream) -> Message | None:
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
        # RFC 9110 section 5.6.1: a recipient ignores empty elements of a list.
        codings = [coding for value in head.values("Transfer-Encoding") if (coding := value.strip(", \t").lower())]
        lengths = {length.strip() for value in head.values("Content-Length") for length in value.split(",")}
        if codings and head.start_line.find("HTTP/1.0") >= 0:
            # RFC 9112 section 6.1: there "the framing is faulty", and nothing after it can be trusted.
            return None
        if codings:
            if codings[-1].rpartition(",")[2].strip() == "chunked":
                return replace(head, framing=Framing.CHUNKED)
            return replace(head, framing=Framing.CLOSE) if stream.sender == SERVER else None
        if lengths:
            length = lengths.pop()
            if lengths or not re.fullmatch("[0-9]{1,18}", length):
                return None
            stream.body_left = int(length)
            return replace(head, framing=Framing.CONTENT_LENGTH if stream.body_left else Framing.NONE)
        return replace(head, framing=Framing.CLOSE if stream.sender == SERVER else Framing.NONE)


def messages(
    client: bytes, server: bytes, *, finished: Collection[str] = (CLIENT, SERVER)
) -> tuple[list[Message], ExchangeFollower]:
    """The messages of two whole streams, requests and responses each in their order.

    Args:
        client: Everything the client sent.
        server: Everything the server sent.
        finished: The sides that have sent their FIN. After a reset a body that lasts until the
            connection closes is not complete (RFC 9112 section 8).

    Returns:
        The messages, incomplete ones too, and the follower for what else it knows.
    """
    follower = ExchangeFollower()
    found = follower.feed(CLIENT, client) + follower.feed(SERVER, server)
    for sender in finished:
        found += follower.finish(sender)
    newest = {(message.sender, message.start): message for message in found + follower.unfinished}
    return sorted(newest.values(), key=lambda message: (message.sender, message.start)), follower
