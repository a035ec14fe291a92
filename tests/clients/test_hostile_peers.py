"""Whatever a server sends, a client returns or raises one sentence; it neither hangs nor lets another error out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable

import pytest

from lab_servers.clients import converse, get, long_poll, poll, read_events
from lab_servers.errors import ExchangeFailed
from tests.clients.peers import answering, end, reset
from tests.clients.test_websocket import speaking

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"9\r\ndata: a\n\n\r\n0\r\n\r\n",
    b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\nETag: "x"\r\n\r\ndata: a\n\n',
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\3",
    b'HTTP/1.1 200 OK\r\nContent-Length: 57\r\n\r\n{"events": [{"id": 1, "line": "x"}], "next": 1, "state": 1}',
]
FRAMES = [b"\x81\x05hello\x88\x02\x03\xe8", b"\x01\x02he\x89\x00\x80\x03llo\x82\x7e\x00\x05abcde\x88\x00"]


def damaged(recorded: bytes, chance: random.Random) -> bytes:
    data = bytearray(recorded)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(data) + 1)
        match chance.choice(["change", "insert", "delete", "cut"]):
            case "change":
                data[at : at + 1] = chance.randbytes(1)
            case "insert":
                data[at:at] = bytes(chance.choices(b"\r\n\0: 0\xff\x80\t", k=3))
            case "delete":
                del data[at : at + 4]
            case "cut":
                del data[at:]
    return bytes(data)


async def one_sentence(call: Awaitable[object]) -> None:
    said = "It worked."
    try:
        await call
    except ExchangeFailed as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize("seed", range(40))
def test_damaged_answers_and_frames(seed: int) -> None:
    chance = random.Random(seed)

    async def scene() -> None:
        async with answering(damaged(chance.choice(ANSWERS), chance), then=chance.choice([end, reset])) as peer:
            await one_sentence(get(peer.url, timeout_s=5))
            await one_sentence(read_events(peer.url, timeout_s=5))
            await one_sentence(poll(peer.url, interval_s=0.001, is_done=lambda answer: False, limit=2, timeout_s=5))
            await one_sentence(long_poll(peer.url, hold_s=0, limit=2))
            await one_sentence(converse(peer.ws_url, timeout_s=5))
        async with speaking(damaged(chance.choice(FRAMES), chance), end) as peer:
            await one_sentence(converse(peer.ws_url, ["x"], timeout_s=5))

    asyncio.run(scene())
