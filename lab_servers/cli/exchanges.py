"""Tells one connection as lines of text, one per exchange; ``serve`` prints them as they happen.

It is fed by a relay's observers (``capture/relay.py``) on the lab's loop, so it does no I/O, and
keeps of a connection only the exchanges under way. Finding messages is ``wire/http1/``'s work.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.cli.terminal import counted, lasted
from lab_servers.wire.http1.exchanges import Exchanges as Follower
from lab_servers.wire.http1.message import Framing, Message
from lab_servers.wire.printable import printable

MAX_TARGET_CHARACTERS = 80
MAX_STATUS_CHARACTERS = 60

CLIENT, SERVER = Side.CLIENT.value, Side.SERVER.value


@dataclass
class _Exchange:
    """A request under way.

    Attributes:
        request: As it is known so far.
        begun_ns: When its first byte passed.
        response: Once its head has passed.
        stays_open: Whether the response is an event stream or an upgrade, so that two lines tell of it.
    """

    request: Message
    begun_ns: int
    response: Message | None = None
    stays_open: bool = False


class Exchanges:
    """The exchanges of one connection."""

    def __init__(self) -> None:
        self._follower = Follower(keep=False)
        self._bytes = {CLIENT: 0, SERVER: 0}
        self._under_way: dict[int, _Exchange] = {}  # by the request's number on the connection
        self._requests = 0
        self._waiting_since_ns: int | None = None  # when the first byte passed of what is no whole request yet

    def passed(self, side: Side, data: bytes, at_ns: int) -> list[str]:
        """The lines that a read gives rise to."""
        self._bytes[side.value] += len(data)
        if self._follower.http_end is not None:
            return []  # no HTTP any more: only its amount is told, at the end
        news = self._follower.feed(side.value, data)
        lines = []
        for message in news:
            if message.sender == CLIENT:
                self._note_request(message, at_ns)
            else:
                lines += self._note_response(message, at_ns)
        self._note_waiting(news, side, at_ns)
        return lines

    def closed(self, capture: Capture) -> list[str]:
        """The lines that the end of the connection gives rise to."""
        at_ns = capture.closed_ns or capture.transitions[-1].at_ns
        how, clean = _ending(capture)
        lines = []
        ended = {change.by: change.at_ns for change in capture.transitions if change.kind is TransitionKind.HALF_CLOSED}
        for side, ended_ns in ended.items():
            # A response without a length is complete with the server's FIN, which was earlier than the close.
            if side is not None and self._follower.http_end is None:
                for message in self._follower.finish(side.value):
                    lines += self._note_response(message, ended_ns) if message.sender == SERVER else []
        told = bool(self._under_way)
        for exchange in self._under_way.values():
            lines.append(self._broken_off(exchange, how, at_ns))
        self._under_way.clear()
        if not told and not self._requests and any(self._bytes.values()):
            lines.append(f"no HTTP/1.1 request in {self._both_ways()}, {how}")
        elif not told and not clean:
            lines.append(f"connection {how}")
        return lines

    def _note_request(self, message: Message, at_ns: int) -> None:
        if message.number <= self._requests:
            return  # it has grown
        self._requests = message.number
        begun_ns = at_ns if self._waiting_since_ns is None else self._waiting_since_ns
        self._waiting_since_ns = None  # a second request in the same read began with this read
        self._under_way[self._requests] = _Exchange(message, begun_ns)

    def _note_response(self, message: Message, at_ns: int) -> list[str]:
        exchange = self._under_way.get(message.number)
        upgraded = message.framing is Framing.UPGRADED
        # RFC 9110 section 15.2: a 1xx announces the answer and is none itself; 101 is the one that changes all.
        if exchange is None or (100 <= (message.status or 0) < 200 and not upgraded):
            return []
        exchange.response = message
        if upgraded or (_is_event_stream(message) and not message.is_complete):
            if exchange.stays_open:
                return []
            exchange.stays_open = True
            return [f"{_request(exchange)} → {_status(message)}  open, {lasted(at_ns - exchange.begun_ns)}"]
        if not message.is_complete:
            return []
        del self._under_way[message.number]
        took = at_ns - exchange.begun_ns
        if exchange.stays_open:
            return [f"{_request(exchange)}  ended after {lasted(took)}, {_body(message)}"]
        return [f"{_request(exchange)} → {_status(message)}  {_body(message)}, {lasted(took)}"]

    def _broken_off(self, exchange: _Exchange, how: str, at_ns: int) -> str:
        request, response, after = _request(exchange), exchange.response, lasted(at_ns - exchange.begun_ns)
        if response is None:
            return f"{request}  no answer after {after}, {how}"
        if response.framing is Framing.UPGRADED:
            return f"{request}  ended after {after}, {self._both_ways()}, {how}"
        if exchange.stays_open:
            return f"{request}  ended after {after}, {_body(response)}, {how}"
        return f"{request} → {_status(response)}  broken off after {_body(response)}, {after}, {how}"

    def _both_ways(self) -> str:
        """The bytes of both directions; after an upgrade only those that are no HTTP."""
        http = self._follower.http_end or {CLIENT: 0, SERVER: 0}
        sent = {sender: counted(self._bytes[sender] - http[sender], "byte") for sender in (CLIENT, SERVER)}
        return f"{sent[CLIENT]} from the client, {sent[SERVER]} from the server"

    def _note_waiting(self, news: list[Message], side: Side, at_ns: int) -> None:
        whole = [message.end for message in news if message.sender == CLIENT and message.is_complete]
        if whole:
            # What follows a whole request began in this read, or there is nothing yet.
            self._waiting_since_ns = at_ns if self._bytes[CLIENT] > max(whole) else None
        elif side is Side.CLIENT and self._waiting_since_ns is None:
            self._waiting_since_ns = at_ns


def _ending(capture: Capture) -> tuple[str, bool]:
    """How a connection ended, and whether nobody broke it off."""
    first_fin = None
    for change in capture.transitions:
        match change.kind:
            case TransitionKind.REFUSED:
                return "given up: the server could not be reached", False
            case TransitionKind.RESET if change.by is not None:
                return f"reset by the {change.by.value}", False
            case TransitionKind.ABANDONED:
                return "ended by the lab's stop", True
            case TransitionKind.HALF_CLOSED if first_fin is None:
                first_fin = change.by
    # A reset can follow a FIN, and then is what counts; so only here.
    return (f"closed by the {first_fin.value}" if first_fin else "closed"), True


def _is_event_stream(message: Message) -> bool:
    return any(value.lower().startswith("text/event-stream") for value in message.values("Content-Type"))


def _request(exchange: _Exchange) -> str:
    method, _, rest = exchange.request.start_line.partition(" ")
    target = rest.rpartition(" ")[0]
    return f"{printable(method, 20)} {printable(target, MAX_TARGET_CHARACTERS)}"


def _status(message: Message) -> str:
    return printable(message.start_line.partition(" ")[2], MAX_STATUS_CHARACTERS)


def _body(message: Message) -> str:
    return f"{counted(message.content.length, 'byte')} of body" if message.content.length else "no body"
