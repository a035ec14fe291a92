"""A strict EventSource comes back after every end of a stream, and stops for good at an answer that is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from lab_servers.clients import EventSourceRun, ReadyState, Stop, event_source
from lab_servers.errors import BadParameter
from tests.clients.peers import Peer, answering, client_sockets, closed_port, raw_server
from tests.waiting import until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
AT_ONCE = b"retry: 1\n\n"


def visit(*answers: bytes, **arguments: Any) -> tuple[EventSourceRun, Peer]:
    """An EventSource at a server that meets its requests with these answers in order, and ends each connection."""
    heads: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode("utf-8"))
        writer.write(answers[min(len(heads), len(answers)) - 1])
        writer.write_eof()

    async def scene() -> tuple[EventSourceRun, Peer]:
        async with raw_server(script) as peer:
            peer.heads = heads
            return await event_source(peer.url, **{"reconnection_time_ms": 1, **arguments}), peer

    return asyncio.run(scene())


def states(run: EventSourceRun) -> list[str]:
    return [mark.detail for mark in run.marks if mark.name == "ready state"]


def field_values(heads: Sequence[str], name: str) -> list[str]:
    """The value of a field in each head; ``"-"`` where it is missing."""
    found = []
    for head in heads:
        lines = [line for line in head.split("\r\n") if line.lower().startswith(f"{name.lower()}:")]
        found.append(lines[0].partition(":")[2].strip() if lines else "-")
    return found


# --- coming back (HTML §9.2.3) ----------------------------------------------------------------------


def test_after_a_clean_end_it_comes_back_and_repeats_the_request() -> None:
    run, peer = visit(HEAD + b"data: a\n\n", most_requests=3)
    assert [event.data for event in run.events] == ["a"] * 3
    assert (len(peer.heads), run.stop) == (3, Stop.WATCHED_ENOUGH)
    assert len({head for head in peer.heads}) == 1
    assert states(run) == ["CONNECTING", "OPEN"] * 3 + ["CONNECTING"]


def test_a_stream_that_broke_off_is_the_same_to_it() -> None:
    run, _ = visit(CHUNKED + b"9\r\ndata: a\n\n\r\n", most_requests=2)
    assert [event.data for event in run.events] == ["a", "a"]
    assert "broke off" in run.attempts[0].outcome
    assert run.ready_state is ReadyState.CONNECTING


def test_a_server_that_cannot_be_reached_is_a_network_error_so_it_comes_back() -> None:
    async def scene() -> EventSourceRun:
        url = f"http://127.0.0.1:{await closed_port()}/"
        return await event_source(url, reconnection_time_ms=1, most_requests=3)

    run = asyncio.run(scene())
    assert [attempt.status for attempt in run.attempts] == [None] * 3
    assert run.stop is Stop.WATCHED_ENOUGH
    assert states(run) == ["CONNECTING"]


def test_an_answer_that_is_no_http_is_a_network_error_too() -> None:
    run, _ = visit(b"no HTTP at all\r\n\r\n", most_requests=2)
    assert [attempt.status for attempt in run.attempts] == [None, None]


def test_it_sends_the_last_event_id_of_a_complete_block_and_of_no_other() -> None:
    run, peer = visit(HEAD + b"id: 3\ndata: a\n\nid: 4\ndata: b\n", NO_CONTENT)
    assert field_values(peer.heads, "Last-Event-ID") == ["-", "3"]
    assert [attempt.last_event_id for attempt in run.attempts] == ["", "3"]
    assert (run.last_event_id, [event.data for event in run.events]) == ("3", ["a"])


def test_an_event_after_coming_back_keeps_the_id_until_another_comes() -> None:
    # As the web platform tests have it (eventsource/format-field-id-2).
    run, peer = visit(HEAD + "id: …\ndata: hello\n\n".encode(), HEAD + b"data: again\n\n", NO_CONTENT)
    assert [event.last_event_id for event in run.events] == ["…", "…"]
    assert field_values(peer.heads, "Last-Event-ID") == ["-", "…", "…"]


def test_an_empty_id_resets_it_so_that_no_field_is_sent() -> None:
    _, peer = visit(HEAD + b"id: 3\ndata: a\n\n", HEAD + b"id\ndata: b\n\n", NO_CONTENT)
    assert field_values(peer.heads, "Last-Event-ID") == ["-", "3", "-"]


def test_an_id_with_control_characters_is_kept_and_not_sent() -> None:
    run, peer = visit(HEAD + b"id: a\x01b\ndata: a\n\n", NO_CONTENT)
    assert field_values(peer.heads, "Last-Event-ID") == ["-", "-"]
    assert run.last_event_id == "a\x01b"


def test_the_reconnection_time_is_the_servers_and_it_sticks() -> None:
    run, _ = visit(HEAD + AT_ONCE, HEAD + b"retry: soon\n\n", HEAD, NO_CONTENT, reconnection_time_ms=3_000_000)
    assert (len(run.attempts), run.reconnection_time_ms) == (4, 1)


def test_its_request_is_that_of_an_event_source() -> None:
    _, peer = visit(NO_CONTENT)
    assert field_values(peer.heads, "Accept") == ["text/event-stream"]
    assert field_values(peer.heads, "Cache-Control") == ["no-cache"]
    assert peer.heads[0].startswith("GET / HTTP/1.1\r\n")


# --- stopping for good --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NO_CONTENT, "status 204"),
        (b"HTTP/1.1 500 Oh\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n", "status 500"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "status 301"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\ndata: a\n\n", "text/plain"),
        (b"HTTP/1.1 200 OK\r\n\r\ndata: a\n\n", "is not 'text/event-stream'"),
    ],
)
def test_an_answer_that_is_no_event_stream_stops_it_for_good(answer: bytes, why: str) -> None:
    run, peer = visit(HEAD + b"data: a\n\n", answer, most_requests=9)
    assert (len(peer.heads), run.stop, run.ready_state) == (2, Stop.FAILED, ReadyState.CLOSED)
    assert why in run.attempts[-1].outcome
    assert [event.data for event in run.events] == ["a"]
    assert states(run) == ["CONNECTING", "OPEN", "CONNECTING", "CLOSED"]


def test_a_type_may_have_parameters_and_any_case() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\n"
    run, _ = visit(head + b"data: a\n\n", NO_CONTENT)
    assert [event.data for event in run.events] == ["a"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([], "an answer without a Content-Type is not 'text/event-stream'"),
        (["text/event-stream", "text/html"], "Content-Type 'text/event-stream, text/html' is not"),
        (["text/html", "text/event-stream"], ""),
        (["text/html, text/event-stream"], ""),
        (["text/event-stream, */*, nonsense"], ""),
    ],
)
def test_of_several_types_the_last_that_is_one_counts_and_none_is_named_as_none(fields: list[str], why: str) -> None:
    lines = "".join(f"Content-Type: {field}\r\n" for field in fields)
    run, _ = visit(f"HTTP/1.1 200 OK\r\n{lines}\r\ndata: a\n\n".encode(), most_requests=1)
    assert (run.stop is Stop.FAILED) == bool(why)
    assert why in run.attempts[0].outcome


def test_the_reconnection_time_that_came_before_close_counts() -> None:
    run, _ = visit(HEAD + b"retry: 7\ndata: a\n\n", close_after=1)
    assert (run.stop, run.reconnection_time_ms) == (Stop.CLOSED, 7)


def test_close_stops_it_within_one_read_and_the_socket_is_closed() -> None:
    async def scene() -> EventSourceRun:
        async with answering(HEAD + b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n") as peer:
            run = await event_source(peer.url, close_after=2)
            await until(lambda: peer.ended == 1)
            return run

    run = asyncio.run(scene())
    assert [event.data for event in run.events] == ["a", "b"]
    assert (run.stop, run.ready_state, run.last_event_id) == (Stop.CLOSED, ReadyState.CLOSED, "2")
    assert "1 requests, 2 events" in repr(run)


def test_close_counts_the_events_of_all_requests() -> None:
    run, peer = visit(HEAD + b"data: a\n\n", close_after=3)
    assert (len(peer.heads), run.stop) == (3, Stop.CLOSED)


# --- bounds ---------------------------------------------------------------------------------------------


def test_a_stream_that_goes_on_is_left_when_the_time_is_up() -> None:
    async def scene() -> EventSourceRun:
        async with answering(HEAD + b"data: a\n\n") as peer:
            run = await event_source(peer.url, timeout_s=0.3)
            await until(lambda: peer.ended == 1)
            return run

    run = asyncio.run(scene())
    assert [event.data for event in run.events] == ["a"]
    assert (run.stop, run.ready_state) == (Stop.WATCHED_ENOUGH, ReadyState.OPEN)


def test_a_flood_is_left_at_the_bound() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"data: ")
        while True:
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    async def scene() -> EventSourceRun:
        async with raw_server(script) as peer:
            return await event_source(peer.url)

    assert asyncio.run(scene()).stop is Stop.BOUND


def test_cancelling_closes_the_socket() -> None:
    async def scene() -> None:
        async with answering(HEAD) as peer:
            call = asyncio.create_task(event_source(peer.url))
            await until(lambda: peer.heads)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await until(lambda: client_sockets(peer) == 0)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"url": "ws://127.0.0.1/"}, "url must be"),
        ({"most_requests": 0}, "most_requests must be"),
        ({"close_after": 0}, "close_after must be"),
        ({"reconnection_time_ms": -1}, "reconnection_time_ms must be"),
        ({"timeout_s": 0}, "timeout_s must be"),
    ],
)
def test_a_bad_parameter_is_named(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(BadParameter, match=names_it):
        asyncio.run(event_source(**{"url": "http://127.0.0.1:1/", **arguments}))
