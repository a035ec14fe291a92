"""Asking again: polling at a fixed interval, and long polling, where the server holds its answer.

Both use one kept-alive connection, as a real poller would; each answer is an ordinary
:class:`~lab_servers.clients.http.Answer`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from lab_servers.clients.failures import one_line, require_url
from lab_servers.clients.http import DEFAULT_LIMIT_BYTES, Answer, exchange
from lab_servers.clients.session import open_session
from lab_servers.errors import ExchangeFailed, require_between, require_whole
from lab_servers.marks import Mark, now_ns

MOST_REQUESTS = 100_000

# What a held request may take beyond its hold before the client gives it up. The client's limit
# must be the longer one: else it would leave just when the server is about to say "nothing new".
HOLD_MARGIN_S = 10.0


@dataclass(frozen=True)
class Polled:
    """What polling brought.

    Attributes:
        changes: The answers whose body differed from the one before, the first answer included.
        asked: How many requests were sent.
        not_modified: How many of them were answered with 304 Not Modified.
        is_done: Whether ``is_done`` accepted the last change; else ``limit`` was reached.
        marks: "asked", "answered" (detail: the status) and "changed" (detail: the body's text).
    """

    changes: tuple[Answer, ...]
    asked: int
    not_modified: int
    is_done: bool
    marks: tuple[Mark, ...]

    def __repr__(self) -> str:
        outcome = "done" if self.is_done else "not done, limit reached"
        return f"<Polled {self.asked} requests, {self.not_modified} times 304, {len(self.changes)} changes, {outcome}>"


@dataclass(frozen=True)
class JobEvent:
    """One line of a job's log.

    Attributes:
        id: The event's number in the log, from 1.
        line: Its text.
    """

    id: int
    line: str


@dataclass(frozen=True)
class LongPolled:
    """What long polling brought.

    Attributes:
        events: The events in order.
        next: The cursor: the id of the last event received, to go on from with ``after``.
        state: ``"done"``, or ``"running"`` if ``limit`` was reached before.
        asked: How many requests were sent.
        empty: How many of them the server answered with 204 because its hold passed.
        marks: "asked", "answered" (detail: the status) and "received" (detail: the event's line).
    """

    events: tuple[JobEvent, ...]
    next: int
    state: str
    asked: int
    empty: int
    marks: tuple[Mark, ...]

    def __repr__(self) -> str:
        return f"<LongPolled {len(self.events)} events by {self.asked} requests, {self.empty} times 204, {self.state}>"


async def poll(
    url: str,
    *,
    interval_s: float,
    is_done: Callable[[Answer], bool],
    conditional: bool = True,
    headers: Mapping[str, str] | None = None,
    limit: int = 1000,
    timeout_s: float = 30,
) -> Polled:
    """GET ``url`` every ``interval_s`` seconds until ``is_done`` accepts an answer.

    Requests are due at whole multiples of the interval after the first one, so that slow answers
    do not make the schedule drift. A due time that passes while an answer is awaited is left out.

    Args:
        url: An absolute ``http`` or ``https`` URL.
        interval_s: Seconds from one due time to the next, 0.001 to 3600.
        is_done: Called with each answer that is not a 304; polling ends when it returns true.
        conditional: Send ``If-None-Match`` with the last entity tag (RFC 9110 §13.1.2), so that the
            server can answer 304 without a body.
        headers: Further header fields for every request.
        limit: The largest number of requests, 1 to 100,000.
        timeout_s: The longest one exchange may take, in seconds.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: a request got no answer, or one with a 4xx or 5xx status.
    """
    require_between("interval_s", interval_s, 0.001, 3600, "seconds")
    require_whole("limit", limit, 1, MOST_REQUESTS, "requests")
    marks: list[Mark] = []
    changes: list[Answer] = []
    condition: dict[str, str] = {}
    room_bytes = DEFAULT_LIMIT_BYTES
    asked = not_modified = 0
    done = False
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with open_session(keep_alive=True) as session:
        while True:
            marks.append(Mark(now_ns(), "asked"))
            asked += 1
            answer = await exchange(
                session,
                "GET",
                url,
                headers={**(headers or {}), **condition},
                timeout_s=timeout_s,
                limit_bytes=max(1, room_bytes),
            )
            marks.append(Mark(now_ns(), "answered", str(answer.status)))
            _require_success(answer, url)
            if answer.status == 304:
                not_modified += 1
            else:
                if not changes or answer.body != changes[-1].body:
                    changes.append(answer)
                    room_bytes -= len(answer.body)
                    marks.append(Mark(now_ns(), "changed", answer.text))
                etag = answer.header("ETag")
                condition = {"If-None-Match": etag} if conditional and etag else {}
                done = is_done(answer)
            if done or asked >= limit:
                return Polled(tuple(changes), asked, not_modified, done, tuple(marks))
            now = loop.time()
            await asyncio.sleep(next_due(start, now, interval_s) - now)


async def long_poll(
    url: str,
    *,
    after: int = 0,
    hold_s: float = 25,
    headers: Mapping[str, str] | None = None,
    limit: int = 1000,
) -> LongPolled:
    """Follow a job's events until it is done, with requests that the server holds until there is news.

    Each request is ``GET url?after=N&hold_s=H``, where N is the cursor. The server answers 200
    with ``{"events": [{"id": 1, "line": "…"}], "next": 1, "state": "running" | "done"}`` as soon as
    there is an event after N, or 204 when H seconds passed without one. The cursor is what keeps
    events that happen between two requests from being lost.

    Args:
        url: The job's events, for example ``http://127.0.0.1:8000/api/jobs/1/events``.
        after: The cursor to start from; 0 is the beginning.
        hold_s: How long the server may hold a request, in seconds, 0 to 60.
        headers: Further header fields for every request.
        limit: The largest number of requests, 1 to 100,000.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: a request got no answer, or one that does not keep to this contract.
    """
    require_url(url, "http", "https")
    require_whole("after", after, 0, 2**53)
    require_between("hold_s", hold_s, 0, 60, "seconds")
    require_whole("limit", limit, 1, MOST_REQUESTS, "requests")
    marks: list[Mark] = []
    events: list[JobEvent] = []
    room_bytes = DEFAULT_LIMIT_BYTES
    state = "running"
    asked = empty = 0
    async with open_session(keep_alive=True) as session:
        while state != "done" and asked < limit:
            marks.append(Mark(now_ns(), "asked", f"after={after}"))
            asked += 1
            answer = await exchange(
                session,
                "GET",
                _with_query(url, {"after": after, "hold_s": hold_s}),
                headers=headers,
                timeout_s=hold_s + HOLD_MARGIN_S,
                limit_bytes=max(1, room_bytes),
            )
            marks.append(Mark(now_ns(), "answered", str(answer.status)))
            _require_success(answer, url)
            if answer.status == 204:
                empty += 1
                continue
            room_bytes -= len(answer.body)
            news, after, state = _read_news(answer, after, url)
            events.extend(news)
            marks.extend(Mark(now_ns(), "received", event.line) for event in news)
    return LongPolled(tuple(events), after, state, asked, empty, tuple(marks))


def next_due(start_s: float, now_s: float, interval_s: float) -> float:
    """The first time after ``now_s`` that is a whole number of intervals after ``start_s``, in seconds."""
    return start_s + ((now_s - start_s) // interval_s + 1) * interval_s


def _require_success(answer: Answer, url: str) -> None:
    if answer.status >= 400:
        raise ExchangeFailed(
            f"{url} answered {answer.status} {one_line(answer.reason)}, so asking again was given up. "
            f"The answer's body begins with {one_line(answer.text[:200], 80)!r}.",
            status=answer.status,
        )


def _read_news(answer: Answer, after: int, url: str) -> tuple[list[JobEvent], int, str]:
    """The events, the cursor and the state in one answer to a long poll."""
    value = answer.json()
    try:
        events = [JobEvent(event["id"], event["line"]) for event in value["events"]]
        cursor, state = value["next"], value["state"]
        well_formed = (
            all(type(event.id) is int and type(event.line) is str for event in events)
            and type(cursor) is int
            and cursor >= after
            and state in ("running", "done")
        )
    except (TypeError, KeyError):
        well_formed = False
    if not well_formed:
        raise ExchangeFailed(
            f"{url} answered {answer.status} with JSON that is no list of events: it needs "
            f"events, next (not below {after}) and state. Check that the URL is a job's events.",
            status=answer.status,
        )
    return events, cursor, state


def _with_query(url: str, parameters: dict[str, object]) -> str:
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return urlunsplit(parts._replace(query=query))
