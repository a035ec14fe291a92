"""Our dissectors beside Wireshark's: the same messages and frames at the same offsets, with the same content.

Compared are of HTTP the parts of start lines, field lines, empty lines, chunk sizes with extensions, chunk data,
boundaries, trailers and bodies, decoded too; of WebSocket FIN, RSV, opcode, MASK, both forms of the length, key, place
of the payload, the unmasked or inflated content, fragments, close code and reason. Where the two differ:
``test_disagreements_tshark.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from lab_servers.capture.capture import Budget, Capture, Side
from lab_servers.capture.relay import Relay
from lab_servers.clients import converse, get
from lab_servers.lab import Lab
from lab_servers.scenarios import FourWays, OneExchange
from lab_servers.servers import shutdown, websocket
from tests.capture.wireshark import CLIENT, SERVER, SWITCHING, UPGRADE, recorded
from tests.wire.traffic import BIG_SIZES, CODES, SIZES, exchanges, frames
from tests.wire.tshark import tshark_units
from tests.wire.units import Frame, Message, Unit, ours
from tests.wire.websocket_frames import BINARY, CLOSE, KEY, TEXT, frame

SEEDS = (1, 2, 3)


def compared(folder: Path, captures: Sequence[Capture]) -> list[Unit]:
    """All units of the captures, in both directions, after comparing them with tshark's."""
    found = []
    for capture, theirs in zip(captures, tshark_units(folder, captures), strict=True):
        mine = ours(capture)
        for side in Side:
            assert mine[side] == theirs[side], f"{capture.server} {capture.number}, {side.value}"
            found += mine[side]
    return found


def kinds(units: Iterable[Unit], kind: type) -> list:
    return [unit for unit in units if isinstance(unit, kind)]


# --- generated ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_exchanges(seed: int, tmp_path: Path) -> None:
    """1,033 messages with 1,268 chunks in all."""
    messages = compared(tmp_path, [exchanges(seed, number) for number in range(1, 61)])
    assert len(messages) > 300
    assert sum(len(message.chunks) for message in kinds(messages, Message)) > 350


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_frames(seed: int, tmp_path: Path) -> None:
    """2,325 frames in all: 397 of them compressed, 297 continuations, 1,101 masked."""
    units = compared(tmp_path, [frames(seed, number) for number in range(1, 41)])
    found = kinds(units, Frame)
    assert len(found) > 700
    assert sum(one.rsv == 0b100 for one in found) > 100
    assert sum(one.opcode == 0 for one in found) > 70


@pytest.mark.parametrize("key", [b"", KEY], ids=["from the server", "from the client"])
def test_every_size_near_a_border_of_the_length_field(key: bytes, tmp_path: Path) -> None:
    """36 frames: 18 sizes, once masked and once not."""
    sent = b"".join(frame(BINARY, bytes(size), key=key) for size in SIZES + BIG_SIZES)
    talk = (CLIENT, UPGRADE), (SERVER, SWITCHING), (CLIENT if key else SERVER, sent)
    units = compared(tmp_path, [recorded(*talk)])
    assert [len(one.content) for one in kinds(units, Frame)] == [*SIZES, *BIG_SIZES]


def test_every_close_code(tmp_path: Path) -> None:
    """A close frame with every code from 0 to 5,000 that is a multiple of 41 or is defined: about 140 frames."""
    codes = sorted({*range(0, 5001, 41), *range(1000, 1016), *CODES})
    captures = []
    for number, code in enumerate(codes, 1):
        closing = frame(CLOSE, code.to_bytes(2) + "zu groß"[: code % 8].encode())
        captures.append(recorded((CLIENT, UPGRADE), (SERVER, SWITCHING), (SERVER, closing), number=number))
    units = compared(tmp_path, captures)
    assert [one.code for one in kinds(units, Frame)] == codes


# --- recorded -------------------------------------------------------------------------------------


def test_recorded_runs_of_the_lab(tmp_path: Path) -> None:
    """All messages and frames of four scenarios and some calls: at least 40 units."""
    captures: list[Capture] = []
    with Lab() as lab:
        captures += FourWays(interval_s=0.05, poll_every_s=0.05).run(lab)
        for framing in ("content-length", "chunked", "close"):
            captures += OneExchange(framing=framing, parts=5).run(lab)
        with lab.record("more") as take:
            lab.run(get(lab.url("http", "/api/notes")))
            lab.run(get(lab.url("http", "/nowhere")))
            said = ["你好", "x" * 300, "y" * 70_000]
            lab.run(converse(lab.url("websocket", "/ws/chat"), said, expect=len(said)))
        captures += take.recording
    units = compared(tmp_path, captures)
    assert len(kinds(units, Message)) >= 20
    assert len(kinds(units, Frame)) >= 10


def test_a_recorded_chat_with_compression(tmp_path: Path) -> None:
    """Six messages of a client of the websockets library, with what it offers by default, and their answers."""
    sent = ["hello", "hello", "你好" * 500, "z", "hello " * 30_000, "{}"]

    async def run() -> tuple[Capture, ...]:
        server = await websocket.make_server("127.0.0.1", 0, compression="deflate")
        relay = Relay("websocket", server.sockets[0].getsockname()[:2], Budget())
        await relay.start()
        host, port = relay.address
        async with connect(f"ws://{host}:{port}/ws/chat", proxy=None) as chat:
            for message in sent:
                await chat.send(message)
                assert await chat.recv() == "收到:" + message
        await relay.settle()
        await relay.stop()
        await shutdown.stop(server)
        return relay.captures()

    (capture,) = asyncio.run(run())
    found = kinds(compared(tmp_path, [capture]), Frame)
    said = [one.content.decode() for one in found if one.opcode == TEXT]
    assert said == sent + ["收到:" + message for message in sent]
    assert {one.rsv for one in found if one.opcode == TEXT} == {0b100}
