"""A server of one's own behind a relay: it is recorded like the others, may fail as it likes, and ends with the lab."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import get
from lab_servers.clients.raw import send_bytes
from lab_servers.errors import BadParameter, LabNotRunning
from lab_servers.lab import Lab
from lab_servers.lab.hosting import Started
from lab_servers.lab.own_server import Handler
from tests.waiting import until, until_sync

LOOPBACK = "127.0.0.1"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def failing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise ZeroDivisionError("on purpose")


async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def stubborn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await reader.read()  # goes on until its connection is gone


async def leaving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise SystemExit("on purpose")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def test_a_handler_of_ones_own_is_served_and_recorded_like_the_lab_s_servers(lab: Lab) -> None:
    url = lab.host("mine", greeting)
    with lab.record("one question") as take:
        answer = lab.run(get(url + "/"))
    assert answer.text == "hi"
    (capture,) = take.recording.of("mine")
    assert capture.bytes_from(Side.SERVER) == ANSWER
    assert lab.url("mine", "/x") == url + "/x"
    assert "mine" in repr(lab)
    assert "your own server" in lab._repr_html_()


def test_hosting_under_the_same_name_again_replaces_the_server(lab: Lab) -> None:
    first = lab.host("mine", greeting)
    second = lab.host("mine", greeting)
    assert lab.url("mine") == second
    with socket.socket() as probe:
        assert probe.connect_ex(address(first)) != 0
    assert lab.run(get(second)).text == "hi"


def test_a_handler_that_raises_closes_its_connection_and_the_lab_tells(lab: Lab) -> None:
    host, port = address(lab.host("broken", failing, scheme="tcp"))
    exchange = lab.run(send_bytes(host, port, b"x"))
    assert exchange.received_bytes == 0
    until_sync(lambda: len(lab.problems) == 1)
    assert "ZeroDivisionError: on purpose" in lab.problems[0]


def test_a_handler_that_never_ends_does_not_keep_the_lab_from_stopping() -> None:
    with Lab([]) as lab:
        where = address(lab.host("endless", endless, scheme="tcp"))
        with socket.create_connection(where) as client:
            client.sendall(b"x")
            until_sync(lambda: [c.bytes_from(Side.CLIENT) for c in lab.recording()] == [b"x"])
            lab.stop()
            assert lab.problems == ()
    with socket.socket() as probe:
        assert probe.connect_ex(where) != 0


@pytest.mark.parametrize("handler", [flooding, stubborn])
def test_a_handler_that_does_not_end_when_it_is_cancelled_loses_its_connection(lab: Lab, handler: Handler) -> None:
    where = address(lab.host("mine", handler, scheme="tcp"))
    with socket.create_connection(where) as client:  # which never reads
        client.sendall(b"x")
        until_sync(lambda: [c.bytes_from(Side.CLIENT) for c in lab.recording()] == [b"x"])
        lab.run(get(lab.host("mine", greeting)))
        lab.stop()
    assert lab.problems == ()


def test_an_exit_in_a_handler_ends_its_connection_and_not_the_lab(lab: Lab) -> None:
    host, port = address(lab.host("mine", leaving, scheme="tcp"))
    assert lab.run(send_bytes(host, port, b"x")).received_bytes == 0
    until_sync(lambda: len(lab.problems) == 1)
    assert "SystemExit: on purpose" in lab.problems[0]
    assert lab.run(get(lab.host("mine", greeting))).text == "hi"


def test_what_a_take_has_seen_of_a_replaced_server_stays_in_that_take(lab: Lab) -> None:
    with lab.record("three servers of one name") as take:
        for _ in range(3):
            lab.run(get(lab.host("mine", greeting)))
    assert [capture.bytes_from(Side.SERVER) for capture in take.recording.of("mine")] == [ANSWER] * 3
    assert len(lab.recording()) == 0


def test_a_replaced_server_gives_its_share_of_the_bound_back() -> None:
    with Lab([], limit_bytes=40_000) as lab:
        for _ in range(30):  # each of which takes more than a thousand bytes
            lab.run(get(lab.host("mine", greeting)))
            (capture,) = lab.recording()
            assert capture.bytes_from(Side.SERVER) == ANSWER


def test_servers_hosted_at_once_under_one_name_leave_one(lab: Lab) -> None:
    async def hosted() -> list[str]:
        return await asyncio.gather(*(lab.host_async("mine", greeting) for _ in range(3)))

    urls = lab.run(hosted())
    assert urls[-1] == lab.url("mine")
    for gone in urls[:-1]:
        with socket.socket() as probe:
            assert probe.connect_ex(address(gone)) != 0


def test_what_cannot_be_hosted_gets_one_sentence(lab: Lab) -> None:
    with pytest.raises(BadParameter, match="one of the lab's own servers"):
        lab.host("http", greeting)
    with pytest.raises(BadParameter, match="async def handler"):
        lab.host("mine", lambda reader, writer: None)  # type: ignore[arg-type, return-value]
    for name in ("", "two\nlines", "x" * 41, 5):
        with pytest.raises(BadParameter, match="must be a text of 1 to 40 printable characters"):
            lab.host(name, greeting)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="scheme must be one of http, ws, tcp, not 'javascript'"):
        lab.host("mine", greeting, scheme="javascript")
    stopped = Lab([])
    with pytest.raises(LabNotRunning):
        stopped.host("mine", greeting)


def test_a_server_that_comes_up_while_the_lab_is_being_stopped_is_stopped_too() -> None:
    with Lab([]) as lab:
        ended = asyncio.Event()
        stopped: list[str] = []

        async def held_up() -> Started:
            async def stop() -> None:
                await ended.wait()

            return (LOOPBACK, 1), stop

        async def late() -> Started:
            await until(lambda: lab.is_stopping)

            async def stop() -> None:
                stopped.append("late")

            return (LOOPBACK, 1), stop

        async def adopt_late() -> None:
            try:
                await lab.adopt("late", late, speaks="nothing")
            finally:
                ended.set()

        lab.run(lab.adopt("held up", held_up, speaks="nothing"))
        job = lab.submit(adopt_late())
        lab.stop()
        with pytest.raises(LabNotRunning, match="stopped while this was under way"):
            job.result()
        assert stopped == ["late"]
        assert [hosted.kind.name for hosted in lab.hosted] == ["held up"]
