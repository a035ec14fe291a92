"""SSE without a library, against curl, httpx-sse, the lab's EventSource and the lab's servers; cut at every byte."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest
from httpx_sse import aconnect_sse

from lab_servers.clients import event_source
from lab_servers.course.conformance import CORPUS, Stream
from lab_servers.servers import sse
from lab_servers.servers.from_scratch.http_body import CutOff, body_of
from lab_servers.servers.from_scratch.http_head import read_head
from lab_servers.servers.from_scratch.sse_events import Event, encode
from lab_servers.servers.from_scratch.sse_log import EventLog
from lab_servers.servers.from_scratch.sse_reader import (
    MOST_BLOCK_BYTES,
    EventSource,
    LineState,
    Parser,
    ReadyState,
    Stopped,
    TooLarge,
)
from lab_servers.wire.sse.decoder import EventStreamDecoder
from tests.servers.from_scratch.peers import in_a_loop, log_server, scripted
from tests.servers.running import exchange, request_bytes, running, status_of
from tests.tools import require_tool


def told(events: list[Event]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.type, one.data, one.id) for one in events)


async def filled(*data: str) -> EventLog:
    log = EventLog()
    for one in data:
        await log.add(one)
    await log.end()
    return log


# --- the parser ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", CORPUS, ids=lambda one: f"{one.rule}: {one.data[:20]!r}")
def test_the_parser_obeys_every_rule_of_the_corpus_however_the_bytes_are_cut(stream: Stream) -> None:
    assert told(Parser().feed(stream.data)) == stream.events
    for cut in range(len(stream.data) + 1):
        parser = Parser()
        assert told(parser.feed(stream.data[:cut]) + parser.feed(stream.data[cut:])) == stream.events
    parser = Parser()
    assert told([one for byte in stream.data for one in parser.feed(bytes([byte]))]) == stream.events


def test_the_parser_finds_what_the_dissector_finds_in_hostile_bytes() -> None:
    made = random.Random(12)
    alphabet = [b"data", b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff",
                "界".encode(), b"\xe7", b"9", b"x"]  # fmt: skip
    for _ in range(300):
        data = b"".join(made.choices(alphabet, k=made.randrange(40)))
        cut = made.randrange(len(data) + 1)
        parser, decoder = Parser(), EventStreamDecoder()
        found = parser.feed(data[:cut]) + parser.feed(data[cut:])
        wanted = decoder.feed(data[:cut]) + decoder.feed(data[cut:])
        assert told(found) == tuple((one.type, one.data, one.last_event_id) for one in wanted)
        assert (parser.retry_ms, parser.last_event_id) == (decoder.retry_ms, decoder.last_event_id)


def test_a_carriage_return_at_the_end_leaves_the_parser_waiting_for_its_line_feed() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r\n\r") == [Event("a", "", "message")]
    assert parser._state is LineState.AFTER_CR
    assert parser.feed(b"\ndata: b\n\n") == [Event("b", "", "message")]


@pytest.mark.parametrize("endless", [b"x" * (MOST_BLOCK_BYTES + 1), b"data: 0123456789\n" * (MOST_BLOCK_BYTES // 10)])
def test_an_endless_event_is_refused_and_not_kept(endless: bytes) -> None:
    with pytest.raises(TooLarge):
        Parser().feed(endless)


# --- what is sent --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["a", "", "a\nb", "a\r\nb\rc", "\n", " a", "世界", "a\u2028b"])
def test_what_the_server_encodes_the_reader_reads_with_line_ends_made_one(data: str) -> None:
    (event,) = Parser().feed(encode(Event(data, "7", "line")))
    assert event == Event(data.replace("\r\n", "\n").replace("\r", "\n"), "7", "line")


@pytest.mark.parametrize("event", [Event("a", "1\n2"), Event("a", "\0"), Event("a", "1", "x\r")])
def test_an_id_or_a_type_that_would_end_its_line_is_refused(event: Event) -> None:
    with pytest.raises(ValueError, match="must have no line end"):
        encode(event)


# --- the server and its peers --------------------------------------------------------------------------------


@in_a_loop
async def test_curl_sees_the_whole_log() -> None:
    curl = require_tool("curl")
    async with log_server(await filled("你", "好")) as url:
        process = await asyncio.create_subprocess_exec(
            curl, "-sN", "--noproxy", "*", url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert out.decode() == "retry: 10\n\nid: 1\ndata: 你\n\nid: 2\ndata: 好\n\n"


@in_a_loop
async def test_httpx_sse_reads_the_events_while_they_happen() -> None:
    log = EventLog()
    async with (
        log_server(log) as url,
        httpx.AsyncClient(trust_env=False) as client,
        aconnect_sse(client, "GET", url) as source,
    ):
        events = source.aiter_sse()
        had = []
        for text in ("a", "b"):
            await log.add(text)  # the next one only when this one has arrived
            # httpx-sse hands on an empty event for the block with retry alone, against HTML §9.2.6.
            had.append(next_one := await anext(events))
            if not next_one.data:
                had[-1] = await anext(events)
        await log.end()
    assert [(one.id, one.data) for one in had] == [("1", "a"), ("2", "b")]


@in_a_loop
async def test_an_event_source_comes_back_for_the_rest_and_is_told_when_that_was_all() -> None:
    log = await filled("a", "b", "c")
    async with log_server(log) as url:
        run = await event_source(url, timeout_s=20)
    assert [one.data for one in run.events] == ["a", "b", "c"]
    assert [(one.status, one.last_event_id) for one in run.attempts] == [(200, ""), (204, "3")]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (request_bytes("/"), 200),
        (request_bytes("/", "Last-Event-ID: 1"), 204),
        (request_bytes("/", "Last-Event-ID: seven"), 200),
        (request_bytes("/", method="POST"), 405),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: " + b"a" * 100_000 + b"\r\n\r\n", 400),
    ],
    ids=lambda one: str(one)[:60],
)
@in_a_loop
async def test_each_request_gets_the_status_of_its_rule(request_: bytes, status: int) -> None:
    async with log_server(await filled("a")) as url:
        head, _ = await exchange(int(url.rpartition(":")[2]), request_)
    assert status_of(head) == status


# --- the client and its peers --------------------------------------------------------------------------------


@in_a_loop
async def test_the_client_reads_the_lab_s_own_server_which_sends_chunks() -> None:
    had = []
    async with running(sse.make_app()) as port:
        source = EventSource(f"http://127.0.0.1:{port}/api/stream?interval_s=0")
        async for event in source:
            had.append(event.data)
            if len(had) == 4:
                source.close()
    assert had == ['{"d":"你"}', '{"d":"好"}', '{"d":"世"}', '{"d":"界"}']
    assert source.ready_state is ReadyState.CLOSED


@in_a_loop
async def test_after_a_cut_within_an_event_the_client_misses_nothing_and_gets_nothing_twice() -> None:
    whole = "".join(f"id: {number}\ndata: {number}\n\n" for number in range(1, 6)).encode()
    asked: list[bytes] = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        after = int(head.partition(b"Last-Event-ID: ")[2].partition(b"\r\n")[0] or b"0")
        rest = whole[whole.find(b"id: %d\n" % (after + 1)) :]
        # Chunks, so that the end of the first connection is a cut.
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = rest[:22] if len(asked) == 1 else rest
        writer.write(b"%x\r\n%b\r\n" % (len(sent), sent) + (b"" if len(asked) == 1 else b"0\r\n\r\n"))
        await writer.drain()

    async with scripted(cut) as port:
        source, had = EventSource(f"http://127.0.0.1:{port}/", retry_ms=1), []
        async for event in source:
            had.append(event.data)
            if event.data == "5":
                source.close()
    assert had == ["1", "2", "3", "4", "5"]
    assert b"Last-Event-ID" not in asked[0]
    assert b"Last-Event-ID: 1\r\n" in asked[1]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204"),
        (b"HTTP/1.1 500 Oh\r\nContent-Type: text/event-stream\r\n\r\n", "500"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "301"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "text/html"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "type is ''"),
    ],
)
@in_a_loop
async def test_an_answer_that_is_no_event_stream_stops_the_client_for_good(answer: bytes, why: str) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async with scripted(refuse) as port:
        source = EventSource(f"http://127.0.0.1:{port}/")
        with pytest.raises(Stopped, match=why):
            _ = [event async for event in source]
    assert source.ready_state is ReadyState.CLOSED


BAD_BODIES = [
    b"Transfer-Encoding: gzip\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"Content-Length: 5\r\n\r\nab",
    b"Content-Length: +5\r\n\r\nabcde",
    b"Content-Length: 5, 5\r\n\r\nabcde",
]


@pytest.mark.parametrize("rest", BAD_BODIES)
@in_a_loop
async def test_a_body_that_breaks_its_framing_is_cut_off(rest: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"HTTP/1.1 200 OK\r\n" + rest)
    reader.feed_eof()
    head = await read_head(reader)
    with pytest.raises(CutOff):
        _ = [piece async for piece in body_of(reader, head)]


@pytest.mark.parametrize("rest", BAD_BODIES)
@in_a_loop
async def test_and_the_client_comes_back(rest: bytes) -> None:
    asked = []

    async def first_bad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        writer.write(rest if len(asked) == 1 else b"\r\ndata: at last\n\n")
        await writer.drain()

    async with scripted(first_bad) as port:
        source = EventSource(f"http://127.0.0.1:{port}/", retry_ms=1)
        async for event in source:
            assert event.data == "at last"
            source.close()
    assert len(asked) == 2
