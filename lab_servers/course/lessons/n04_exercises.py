"""Two exercises of ``04_sse``: a server to come back to, and what an EventSource does next; and the list of all four.

``n04_parsing.py`` has the two halves of a parser, and ``n04_sse.py`` joins all to the objectives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.lessons.n04_parsing import PARSING, dispatched
from lab_servers.recording import Recording
from lab_servers.scenarios import ComingBack
from lab_servers.views.looks.sse import answer_of
from lab_servers.views.looks.sse_coming_back import CASES, EVENT_SOURCE, askings, captures_of
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.spec import spec_url
from lab_servers.wire.sse.block import Block

_PROCESSING, _ID_HEADER, _PARSING = spec_url("HTML §9.2.3"), spec_url("HTML §9.2.4"), spec_url("HTML §9.2.5")
_INTRODUCTION = spec_url("HTML §9.2.1")
_SEEDED = "made with a seed"


# --- a server to come back to ---------------------------------------------------------------------------

LINES = 5
_PATIENCE_S = 5.0
_NEW = (
    "Without Last-Event-ID all five events come: 200, text/event-stream, and each event with id, data and blank line."
)
_GOES_ON = "With Last-Event-ID the stream goes on right after that event."
_ALL_TOLD = "When everything is told, the answer is 204: it stops an EventSource, which else would come back for ever."
_ANY_CASE = "The name of a field is the same in upper and lower case."
_UNKNOWN_ID = "An id that this server cannot have given means nothing: begin at the beginning, so that nothing is lost."


def _server_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    yield _asked("", 1, _NEW, _PARSING)
    known = random.randint(1, LINES - 1)
    yield _asked(f"Last-Event-ID: {known}\r\n", known + 1, _GOES_ON, _ID_HEADER)
    yield _asked(f"Last-Event-ID: {LINES}\r\n", LINES + 1, _ALL_TOLD, _PROCESSING)
    known = random.randint(1, LINES - 1)
    field = f"{random.choice(('last-event-id', 'LAST-EVENT-ID'))}: {known}\r\n"
    yield _asked(field, known + 1, _ANY_CASE, "https://www.rfc-editor.org/rfc/rfc9110#section-5.1")
    yield _asked("Last-Event-ID: x7\r\n", 1, _UNKNOWN_ID, _ID_HEADER)


def _asked(field: str, first: int, rule: str, section: str) -> Case:
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{field}\r\n".encode()
    events = [("message", f"line {number}", str(number)) for number in range(first, LINES + 1)]
    expected = (200, "text/event-stream", events) if events else (204, "", [])
    return Case((request,), expected, rule, section, _SEEDED)


def _served(handler: Callable[..., Awaitable[None]], request: bytes) -> tuple[int | None, str, list[Any]]:
    """What a server answers over a real connection: status, media type and events."""
    answer = asyncio.run(_ask(handler, request))
    found = Conversation.of(request, answer)
    messages = found.messages(Side.SERVER.value)
    if not messages:
        raise ValueError(f"its answer is no HTTP response: {answer[:60]!r}")
    blocks = [one for one in found.records(Side.SERVER.value, "sse") if isinstance(one, Block)]
    return (
        messages[0].status,
        messages[0].media_type if blocks or messages[0].status == 200 else "",
        dispatched(blocks),
    )


async def _ask(handler: Callable[..., Awaitable[None]], request: bytes) -> bytes:
    """Host it on a free port of this machine, ask once, and give back all that it sends."""
    raised: list[Exception] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except Exception as error:
            raised.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(request)
        try:
            answer = await asyncio.wait_for(reader.read(), _PATIENCE_S)
        except TimeoutError:
            raise TimeoutError(f"the connection was still open after {_PATIENCE_S:g} seconds") from None
        finally:
            writer.close()
    finally:
        server.close()
    for error in raised:
        raise error
    return answer


# --- what comes next ------------------------------------------------------------------------------------

_COMES_BACK = "When a stream has ended, in good order or not, it comes back."
_STOPS_AT_204 = "204 stops it for good."
_STOPS_AT_STATUS = "Any other status than 200 stops it for good."
_STOPS_AT_TYPE = "A 200 of another type than text/event-stream stops it for good."
_PARAMETERS = "The type may be written in any case, and parameters after it do not count."
_NO_ANSWER = "Without an answer (None) it comes back."
_SENDS_ID = "If it has a last event ID, it sends it; an empty one it does not send."


def _next_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    yield from _recorded_next(recording) if recording is not None else ()
    stream = "text/event-stream"
    for _ in range(5):
        known = str(random.randint(1, 99_999))
        yield _next(200, stream, known, {"Last-Event-ID": known}, _SENDS_ID, _PROCESSING)
        yield _next(200, stream, "", {}, _SENDS_ID, _PROCESSING)
        yield _next(None, "", known, {"Last-Event-ID": known}, _NO_ANSWER, _PROCESSING)
        yield _next(204, "", known, None, _STOPS_AT_204, _INTRODUCTION)
        yield _next(random.choice((201, 206, 404, 429, 500, 503)), stream, known, None, _STOPS_AT_STATUS, _PROCESSING)
        yield _next(200, random.choice(("text/plain", "application/json", "text/event-streams", "")), known, None,
                    _STOPS_AT_TYPE, _PROCESSING)  # fmt: skip
        written = random.choice(("Text/Event-Stream", "text/event-stream; charset=utf-8", "text/event-stream ;a=b"))
        yield _next(200, written, "", {}, _PARAMETERS, "https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1")


def _next(
    status: int | None, content_type: str, known: str, expected: dict[str, str] | None, rule: str, section: str,
    source: str = _SEEDED,
) -> Case:  # fmt: skip
    return Case((status, content_type, known), expected, rule, section, source)


def _recorded_next(recording: Recording) -> Iterator[Case]:
    """Each answer that an EventSource got, and whether it came back after it."""
    found = askings(recording)
    for case in CASES:
        asking = found.get((EVENT_SOURCE, case))
        captures = captures_of(recording, EVENT_SOURCE, case)
        for number, capture in enumerate(captures, 1):
            answer = answer_of(capture)
            assert asking is not None
            if answer is None or (number == len(captures) and (asking.goes_on or case == "close()")):
                continue
            types = answer.values("Content-Type")
            stopped = number == len(captures)
            rule = {204: _STOPS_AT_204, 200: _STOPS_AT_TYPE}.get(answer.status or 0, _STOPS_AT_STATUS)
            yield _next(
                answer.status, types[0] if types else "", "", None if stopped else {},
                rule if stopped else _COMES_BACK, _PROCESSING, "recorded",
            )  # fmt: skip


EXERCISES = (
    *PARSING,
    Exercise(
        "04-server",
        'event_server(reader, writer) answers one request with the events "line 1" to "line 5", whose ids are 1 to 5; '
        "it goes on after Last-Event-ID, and answers 204 when the client has all.",
        "event_server",
        _server_cases,
        (
            "Look for the field in the head with a regular expression that ignores case and takes digits only. Which "
            "is the first line to send?",
            "An event is three lines: id, data, and a blank one. If the first line to send is 6, send the head of a "
            "204 in place of the other and nothing more.",
        ),
        """import re

OK = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nConnection: close\\r\\n\\r\\n"
NO_MORE = b"HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n"

async def event_server(reader, writer):
    request = await reader.readuntil(b"\\r\\n\\r\\n")
    known = re.search(rb"(?i)\\r\\nLast-Event-ID: *([0-9]+)\\r\\n", request)
    first = int(known[1]) + 1 if known else 1
    writer.write(OK + b"retry: 20\\n\\n" if first <= 5 else NO_MORE)
    for number in range(first, 6):
        writer.write(b"id: %d\\ndata: line %d\\n\\n" % (number, number))
    await writer.drain()
""",
        call=_served,
    ),
    Exercise(
        "04-comes-back",
        "next_fields(status, content_type, last_event_id) gets an answer that has ended (status None: there was none), "
        "and returns what an EventSource adds to its next request, as a dict; None if there is no next request.",
        "next_fields",
        _next_cases,
        (
            "There are two kinds of ends: an answer that is no event stream stops it, all else makes it come back.",
            "Compare the part of the type before the first semicolon, without spaces and in lower case. A status of "
            "None is not an answer at all.",
        ),
        """def next_fields(status, content_type, last_event_id):
    media_type = content_type.partition(";")[0].strip().lower()
    is_stream = status == 200 and media_type == "text/event-stream"
    if status is not None and not is_stream:
        return None
    return {"Last-Event-ID": last_event_id} if last_event_id else {}
""",
        lambda lab: ComingBack(watch_requests=3, retry_ms=10).run(lab),
    ),
)
