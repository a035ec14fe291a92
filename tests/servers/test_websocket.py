"""The WebSocket server: its handshake and refusals, the chat, and the answer that it sends unasked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from lab_servers.servers import shutdown
from lab_servers.servers.answer import Mark, no_mark
from lab_servers.servers.websocket import MAX_MESSAGE_BYTES, make_server
from tests.servers.running import LOOPBACK, connected, exchange, header, request_bytes, status_of
from tests.tools import require_tool
from tests.waiting import until

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"]


@asynccontextmanager
async def running(mark: Mark = no_mark, *, compression: str | None = None) -> AsyncIterator[int]:
    """The port of a WebSocket server while it runs. A stop that takes a second or more fails."""
    server = await make_server(LOOPBACK, 0, mark, compression=compression)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        async with asyncio.timeout(1.0):
            await shutdown.stop(server)


def with_client(path: str, story: Callable[[ClientConnection], Awaitable[None]], **options: object) -> None:
    """Run a story on one connection, and see that the server keeps nothing of it."""

    async def main() -> None:
        async with running() as port, asyncio.timeout(10):
            client = await connect(f"ws://{LOOPBACK}:{port}{path}", proxy=None, **options)  # type: ignore[arg-type]
            await story(client)
            await client.close()
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


def handshake(target: str, *headers: str) -> tuple[list[str], bytes]:
    async def main() -> tuple[list[str], bytes]:
        async with running() as port:
            return await exchange(port, request_bytes(target, *headers))

    return asyncio.run(main())


def test_the_chat_answers_each_message_at_once() -> None:
    async def story(client: ClientConnection) -> None:
        for text in ("你好", "", "hello"):
            await client.send(text)
            assert await client.recv() == "收到:" + text

    with_client("/ws/chat", story)


def test_the_chat_refuses_binary_with_1003() -> None:
    async def story(client: ClientConnection) -> None:
        await client.send(b"\x00")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1003

    with_client("/ws/chat", story)


def test_a_message_of_the_limit_is_taken_and_a_longer_one_ends_the_connection_with_1009() -> None:
    async def story(client: ClientConnection) -> None:
        await client.send("x" * MAX_MESSAGE_BYTES)
        assert await client.recv() == "收到:" + "x" * MAX_MESSAGE_BYTES
        with suppress(ConnectionClosed):  # the refusal may arrive before the whole message has left
            await client.send("x" * (MAX_MESSAGE_BYTES + 1))
        await client.wait_closed()
        assert client.close_code == 1009

    with_client("/ws/chat", story, max_size=None)


def test_the_stream_sends_four_messages_unasked_and_closes_with_1000() -> None:
    async def story(client: ClientConnection) -> None:
        assert [message async for message in client] == [f'{{"d":"{token}"}}' for token in "你好世界"]
        assert client.close_code == 1000

    with_client("/ws/stream?interval_s=0.01", story)


def test_what_a_client_says_during_the_stream_is_read_and_does_not_disturb_it() -> None:
    async def story(client: ClientConnection) -> None:
        for _ in range(100):
            await client.send("x")
        assert len([message async for message in client]) == 4

    with_client("/ws/stream?interval_s=0.05", story)


@pytest.mark.parametrize("how", ["close", "abort"])
def test_a_client_that_leaves_stops_the_model_before_its_next_token(how: str) -> None:
    marks: list[str] = []

    async def main() -> None:
        async with running(lambda name, detail: marks.append(detail)) as port:
            before = asyncio.all_tasks()
            client = await connect(f"ws://{LOOPBACK}:{port}/ws/stream?interval_s=0.5", proxy=None)
            await client.recv()
            if how == "close":
                await client.close()
            else:
                client.transport.abort()
            await until(lambda: asyncio.all_tasks() <= before)
            assert marks == ["你"]

    asyncio.run(main())


def test_the_handshake_is_answered_with_the_key_of_the_rfc() -> None:
    async def main() -> None:
        async with running() as port, connected(port) as (reader, writer):
            writer.write(request_bytes("/ws/chat", *UPGRADE))
            head = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            assert head[0] == "HTTP/1.1 101 Switching Protocols"
            assert header(head, "Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 §1.3

    asyncio.run(main())


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["chat.v1.lab"], "chat.v1.lab"),
        (["chat.v1.lab", "chat.v2.lab"], "chat.v2.lab"),
        (["other", "chat.v1.lab"], "chat.v1.lab"),
        (["other"], None),
        (None, None),
    ],
)
def test_the_newest_common_subprotocol_is_chosen_and_none_is_no_reason_to_refuse(
    offered: list[str] | None, chosen: str | None
) -> None:
    async def story(client: ClientConnection) -> None:
        assert client.subprotocol == chosen

    with_client("/ws/chat", story, subprotocols=offered)


@pytest.mark.parametrize(("compression", "agreed"), [(None, False), ("deflate", True)])
def test_frames_are_compressed_only_when_that_was_chosen(compression: str | None, agreed: bool) -> None:
    async def main() -> None:
        async with running(compression=compression) as port:
            client = await connect(f"ws://{LOOPBACK}:{port}/ws/chat", proxy=None)
            assert client.response is not None
            assert ("Sec-WebSocket-Extensions" in client.response.headers) is agreed
            await client.close()

    asyncio.run(main())


@pytest.mark.parametrize("origin", ["http://localhost:8888", "https://127.0.0.1", "http://[::1]:80", None])
def test_pages_of_this_machine_and_clients_that_are_no_browsers_are_let_in(origin: str | None) -> None:
    async def story(client: ClientConnection) -> None:
        await client.send("x")
        assert await client.recv() == "收到:x"

    with_client("/ws/chat", story, origin=origin)


@pytest.mark.parametrize(
    ("target", "headers", "status", "word"),
    [
        ("/ws/chat", [*UPGRADE, "Origin: https://evil.example"], 403, "evil.example"),
        ("/ws/chat", [*UPGRADE, "Origin: http://localhost.evil.example"], 403, "evil.example"),
        ("/ws/chat", [*UPGRADE, "Origin: null"], 403, "null"),
        ("/ws/chat", [*UPGRADE, "Host: evil.example"], 421, "Host"),
        ("/", ["Host: evil.example"], 421, "Host"),
        ("/ws/nothing", UPGRADE, 404, "/ws/chat"),
        ("/ws/chat/", UPGRADE, 404, "/ws/chat"),
        ("/ws/stream?interval_s=x", UPGRADE, 400, "interval_s must be a number of seconds from 0 to 60, not 'x'."),
        ("/ws/room?tick_s=0", UPGRADE, 400, "tick_s must be a number of seconds from 0.01 to 60, not '0'."),
        ("/ws/room?tick=1", UPGRADE, 400, "'tick' is an unknown query parameter: this path takes tick_s."),
        ("/ws/chat?x=1", UPGRADE, 400, "'x' is an unknown query parameter: this path takes no query parameters."),
        ("/ws/chat", UPGRADE[:3], 400, "Sec-WebSocket-Version"),
        ("/ws/chat", [], 426, "WebSocket"),
        ("/", [], 200, "/ws/stream"),
    ],
)
def test_a_handshake_is_refused_while_it_is_still_http(target: str, headers: list[str], status: int, word: str) -> None:
    head, body = handshake(target, *headers)
    assert status_of(head) == status
    assert word in body.decode()
    if status == 426:
        assert header(head, "Upgrade") == "websocket"


@pytest.mark.parametrize("target", ["/ws/chat", "/"])
@pytest.mark.parametrize(("hosts", "count"), [([], 0), (["127.0.0.1", "127.0.0.1"], 2), (["127.0.0.1", "evil"], 2)])
def test_a_request_without_exactly_one_host_is_answered_400(target: str, hosts: list[str], count: int) -> None:
    # RFC 9112 §3.2. The bytes are written here, since request_bytes() adds a Host.
    lines = [f"GET {target} HTTP/1.1", *UPGRADE, *(f"Host: {host}" for host in hosts)]

    async def main() -> tuple[list[str], bytes]:
        async with running() as port:
            return await exchange(port, "\r\n".join([*lines, "", ""]).encode())

    head, body = asyncio.run(main())
    assert status_of(head) == 400
    assert body.decode() == f"The request must have one Host header, and has {count}.\n"


def test_a_websocket_client_learns_the_status_of_a_refusal() -> None:
    async def main() -> None:
        async with running() as port:
            with pytest.raises(InvalidStatus) as caught:
                await connect(f"ws://{LOOPBACK}:{port}/ws/nothing", proxy=None)
            assert caught.value.response.status_code == 404

    asyncio.run(main())


@pytest.mark.parametrize(
    "junk", [b"", b"\x00" * 5_000, b"GET / HTTP/1.1\r\n", b"POST /ws/chat HTTP/1.1\r\n\r\n", b"x" * 100_000]
)
def test_bytes_that_are_no_handshake_disturb_nobody(junk: bytes) -> None:
    async def main() -> None:
        async with running() as port:
            async with connected(port) as (_, writer):
                writer.write(junk)
                writer.write_eof()
            async with connect(f"ws://{LOOPBACK}:{port}/ws/chat", proxy=None) as client:
                await client.send("x")
                assert await client.recv() == "收到:x"

    asyncio.run(main())


@pytest.mark.parametrize(
    "frame",
    [b"\x81\x05hello", b"\xf1\x80\x00\x00\x00\x00", b"\x83\x80\x00\x00\x00\x00", b"\x81\x81\x00\x00\x00\x00\xff"],
)
def test_a_frame_that_breaks_the_rules_ends_only_its_own_connection(frame: bytes) -> None:
    async def main() -> None:
        async with running() as port, connected(port) as (reader, writer), asyncio.timeout(5):
            writer.write(request_bytes("/ws/chat", *UPGRADE))
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame)
            # A close frame with 1002 (protocol error), or 1007 where the text is no UTF-8.
            start = await reader.readexactly(4)
            assert start[0] == 0x88
            assert int.from_bytes(start[2:], "big") == (1007 if frame.endswith(b"\xff") else 1002)

    asyncio.run(main())


def test_open_connections_are_told_1001_when_the_server_stops() -> None:
    async def main() -> None:
        async with running() as port:
            paths = ["/ws/chat", "/ws/room", "/ws/stream?interval_s=60"] * 16
            clients = [await connect(f"ws://{LOOPBACK}:{port}{path}", proxy=None) for path in paths]
        for client in clients:
            await client.wait_closed()
        assert {client.close_code for client in clients} == {1001}
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


@pytest.mark.parametrize(
    "sent", [b"", b"GET /ws/chat HTTP/1.1\r\n", request_bytes("/ws/stream?interval_s=60", *UPGRADE)]
)
def test_a_client_that_does_not_answer_cannot_delay_the_stop(sent: bytes) -> None:
    async def main() -> None:
        async with connected_late() as (enter, _):
            async with running() as port:
                reader, writer = await enter(port)
                writer.write(sent)
                if sent.endswith(b"\r\n\r\n"):
                    await reader.readuntil(b"\r\n\r\n")
                async with connect(f"ws://{LOOPBACK}:{port}/ws/chat", proxy=None):
                    pass
            await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


@asynccontextmanager
async def connected_late() -> AsyncIterator[tuple[Callable, list[asyncio.StreamWriter]]]:
    """Connections that outlive the server that they were made to."""
    writers: list[asyncio.StreamWriter] = []

    async def enter(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writers.append(writer)
        return reader, writer

    try:
        yield enter, writers
    finally:
        for writer in writers:
            writer.close()
        await asyncio.gather(*[writer.wait_closed() for writer in writers], return_exceptions=True)


def test_curl_is_told_to_upgrade() -> None:
    curl = require_tool("curl")

    async def main() -> None:
        async with running() as port:
            arguments = ["--silent", "--include", "--noproxy", "*", f"http://{LOOPBACK}:{port}/ws/chat"]
            process = await asyncio.create_subprocess_exec(curl, *arguments, stdout=asyncio.subprocess.PIPE)
            output, _ = await process.communicate()
            assert output.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")

    asyncio.run(main())


def test_the_tokens_of_the_stream_are_json() -> None:
    async def story(client: ClientConnection) -> None:
        assert [json.loads(message)["d"] async for message in client] == list("你好世界")

    with_client("/ws/stream?interval_s=0", story)
