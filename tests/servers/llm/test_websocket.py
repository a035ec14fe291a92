"""The model over WebSocket: several runs on one socket; asking, resuming, stopping; and messages that make no sense."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import CloseCode

from lab_servers.servers.llm.app import make_app
from tests.servers.llm.asked import with_server
from tests.servers.running import LOOPBACK, connected, header, request_bytes, running
from tests.waiting import until


async def until_type(socket: ClientConnection, kind: str) -> dict:
    while (said := json.loads(await socket.recv()))["type"] != kind:
        pass
    return said


def test_one_socket_carries_several_runs_and_a_stop_ends_one_of_them() -> None:
    async def work(port: int, marks: list) -> None:
        async with connect(f"ws://{LOOPBACK}:{port}/ws", proxy=None) as socket:
            slow = {"tokens": 1000, "ttft_s": 0, "gap_s": 0.01}
            await socket.send(json.dumps({"type": "ask", "prompt": "a", "settings": slow}))
            assert await until_type(socket, "run") == {"run": "e1-1", "type": "run"}
            await socket.send(json.dumps({"type": "ask", "prompt": "b", "settings": {"tokens": 3, "ttft_s": 0}}))
            assert (await until_type(socket, "end"))["run"] == "e1-2"
            await socket.send(json.dumps({"type": "stop", "run": "e1-1"}))
            assert (await until_type(socket, "end"))["finish"] == "stopped"

    with_server(work)


def test_leaving_a_socket_ends_what_is_tied_to_it_and_a_kept_run_can_be_resumed() -> None:
    async def work(port: int, marks: list) -> None:
        slow = {"tokens": 1000, "ttft_s": 0, "gap_s": 0.01}
        url = f"ws://{LOOPBACK}:{port}/ws"
        async with connect(url, proxy=None) as socket:
            for kept in (False, True):
                await socket.send(json.dumps({"type": "ask", "prompt": "a", "settings": slow, "kept": kept}))
            await until_type(socket, "text")
        await until(lambda: any(name == "finished" for name, _ in marks))
        assert marks[[name for name, _ in marks].index("finished")][1].startswith("e1-1 ")
        async with connect(url, proxy=None) as socket:
            await socket.send(json.dumps({"type": "resume", "run": "e1-2", "after": 3}))
            assert (await until_type(socket, "text"))["n"] == 4

    with_server(work)


def test_a_server_that_ends_says_goodbye_on_a_silent_socket_and_breaks_off_in_the_midst_of_a_run() -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            async with running(make_app()) as port:
                url = f"ws://{LOOPBACK}:{port}/ws"
                silent, amidst = await connect(url, proxy=None), await connect(url, proxy=None)
                await silent.send('{"type":"ask","prompt":"x","settings":{"tokens":1,"ttft_s":0}}')
                await until_type(silent, "end")
                await amidst.send('{"type":"ask","prompt":"x","settings":{"tokens":5000,"ttft_s":0}}')
                await until_type(amidst, "text")
            for socket, code in ((silent, CloseCode.GOING_AWAY), (amidst, CloseCode.ABNORMAL_CLOSURE)):
                await socket.wait_closed()
                assert socket.close_code == code
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
VERSION = "Sec-WebSocket-Version: 13"


@pytest.mark.parametrize(
    "request_sent",
    [
        request_bytes("/ws", "Connection: close"),
        request_bytes("/ws", *UPGRADE, "Sec-WebSocket-Version: 12"),
        request_bytes("/ws", *UPGRADE[:2], VERSION),
        request_bytes("/ws", *UPGRADE, VERSION, version="1.0"),
    ],
    ids=["no handshake", "another version", "no key", "HTTP/1.0"],
)
def test_a_request_that_is_no_handshake_is_told_what_would_be(request_sent: bytes) -> None:
    async def work(port: int, marks: list) -> None:
        async with connected(port) as (reader, writer):
            writer.write(request_sent)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            assert head[0].split(" ")[1] == "426"
            assert (header(head, "Upgrade"), header(head, "Sec-WebSocket-Version")) == ("websocket", "13")

    with_server(work)


def test_a_server_that_ends_does_not_wait_for_a_client_that_never_answers() -> None:
    async def main() -> None:
        handshake = request_bytes("/ws", *UPGRADE, VERSION)
        # Leaving this block after a second or more fails.
        async with running(make_app()) as port:
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(handshake)
            await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b"\x88\x02\x03\xe9"  # FIN and Close, 2 bytes: 1001
        writer.close()
        await writer.wait_closed()
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("{", "refused"),
        ("[" * 100_000, "refused"),
        ('{"type":"ask"}', "refused"),
        ('{"type":"ask","prompt":"\\ud800"}', "refused"),
        ('{"type":"ask","prompt":"x","settings":[]}', "refused"),
        ('{"type":"ask","prompt":"x","settings":{"tokens":0}}', "refused"),
        ('{"type":"ask","prompt":"x","settings":{"fail":"error"}}', "refused"),
        ('{"type":"ask","prompt":"x","kepd":true}', "refused"),
        ('{"type":"resume","run":5}', "refused"),
        ('{"type":"resume","run":"e1-9"}', "refused"),
        ('{"type":"resume","run":"e1-9","after":-1}', "refused"),
        ('{"type":"stop","run":"e0-9"}', "gone"),
        ('{"type":["x"]}', "refused"),
        ("5", "refused"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_the_socket_stays_open(message: str, answer: str) -> None:
    async def work(port: int, marks: list) -> None:
        async with connect(f"ws://{LOOPBACK}:{port}/ws", proxy=None) as socket:
            await socket.send(message)
            said = json.loads(await socket.recv())
            assert said["type"] == answer
            await socket.send('{"type":"ask","prompt":"x","settings":{"tokens":1,"ttft_s":0}}')
            await until_type(socket, "end")

    with_server(work)
