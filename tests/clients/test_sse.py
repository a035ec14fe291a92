"""The event stream reader keeps every event it got, and says how the stream ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from lab_servers.clients import Ending, EventStream, read_events
from lab_servers.clients.session import open_session
from lab_servers.clients.sse import events_in
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.servers import sse
from lab_servers.wire.sse.decoder import Event
from tests.clients.peers import answering, client_sockets, closed_port, end, lab_app, names, raw_server, reset
from tests.waiting import until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def no_chunk(writer: asyncio.StreamWriter) -> None:
    writer.write(b"no chunk size\r\n")


async def read_from(answer: bytes, then: Callable[[asyncio.StreamWriter], None], **arguments: Any) -> EventStream:
    async with answering(answer, then=then) as peer:
        return await read_events(peer.url, **arguments)


def test_the_four_events_of_the_lab_server_arrive_and_the_stream_ends() -> None:
    async def scene() -> EventStream:
        async with lab_app(sse.make_app()) as base:
            return await read_events(base + "/api/stream?interval_s=0.01")

    stream = asyncio.run(scene())
    assert [json.loads(event.data)["d"] for event in stream.events] == ["你", "好", "世", "界"]
    assert stream.ended
    assert names(stream.marks) == ["request started", "head received"] + ["event received"] * 4
    assert [mark.detail for mark in stream.marks[2:]] == [event.data for event in stream.events]
    assert [mark.at_ns for mark in stream.marks] == sorted(mark.at_ns for mark in stream.marks)


def test_the_endless_build_log_is_left_at_the_limit_and_resumed_by_its_last_event_id() -> None:
    async def scene() -> tuple[EventStream, EventStream]:
        async with lab_app(sse.make_app()) as base:
            url = base + "/api/build/log?interval_s=0.01"
            first = await read_events(url, limit=3)
            return first, await read_events(url, limit=2, last_event_id=first.last_event_id)

    first, second = asyncio.run(scene())
    assert [(event.type, event.last_event_id) for event in first.events] == [
        ("line", "1"),
        ("line", "2"),
        ("line", "3"),
    ]
    assert (first.ending, first.ended, first.retry_ms) == (Ending.CLIENT, False, 2000)
    assert [event.last_event_id for event in second.events] == ["4", "5"]


def test_the_last_event_id_at_a_limit_is_that_of_the_last_event_taken_also_when_more_came_at_once() -> None:
    async def scene() -> EventStream:
        async with answering(CHUNKED + chunks(b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), then=end) as peer:
            return await read_events(peer.url, limit=1)

    assert asyncio.run(scene()).last_event_id == "1"


def test_the_events_of_a_response_come_one_by_one_and_one_that_is_too_large_is_dropped() -> None:
    sent = CHUNKED + chunks(b"data: a\n\nda", b"ta: " + b"x" * 100 + b"\n\nid: 3\ndata: c\n\n", b"data: d\n\n")

    async def scene() -> None:
        async with (
            answering(sent, then=end) as peer,
            open_session(keep_alive=True) as session,
            session.get(peer.url) as response,
        ):
            events = events_in(response, limit_bytes=50)
            assert [await anext(events) for _ in range(3)] == [
                Event("message", "a", ""),
                Event("message", "c", "3"),
                Event("message", "d", "3"),
            ]
            with pytest.raises(aiohttp.ClientPayloadError):
                await anext(events)  # the last chunk is missing

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("answer", "then", "ending"),
    [
        (CHUNKED + chunks(b"data: a\n", b"\n", b""), end, Ending.SERVER),
        (CHUNKED + chunks(b"data: a\n\n"), end, Ending.LOST),
        (CHUNKED + chunks(b"data: a\n\n"), no_chunk, Ending.LOST),
        (CHUNKED + chunks(b"data: a\n\n"), reset, Ending.LOST),
        # A body that ends with the connection (RFC 9112 §8): nobody can see that it was cut.
        (HEAD + b"data: a\n\ndata: b", end, Ending.SERVER),
    ],
)
def test_what_had_arrived_is_kept_however_the_stream_ends(
    answer: bytes, then: Callable[[asyncio.StreamWriter], None], ending: Ending
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        # A RST destroys what the client has not read yet. Both share a loop, so a few turns let it read.
        for _ in range(20):
            await asyncio.sleep(0)
        then(writer)

    async def scene() -> EventStream:
        async with raw_server(script) as peer:
            return await read_events(peer.url)

    stream = asyncio.run(scene())
    assert [event.data for event in stream.events] == ["a"]
    assert stream.ending is ending


def test_a_silent_stream_is_left_when_the_time_is_up_with_what_it_had_sent() -> None:
    async def scene() -> EventStream:
        async with answering(HEAD + b"id: 4\ndata: a\n\n") as peer:
            stream = await read_events(peer.url, timeout_s=0.3)
            await until(lambda: peer.ended == 1)
            return stream

    stream = asyncio.run(scene())
    assert stream.events == (Event("message", "a", "4"),)
    assert (stream.ending, stream.last_event_id) == (Ending.TIMEOUT, "4")
    assert "1 events" in repr(stream)


def test_the_limit_holds_within_one_read_and_the_socket_is_closed() -> None:
    async def scene() -> EventStream:
        async with answering(HEAD + b"data: a\n\ndata: b\n\ndata: c\n\n") as peer:
            stream = await read_events(peer.url, limit=2)
            await until(lambda: peer.ended == 1)
            return stream

    stream = asyncio.run(scene())
    assert [event.data for event in stream.events] == ["a", "b"]
    assert stream.ending is Ending.CLIENT


def test_a_flood_without_an_event_is_left_at_the_bound() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"data: ")
        while True:
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    async def scene() -> EventStream:
        async with raw_server(script) as peer:
            return await read_events(peer.url)

    stream = asyncio.run(scene())
    assert (stream.events, stream.oversized, stream.ending) == ((), 1, Ending.BOUND)


def test_the_request_says_what_it_accepts_and_where_to_go_on() -> None:
    async def scene(**arguments: Any) -> str:
        async with answering(HEAD, then=end) as peer:
            await read_events(peer.url, **arguments)
            return peer.heads[0]

    first, resumed = asyncio.run(scene()), asyncio.run(scene(last_event_id="7", headers={"accept": "text/*"}))
    assert "Accept: text/event-stream\r\n" in first
    assert "Last-Event-ID" not in first
    assert "Last-Event-ID: 7\r\n" in resumed
    assert "accept: text/*\r\n" in resumed
    assert resumed.lower().count("accept:") == 1


def test_asked_in_http_1_0_the_stream_has_no_chunks_and_the_same_events() -> None:
    async def scene() -> tuple[EventStream, str]:
        async with answering(HEAD + b"data: a\n\n", then=end) as peer:
            return await read_events(peer.url, http="1.0"), peer.heads[0]

    stream, head = asyncio.run(scene())
    assert head.startswith("GET / HTTP/1.0\r\n")
    assert ([event.data for event in stream.events], stream.ended) == (["a"], True)


@pytest.mark.parametrize(
    ("head", "status", "sentence"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, "needs 200"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/event-stream\r\n\r\n", 404, "404 Not Found"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", 301, "needs 200"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", 200, "application/json"),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, "needs 'text/event-stream'"),
    ],
)
def test_another_status_or_content_type_is_no_event_stream(head: bytes, status: int, sentence: str) -> None:
    with pytest.raises(ExchangeFailed, match=sentence) as caught:
        asyncio.run(read_from(head, end))
    assert caught.value.status == status


def test_a_content_type_may_have_parameters_and_any_case() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: TEXT/Event-Stream;charset=utf-8\r\n\r\ndata: a\n\n"
    assert [event.data for event in asyncio.run(read_from(head, end)).events] == ["a"]


def test_a_server_that_is_not_there_or_never_answers_is_an_error() -> None:
    async def scene() -> None:
        with pytest.raises(ExchangeFailed, match="No server could be reached"):
            await read_events(f"http://127.0.0.1:{await closed_port()}/")
        async with answering(b"") as peer:
            with pytest.raises(ExchangeFailed, match="not done within"):
                await read_events(peer.url, timeout_s=0.1)

    asyncio.run(scene())


def test_cancelling_closes_the_socket() -> None:
    async def scene() -> None:
        async with answering(HEAD) as peer:
            call = asyncio.create_task(read_events(peer.url))
            await until(lambda: peer.heads)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await until(lambda: client_sockets(peer) == 0)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"limit": 0}, "limit must be"),
        ({"limit": 1.5}, "limit must be a whole number"),
        ({"timeout_s": 0}, "timeout_s must be"),
        ({"last_event_id": "1\n2"}, "last_event_id must be"),
        ({"headers": {"X": "a\0"}}, "control characters"),
        ({"url": "ws://127.0.0.1/"}, "url must be"),
        ({"http": "2"}, "http must be one of 1.1, 1.0"),
    ],
)
def test_a_bad_parameter_is_named(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(BadParameter, match=names_it):
        asyncio.run(read_events(**{"url": "http://127.0.0.1:1/", **arguments}))
