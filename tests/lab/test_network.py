"""A lab puts a network between a server and its clients: by name, at any time, and takes it away again."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.capture.conditions import Delay, Network, Pause
from lab_servers.errors import BadParameter, LabNotRunning
from lab_servers.lab import Lab
from tests.waiting import until_sync

SLOW = Network("slow", up=(Delay(0.03),), down=(Delay(0.02),))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as lab:
        lab.host("echo", echo, scheme="tcp")
        yield lab


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)


async def connect(lab: Lab, name: str = "echo") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = lab.url(name).removeprefix("tcp://").partition(":")
    return await asyncio.open_connection(address[0], int(address[2]))


async def round_trip_s(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    start = time.perf_counter()
    writer.write(b"?")
    assert await reader.readexactly(1) == b"?"
    return time.perf_counter() - start


def test_a_network_holds_for_open_connections_and_for_new_ones_until_it_is_taken_away(lab: Lab) -> None:
    async def talk() -> None:
        first = await connect(lab)
        await round_trip_s(*first)
        await lab.network_async("echo", SLOW)
        second = await connect(lab)
        assert await round_trip_s(*first) >= 0.05
        assert await round_trip_s(*second) >= 0.05
        await lab.network_async("echo")
        for _, writer in (first, second):
            writer.close()

    lab.run(talk())
    assert lab.hosted[-1].network.name == "loopback"


def test_a_network_is_set_by_name_from_any_thread(lab: Lab) -> None:
    lab.network("echo", "another continent")
    assert lab.hosted[-1].network.name == "another continent"
    assert "your own server, over another continent" in repr(lab)
    assert "over another continent" in lab._repr_html_()
    lab.network("echo")
    assert "over another continent" not in repr(lab)


def test_other_servers_are_not_behind_it(lab: Lab) -> None:
    lab.network("echo", "satellite")
    assert [hosted.network.name for hosted in lab.hosted] == ["loopback", "satellite"]


def test_a_server_that_is_hosted_anew_begins_without_a_network(lab: Lab) -> None:
    lab.network("echo", "satellite")
    lab.host("echo", echo, scheme="tcp")
    assert lab.hosted[-1].network.name == "loopback"


def test_a_take_waits_for_the_last_fin_as_long_as_the_network_needs(lab: Lab) -> None:
    async def talk() -> None:
        _, writer = await connect(lab)
        writer.write(b"x")
        writer.close()

    lab.network("echo", Network("far", up=(Delay(0.2),), down=(Delay(0.2),)))
    with lab.record("a call", settle_s=0.1) as take:
        lab.run(talk())
    assert take.recording.captures[0].finished == (Side.CLIENT, Side.SERVER)
    assert take.recording.captures[0].closed_ns is not None


def test_a_lab_stops_while_a_network_holds_bytes(lab: Lab) -> None:
    lab.network("echo", Network("dead", up=(Pause(0, 3_600),)))
    host, _, port = lab.url("echo").removeprefix("tcp://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"never arrives")
        until_sync(lambda: any(capture.chunks for capture in lab.recording().captures))
        lab.stop()
    assert [one.kind for one in lab.recording().captures[0].transitions][-2:] == [
        TransitionKind.ABANDONED,
        TransitionKind.CLOSED,
    ]
    assert lab.problems == ()


@pytest.mark.parametrize(
    ("server", "network", "sentence"),
    [
        ("htpt", "4G", "No server 'htpt' runs in this lab: choose from http, echo."),
        (["http"], "4G", "No server ['http'] runs in this lab: choose from http, echo."),
        (
            "http",
            "5G",
            "There is no network '5G': choose from loopback, office LAN, home fibre, 4G, café Wi-Fi, satellite, "
            "another continent, or make a Network.",
        ),
    ],
)
def test_an_unknown_server_or_network_is_one_sentence(lab: Lab, server: str, network: str, sentence: str) -> None:
    with pytest.raises(BadParameter) as refused:
        lab.network(server, network)
    assert str(refused.value) == sentence


def test_a_lab_that_does_not_run_has_no_network() -> None:
    with pytest.raises(LabNotRunning):
        Lab(["http"]).network("http", "4G")
