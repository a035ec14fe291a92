"""Answers that are cut once, at a seeded byte, and what their readers make of it: for tests and for the benchmark."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from lab_servers.clients.resuming import Backoff, Habit, ResumedRead, read_resuming
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
