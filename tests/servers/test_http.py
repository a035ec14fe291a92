"""One request, one complete answer: its three framings to the byte, and its parts and delays."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from lab_servers.servers.http import USER, make_app
from tests.servers.running import connected, exchange, header, names_of, request_bytes, running, status_of
from tests.tools import require_tool
from tests.waiting import until

INFO = "/api/user/info"
CLOSE = "Connection: close"
ALWAYS = {"content-type", "date", "server", "vary", "connection"}


def ask(*requests: bytes) -> list[tuple[list[str], bytes]]:
    async def main() -> list[tuple[list[str], bytes]]:
        async with running(make_app()) as port:
            return [await exchange(port, request) for request in requests]

    return asyncio.run(main())


def test_the_document_is_these_characters_in_utf_8() -> None:
    assert '{"name": "张三", "age": 25}'.encode() == USER


def test_content_length_framing_announces_the_exact_number_of_bytes() -> None:
    [(head, body)] = ask(request_bytes(INFO, CLOSE))
    assert head[0] == "HTTP/1.1 200 OK"
    assert header(head, "Content-Type") == "application/json; charset=utf-8"
    assert header(head, "Content-Length") == str(len(USER))
    assert names_of(head) == ALWAYS | {"content-length"}
    assert body == USER


def test_chunked_framing_is_a_size_line_per_part_and_a_last_chunk() -> None:
    [(head, body)] = ask(request_bytes(f"{INFO}?framing=chunked&parts=2", CLOSE))
    assert header(head, "Transfer-Encoding") == "chunked"
    assert names_of(head) == ALWAYS | {"transfer-encoding"}
    half = len(USER) // 2
    assert body == b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (half, USER[:half], len(USER) - half, USER[half:])


def test_close_framing_has_neither_length_nor_chunks_and_says_close() -> None:
    # The request does not ask for close: that this exchange ends shows that the server closes by itself.
    [(head, body)] = ask(request_bytes(f"{INFO}?framing=close&parts=3"))
    assert header(head, "Connection") == "close"
    assert names_of(head) == ALWAYS
    assert body == USER


@pytest.mark.parametrize("connection", ["Connection: keep-alive", "Connection: close"])
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_an_http_1_0_client_gets_no_chunks(framing: str, connection: str) -> None:
    [(head, body)] = ask(request_bytes(f"{INFO}?framing={framing}&parts=4", connection, version="1.0"))
    assert head[0] == "HTTP/1.0 200 OK"
    assert names_of(head) & {"transfer-encoding", "content-length"} == set()
    assert body == USER


@pytest.mark.parametrize("framing", ["content-length", "chunked", "close"])
def test_head_gets_the_head_alone(framing: str) -> None:
    [(head, body)] = ask(request_bytes(f"{INFO}?framing={framing}&parts=3", CLOSE, method="HEAD"))
    assert (status_of(head), body) == (200, b"")


def test_a_part_may_end_inside_a_character_and_the_document_is_whole_all_the_same() -> None:
    [(_, body)] = ask(request_bytes(f"{INFO}?framing=chunked&parts={len(USER)}", CLOSE))
    assert body == b"".join(b"1\r\n%c\r\n" % byte for byte in USER) + b"0\r\n\r\n"
    with pytest.raises(UnicodeDecodeError):
        USER[: USER.index("张".encode()) + 1].decode()


def test_a_connection_carries_several_answers_unless_close_was_asked_for() -> None:
    async def main() -> None:
        async with running(make_app()) as port, connected(port) as (reader, writer):
            for target, ends in [(INFO, False), (f"{INFO}?framing=chunked", False), (f"{INFO}?connection=close", True)]:
                writer.write(request_bytes(target))
                head = await reader.readuntil(b"\r\n\r\n")
                assert (b"Connection: close" in head) is ends
                if b"chunked" in head:
                    await reader.readuntil(b"0\r\n\r\n")
                else:
                    assert await reader.readexactly(len(USER)) == USER
            assert await reader.read() == b""

    asyncio.run(main())


def test_the_head_can_be_read_while_the_body_is_still_being_written() -> None:
    async def main() -> None:
        async with running(make_app()) as port, connected(port) as (reader, writer):
            writer.write(request_bytes(f"{INFO}?parts=2&part_delay_s=30"))
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(USER) // 2) == USER[: len(USER) // 2]

    asyncio.run(main())


def test_a_delayed_head_holds_the_answer_back_and_the_stop_does_not_wait_for_it() -> None:
    async def main() -> None:
        async with running(make_app()) as port, connected(port) as (reader, writer):
            writer.write(request_bytes(f"{INFO}?delay_s=30"))
            # An answer on a second connection shows that the first request had its turn.
            await exchange(port, request_bytes("/", CLOSE))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await reader.read(1)

    asyncio.run(main())


def test_the_whole_answer_comes_after_the_last_token() -> None:
    marks: list[tuple[str, str]] = []

    async def main() -> None:
        async with running(make_app(lambda name, detail: marks.append((name, detail)))) as port:
            head, body = await exchange(port, request_bytes("/api/answer?interval_s=0.01", CLOSE))
            assert header(head, "Content-Length") == str(len(body))
            assert body == '{"answer": "你好世界"}'.encode()

    asyncio.run(main())
    assert marks == [("produced", token) for token in "你好世界"]


def test_a_client_that_leaves_stops_the_model() -> None:
    marks: list[str] = []

    async def main() -> None:
        async with running(make_app(lambda name, detail: marks.append(detail))) as port:
            before = asyncio.all_tasks()
            async with connected(port) as (_, writer):
                writer.write(request_bytes("/api/answer?interval_s=0.3"))
                await until(lambda: marks)
            await until(lambda: asyncio.all_tasks() <= before)
            assert len(marks) < 4

    asyncio.run(main())


def test_nothing_is_left_running_after_the_stop() -> None:
    async def main() -> None:
        async with running(make_app()) as port, aiohttp.ClientSession() as session:
            response = await session.get(f"http://127.0.0.1:{port}{INFO}")
            assert await response.json() == {"name": "张三", "age": 25}
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (f"{INFO}?parts=0", f"parts must be a whole number from 1 to {len(USER)}, not '0'."),
        (f"{INFO}?delay_s=31", "delay_s must be a number of seconds from 0 to 30, not '31'."),
        (f"{INFO}?framing=gzip", "framing must be one of content-length, chunked, close, not 'gzip'."),
        (
            f"{INFO}?framing=close&connection=keep-alive",
            "connection must be close with framing=close: the close is what ends the body.",
        ),
        ("/api/answer?interval_s=x", "interval_s must be a number of seconds from 0 to 60, not 'x'."),
        ("/api/answer?intervals=1", "'intervals' is an unknown query parameter: this path takes interval_s."),
        ("/api/notes?page=2", "'page' is an unknown query parameter: this path takes no query parameters."),
    ],
)
def test_a_mistake_in_the_query_is_answered_400_with_one_sentence(target: str, sentence: str) -> None:
    [(head, body)] = ask(request_bytes(target, CLOSE))
    assert status_of(head) == 400
    assert json.loads(body) == {"error": sentence}


@pytest.mark.parametrize("framing", ["content-length", "chunked", "close"])
def test_curl_reads_the_same_document_in_every_framing(framing: str) -> None:
    curl = require_tool("curl")

    async def main() -> bytes:
        async with running(make_app()) as port:
            url = f"http://127.0.0.1:{port}{INFO}?framing={framing}&parts=7"
            arguments = ["--silent", "--show-error", "--fail", "--noproxy", "*", url]
            process = await asyncio.create_subprocess_exec(curl, *arguments, stdout=asyncio.subprocess.PIPE)
            output, _ = await process.communicate()
            assert process.returncode == 0
            return output

    assert asyncio.run(main()) == USER


def test_every_number_of_parts_covers_the_document() -> None:
    requests = [request_bytes(f"{INFO}?framing=close&parts={parts}") for parts in range(1, len(USER) + 1)]
    assert {body for _, body in ask(*requests)} == {USER}
