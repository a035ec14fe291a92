"""The HTTP client returns the whole answer with its marks, or one clear error, and leaves no socket."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from lab_servers.clients import Answer, get, get_all, post, request
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.servers import http
from tests.clients.peers import answering, client_sockets, closed_port, end, lab_app, names, raw_server, reset
from tests.waiting import until

HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
FRAMINGS = {
    "content-length": HELLO,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "an interim response before": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO,
}


@pytest.mark.parametrize("answer", FRAMINGS.values(), ids=FRAMINGS.keys())
def test_every_framing_gives_the_same_body(answer: bytes) -> None:
    async def scene() -> Answer:
        async with answering(answer, then=end) as peer:
            return await get(peer.url)

    received = asyncio.run(scene())
    assert (received.status, received.reason, received.body) == (200, "OK", b"hello")
    assert names(received.marks) == ["request started", "head received", "first body bytes", "body complete"]
    assert [mark.at_ns for mark in received.marks] == sorted(mark.at_ns for mark in received.marks)


def test_header_fields_come_as_they_were_on_the_wire() -> None:
    async def scene() -> Answer:
        async with answering(
            b"HTTP/1.1 204 \r\nx-ODD-Case: a\r\nVary: one\r\nVARY: two\r\nX-Latin: \xe9\r\n\r\n"
        ) as peer:
            return await get(peer.url)

    received = asyncio.run(scene())
    assert received.headers == (("x-ODD-Case", "a"), ("Vary", "one"), ("VARY", "two"), ("X-Latin", "é"))
    assert received.header("vary") == "one, two"
    assert received.header("missing") is None
    assert (received.reason, received.body) == ("", b"")
    assert names(received.marks) == ["request started", "head received", "body complete"]


def test_the_user_info_of_the_lab_server_is_the_one_that_the_course_shows() -> None:
    async def scene() -> Answer:
        async with lab_app(http.make_app()) as base:
            return await get(base + "/api/user/info")

    received = asyncio.run(scene())
    assert received.json() == {"name": "张三", "age": 25}
    assert "张三" in received.text
    assert "200 OK" in repr(received)
    assert "张三" in repr(received)


def test_a_form_and_json_reach_the_lab_server_and_its_statuses_come_back() -> None:
    async def scene() -> tuple[Answer, ...]:
        async with lab_app(http.make_app()) as base:
            created = await post(base + "/api/notes", form={"title": "a", "text": "茶 & milk"})
            location = base + (created.header("Location") or "")
            return (
                created,
                await request("PUT", location, json={"title": "a", "text": "水"}),
                await get(location),
                await request("DELETE", location),
                await get(location),
            )

    created, replaced, seen, deleted, gone = asyncio.run(scene())
    assert created.status == 201
    assert created.json()["text"] == "茶 & milk"
    assert replaced.status in (200, 204)
    assert seen.json()["text"] == "水"
    assert (deleted.status, gone.status) == (204, 404)


def test_one_call_uses_one_connection_says_so_and_closes_it() -> None:
    async def scene() -> None:
        async with answering(HELLO) as peer:
            await get(peer.url, headers={"X-Mine": "1"})
            await until(lambda: peer.ended == 1)
            assert "Connection: close\r\n" in peer.heads[0]
            assert "X-Mine: 1\r\n" in peer.heads[0]

    asyncio.run(scene())


def test_a_header_of_the_caller_replaces_the_clients_own_whatever_its_case() -> None:
    async def scene() -> str:
        async with answering(HELLO) as peer:
            await post(peer.url, json={}, headers={"content-type": "application/x", "connection": "keep-alive"})
            return peer.heads[0].lower()

    head = asyncio.run(scene())
    assert head.count("content-type:") == 1
    assert "content-type: application/x\r\n" in head
    assert "connection: keep-alive\r\n" in head
    assert "connection: close" not in head


@pytest.mark.parametrize(("keep_alive", "connections"), [(True, 1), (False, 3)])
def test_several_requests_share_a_connection_only_if_it_is_kept_alive(keep_alive: bool, connections: int) -> None:
    async def scene() -> int:
        async with answering(HELLO, HELLO, HELLO) as peer:
            answers = await get_all([peer.url] * 3, keep_alive=keep_alive)
            assert [answer.body for answer in answers] == [b"hello"] * 3
            assert ["Connection: close" in head for head in peer.heads] == [not keep_alive] * 3
            await until(lambda: peer.ended == connections)
            return peer.connections

    assert asyncio.run(scene()) == connections


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def scene() -> Answer:
        async with answering(b"HTTP/1.1 303 See Other\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n") as peer:
            received = await get(peer.url)
            assert len(peer.heads) == 1
            return received

    assert asyncio.run(scene()).status == 303


TRUNCATED = {
    "inside Content-Length": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "inside a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
    "before the last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


@pytest.mark.parametrize("answer", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_a_truncated_body_is_an_error(answer: bytes) -> None:
    with pytest.raises(ExchangeFailed, match="ended before it was complete"):
        asyncio.run(get_from(answer, end))


@pytest.mark.parametrize(
    ("answer", "then", "sentence"),
    [
        (b"", end, "closed the connection before"),
        (b"HTTP/1.1 200 OK\r\nContent-", end, "closed the connection before"),
        (b"", reset, "broke during the exchange|closed the connection before"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", reset, "broke during|ended before it was complete"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", reset, "broke during|ended before it was complete"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", end, "no HTTP/1.1 response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n", end, "no HTTP/1.1 response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", end, "no HTTP/1.1 response"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", end, "badly framed"),
    ],
)
def test_every_way_to_break_an_exchange_gives_one_sentence_with_what_to_do(
    answer: bytes, then: Callable[[asyncio.StreamWriter], None], sentence: str
) -> None:
    with pytest.raises(ExchangeFailed, match=sentence) as caught:
        asyncio.run(get_from(answer, then))
    assert "http://127.0.0.1:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_chunk_framed_wrongly_after_the_head_ends_the_wait_at_once() -> None:
    async def scene() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            for _ in range(20):  # turns of the loop that both share, so that the client reads this much first
                await asyncio.sleep(0)
            writer.write(b"no chunk size\r\n")

        async with raw_server(script) as peer:
            await get(peer.url, timeout_s=100)

    with pytest.raises(ExchangeFailed, match="badly framed"):
        asyncio.run(scene())


async def get_from(answer: bytes, then: Callable[[asyncio.StreamWriter], None]) -> Answer:
    async with answering(answer, then=then) as peer:
        return await get(peer.url)


def test_a_server_that_is_not_there_is_named() -> None:
    async def scene() -> None:
        url = f"http://127.0.0.1:{await closed_port()}/"
        with pytest.raises(ExchangeFailed, match=rf"No server could be reached for {url} \(Connection refused\)"):
            await get(url)

    asyncio.run(scene())


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"])
def test_a_server_that_stops_halfway_is_left_when_the_time_is_up(answer: bytes) -> None:
    async def scene() -> None:
        async with answering(answer) as peer:
            with pytest.raises(ExchangeFailed, match=r"not done within 0\.2 s"):
                await get(peer.url, timeout_s=0.2)
            await until(lambda: peer.ended == 1)

    asyncio.run(scene())


def test_a_body_above_the_limit_is_an_error_and_one_at_the_limit_is_not() -> None:
    async def scene() -> None:
        async with answering(HELLO) as peer:
            assert (await get(peer.url, limit_bytes=5)).body == b"hello"
            with pytest.raises(ExchangeFailed, match="larger than the 4 bytes"):
                await get(peer.url, limit_bytes=4)

    asyncio.run(scene())


def test_the_limit_counts_what_a_compressed_body_unfolds_to() -> None:
    bomb = zlib.compress(bytes(8 * 1024 * 1024))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with pytest.raises(ExchangeFailed, match="larger than"):
        asyncio.run(get_limited(head + bomb))


async def get_limited(answer: bytes) -> Answer:
    async with answering(answer) as peer:
        return await get(peer.url, limit_bytes=1024 * 1024)


def test_a_large_upload_arrives_whole_with_its_length() -> None:
    content = bytes(range(256)) * 16_384
    received = bytearray()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert f"Content-Length: {len(content)}\r\n".encode() in head
        received.extend(await reader.readexactly(len(content)))
        writer.write(HELLO)

    async def scene() -> Answer:
        async with raw_server(script) as peer:
            return await request("POST", peer.url, body=content)

    assert asyncio.run(scene()).body == b"hello"
    assert received == content


@pytest.mark.parametrize("upload", [None, bytes(30_000_000)], ids=["waiting for the answer", "amid an upload"])
def test_a_cancelled_request_leaves_no_socket(upload: bytes | None) -> None:
    resume = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await resume.wait()  # an unread upload fills the buffers of both sides, and stays in them

    async def scene() -> None:
        async with raw_server(script) as peer:
            call = asyncio.create_task(request("POST", peer.url, body=upload))
            await until(lambda: peer.connections == 1)
            await until(lambda: upload is None or unsent_bytes() > 0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await until(lambda: client_sockets(peer) == 0)
            resume.set()

    asyncio.run(scene())


def unsent_bytes() -> int:
    """What the transports of the running loop hold back because their sockets take no more."""
    transports = asyncio.get_running_loop()._transports.values()  # type: ignore[attr-defined]
    return max((transport.get_write_buffer_size() for transport in transports), default=0)


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"url": "127.0.0.1:80"}, "url must be"),
        ({"url": "ftp://127.0.0.1/"}, "http:// or https://"),
        ({"url": "http://"}, "url must be"),
        ({"url": "http://127.0.0.1:99999/"}, "url must be"),
        ({"url": "http://[::1/"}, "url must be"),
        ({"url": "http://127.0.0.1/\r\nX: 1"}, "url must be"),
        ({"url": None}, "url must be"),
        ({"method": "GE T"}, "method must be"),
        ({"method": ""}, "method must be"),
        ({"timeout_s": 0}, r"timeout_s must be a number from 0\.001 to 3600 seconds"),
        ({"timeout_s": float("nan")}, "timeout_s must be"),
        ({"limit_bytes": 0}, "limit_bytes must be"),
        ({"limit_bytes": 1.5}, "limit_bytes must be a whole number"),
        ({"headers": {"X": "a\r\nY: b"}}, "control characters"),
        ({"headers": {"X Y": "a"}}, "A name in headers"),
        ({"headers": {"X": 1}}, r"headers\['X'\] must be text"),
        ({"json": {1, 2}}, "json must be"),
        ({"json": "\ud800"}, "json must be"),
        ({"json": 1, "form": {}}, "at most one"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_is_sent(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(BadParameter, match=names_it):
        asyncio.run(request(**{"method": "GET", "url": "http://127.0.0.1:1/", **arguments}))


def test_one_url_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(BadParameter, match="urls must be a list"):
        asyncio.run(get_all("http://127.0.0.1:1/"))
    with pytest.raises(BadParameter, match="number of urls"):
        asyncio.run(get_all([]))


def answer(body: bytes, content_type: str | None = None) -> Answer:
    return Answer(200, "OK", (("Content-Type", content_type),) if content_type else (), body, ())


def test_text_obeys_the_charset_and_survives_a_wrong_one() -> None:
    assert answer("é".encode("latin-1"), "text/plain; charset=ISO-8859-1").text == "é"
    assert answer("你".encode(), 'text/plain; charset="utf-8"').text == "你"
    assert answer("你".encode(), "text/plain; charset=no-such").text == "你"
    assert answer("你".encode(), "text/plain; charset=hex").text == "你"
    assert answer(b"\xff").text == "\ufffd"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_a_body_that_is_no_json_is_one_sentence_with_the_status(body: bytes) -> None:
    with pytest.raises(ExchangeFailed, match="no JSON") as caught:
        answer(body).json()
    assert caught.value.status == 200


def test_an_answer_shows_itself_on_one_short_line_whatever_it_holds() -> None:
    shown = repr(answer(b"\x1b[2J\r\n\x00" * 1000 + json.dumps("张三").encode(), "text/html\x07"))
    assert shown.isprintable()
    assert len(shown) < 250


@pytest.mark.parametrize(("then", "told"), [(end, "closed the connection"), (reset, "broke during the exchange")])
def test_a_get_that_was_cut_before_its_head_is_told_and_not_sent_again_unseen(
    then: Callable[[asyncio.StreamWriter], None], told: str
) -> None:
    async def scene() -> int:
        async with answering(b"HTTP/1.1 20", then=then) as peer:
            with pytest.raises(ExchangeFailed, match=told):
                await get(peer.url)
            return peer.connections

    assert asyncio.run(scene()) == 1
