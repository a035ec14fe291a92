"""The plain TCP client sends any bytes as they are, and always ends: by the server, by silence, by time or by size."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from lab_servers.clients.raw import Pause, RawEnding, RawExchange, send_bytes
from lab_servers.errors import BadParameter, ExchangeFailed
from tests.clients.peers import Peer, client_sockets, closed_port, end, names, raw_server, reset
from tests.waiting import until

LONG_S = 60.0


def port_of(peer: Peer) -> int:
    return int(peer.address.rsplit(":", 1)[1])


async def send_to(peer: Peer, data: bytes = b"hello", **options: Any) -> RawExchange:
    options = {"timeout_s": LONG_S, "quiet_s": LONG_S} | options
    exchange = await send_bytes("127.0.0.1", port_of(peer), data, **options)
    await until(lambda: client_sockets(peer) == 0)
    return exchange


@pytest.mark.parametrize("data", [b"x", b"\x00\xff\r\n\n\r", b"GET / HTTP/1.1\n\n", bytes(range(256)) * 4096])
def test_every_byte_arrives_as_it_is(data: bytes) -> None:
    arrived = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.extend(await reader.readexactly(len(data)))
        writer.write(b"thanks")
        end(writer)

    async def scene() -> RawExchange:
        async with raw_server(take) as peer:
            return await send_to(peer, data)

    exchange = asyncio.run(scene())
    assert bytes(arrived) == data
    assert (exchange.sent_bytes, exchange.received_bytes, exchange.ending) == (len(data), 6, RawEnding.SERVER)
    assert sorted(names(exchange.marks)) == ["connected", "ended", "first bytes received", "sent"]
    assert exchange.marks[-1].detail == "the server closed the connection"


def test_a_server_that_says_nothing_is_left_when_it_was_quiet_for_long_enough() -> None:
    async def scene() -> RawExchange:
        async with raw_server(_idle) as peer:
            return await send_to(peer, quiet_s=0.02)

    exchange = asyncio.run(scene())
    assert (exchange.sent_bytes, exchange.received_bytes, exchange.ending) == (5, 0, RawEnding.QUIET)


def test_a_server_that_never_falls_silent_is_left_when_the_time_is_over() -> None:
    async def scene() -> RawExchange:
        async with raw_server(_talk) as peer:
            return await send_to(peer, timeout_s=0.05, limit_bytes=64 * 1024 * 1024)

    exchange = asyncio.run(scene())
    assert exchange.ending is RawEnding.TIMEOUT
    assert exchange.received_bytes


def test_a_server_that_sends_without_end_is_left_at_the_limit() -> None:
    async def scene() -> RawExchange:
        async with raw_server(_flood) as peer:
            return await send_to(peer, limit_bytes=300_000)

    exchange = asyncio.run(scene())
    assert exchange.ending is RawEnding.BOUND
    # At most one read more than the limit.
    assert 300_000 <= exchange.received_bytes < 300_000 + 64 * 1024


def test_a_server_that_does_not_read_is_left_too() -> None:
    async def scene() -> RawExchange:
        async with raw_server(_deaf) as peer:
            return await send_to(peer, bytes(32 * 1024 * 1024), quiet_s=0.05)

    exchange = asyncio.run(scene())
    assert exchange.ending is RawEnding.QUIET
    assert exchange.sent_bytes < 32 * 1024 * 1024


def test_a_reset_is_an_ending_and_no_error() -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        reset(writer)

    async def scene() -> RawExchange:
        async with raw_server(drop) as peer:
            return await send_to(peer)

    assert asyncio.run(scene()).ending is RawEnding.RESET


def test_a_server_that_answers_before_it_has_read_everything_is_heard() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"no")
        end(writer)

    async def scene() -> RawExchange:
        async with raw_server(refuse) as peer:
            return await send_to(peer, bytes(1024 * 1024))

    exchange = asyncio.run(scene())
    assert (exchange.received_bytes, exchange.ending) == (2, RawEnding.SERVER)


def test_at_a_pause_it_sends_on_when_an_answer_comes() -> None:
    order = []

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        order.append(await reader.read(100))
        writer.write(b"yes?")
        order.append(await reader.read(100))
        end(writer)

    async def scene() -> RawExchange:
        async with raw_server(ask) as peer:
            return await send_to(peer, b"hello, world", pauses=[Pause(5)])

    exchange = asyncio.run(scene())
    assert order == [b"hello", b", world"]
    assert (exchange.sent_bytes, exchange.ending) == (12, RawEnding.SERVER)


@pytest.mark.parametrize("until_quiet", [False, True])
def test_at_a_pause_without_an_answer_it_sends_on_after_a_while(until_quiet: bool) -> None:
    order = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        order.extend([await reader.read(100), await reader.read(100)])

    async def scene() -> RawExchange:
        async with raw_server(listen) as peer:
            return await send_to(peer, b"hello, world", quiet_s=0.05, pauses=[Pause(5, until_quiet)])

    exchange = asyncio.run(scene())
    assert order == [b"hello", b", world"]
    assert (exchange.sent_bytes, exchange.ending) == (12, RawEnding.QUIET)


def test_a_pause_for_silence_lets_the_server_finish() -> None:
    heard_during_the_answer = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        listening = asyncio.create_task(reader.read(100))
        for _ in range(5):
            writer.write(b".")
            await asyncio.sleep(0.01)
            heard_during_the_answer.append(listening.done())
        await listening
        end(writer)

    async def scene() -> RawExchange:
        async with raw_server(count) as peer:
            return await send_to(peer, b"hello, world", quiet_s=1, pauses=[Pause(5, until_quiet=True)])

    assert asyncio.run(scene()).received_bytes == 5
    assert heard_during_the_answer == [False] * 5


def test_a_server_that_closes_during_a_pause_gets_no_more() -> None:
    async def scene() -> RawExchange:
        async with raw_server(_close) as peer:
            return await send_to(peer, b"hello, world", pauses=[Pause(5, until_quiet=True)])

    exchange = asyncio.run(scene())
    assert (exchange.sent_bytes, exchange.ending) == (5, RawEnding.SERVER)


def test_cancelling_closes_the_socket_at_once() -> None:
    async def scene() -> None:
        async with raw_server(_idle) as peer:
            sending = asyncio.create_task(send_to(peer))
            await until(lambda: peer.connections)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            await until(lambda: client_sockets(peer) == 0)

    asyncio.run(scene())


def test_nothing_listens_there() -> None:
    async def scene() -> None:
        await send_bytes("127.0.0.1", await closed_port(), b"x")

    with pytest.raises(ExchangeFailed, match=r"No server could be reached for 127\.0\.0\.1:\d+ \(Connection refused\)"):
        asyncio.run(scene())


def test_a_host_that_is_not_this_machine_is_refused_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(BadParameter) as error:
        asyncio.run(send_bytes("192.0.2.1", 80, b"x"))
    assert str(error.value) == (
        "host must be one of 127.0.0.1, ::1, localhost, not '192.0.2.1': "
        "raw bytes are sent to servers of this machine only."
    )


@pytest.mark.parametrize(
    "bounds", [{"timeout_s": 0}, {"quiet_s": 0}, {"quiet_s": float("nan")}, {"limit_bytes": 0}, {"limit_bytes": 2.5}]
)
def test_a_bound_out_of_bounds_is_named(bounds: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=next(iter(bounds))):
        asyncio.run(send_bytes("127.0.0.1", 80, b"x", **bounds))  # type: ignore[arg-type]


async def _idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read, and say nothing."""


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    end(writer)


async def _deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert isinstance(writer.transport, asyncio.Transport)
    writer.transport.pause_reading()
    await until(lambda: not client_sockets(Peer("{}:{}".format(*writer.get_extra_info("sockname")))))
    writer.transport.abort()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.transport.is_closing():
        writer.write(b".")
        await asyncio.sleep(0.001)


async def _flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(64 * 1024))
        await writer.drain()
