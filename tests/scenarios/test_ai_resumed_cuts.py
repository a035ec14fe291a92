"""A thousand seeded cuts on each transport, really on sockets: no part of an answer is missing and none comes twice.

The wire is cut by a reset or by a FIN, at any byte of what the server sends: in heads, sizes of chunks, ids, characters
and heads of frames. The same cuts are given to two clients that resume badly, so that this can fail.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

import pytest

from lab_servers.clients.resuming import (
    EVENT_STREAM,
    LINES,
    WAYS,
    WEBSOCKET,
    Backoff,
    Habit,
    ResumedRead,
    Stopped,
    read_resuming,
)
from lab_servers.measure.cut_places import Place, place_of_cut
from lab_servers.scenarios.ai_cutting_hop import Cut, CuttingHop, Passage
from lab_servers.scenarios.ai_resumed import measured
from lab_servers.servers.llm.app import make_app
from tests.servers.running import running

CUTS = 1_000
AT_A_TIME = 16
TOKENS = 12
# 世 and 界 have three bytes each, the emoji four: the answer and the cuts meet all of them.
PROMPT = "世界?"
NO_WAIT = Backoff(first_s=0, most_s=0)

# On HTTP the heads, sizes and lines; on WebSocket the handshake and the frames. In every answer, characters and texts.
PLACES = {
    EVENT_STREAM: {Place.HEAD, Place.CHUNK_SIZE, Place.CHUNK_END, Place.ID, Place.CHARACTER, Place.JSON},
    LINES: {Place.HEAD, Place.CHUNK_SIZE, Place.CHUNK_END, Place.CHARACTER, Place.JSON},
    WEBSOCKET: {Place.HEAD, Place.FRAME_HEAD, Place.CHARACTER, Place.JSON},
}


@dataclass
class Outcome:
    """One answer that was cut once, and what its reader made of it."""

    seed: int
    read: ResumedRead
    passages: list[Passage]

    @property
    def cuts(self) -> list[Passage]:
        return [passage for passage in self.passages if passage.was_cut]


def drawn(seed: int, lengths: list[bytes]) -> tuple[int, Cut]:
    """Which connection of a reader is cut, and where: of five, one is the question's, and one is cut in a character."""
    chance = random.Random(seed)
    connection = 1 if seed % 5 == 0 else len(lengths)
    size = len(lengths[connection - 1])
    reset = chance.random() < 0.5
    if seed % 5 == 1:  # what is left behind the middle of the answer may have no such character
        return connection, Cut(chance.randrange(size // 2), within_character=True, reset=reset)
    return connection, Cut(chance.randrange(size), reset=reset)


async def cut_once(port: int, way: str, seed: int, lengths: list[bytes], habit: Habit) -> Outcome:
    connection, cut = drawn(seed, lengths)
    hop = CuttingHop(("127.0.0.1", port), {connection: cut}.get)
    host, hop_port = await hop.start()
    try:
        read = await read_resuming(
            f"http://{host}:{hop_port}",
            way,
            PROMPT,
            # Of two answers, one is read while it is generated, and one from the log.
            {"tokens": TOKENS, "ttft_s": 0, "gap_s": 0.001 if seed % 2 else 0},
            key=f"{way} {seed} {habit.value}",
            habit=habit,
            backoff=NO_WAIT,
            seed=seed,
        )
    finally:
        await hop.stop()
    return Outcome(seed, read, hop.passages)


async def outcomes(way: str, count: int, habit: Habit = Habit.BY_NUMBER) -> list[Outcome]:
    lengths = await measured(way, PROMPT, {"tokens": TOKENS, "ttft_s": 0, "gap_s": 0})
    turns = asyncio.Semaphore(AT_A_TIME)
    async with running(make_app(epoch="a1")) as port:

        async def one(seed: int) -> Outcome:
            async with turns:
                return await cut_once(port, way, seed, lengths, habit)

        return await asyncio.gather(*(one(seed) for seed in range(count)))


async def whole_answer(way: str) -> ResumedRead:
    async with running(make_app(epoch="a1")) as port:
        return await read_resuming(f"http://127.0.0.1:{port}", way, PROMPT, {"tokens": TOKENS, "ttft_s": 0, "gap_s": 0})


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_after_each_of_a_thousand_cuts_every_part_is_there_once(way: str) -> None:
    expected = asyncio.run(whole_answer(way))
    found = asyncio.run(outcomes(way, CUTS))
    assert sum(len(one.cuts) for one in found) == CUTS
    assert [one for one in found if one.read.sequences != expected.sequences] == []
    assert [one for one in found if one.read.text != expected.text] == []
    assert {one.read.stopped for one in found} == {Stopped.COMPLETE}
    assert sum(one.read.gaps for one in found) == sum(one.read.duplicates for one in found) == 0
    places = Counter(place_of_cut(bytes(passage.passed)) for one in found for passage in one.cuts)
    assert PLACES[way] <= set(places), f"the cuts fell on {places}"


@pytest.mark.parametrize("way", WAYS)
def test_under_the_same_cuts_a_client_that_trusts_the_end_lacks_parts(way: str) -> None:
    expected = asyncio.run(whole_answer(way))
    found = asyncio.run(outcomes(way, 40, Habit.TRUSTS_THE_END))
    short = [one for one in found if one.read.stopped is Stopped.TRUSTED]
    assert len(short) >= 20
    assert all(len(one.read.parts) < len(expected.parts) for one in short)
    assert all(expected.text.startswith(one.read.text) for one in short)


@pytest.mark.parametrize("way", WAYS)
def test_under_the_same_cuts_a_client_without_ids_shows_parts_twice(way: str) -> None:
    expected = asyncio.run(whole_answer(way))
    found = asyncio.run(outcomes(way, 40, Habit.WITHOUT_IDS))
    wrong = [one for one in found if one.read.sequences != expected.sequences]
    assert len(wrong) >= 10
    assert all(one.read.duplicates for one in wrong)
    assert all(set(one.read.sequences) == set(expected.sequences) for one in found)
