"""The event stream reader: one request, and every event of the response with the time it was dispatched.

The bytes are decoded by :mod:`lab_servers.wire.sse.decoder`. A browser's ``EventSource`` would
reconnect when the stream ends, even after a clean end; this reader does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from lab_servers.clients.ending import Ending
from lab_servers.clients.failures import (
    explained,
    one_line,
    require_field_value,
    require_headers,
    require_timeout,
    require_url,
)
from lab_servers.clients.http import DEFAULT_LIMIT_BYTES, with_overrides
from lab_servers.clients.session import body_of, open_session
from lab_servers.errors import ExchangeFailed, require_one_of, require_whole
from lab_servers.marks import Mark, now_ns
from lab_servers.wire.sse.decoder import Event, EventStreamDecoder

MOST_EVENTS = 100_000
_VERSIONS = {"1.1": aiohttp.HttpVersion11, "1.0": aiohttp.HttpVersion10}


@dataclass(frozen=True)
class EventStream:
    """What one event stream brought.

    Attributes:
        events: The dispatched events, in order.
        ending: Why there were no more.
        last_event_id: What a client that reconnects would send as ``Last-Event-ID``.
        retry_ms: The reconnection time that the server set, in milliseconds, or ``None``.
        oversized: How many events were dropped because they were too large.
        marks: "request started", "head received" and, for each event, "event received" (detail: its data).
    """

    events: tuple[Event, ...]
    ending: Ending
    last_event_id: str
    retry_ms: int | None
    oversized: int
    marks: tuple[Mark, ...]

    @property
    def ended(self) -> bool:
        """Whether the server ended the response properly."""
        return self.ending is Ending.SERVER

    def __repr__(self) -> str:
        return f"<EventStream {len(self.events)} events; {self.ending.value}>"


async def read_events(
    url: str,
    *,
    last_event_id: str | None = None,
    limit: int | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30,
    http: str = "1.1",
) -> EventStream:
    """GET an event stream and read it until it ends, ``limit`` events came, or the time is up.

    Once the response has begun, whatever happens to it is reported in ``ending``, and the events
    that were dispatched until then are kept.

    Args:
        url: An absolute ``http`` or ``https`` URL.
        last_event_id: Sent as ``Last-Event-ID``, to go on after that event (HTML §9.2.4).
        limit: Leave after this many events, 1 to 100,000; ``None`` waits for the end (or 100,000).
        headers: Further header fields. (``EventSource`` in a browser can send none.)
        timeout_s: How long to wait for the head and then to listen, together, in seconds.
        http: The version of HTTP to ask in, ``"1.1"`` or ``"1.0"``; in 1.0 there are no chunks.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: no response came, or one that is no event stream. HTML §9.2.3: any status
            but 200, and any type but ``text/event-stream``, makes ``EventSource`` fail for good.
    """
    require_url(url, "http", "https")
    require_timeout(timeout_s)
    require_one_of("http", http, tuple(_VERSIONS))
    if limit is not None:
        require_whole("limit", limit, 1, MOST_EVENTS, "events")
    own = {"Accept": "text/event-stream"}
    if last_event_id is not None:
        require_field_value("last_event_id", last_event_id)
        own["Last-Event-ID"] = last_event_id
    fields = with_overrides(own, headers)
    require_headers(fields)

    decoder = EventStreamDecoder()
    events: list[Event] = []
    marks = [Mark(now_ns(), "request started", f"GET {url}")]
    most_events = limit or MOST_EVENTS
    deadline = asyncio.get_running_loop().time() + timeout_s
    async with open_session(keep_alive=False, version=_VERSIONS[http], once=True) as session:
        async with explained(url, timeout_s):
            response = await session.get(url, headers=fields, allow_redirects=False)
        marks.append(Mark(now_ns(), "head received", str(response.status)))
        async with response:
            _require_event_stream(response, url)
            ending = Ending.SERVER
            received_bytes = 0
            try:
                async with asyncio.timeout_at(deadline):
                    async for data in body_of(response):
                        for event in decoder.feed(data)[: most_events - len(events)]:
                            events.append(event)
                            marks.append(Mark(now_ns(), "event received", event.data))
                        received_bytes += len(data)
                        if len(events) == most_events:
                            ending = Ending.BOUND if limit is None else Ending.CLIENT
                            break
                        if received_bytes > DEFAULT_LIMIT_BYTES:
                            ending = Ending.BOUND
                            break
            except TimeoutError:
                ending = Ending.TIMEOUT
            except (aiohttp.ClientError, OSError):
                ending = Ending.LOST
    # One read may hold more events than were asked for: whoever goes on must get those again.
    last_id = events[-1].last_event_id if len(events) == most_events else decoder.last_event_id
    return EventStream(tuple(events), ending, last_id, decoder.retry_ms, decoder.oversized, tuple(marks))


async def events_in(response: aiohttp.ClientResponse, *, limit_bytes: int) -> AsyncIterator[Event]:
    """The events of a response that is an event stream, each as soon as it is dispatched.

    Args:
        response: The response, its head received and nothing of its body read.
        limit_bytes: An event that is larger is dropped.

    Raises:
        aiohttp.ClientError: the body ends before it is complete.
    """
    decoder = EventStreamDecoder(limit_bytes=limit_bytes)
    async for data in body_of(response):
        for event in decoder.feed(data):
            yield event


def events_of(pieces: Iterable[bytes]) -> list[Event]:
    """The events of an event stream that came in these pieces, however it is cut."""
    decoder = EventStreamDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def _require_event_stream(response: aiohttp.ClientResponse, url: str) -> None:
    if response.status != 200:
        raise ExchangeFailed(
            f"{url} answered {response.status} {one_line(response.reason or '')}, and an event stream needs 200. "
            "Check the URL; after such an answer EventSource stops for good.",
            status=response.status,
        )
    if response.content_type != "text/event-stream":
        raise ExchangeFailed(
            f"{url} answered with Content-Type {one_line(response.content_type)!r}, and an event stream needs "
            "'text/event-stream'. Check the URL and the server's header.",
            status=response.status,
        )
