"""An event stream is an HTTP answer that goes on: its bytes, its end, and what is left when its client leaves."""

from __future__ import annotations

import asyncio
import json
import struct
from socket import SO_LINGER, SOL_SOCKET

import pytest

from lab_servers.servers import sse
from lab_servers.servers.sse import MAX_EVENTS, make_app
from tests.servers.running import LOOPBACK, connected, exchange, header, names_of, request_bytes, running, status_of
from tests.tools import require_tool
from tests.waiting import until

CLOSE = "Connection: close"
LOG = "/api/build/log?interval_s=0.01"


def ask(*requests: bytes) -> list[tuple[list[str], bytes]]:
    async def main() -> list[tuple[list[str], bytes]]:
        async with running(make_app()) as port:
            answers = [await exchange(port, request) for request in requests]
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        return answers

    return asyncio.run(main())


def ids_in(body: bytes) -> list[int]:
    return [int(line[4:]) for line in body.decode().split("\n") if line.startswith("id: ")]


def test_the_answer_is_four_events_in_chunks_and_then_the_end() -> None:
    [(head, body)] = ask(request_bytes("/api/stream?interval_s=0.01", CLOSE))
    assert status_of(head) == 200
    events = [f'data: {{"d":"{token}"}}\n\n'.encode() for token in "你好世界"]
    assert body == b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events) + b"0\r\n\r\n"


def test_the_head_has_what_is_needed_and_nothing_from_folklore() -> None:
    for target in ("/api/stream?interval_s=0", f"{LOG}&limit=1"):
        # Without Connection: close in the request the server says nothing about the connection either.
        async def main(target: str = target) -> list[str]:
            async with running(make_app()) as port, connected(port) as (reader, writer):
                writer.write(request_bytes(target))
                return (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")

        head = asyncio.run(main())
        assert header(head, "Content-Type") == "text/event-stream"
        assert header(head, "Cache-Control") == "no-cache"
        assert names_of(head) == {"content-type", "cache-control", "transfer-encoding", "date", "server", "vary"}


def test_the_head_is_sent_before_the_first_token_exists() -> None:
    async def main() -> None:
        async with running(make_app()) as port, connected(port) as (reader, writer):
            writer.write(request_bytes("/api/stream?interval_s=60"))
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")

    asyncio.run(main())


def test_after_the_end_of_a_stream_the_connection_serves_the_next_request() -> None:
    async def main() -> None:
        async with running(make_app()) as port, connected(port) as (reader, writer):
            for _ in range(2):
                writer.write(request_bytes("/api/stream?interval_s=0"))
                assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
                assert "界".encode() in await reader.readuntil(b"0\r\n\r\n")

    asyncio.run(main())


@pytest.mark.parametrize("connection", ["Connection: keep-alive", CLOSE])
def test_an_http_1_0_client_gets_the_same_events_without_chunks_and_the_close_as_their_end(connection: str) -> None:
    [(head, body)] = ask(request_bytes("/api/stream?interval_s=0", connection, version="1.0"))
    assert "transfer-encoding" not in names_of(head)
    assert body == "".join(f'data: {{"d":"{token}"}}\n\n' for token in "你好世界").encode()


@pytest.mark.parametrize("target", ["/api/stream", "/api/build/log"])
def test_head_gets_the_head_alone(target: str) -> None:
    [(head, body)] = ask(request_bytes(target, CLOSE, method="HEAD"))
    assert (status_of(head), header(head, "Content-Type"), body) == (200, "text/event-stream", b"")


def test_the_log_begins_with_retry_and_numbers_its_events() -> None:
    [(_, body)] = ask(request_bytes(f"{LOG}&limit=3", version="1.0"))
    assert body.decode() == (
        "retry: 2000\n\n"
        "id: 1\nevent: line\ndata: checkout 1\n\n"
        "id: 2\nevent: line\ndata: dependencies 2\n\n"
        "id: 3\nevent: line\ndata: compile 3\n\n"
    )


def test_a_client_that_reconnects_goes_on_after_its_last_event() -> None:
    [(_, body)] = ask(request_bytes(f"{LOG}&limit=3", "Last-Event-ID: 7", version="1.0"))
    assert ids_in(body) == [8, 9, 10]


@pytest.mark.parametrize("last", ["x", "", "-3", "1.5", "٣", "0", str(MAX_EVENTS + 1), "9" * 5_000])
def test_an_id_that_this_log_never_gave_begins_from_the_start(last: str) -> None:
    [(_, body)] = ask(request_bytes(f"{LOG}&limit=2", f"Last-Event-ID: {last}", version="1.0"))
    assert ids_in(body) == [1, 2]


def test_silence_is_filled_with_comments_and_an_event_still_comes() -> None:
    [(_, body)] = ask(request_bytes("/api/build/log?interval_s=0.3&heartbeat_s=0.05&limit=1", version="1.0"))
    blocks = body.decode().split("\n\n")
    assert blocks[0] == "retry: 2000"
    assert ": heartbeat" in blocks
    assert set(blocks[1:-2]) == {": heartbeat"}
    assert blocks[-2:] == ["id: 1\nevent: line\ndata: checkout 1", ""]


def test_a_log_busier_than_its_heartbeat_needs_no_comments() -> None:
    [(_, body)] = ask(request_bytes(f"{LOG}&heartbeat_s=60&limit=5", version="1.0"))
    assert b": heartbeat" not in body


def test_no_stream_lasts_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_OPEN_S", 0.1)
    [(_, body)] = ask(request_bytes(LOG, CLOSE))
    # The last chunk of length 0 shows a clean end, after which an EventSource reconnects.
    assert body.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_a_client_that_leaves_stops_the_model_and_the_handler(how: str) -> None:
    marks: list[str] = []

    async def main() -> None:
        async with running(make_app(lambda name, detail: marks.append(detail))) as port:
            before = asyncio.all_tasks()
            async with connected(port) as (reader, writer):
                writer.write(request_bytes("/api/stream?interval_s=0.3"))
                await reader.readuntil("你".encode())
                if how == "RST":
                    option = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, option)
                    writer.transport.abort()
            await until(lambda: asyncio.all_tasks() <= before)

    asyncio.run(main())
    assert 1 <= len(marks) < 4


def test_two_hundred_open_streams_do_not_delay_the_stop() -> None:
    async def main() -> None:
        writers = []
        async with running(make_app()) as port:
            for number in range(200):
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                writers.append(writer)
                writer.write(request_bytes("/api/build/log" if number % 2 else "/api/stream?interval_s=60"))
                await reader.readuntil(b"\r\n\r\n")
        # The bound on the stop is in running().
        for writer in writers:
            writer.close()
        await asyncio.gather(*[writer.wait_closed() for writer in writers], return_exceptions=True)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("/api/stream?interval_s=inf", "interval_s must be a number of seconds from 0 to 60, not 'inf'."),
        ("/api/stream?limit=3", "'limit' is an unknown query parameter: this path takes interval_s."),
        ("/api/build/log?interval_s=0", "interval_s must be a number of seconds from 0.01 to 60, not '0'."),
        ("/api/build/log?heartbeat_s=0", "heartbeat_s must be a number of seconds from 0.05 to 60, not '0'."),
        ("/api/build/log?limit=0", f"limit must be a whole number from 1 to {MAX_EVENTS}, not '0'."),
    ],
)
def test_a_mistake_in_the_query_is_answered_400_and_not_with_a_stream(target: str, sentence: str) -> None:
    [(head, body)] = ask(request_bytes(target, CLOSE))
    assert status_of(head) == 400
    assert json.loads(body) == {"error": sentence}


def test_curl_shows_the_events_one_by_one() -> None:
    curl = require_tool("curl")

    async def main() -> None:
        async with running(make_app()) as port:
            url = f"http://{LOOPBACK}:{port}{LOG}"
            arguments = ["--no-buffer", "--silent", "--fail", "--noproxy", "*", url]
            process = await asyncio.create_subprocess_exec(curl, *arguments, stdout=asyncio.subprocess.PIPE)
            assert process.stdout is not None
            assert await process.stdout.readline() == b"retry: 2000\n"
            # The stream has no end, so what curl prints here was sent while it went on.
            await process.stdout.readuntil(b"id: 3\n")
            process.terminate()
            await process.wait()

    asyncio.run(main())
