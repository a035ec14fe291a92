"""The relay passes on bytes, FINs, resets and slowness, and records what it passed."""

from __future__ import annotations

import asyncio
import errno
import gc
import random
import socket
import warnings

import pytest

from lab_servers.capture.capture import Budget, Capture, Side, TransitionKind
from lab_servers.capture.connection import BUFFER_BYTES
from lab_servers.capture.relay import Relay
from lab_servers.errors import PortUnavailable
from lab_servers.marks import now_ns
from tests.capture.relayed import LOOPBACK, echo, relay_to, send_reset, story
from tests.waiting import until

OPENING = [(TransitionKind.OPENED, Side.CLIENT), (TransitionKind.CONNECTED, None)]


def test_every_byte_passes_and_is_recorded_in_both_directions_at_once() -> None:
    payload = random.Random(7).randbytes(3_000_000)

    async def run() -> Capture:
        async with relay_to(echo) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)

            async def send() -> None:
                writer.write(payload)
                await writer.drain()
                writer.write_eof()

            _, received = await asyncio.gather(send(), reader.read())
            assert received == payload
            writer.close()
            await relay.settle()
            return relay.captures()[0]

    capture = asyncio.run(run())
    assert capture.bytes_from(Side.CLIENT) == payload
    assert capture.bytes_from(Side.SERVER) == payload
    assert capture.is_complete
    assert [chunk.at_ns for chunk in capture.chunks] == sorted(chunk.at_ns for chunk in capture.chunks)


def test_a_clients_fin_reaches_the_server_as_a_fin_and_the_answer_still_comes_back() -> None:
    async def answer_after_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = await reader.read()
        writer.write(b"you sent " + question)

    async def run() -> Capture:
        async with relay_to(answer_after_the_end) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"all of it")
            writer.write_eof()
            assert await reader.read() == b"you sent all of it"
            await relay.settle()
            writer.close()
            return relay.captures()[0]

    capture = asyncio.run(run())
    assert story(capture) == [
        *OPENING,
        (TransitionKind.HALF_CLOSED, Side.CLIENT),
        (TransitionKind.HALF_CLOSED, Side.SERVER),
        (TransitionKind.CLOSED, None),
    ]
    assert capture.client_address[0] == LOOPBACK
    assert capture.closed_ns is not None


def test_a_clients_reset_reaches_the_server_as_a_reset() -> None:
    async def run() -> Capture:
        seen: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

        async def notice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.read()
            except ConnectionResetError as error:
                seen.set_result(error)

        async with relay_to(notice) as relay:
            _, writer = await asyncio.open_connection(*relay.address)
            await until(lambda: len(relay.captures()) == 1 and len(story(relay.captures()[0])) == 2)
            send_reset(writer)
            assert isinstance(await seen, ConnectionResetError)
            await relay.settle()
            return relay.captures()[0]

    assert story(asyncio.run(run())) == [
        *OPENING,
        (TransitionKind.RESET, Side.CLIENT),
        (TransitionKind.CLOSED, None),
    ]


def test_a_servers_reset_reaches_the_client_as_a_reset() -> None:
    async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        send_reset(writer)

    async def run() -> Capture:
        async with relay_to(reset_at_once) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"?")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            await relay.settle()
            return relay.captures()[0]

    assert story(asyncio.run(run())) == [
        *OPENING,
        (TransitionKind.RESET, Side.SERVER),
        (TransitionKind.CLOSED, None),
    ]


def test_a_server_that_cannot_be_reached_is_a_reset_for_the_client() -> None:
    async def run() -> Capture:
        with socket.create_server((LOOPBACK, 0)) as unused:
            nobody = unused.getsockname()
        relay = Relay("test", nobody, Budget())
        await relay.start()
        reader, _ = await asyncio.open_connection(*relay.address)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await relay.settle()
        await relay.stop()
        return relay.captures()[0]

    assert story(asyncio.run(run())) == [
        (TransitionKind.OPENED, Side.CLIENT),
        (TransitionKind.REFUSED, None),
        (TransitionKind.CLOSED, None),
    ]


def test_a_reader_that_stops_reading_stops_the_writer_and_nothing_is_lost() -> None:
    total = 32 * 1024 * 1024

    async def run() -> None:
        may_read = asyncio.Event()
        arrived = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal arrived
            await may_read.wait()
            while data := await reader.read(1 << 20):
                arrived += len(data)

        async with relay_to(slow, Budget(0)) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            for _ in range(total // (1 << 20)):
                writer.write(bytes(1 << 20))
            writer.write_eof()
            (connection,) = relay._open
            await until(lambda: connection.legs[Side.SERVER].transport is not None)
            into_relay, out_of_relay = (connection.legs[side].transport for side in Side)
            assert into_relay is not None
            assert out_of_relay is not None
            await until(lambda: not into_relay.is_reading() and out_of_relay.get_write_buffer_size())
            # One read may still arrive after the high-water mark; asyncio reads 256 KiB at most.
            assert out_of_relay.get_write_buffer_size() <= BUFFER_BYTES + 256 * 1024
            assert writer.transport.get_write_buffer_size() > total // 4
            may_read.set()
            assert await reader.read() == b""
            assert arrived == total
            writer.close()

    asyncio.run(run())


def test_at_the_bound_the_relay_goes_on_relaying() -> None:
    async def run() -> Capture:
        async with relay_to(echo, Budget(100_000)) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"x" * 500_000)
            assert await reader.readexactly(500_000) == b"x" * 500_000
            writer.close()
            await relay.settle()
            return relay.captures()[0]

    capture = asyncio.run(run())
    assert sum(len(chunk.data) for chunk in capture.chunks) <= 100_000
    for side in Side:
        assert len(capture.bytes_from(side)) + capture.unrecorded_bytes[side] == 500_000


def test_connections_beyond_the_bound_are_counted_and_still_served() -> None:
    async def run() -> Relay:
        async with relay_to(echo, Budget(5_000)) as relay:
            for _ in range(4):
                reader, writer = await asyncio.open_connection(*relay.address)
                writer.write(b"hello")
                assert await reader.readexactly(5) == b"hello"
                writer.close()
            await relay.settle()
            return relay

    relay = asyncio.run(run())
    assert (len(relay.captures()), relay.unrecorded_connections()) == (2, 2)
    relay.forget(0, now_ns())
    assert relay.unrecorded_connections() == 0
    assert relay.captures() == ()
    assert relay._budget.used_bytes == 0


def test_a_reset_that_meets_the_other_sides_fin_is_blamed_on_the_side_that_sent_it() -> None:
    async def run() -> Capture:
        may_reset = asyncio.Event()

        async def reset_later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(1)
            await may_reset.wait()
            send_reset(writer)

        async with relay_to(reset_later) as relay:
            _, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"?")
            await until(lambda: len(relay.captures()) == 1 and relay.captures()[0].bytes_from(Side.CLIENT))
            # Both in one turn of the loop, so that the relay meets both in its next.
            may_reset.set()
            await asyncio.sleep(0)
            writer.write_eof()
            await relay.settle()
            return relay.captures()[0]

    told = story(asyncio.run(run()))
    assert (TransitionKind.RESET, Side.SERVER) in told
    assert (TransitionKind.RESET, Side.CLIENT) not in told


def test_stopping_resets_what_is_open_and_leaves_no_task_and_no_port() -> None:
    async def run() -> Capture:
        async with relay_to(echo) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"x")
            await reader.readexactly(1)
            await relay.stop()
            with pytest.raises(ConnectionResetError):
                await reader.read()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*relay.address)
            assert relay.open_connections == 0
        # The server's own handler task ends with its connection.
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        return relay.captures()[0]

    assert story(asyncio.run(run())) == [*OPENING, (TransitionKind.ABANDONED, None), (TransitionKind.CLOSED, None)]


def test_a_relay_can_be_stopped_while_it_still_tries_to_reach_its_server() -> None:
    async def run() -> Capture:
        # A listener that accepts nothing: once its queue is full, connecting to it hangs.
        with socket.socket() as full:
            full.bind((LOOPBACK, 0))
            full.listen(0)
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            relay = Relay("test", full.getsockname(), Budget())
            await relay.start()
            _, writer = await asyncio.open_connection(*relay.address)
            await until(lambda: relay.open_connections == 1)
            await relay.stop()
            writer.close()
            for filler in fillers:
                filler.close()
            return relay.captures()[0]

    assert story(asyncio.run(run()))[-1] == (TransitionKind.CLOSED, None)


def test_a_taken_port_is_named_with_the_remedy() -> None:
    async def run() -> None:
        with socket.create_server((LOOPBACK, 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(PortUnavailable, match=f"Port {port} for http is in use .* choose another port"):
                await Relay("http", (LOOPBACK, 1), Budget()).start(port)

    asyncio.run(run())


def test_a_port_that_this_user_may_not_open_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*args: object, **options: object) -> None:
        # What the system says to an ordinary user; the tests may run as root, who may open any port.
        raise PermissionError(errno.EACCES, "Permission denied")

    async def run() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "create_server", refuse)
        with pytest.raises(PortUnavailable, match=r"Port 80 for http may not be opened by this user.* from 1024"):
            await Relay("http", (LOOPBACK, 1), Budget()).start(80)

    asyncio.run(run())


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_relay_that_stops_in_a_burst_of_connections_leaves_no_socket_open(turns: int) -> None:
    async def run() -> None:
        async with relay_to(echo) as relay:
            clients = [socket.socket() for _ in range(20)]
            for client in clients:
                client.setblocking(False)
                client.connect_ex(relay.address)
            for _ in range(turns):
                await asyncio.sleep(0)
            await relay.stop()
            for client in clients:
                client.close()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(run())
        gc.collect()  # a socket that nobody closed says so when it is collected
    assert [str(one.message) for one in caught] == []
