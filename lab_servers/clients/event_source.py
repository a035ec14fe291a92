"""A strict EventSource: the state machine of HTML §9.2 on one URL, which comes back unless something stops it for good.

``sse.py`` beside it makes one request and does not come back. The bytes are decoded by
:mod:`lab_servers.wire.sse.decoder`.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from lab_servers.clients.failures import one_line, require_timeout, require_url
from lab_servers.clients.http import DEFAULT_LIMIT_BYTES
from lab_servers.clients.session import body_of, open_session
from lab_servers.clients.sse import MOST_EVENTS
from lab_servers.errors import require_between, require_whole
from lab_servers.marks import Mark, now_ns
from lab_servers.wire.sse.decoder import Event, EventStreamDecoder

EVENT_STREAM = "text/event-stream"
MOST_REQUESTS = 1_000


class ReadyState(enum.Enum):
    """What the object is doing; the numbers are those of the standard (HTML §9.2.2)."""

    CONNECTING = 0
    OPEN = 1
    CLOSED = 2


class Stop(enum.Enum):
    """Why there was no further request."""

    FAILED = "the connection was failed: it stopped for good by itself"
    CLOSED = "close() was called"
    WATCHED_ENOUGH = "nothing: it would go on, but this lab stopped watching"
    BOUND = "the server sent more than this client accepts"


class _Next(enum.Enum):
    """What an answer makes the client do."""

    REESTABLISH = "reestablish the connection"
    FAIL = "fail the connection"
    CLOSE = "close() was called"
    BOUND = "too many bytes or events"


@dataclass(frozen=True)
class Attempt:
    """One request and what came of it.

    Attributes:
        last_event_id: What it sent as ``Last-Event-ID``; empty when it sent none.
        status: The status code; ``None`` if there was no answer.
        events: The events that were dispatched.
        outcome: What ended it, and what that made the client do, in a few words.
    """

    last_event_id: str
    status: int | None
    events: tuple[Event, ...]
    outcome: str


@dataclass(frozen=True)
class EventSourceRun:
    """The life of one EventSource, as far as it was watched.

    Attributes:
        attempts: Its requests, in order.
        stop: Why there was no further one.
        ready_state: The state in which it was left.
        last_event_id: The last event ID that it has.
        reconnection_time_ms: How long it would wait before it comes back, in milliseconds.
        marks: ``"ready state"`` (detail: its name) at every change, ``"request started"`` (detail: the last event ID
            that it sends), ``"event received"`` (detail: its data), ``"error"`` (detail: what for), ``"stopped"``
            (detail: why).
    """

    attempts: tuple[Attempt, ...]
    stop: Stop
    ready_state: ReadyState
    last_event_id: str
    reconnection_time_ms: int
    marks: tuple[Mark, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of all its requests, in the order in which the application got them."""
        return tuple(event for attempt in self.attempts for event in attempt.events)

    def __repr__(self) -> str:
        requests, events = len(self.attempts), len(self.events)
        return f"<EventSourceRun {requests} requests, {events} events; stopped by: {self.stop.value}>"


async def event_source(
    url: str,
    *,
    reconnection_time_ms: int = 3_000,
    close_after: int | None = None,
    most_requests: int = 100,
    timeout_s: float = 30,
) -> EventSourceRun:
    """Open an EventSource and let it live until it fails for good, is closed, or was watched for long enough.

    A stream that ends, in good order or not, makes it wait for the reconnection time and ask again, with the last
    event ID if it has one. Any answer but a 200 with the type of an event stream stops it for good (HTML §9.2.3).
    A server that cannot be reached is a network error: it comes back.

    Three things of a browser's are left out. It follows no redirect: a browser would, as any fetch does, so here a 3xx
    is a status that is not 200. It never waits longer than the reconnection time, which the standard allows. And an
    ID with control characters, which aiohttp keeps out of header fields, is not sent.

    Args:
        url: An absolute ``http`` or ``https`` URL.
        reconnection_time_ms: How long to wait before coming back, until a ``retry`` field says otherwise. The
            standard leaves it to the browser: a few seconds.
        close_after: Call ``close()`` after so many events in all, 1 to 100,000; ``None`` never does.
        most_requests: Stop watching instead of sending one request more than this, 1 to 1,000.
        timeout_s: Stop watching after so many seconds.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """
    require_url(url, "http", "https")
    require_timeout(timeout_s)
    require_between("reconnection_time_ms", reconnection_time_ms, 0, 3_600_000, "ms")
    require_whole("most_requests", most_requests, 1, MOST_REQUESTS, "requests")
    if close_after is not None:
        require_whole("close_after", close_after, 1, MOST_EVENTS, "events")
    source = _EventSource(url, reconnection_time_ms, close_after)
    try:
        async with asyncio.timeout(timeout_s):
            stop = await source.live(most_requests)
    except TimeoutError:
        stop = Stop.WATCHED_ENOUGH
        source.give_up_attempt()
    return source.told(stop)


class _EventSource:
    """The object: its state, its last event ID, its reconnection time."""

    def __init__(self, url: str, reconnection_time_ms: int, close_after: int | None) -> None:
        self._url = url
        self._reconnection_time_ms = reconnection_time_ms
        self._close_after = close_after
        self._ready_state = ReadyState.CONNECTING
        self._last_event_id = ""
        self._attempts: list[Attempt] = []
        self._events: list[Event] = []  # of the attempt under way
        self._event_count = 0
        self._received_bytes = 0
        self._sent_id: str | None = None  # what the attempt under way has sent; None between two
        self._status: int | None = None
        self._marks = [Mark(now_ns(), "ready state", self._ready_state.name)]

    async def live(self, most_requests: int) -> Stop:
        """Request after request, until one of them stops it."""
        while True:
            what, why = await self._attempt()
            self._end_attempt(f"{why}: {what.value}")
            if what is _Next.CLOSE:
                self._set(ReadyState.CLOSED)
                return Stop.CLOSED
            if what is _Next.FAIL:
                self._set(ReadyState.CLOSED)
                self._mark("error", why)
                return Stop.FAILED
            if what is _Next.BOUND:
                return Stop.BOUND
            self._set(ReadyState.CONNECTING)
            self._mark("error", why)
            if len(self._attempts) == most_requests:
                return Stop.WATCHED_ENOUGH
            await asyncio.sleep(self._reconnection_time_ms / 1e3)

    async def _attempt(self) -> tuple[_Next, str]:
        """One fetch: what it makes the object do, and why."""
        # The cache mode is "no-store" (HTML §9.2.2), for which fetch adds the last two.
        fields = {"Accept": EVENT_STREAM, "Cache-Control": "no-cache", "Pragma": "no-cache"}
        self._sent_id, self._status = _sendable(self._last_event_id), None
        if self._sent_id:
            fields["Last-Event-ID"] = self._sent_id
        self._mark("request started", self._sent_id)
        try:
            async with (
                open_session(keep_alive=False, once=True) as session,
                session.get(self._url, headers=fields, allow_redirects=False) as response,
            ):
                self._status = response.status
                refusal = _refusal(response)
                if refusal:
                    return _Next.FAIL, refusal
                self._set(ReadyState.OPEN)
                return await self._interpret(response)
        except (aiohttp.ClientError, OSError) as error:
            if self._status is not None:
                return _Next.REESTABLISH, "the stream broke off before its end"
            if isinstance(error, aiohttp.ClientResponseError):  # whose text begins with a status that nobody sent
                return _Next.REESTABLISH, "what came is no HTTP"
            return _Next.REESTABLISH, f"no answer ({one_line(str(error) or type(error).__name__, 80)})"

    async def _interpret(self, response: aiohttp.ClientResponse) -> tuple[_Next, str]:
        """Read the body to its end, and dispatch the events in it."""
        decoder = EventStreamDecoder(last_event_id=self._last_event_id)
        async for data in body_of(response):
            events = decoder.feed(data)
            if decoder.retry_ms is not None:  # before the events: close() may leave with one of them
                self._reconnection_time_ms = decoder.retry_ms
            for event in events:
                self._events.append(event)
                self._event_count += 1
                self._mark("event received", event.data)
                if self._event_count == self._close_after:
                    self._last_event_id = event.last_event_id
                    return _Next.CLOSE, "the application had enough"
            self._last_event_id = decoder.last_event_id
            self._received_bytes += len(data)
            if self._received_bytes > DEFAULT_LIMIT_BYTES or self._event_count > MOST_EVENTS:
                return _Next.BOUND, "more than this client accepts"
        return _Next.REESTABLISH, "the stream ended in good order"

    def give_up_attempt(self) -> None:
        """The time is up: keep what the attempt under way has brought."""
        if self._sent_id is not None:
            self._end_attempt("it was still going on")

    def told(self, stop: Stop) -> EventSourceRun:
        """What became of it."""
        self._mark("stopped", stop.value)
        return EventSourceRun(
            tuple(self._attempts), stop, self._ready_state, self._last_event_id, self._reconnection_time_ms,
            tuple(self._marks),
        )  # fmt: skip

    def _end_attempt(self, outcome: str) -> None:
        self._attempts.append(Attempt(self._sent_id or "", self._status, tuple(self._events), outcome))
        self._events.clear()
        self._sent_id = None

    def _set(self, state: ReadyState) -> None:
        if state is not self._ready_state:
            self._ready_state = state
            self._mark("ready state", state.name)

    def _mark(self, name: str, detail: str) -> None:
        self._marks.append(Mark(now_ns(), name, detail))


def _sendable(last_event_id: str) -> str:
    """The ID as it goes into a header field; empty if it cannot."""
    return "" if any((char < " " and char != "\t") or char == "\x7f" for char in last_event_id) else last_event_id


def _refusal(response: aiohttp.ClientResponse) -> str:
    """Why an answer stops an EventSource for good; empty if it does not (HTML §9.2.3)."""
    if response.status != 200:
        return f"status {response.status} is not 200"
    fields = response.headers.getall("Content-Type", [])
    if _essence(fields) == EVENT_STREAM:
        return ""
    said = f"Content-Type {one_line(', '.join(fields), 60)!r}" if fields else "an answer without a Content-Type"
    return f"{said} is not {EVENT_STREAM!r}"


def _essence(fields: Sequence[str]) -> str:
    """The media type of an answer, without parameters: of several, the last that is one (Fetch §2.2.2)."""
    types = [one.partition(";")[0].strip().lower() for field in fields for one in field.split(",")]
    return next((one for one in reversed(types) if "/" in one and one != "*/*"), "")
