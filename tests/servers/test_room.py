"""The room: everybody hears everybody, the server speaks unasked, and nobody has to wait for the slowest."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import ClientConnection, connect

from lab_servers.servers import room
from tests.servers.running import LOOPBACK, connected, request_bytes
from tests.servers.test_websocket import UPGRADE, running
from tests.waiting import until


def visit(port: int, query: str = "") -> connect:
    # Without max_queue=None a client that has 16 messages unread stops reading, and misses the close as well.
    return connect(f"ws://{LOOPBACK}:{port}/ws/room{query}", proxy=None, max_queue=None)


async def enter(stack: AsyncExitStack, port: int, query: str = "") -> ClientConnection:
    return await stack.enter_async_context(visit(port, query))


async def hear(client: ClientConnection) -> dict:
    async with asyncio.timeout(10):
        return json.loads(await client.recv())


def test_members_are_welcomed_and_hear_who_joins_speaks_and_leaves() -> None:
    async def main() -> None:
        async with running() as port, AsyncExitStack() as stack:
            first = await enter(stack, port)
            assert await hear(first) == {"type": "welcome", "you": 1, "members": 1}
            second = await enter(stack, port)
            assert await hear(second) == {"type": "welcome", "you": 2, "members": 2}
            assert await hear(first) == {"type": "joined", "member": 2}

            await second.send("你好")
            for member in (first, second):
                assert await hear(member) == {"type": "said", "member": 2, "text": "你好"}

            await second.close()
            assert await hear(first) == {"type": "left", "member": 2}

    asyncio.run(main())


def test_the_server_speaks_unasked_at_the_pace_that_each_member_chose() -> None:
    async def main() -> None:
        async with running() as port, AsyncExitStack() as stack:
            often = await enter(stack, port, "?tick_s=0.02")
            seldom = await enter(stack, port, "?tick_s=60")
            assert [(await hear(often))["type"] for _ in range(2)] == ["welcome", "joined"]
            assert [await hear(often) for _ in range(3)] == [{"type": "tick", "n": n} for n in (1, 2, 3)]
            await seldom.send("x")
            assert [(await hear(seldom))["type"] for _ in range(2)] == ["welcome", "said"]

    asyncio.run(main())


def test_a_member_that_vanishes_is_reported_as_left() -> None:
    async def main() -> None:
        async with running() as port, AsyncExitStack() as stack:
            stays, goes = await enter(stack, port), await enter(stack, port)
            goes.transport.abort()
            assert [(await hear(stays))["type"] for _ in range(3)] == ["welcome", "joined", "left"]

    asyncio.run(main())


def test_binary_is_refused_with_1003() -> None:
    async def main() -> None:
        async with running() as port, AsyncExitStack() as stack:
            client = await enter(stack, port)
            await client.send(b"\x00")
            await client.wait_closed()
            assert client.close_code == 1003

    asyncio.run(main())


def test_a_full_room_turns_the_next_one_away_with_a_code_and_a_reason_and_has_room_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "MAX_MEMBERS", 2)

    async def main() -> None:
        async with running() as port, AsyncExitStack() as stack:
            first, second = await enter(stack, port), await enter(stack, port)
            third = await enter(stack, port)
            await third.wait_closed()
            assert (third.close_code, third.close_reason) == (1013, "the room is full: 2 members")
            await second.close()
            assert [(await hear(first))["type"] for _ in range(3)] == ["welcome", "joined", "left"]
            assert (await hear(await enter(stack, port)))["type"] == "welcome"

    asyncio.run(main())


def test_a_member_that_does_not_read_is_let_go_and_the_others_hear_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "MAX_UNSENT_BYTES", 256 * 1024)
    text = "x" * 64 * 1024

    async def main() -> None:
        async with running() as port, AsyncExitStack() as stack:
            speaker = await enter(stack, port)
            listener = await enter(stack, port)
            slow_reader, slow = await stack.enter_async_context(connected(port))
            slow.write(request_bytes("/ws/room", *UPGRADE))
            await slow_reader.readuntil(b"\r\n\r\n")
            # Nobody reads from slow_reader any more, so it stops reading from its socket.

            left = []
            sent = 0

            async def hear_it_said(client: ClientConnection) -> None:
                while (message := await hear(client))["type"] != "said":
                    left.extend([message] if message["type"] == "left" else [])
                assert message == {"type": "said", "member": 1, "text": text}

            while len(left) < 2:
                await speaker.send(text)
                sent += len(text)
                await hear_it_said(speaker)
                await hear_it_said(listener)
                # What is kept for the slow one is bounded: by the limit, and by what fits into two socket buffers.
                assert sent < 64 * 1024 * 1024
            assert left == [{"type": "left", "member": 3}] * 2

    asyncio.run(main())


def test_nothing_is_left_running_when_a_full_room_is_closed() -> None:
    async def main() -> None:
        async with running() as port:
            clients = [await visit(port, "?tick_s=0.01") for _ in range(room.MAX_MEMBERS)]
        for client in clients:
            await client.wait_closed()
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())
