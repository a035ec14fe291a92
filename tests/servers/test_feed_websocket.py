"""One feed over the websockets library: both directions at once, a proper close, and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from lab_servers.servers import shutdown
from lab_servers.servers.feed_messages import Feed, Inbox
from lab_servers.servers.feed_websocket import make_server
from tests.servers.running import LOOPBACK, exchange, request_bytes, status_of
from tests.servers.test_feed import SAID, WEBSOCKET
from tests.waiting import until


def tell(
    story: Callable[[int, Feed, Inbox], Awaitable[None]], *, total: int = len(SAID), expected: int = len(SAID)
) -> Inbox:
    """Run a story with a server, and see that nothing of it goes on afterwards."""

    async def main() -> Inbox:
        feed, inbox = Feed(total), Inbox(expected)
        server = await make_server(LOOPBACK, 0, feed, inbox)
        async with asyncio.timeout(10):
            await story(server.sockets[0].getsockname()[1], feed, inbox)
        async with asyncio.timeout(1.0):
            await shutdown.stop(server)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        return inbox

    return asyncio.run(main())


def client(port: int) -> connect:
    return connect(f"ws://{LOOPBACK}:{port}/ws", proxy=None, compression="deflate")


def test_each_message_is_sent_when_it_exists_and_the_end_is_1000_once_both_ways_are_complete() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with client(port) as connection:
            for message in SAID:
                feed.produce(message)
                assert await connection.recv() == message
                await connection.send(message)
            with pytest.raises(ConnectionClosed):
                await connection.recv()
            assert connection.close_code == 1000

    assert tell(story).messages == list(SAID)


def test_frames_can_be_read_on_the_wire_even_if_the_client_offers_compression() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with client(port) as connection:
            assert connection.protocol.extensions == []

    tell(story)


@pytest.mark.parametrize(("wrong", "code"), [(b"binary", 1003), ("no message", 1008)])
def test_a_message_that_makes_no_sense_is_refused_with_a_code(wrong: str | bytes, code: int) -> None:
    async def refused(connection: ClientConnection) -> None:
        await connection.send(wrong)
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == code

    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with client(port) as connection:
            await refused(connection)

    tell(story)


@pytest.mark.parametrize("expected", [0, 3])
def test_a_client_that_leaves_leaves_nothing_behind(expected: int) -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        before = len(asyncio.all_tasks())
        for abruptly in (False, True):
            connection = await client(port)
            await feed.asked.wait()
            if abruptly:
                connection.transport.abort()
            else:
                await connection.close()
        await until(lambda: len(asyncio.all_tasks()) <= before)

    tell(story, expected=expected)


def test_strangers_and_other_paths_are_refused_while_it_is_still_http() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        for target, headers, status in (
            ("/ws", ["Host: evil.example"], 421),
            ("/ws", ["Origin: https://evil.example"], 403),
            ("/nothing", [], 404),
        ):
            head, _ = await exchange(port, request_bytes(target, *headers, *WEBSOCKET))
            assert status_of(head) == status

    tell(story)
