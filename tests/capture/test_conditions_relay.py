"""Conditions on a real relay with real sockets: bytes, ends and resets arrive, and no timer stays behind."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.capture.conditions import Bandwidth, Condition, Delay, Jitter, Pause, Slicing
from lab_servers.capture.conditions.line import MOST_HELD_BYTES
from lab_servers.capture.connection import BUFFER_BYTES, Connection, Leg, Outlet
from lab_servers.capture.relay import Relay
from lab_servers.marks import now_ns
from tests.capture.relayed import echo, relay_to, send_reset, story
from tests.waiting import until

FOR_EVER = Pause(0, 3_600)

ALL_SORTS: list[list[Condition]] = [
    [Delay(0.01)],
    [Jitter(0.01), Slicing(700)],
    [Bandwidth(3_000_000), Delay(0.005)],
    [Slicing(997, gap_s=0.0001)],
    [Pause(0, 0.05), Bandwidth(5_000_000), Jitter(0.003)],
]


def timers_left() -> list[Any]:
    loop: Any = asyncio.get_running_loop()
    return [timer for timer in loop._scheduled if not timer.cancelled()]


def open_connection(relay: Relay) -> Connection:
    return next(iter(relay._open))


@pytest.mark.parametrize("conditions", ALL_SORTS, ids=str)
def test_bytes_arrive_complete_and_in_order_in_both_directions_at_once_and_a_fin_after_them(
    conditions: list[Condition],
) -> None:
    payload = random.Random(5).randbytes(150_000)

    async def run() -> None:
        async with relay_to(echo, conditions={Side.CLIENT: conditions, Side.SERVER: conditions}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)

            async def send() -> None:
                draw = random.Random(6)
                left = payload
                while left:
                    size = draw.randrange(1, 20_000)
                    writer.write(left[:size])
                    left = left[size:]
                    await writer.drain()
                writer.write_eof()

            _, received = await asyncio.gather(send(), reader.read())
            assert received == payload
            await relay.settle()
            writer.close()
            capture = relay.captures()[0]
            assert capture.bytes_from(Side.CLIENT) == capture.bytes_from(Side.SERVER) == payload
            assert [kind for kind, _ in story(capture)][-3:] == [
                TransitionKind.HALF_CLOSED,
                TransitionKind.HALF_CLOSED,
                TransitionKind.CLOSED,
            ]
            assert timers_left() == []

    asyncio.run(run())


def test_a_byte_never_arrives_before_its_delay_and_the_capture_has_it_when_it_was_sent() -> None:
    async def run() -> None:
        async with relay_to(echo, conditions={Side.CLIENT: [Delay(0.03)], Side.SERVER: [Delay(0.02)]}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            before_ns = now_ns()
            writer.write(b"?")
            assert await reader.readexactly(1) == b"?"
            after_ns = now_ns()
            writer.close()
            capture = relay.captures()[0]
            asked_ns, answered_ns = capture.time_of(Side.CLIENT, 0), capture.time_of(Side.SERVER, 0)
            assert answered_ns - asked_ns >= 30_000_000
            assert after_ns - answered_ns >= 20_000_000
            assert after_ns - before_ns >= 50_000_000

    asyncio.run(run())


def test_a_condition_of_one_direction_leaves_the_other_alone() -> None:
    async def run() -> None:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(100):
                heard.put_nowait(data)
                writer.write(b"I hear you")

        async with relay_to(listen, conditions={Side.SERVER: [FOR_EVER]}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"hello?")
            assert await heard.get() == b"hello?"
            await until(lambda: relay.captures()[0].bytes_from(Side.SERVER) == b"I hear you")
            assert reader._buffer == b""  # type: ignore[attr-defined]
            writer.close()

    asyncio.run(run())


# --- without conditions -------------------------------------------------------------------


def test_without_conditions_no_line_is_in_the_way_and_the_relay_writes_into_the_socket_itself() -> None:
    async def run() -> None:
        async with relay_to(echo) as relay:
            _, writer = await asyncio.open_connection(*relay.address)
            await until(lambda: relay.open_connections == 1 and len(story(relay.captures()[0])) == 2)
            legs = open_connection(relay).legs
            for leg in legs.values():
                stage = leg._onward
                assert isinstance(stage, Outlet)
                assert stage.write == other(leg, legs).transport.write  # type: ignore[union-attr]
            writer.close()

    def other(leg: Leg, legs: dict[Side, Leg]) -> Leg:
        return legs[leg.side.other]

    asyncio.run(run())


# --- changed while a connection is open ---------------------------------------------------


def test_conditions_that_change_while_a_connection_is_open_hold_from_the_next_byte_on_and_nothing_overtakes() -> None:
    async def run() -> None:
        async with relay_to(echo) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"fast ")
            assert await reader.readexactly(5) == b"fast "

            relay.set_conditions({Side.SERVER: [Delay(0.05)]})
            writer.write(b"slow ")
            await until(lambda: relay.captures()[0].bytes_from(Side.SERVER) == b"fast slow ")
            relay.set_conditions({})
            writer.write(b"behind it")
            assert await reader.readexactly(14) == b"slow behind it"
            capture = relay.captures()[0]
            assert now_ns() - capture.time_of(Side.SERVER, 5) >= 50_000_000

            relay.set_conditions({})  # the line is empty: out of the way with it
            assert isinstance(open_connection(relay).legs[Side.SERVER]._onward, Outlet)
            writer.write(b"!")
            assert await reader.readexactly(1) == b"!"
            writer.close()
            await relay.settle()
            assert timers_left() == []

    asyncio.run(run())


def test_new_connections_have_the_conditions_that_were_set_last() -> None:
    async def run() -> None:
        async with relay_to(echo, conditions={Side.CLIENT: [FOR_EVER]}) as relay:
            relay.set_conditions({Side.CLIENT: [Delay(0.01)]})
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            assert now_ns() - relay.captures()[0].time_of(Side.CLIENT, 0) >= 10_000_000
            writer.close()

    asyncio.run(run())


def test_conditions_that_change_at_any_time_lose_nothing_and_change_nothing() -> None:
    payload = random.Random(8).randbytes(400_000)

    async def run() -> None:
        async with relay_to(echo) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)

            async def change() -> None:
                draw = random.Random(9)
                while True:
                    chosen = draw.choice([*ALL_SORTS, []])
                    relay.set_conditions({Side.CLIENT: draw.choice([chosen, []]), Side.SERVER: chosen})
                    await asyncio.sleep(0.002)

            async def send() -> None:
                for start in range(0, len(payload), 1_000):
                    writer.write(payload[start : start + 1_000])
                    await writer.drain()
                writer.write_eof()

            changing = asyncio.create_task(change())
            _, received = await asyncio.gather(send(), reader.read())
            changing.cancel()
            assert received == payload
            writer.close()
            await relay.settle()

    asyncio.run(run())


# --- slow readers and bounds --------------------------------------------------------------


@pytest.mark.parametrize("conditions", [[Delay(0.01)], [Bandwidth(50_000_000), Jitter(0.002)], [Slicing(10_000)]])
def test_a_reader_that_does_not_read_stops_the_writer_and_nothing_is_lost(conditions: list[Condition]) -> None:
    total = 48 * 1024 * 1024

    async def run() -> None:
        may_read = asyncio.Event()
        arrived = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal arrived
            await may_read.wait()
            while data := await reader.read(1 << 20):
                arrived += len(data)
            writer.write(b"done")

        async with relay_to(slow, conditions={Side.CLIENT: conditions}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)

            async def send() -> None:
                for _ in range(total // 65536):
                    writer.write(b"x" * 65536)
                    await writer.drain()
                writer.write_eof()

            sending = asyncio.create_task(send())
            client = None
            while client is None:
                await asyncio.sleep(0)
                client = open_connection(relay).legs[Side.CLIENT] if relay.open_connections else None
            await until(lambda: client._line is not None and not client._line.has_room)
            line = client._line
            assert line is not None
            assert line.held_bytes <= MOST_HELD_BYTES + BUFFER_BYTES + 1_000
            assert not sending.done()
            may_read.set()
            assert await reader.read() == b"done"
            await sending
            assert arrived == total
            writer.close()

    asyncio.run(run())


def test_conditions_that_are_set_while_the_receiver_does_not_read_are_bounded_too() -> None:
    async def run() -> None:
        may_read = asyncio.Event()
        arrived = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal arrived
            await may_read.wait()
            while data := await reader.read(1 << 20):
                arrived += len(data)
            writer.write(b"done")

        async with relay_to(slow) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            await until(lambda: relay.open_connections == 1)
            legs = open_connection(relay).legs
            total = 48 * 1024 * 1024
            writer.write(b"x" * total)
            writer.write_eof()
            await until(lambda: legs[Side.SERVER]._is_full)
            relay.set_conditions({Side.CLIENT: [Slicing(10_000)]})
            line = legs[Side.CLIENT]._line
            assert line is not None
            await until(lambda: not line.has_room)
            assert line.held_bytes <= MOST_HELD_BYTES + BUFFER_BYTES + 1_000
            to_server = legs[Side.SERVER].transport
            assert to_server is not None
            assert to_server.get_write_buffer_size() <= 3 * BUFFER_BYTES
            may_read.set()
            assert await reader.read() == b"done"
            assert arrived == total
            writer.close()

    asyncio.run(run())


# --- resets -------------------------------------------------------------------------------


def test_a_reset_arrives_behind_the_bytes_that_were_sent_before_it() -> None:
    async def run() -> None:
        ended: asyncio.Future[tuple[bytes, BaseException]] = asyncio.get_running_loop().create_future()

        async def notice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            received = b""
            try:
                while True:
                    received += await reader.readexactly(1)
            except ConnectionError as error:
                ended.set_result((received, error))

        async with relay_to(notice, conditions={Side.CLIENT: [Delay(0.03)]}) as relay:
            _, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"last words")
            await until(lambda: relay.open_connections and relay.captures()[0].bytes_from(Side.CLIENT) == b"last words")
            send_reset(writer)
            received, error = await ended
            assert received == b"last words"
            assert isinstance(error, ConnectionResetError)
            await relay.settle()
            capture = relay.captures()[0]
            assert story(capture)[2:] == [(TransitionKind.RESET, Side.CLIENT), (TransitionKind.CLOSED, None)]
            times_ns = [transition.at_ns for transition in capture.transitions]
            assert times_ns[3] - times_ns[2] >= 30_000_000  # it was seen at once, and arrived later
            assert timers_left() == []

    asyncio.run(run())


def test_what_is_held_for_a_side_that_has_reset_is_dropped() -> None:
    async def run() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"never arrives")
            with pytest.raises(ConnectionError):
                await reader.read()

        async with relay_to(speak, conditions={Side.SERVER: [FOR_EVER]}) as relay:
            _, writer = await asyncio.open_connection(*relay.address)
            await until(lambda: relay.open_connections and relay.captures()[0].bytes_from(Side.SERVER))
            send_reset(writer)
            await relay.settle()
            assert story(relay.captures()[0])[2:] == [
                (TransitionKind.RESET, Side.CLIENT),
                (TransitionKind.CLOSED, None),
            ]
            assert timers_left() == []

    asyncio.run(run())


@pytest.mark.parametrize("conditions", [[], [Delay(0.02), Slicing(10)]], ids=["none", "slices"])
def test_a_server_that_goes_on_speaking_to_a_client_that_has_reset_does_no_harm(
    conditions: list[Condition], caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    writer.write(b"x" * 5_000)
                    await writer.drain()
                    await asyncio.sleep(0)
            except ConnectionError:
                stopped.set_result(None)

        async with relay_to(speak, conditions={Side.CLIENT: [Delay(0.05)], Side.SERVER: conditions}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            await reader.readexactly(100)
            send_reset(writer)
            await stopped
            await relay.settle()
            assert story(relay.captures()[0])[-1] == (TransitionKind.CLOSED, None)

    asyncio.run(run())
    assert not caplog.records  # asyncio's own warnings would stand in a notebook, under whichever cell runs


# --- the end of the relay -----------------------------------------------------------------


@pytest.mark.parametrize("ending", ["nothing", "FIN", "reset"])
def test_a_relay_that_stops_gives_up_what_it_holds_and_leaves_no_timer_and_no_task(ending: str) -> None:
    async def run() -> None:
        both: dict[Side, list[Condition]] = {Side.CLIENT: [FOR_EVER], Side.SERVER: [Delay(50)]}
        async with relay_to(greet, conditions=both) as relay:
            _, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"held")
            await until(lambda: relay.open_connections and len(relay.captures()[0].chunks) == 2)
            if ending == "FIN":
                writer.write_eof()
                await until(lambda: relay.captures()[0].finished)
            if ending == "reset":
                send_reset(writer)
                await until(lambda: story(relay.captures()[0])[-1] == (TransitionKind.RESET, Side.CLIENT))
            assert timers_left()
            await relay.stop()
            assert timers_left() == []
            assert story(relay.captures()[0])[-1] == (TransitionKind.CLOSED, None)
            writer.close()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"held too")
        with pytest.raises(ConnectionError):
            await reader.read()

    asyncio.run(run())
