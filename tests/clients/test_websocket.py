"""The WebSocket client keeps every message it got, and says how the conversation ended."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lab_servers.clients import Conversation, Ending, converse
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.servers import shutdown, websocket
from tests.clients.peers import Peer, answering, client_sockets, closed_port, end, names, raw_server, reset
from tests.waiting import until

HELLO = b"\x81\x05hello"
CLOSE_1000 = b"\x88\x02\x03\xe8"


@asynccontextmanager
async def lab_websocket() -> AsyncIterator[str]:
    server = await websocket.make_server("127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        await shutdown.stop(server)


@asynccontextmanager
async def speaking(frames: bytes, then: Callable[[asyncio.StreamWriter], None] | None = None) -> AsyncIterator[Peer]:
    """A server that accepts the handshake (RFC 6455 §4.2.2), sends recorded frames and then does ``then``."""
    heads: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heads.append(head)
        key = re.search(r"Sec-WebSocket-Key: (\S+)", head)
        assert key
        accept = base64.b64encode(hashlib.sha1(f"{key[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + frames
        )
        if then is not None:
            await reader.read(1)  # the client has the frames: a RST could overtake them
            then(writer)

    async with raw_server(script) as peer:
        peer.heads = heads
        yield peer


def test_the_chat_of_the_lab_answers_each_message() -> None:
    async def scene() -> Conversation:
        async with lab_websocket() as base:
            return await converse(base + "/ws/chat", ["你好", "bye"], expect=2)

    talk = asyncio.run(scene())
    assert talk.messages == ("收到:你好", "收到:bye")
    assert (talk.close_code, talk.ending) == (1000, Ending.CLIENT)
    assert names(talk.marks)[:2] == ["request started", "open"]
    assert [mark.detail for mark in talk.marks if mark.name == "sent"] == ["你好", "bye"]
    assert [mark.detail for mark in talk.marks if mark.name == "received"] == list(talk.messages)
    assert (talk.marks[-1].name, talk.marks[-1].detail) == ("closed", "1000")


def test_the_lab_speaks_unasked_and_closes_when_it_is_done() -> None:
    async def scene() -> Conversation:
        async with lab_websocket() as base:
            return await converse(base + "/ws/stream?interval_s=0.01")

    talk = asyncio.run(scene())
    assert talk.messages == ('{"d":"你"}', '{"d":"好"}', '{"d":"世"}', '{"d":"界"}')
    assert (talk.ending, talk.close_code) == (Ending.SERVER, 1000)


def test_the_close_code_and_reason_of_the_server_are_reported() -> None:
    async def scene() -> Conversation:
        async with lab_websocket() as base:
            return await converse(base + "/ws/chat", [b"\x00\x01"])

    talk = asyncio.run(scene())
    assert (talk.close_code, talk.close_reason) == (1003, "this chat understands text only")
    assert talk.ending is Ending.SERVER
    assert [mark.detail for mark in talk.marks if mark.name == "sent"] == ["2 bytes"]
    assert "1003" in repr(talk)


def test_the_subprotocol_is_offered_and_the_chosen_one_reported() -> None:
    async def scene() -> tuple[str | None, str | None]:
        async with lab_websocket() as base:
            chosen = await converse(base + "/ws/chat", expect=0, subprotocols=["no.such", "chat.v1.lab"])
            none = await converse(base + "/ws/chat", expect=0)
            return chosen.subprotocol, none.subprotocol

    assert asyncio.run(scene()) == ("chat.v1.lab", None)


@pytest.mark.parametrize(("path", "origin", "status"), [("/ws/chat", "https://evil.example", 403), ("/no", None, 404)])
def test_a_refused_handshake_is_an_error_with_its_status(path: str, origin: str | None, status: int) -> None:
    async def scene() -> None:
        async with lab_websocket() as base:
            await converse(base + path, origin=origin)

    with pytest.raises(ExchangeFailed, match=f"refused the opening handshake with {status}") as caught:
        asyncio.run(scene())
    assert caught.value.status == status


def test_a_redirect_of_the_handshake_is_not_followed() -> None:
    async def scene() -> None:
        async with answering(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n") as peer:
            with pytest.raises(ExchangeFailed) as caught:
                await converse(peer.ws_url)
            assert caught.value.status == 302
            assert peer.connections == 1

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "did not answer the opening handshake with an HTTP response"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "did not answer the opening handshake with an HTTP response"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "wrongly"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
            "wrongly",
        ),
    ],
)
def test_a_wrong_answer_to_the_handshake_is_one_sentence(answer: bytes, sentence: str) -> None:
    async def scene() -> None:
        async with answering(answer, then=end) as peer:
            await converse(peer.ws_url)

    with pytest.raises(ExchangeFailed, match=sentence) as caught:
        asyncio.run(scene())
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_or_never_answers_is_an_error() -> None:
    async def scene() -> None:
        with pytest.raises(ExchangeFailed, match=r"No server could be reached .*Connection refused"):
            await converse(f"ws://127.0.0.1:{await closed_port()}/")
        async with answering(b"") as peer:
            with pytest.raises(ExchangeFailed, match="did not finish the opening handshake"):
                await converse(peer.ws_url, timeout_s=0.1)

    asyncio.run(scene())


def test_frames_that_come_in_one_read_with_the_handshake_are_received() -> None:
    async def scene() -> Conversation:
        async with speaking(HELLO + b"\x82\x02\x00\xff" + CLOSE_1000, end) as peer:
            return await converse(peer.ws_url)

    assert asyncio.run(scene()).messages == ("hello", b"\x00\xff")


def test_a_server_that_closes_and_keeps_the_tcp_connection_is_left_when_the_time_is_up() -> None:
    async def scene() -> Conversation:
        async with speaking(HELLO + CLOSE_1000) as peer:
            talk = await converse(peer.ws_url, timeout_s=0.3)
            await until(lambda: peer.ended == 1)
            return talk

    talk = asyncio.run(scene())
    assert (talk.messages, talk.ending, talk.close_code) == (("hello",), Ending.SERVER, 1000)


def test_nothing_but_what_was_asked_for_is_in_the_handshake() -> None:
    async def scene() -> str:
        async with speaking(CLOSE_1000, end) as peer:
            await converse(peer.ws_url)
            return peer.heads[0]

    head = asyncio.run(scene())
    assert "Sec-WebSocket-Extensions" not in head
    assert "Origin" not in head
    assert "Sec-WebSocket-Protocol" not in head


@pytest.mark.parametrize(
    ("frames", "then", "messages", "ending", "code"),
    [
        (HELLO, end, ("hello",), Ending.LOST, 1006),
        (HELLO, reset, ("hello",), Ending.LOST, 1006),
        (HELLO + b"\x88\x00", end, ("hello",), Ending.SERVER, 1005),
        (HELLO + b"\x88\x06\x0f\xa1done", end, ("hello",), Ending.SERVER, 4001),
        (HELLO + b"\x83\x00", end, ("hello",), Ending.BOUND, 1006),  # a reserved opcode
        (HELLO + b"\x81\x02\xc3\x28", end, ("hello",), Ending.BOUND, 1006),  # text that is no UTF-8
        (HELLO + b"\x81\x85\x00\x00\x00\x00hello", end, ("hello",), Ending.BOUND, 1006),  # masked by the server
        (HELLO + b"\x82\x7e\x08\x01" + bytes(2049), end, ("hello",), Ending.BOUND, 1006),  # above limit_bytes
    ],
)
def test_what_had_arrived_is_kept_however_the_conversation_ends(
    frames: bytes,
    then: Callable[[asyncio.StreamWriter], None],
    messages: tuple[str, ...],
    ending: Ending,
    code: int,
) -> None:
    async def scene() -> Conversation:
        async with speaking(frames, then) as peer:
            # The one message tells the server that the client is there.
            return await converse(peer.ws_url, ["x"], limit_bytes=2048)

    talk = asyncio.run(scene())
    assert (talk.messages, talk.ending, talk.close_code) == (messages, ending, code)


def test_a_silent_server_is_left_when_the_time_is_up() -> None:
    async def scene() -> Conversation:
        async with lab_websocket() as base:
            return await converse(base + "/ws/chat", ["a"], expect=2, timeout_s=0.3)

    talk = asyncio.run(scene())
    assert (talk.messages, talk.ending, talk.close_code) == (("收到:a",), Ending.TIMEOUT, 1000)


def test_messages_cross_in_both_directions_without_a_deadlock() -> None:
    """More bytes than the buffers of both sides hold: who only sent would wait for the other for ever."""
    messages = ["x" * 500_000] * 20

    async def scene() -> Conversation:
        async with lab_websocket() as base:
            return await converse(base + "/ws/chat", messages, expect=20)

    talk = asyncio.run(scene())
    assert talk.ending is Ending.CLIENT
    assert [len(message) for message in talk.messages] == [500_003] * 20


def test_more_than_the_client_keeps_ends_the_conversation() -> None:
    async def script_frames(writer: asyncio.StreamWriter) -> None:
        frame = b"\x82\x7f" + (1_000_000).to_bytes(8, "big") + bytes(1_000_000)
        for _ in range(20):
            writer.write(frame)
            await writer.drain()

    flood: list[asyncio.Task[None]] = []

    async def scene() -> Conversation:
        def start(writer: asyncio.StreamWriter) -> None:
            flood.append(asyncio.create_task(script_frames(writer)))

        async with speaking(HELLO, start) as peer:
            talk = await converse(peer.ws_url, ["x"])
            await asyncio.gather(*flood, return_exceptions=True)
            return talk

    talk = asyncio.run(scene())
    assert talk.ending is Ending.BOUND
    assert 16 <= len(talk.messages) < 20


def test_cancelling_closes_the_socket_without_waiting_for_the_peers_close_frame() -> None:
    async def scene() -> None:
        async with speaking(HELLO) as peer:
            call = asyncio.create_task(converse(peer.ws_url, ["x" * 10]))
            await until(lambda: peer.heads)
            await until(lambda: client_sockets(peer) == 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            # The peer never answers a Close frame; only an end of the TCP connection ends it.
            await until(lambda: client_sockets(peer) == 0 and peer.ended == 1)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"url": "http://127.0.0.1/"}, "ws:// or wss://"),
        ({"messages": "hello"}, "messages must be a list"),
        ({"messages": [1]}, "messages must be str or bytes"),
        ({"messages": ["\ud800"]}, "UTF-8"),
        ({"expect": -1}, "expect must be"),
        ({"expect": 0.5}, "expect must be a whole number"),
        ({"timeout_s": 0}, "timeout_s must be"),
        ({"limit_bytes": 10**12}, "limit_bytes must be"),
        ({"subprotocols": "chat"}, "subprotocols must be a list"),
        ({"subprotocols": ["a b"]}, "subprotocols must be"),
        ({"origin": "http://a\r\nX: 1"}, "origin must be"),
    ],
)
def test_a_bad_parameter_is_named(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(BadParameter, match=names_it):
        asyncio.run(converse(**{"url": "ws://127.0.0.1:1/", **arguments}))
