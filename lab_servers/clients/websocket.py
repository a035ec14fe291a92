"""The WebSocket client: open, send some messages while receiving others, close, and tell how it ended.

It adds nothing to what was asked for: no compression and no keepalive pings, so that every frame
in the capture has a reason that the call shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, WebSocketException
from websockets.typing import Origin, Subprotocol

from lab_servers.clients.ending import Ending
from lab_servers.clients.failures import (
    one_line,
    require_field_value,
    require_timeout,
    require_token,
    require_url,
    unreachable,
)
from lab_servers.errors import BadParameter, ExchangeFailed, require_between, require_whole
from lab_servers.marks import Mark, now_ns

DEFAULT_LIMIT_BYTES = 1024 * 1024
LARGEST_LIMIT_BYTES = 16 * 1024 * 1024
MOST_MESSAGES = 100_000
LARGEST_TOTAL_BYTES = 16 * 1024 * 1024

# How long to wait for the peer's Close frame before the TCP connection is closed without it
# (RFC 6455 §7.1.1 leaves the time to the implementation).
CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Conversation:
    """What one WebSocket connection brought.

    Attributes:
        messages: The messages received, in order; text as ``str`` and binary as ``bytes``.
        ending: Why there were no more.
        close_code: The code in the Close frame received; 1005 if the frame had none, 1006 if no Close
            frame came (RFC 6455 §7.1.5). Neither of these two ever travels on the wire.
        close_reason: The reason in the Close frame received.
        subprotocol: The subprotocol that the server chose, or ``None``.
        marks: "request started", "open", "sent" and "received" (detail: the message), "closed" (detail: the code).
    """

    messages: tuple[str | bytes, ...]
    ending: Ending
    close_code: int
    close_reason: str
    subprotocol: str | None
    marks: tuple[Mark, ...]

    def __repr__(self) -> str:
        return f"<Conversation {len(self.messages)} messages received, closed {self.close_code}; {self.ending.value}>"


async def converse(
    url: str,
    messages: Sequence[str | bytes] = (),
    *,
    expect: int | None = None,
    subprotocols: Sequence[str] | None = None,
    origin: str | None = None,
    timeout_s: float = 30,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Conversation:
    """Open a WebSocket, send ``messages`` one after the other, receive, and close with 1000.

    Receiving goes on while messages are sent. Once the connection is open, whatever happens to
    it is reported in ``ending``, and the messages that had arrived are kept.

    Args:
        url: An absolute ``ws`` or ``wss`` URL.
        messages: What to send; ``str`` goes as a text message and ``bytes`` as a binary one.
        expect: Leave once all is sent and this many messages came, 0 to 100,000; ``None`` waits for the
            server to close.
        subprotocols: Offered in ``Sec-WebSocket-Protocol``, the preferred one first.
        origin: Sent as ``Origin``, as a browser does with its page's origin (RFC 6455 §10.2).
        timeout_s: The longest that opening and conversing may take together, in seconds. Closing may
            take 2 s more.
        limit_bytes: The largest message that is accepted, in bytes; a larger one closes with 1009.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: the connection could not be opened; ``status`` is the server's, if it
            answered the handshake with something else than 101.
    """
    require_url(url, "ws", "wss")
    require_timeout(timeout_s)
    if expect is not None:
        require_whole("expect", expect, 0, MOST_MESSAGES, "messages")
    require_whole("limit_bytes", limit_bytes, 1, LARGEST_LIMIT_BYTES, "bytes")
    _require_messages(messages)
    marks = [Mark(now_ns(), "request started", f"GET {url}")]
    received: list[str | bytes] = []
    deadline = asyncio.get_running_loop().time() + timeout_s
    connection = await open_connection(url, subprotocols, origin, timeout_s, limit_bytes)
    try:
        marks.append(Mark(now_ns(), "open"))
        try:
            async with asyncio.timeout_at(deadline), asyncio.TaskGroup() as group:
                group.create_task(_send_all(connection, messages, marks))
                receiving = group.create_task(_receive(connection, expect, received, marks))
            ending = receiving.result()
        except TimeoutError:
            # The library also waits when the server has closed the WebSocket but not the TCP connection.
            ending = Ending.SERVER if connection.protocol.close_rcvd_then_sent else Ending.TIMEOUT
        await connection.close()
    finally:
        # After close() there is nothing left to abort. A cancelled conversation gets here at once:
        # to wait for the peer's Close frame, or for it to read what was sent, could take seconds.
        connection.transport.abort()
    code = 1006 if connection.close_code is None else connection.close_code
    marks.append(Mark(now_ns(), "closed", str(code)))
    return Conversation(
        tuple(received), ending, code, connection.close_reason or "", connection.subprotocol, tuple(marks)
    )


async def _send_all(connection: ClientConnection, messages: Sequence[str | bytes], marks: list[Mark]) -> None:
    try:
        for message in messages:
            await connection.send(message)
            marks.append(Mark(now_ns(), "sent", _as_text(message)))
    except ConnectionClosed:
        pass  # the receiving half finds out why


async def _receive(
    connection: ClientConnection, expect: int | None, received: list[str | bytes], marks: list[Mark]
) -> Ending:
    """Receive until there is a reason to stop, and return it."""
    total_bytes = 0
    while expect is None or len(received) < expect:
        try:
            message = await connection.recv()
        except ConnectionClosed as closed:
            if closed.sent is not None and not closed.rcvd_then_sent:
                return Ending.BOUND  # this side closed first: it failed the connection (RFC 6455 §7.1.7)
            return Ending.LOST if closed.rcvd is None else Ending.SERVER
        received.append(message)
        marks.append(Mark(now_ns(), "received", _as_text(message)))
        total_bytes += len(message)
        if len(received) >= MOST_MESSAGES or total_bytes > LARGEST_TOTAL_BYTES:
            # 1008, policy violation: no closer code says "too much" (RFC 6455 §7.4.1).
            await connection.close(1008, "more than this client keeps")
            return Ending.BOUND
    return Ending.CLIENT


class _ConnectOnce(connect):
    """Opens one connection and follows no redirect: the WebSockets standard has browsers fail there."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_connection(
    url: str, subprotocols: Sequence[str] | None, origin: str | None, timeout_s: float, limit_bytes: int
) -> ClientConnection:
    """Open a WebSocket and no more; whoever asked for it closes it. :func:`converse` describes the rest.

    Raises: as :func:`converse` does.
    """
    if isinstance(subprotocols, str):
        raise BadParameter(f"subprotocols must be a list of names, not the one text {subprotocols!r}.")
    for subprotocol in subprotocols or ():
        require_token("subprotocols", subprotocol)
    if origin is not None:
        require_field_value("origin", origin)
    try:
        return await _ConnectOnce(
            url,
            origin=None if origin is None else Origin(origin),
            subprotocols=[Subprotocol(name) for name in subprotocols] if subprotocols else None,
            compression=None,
            # None: the proxy variables of the environment must not lead loopback traffic away.
            proxy=None,
            open_timeout=timeout_s,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=limit_bytes,
        )
    except TimeoutError as error:
        raise ExchangeFailed(
            f"{url} did not finish the opening handshake within {timeout_s:g} s. "
            "See in the capture how far it came; raise timeout_s if the server is meant to be this slow."
        ) from error
    except InvalidStatus as error:
        response = error.response
        said = one_line(bytes(response.body or b"").decode("utf-8", errors="replace"), 80)
        raise ExchangeFailed(
            f"{url} refused the opening handshake with {response.status_code} {one_line(response.reason_phrase)}: "
            f"{said!r}. Check the path, the origin and the subprotocols.",
            status=response.status_code,
        ) from error
    except (InvalidMessage, EOFError) as error:
        raise ExchangeFailed(
            f"{url} did not answer the opening handshake with an HTTP response. Look at the bytes in the capture."
        ) from error
    except (InvalidHandshake, WebSocketException) as error:
        raise ExchangeFailed(
            f"{url} answered the opening handshake wrongly ({one_line(str(error))}). "
            "Compare the two heads in the capture with RFC 6455 §4.1."
        ) from error
    except OSError as error:
        raise unreachable(url, error) from error


def _require_messages(messages: Sequence[str | bytes]) -> None:
    if isinstance(messages, (str, bytes)):
        raise BadParameter(f"messages must be a list of messages, not the one message {messages[:40]!r}.")
    require_between("the number of messages", len(messages), 0, MOST_MESSAGES)
    for message in messages:
        if not isinstance(message, (str, bytes)):
            raise BadParameter(f"messages must be str or bytes, not {message!r}.")
        if isinstance(message, str) and any("\ud800" <= char <= "\udfff" for char in message):
            raise BadParameter(f"messages must be text that UTF-8 can carry, and {message[:40]!r} is not.")


def _as_text(message: str | bytes) -> str:
    """A message as the detail of a mark."""
    return message if isinstance(message, str) else f"{len(message)} bytes"
