"""One answer on three ways, each cut at seeded bytes, read by clients that come back; the model goes on meanwhile.

The cut is a hop of its own (``ai_cutting_hop.py``) between a recording relay and the model's server, so what a relay
records is what its client got. ``views/looks/ai_resumed.py`` shows the run; ``clients/resuming.py`` does the reading.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lab_servers.clients import get
from lab_servers.clients.resuming import WAYS, Backoff, Habit, ResumedRead, read_resuming
from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, start_application
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, number, switch, whole
from lab_servers.scenarios.ai_cutting_hop import Cut, CuttingHop, Passage
from lab_servers.scenarios.scenario import Scenario
from lab_servers.servers.llm.app import make_app

ALL = "all three"
ANYWHERE, BEFORE_ID, WITHIN_CHARACTER = "anywhere", "before the first id", "within a character"
MODEL = "model"
PROMPT = "世界?"
EPOCHS = ("a1", "b2")

Stop = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class ResumedAnswer(Scenario):
    """Does a reader that comes back after a cut have every part of the answer once, on each of three ways?

    The answer is kept: its model generates whether anybody reads it or not. Each reader says where it was in its own
    way: ``Last-Event-ID``, ``?after=``, or a message. A cut falls on any byte, on that of a head or a character too.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    way: str = choice(ALL, (ALL, *WAYS), "On which way the answer is read.")
    cuts: int = whole(2, 0, 6, "cuts", "How many connections of each reader are cut.")
    where: str = choice(ANYWHERE, (ANYWHERE, BEFORE_ID, WITHIN_CHARACTER), "What the cuts fall on.")
    client: str = choice(Habit.BY_NUMBER.value, [one.value for one in Habit], "What a reader does after a cut.")
    key: bool = switch(True, "Whether the question has a key by which the server knows it again.")
    restart: bool = switch(False, "Whether the server is restarted at the first cut: a new life with a new epoch.")
    tokens: int = whole(36, 4, 2000, "tokens", "How long the answer is.")
    gap_s: float = number(0.02, 0, 1, "seconds", "The mean time between two tokens.")
    seed: int = whole(1, 0, 1_000_000, "", "Draws where the cuts fall, how they are made, and how long readers wait.")

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways of this run."""
        return WAYS if self.way == ALL else (self.way,)

    @property
    def about_s(self) -> float:
        """The answer, the waits, and the question before it that finds out how long it is."""
        return 0.4 + self.tokens * self.gap_s + self.cuts * 0.15

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Read it on all ways at once; what the model did is marked under ``"model"``."""
        lengths = {way: await measured(way, PROMPT, self.settings(ttft_s=0.0, gap_s=0.0)) for way in self.ways}
        lives = _Lives()
        hops: dict[str, CuttingHop] = {}
        cut_marks: dict[str, list[Mark]] = {way: [] for way in self.ways}
        restarting: list[asyncio.Task[None]] = []

        def on_cut(way: str, passage: Passage) -> None:
            how = "reset" if passage.cut is not None and passage.cut.reset else "end"
            cut_marks[way].append(Mark(now_ns(), "cut", f"{passage.number} {len(passage.passed)} {how}"))
            if self.restart and not restarting:
                restarting.append(asyncio.create_task(lives.begin(EPOCHS[1], hops.values())))

        try:
            await lives.begin(EPOCHS[0], ())
            urls = {}
            for way in self.ways:
                plan = planned(lengths[way], self.cuts, self.where, f"{way} {self.seed}")
                hops[way] = CuttingHop(lives.address, plan, partial(on_cut, way))
                urls[way] = await lab.adopt(way, _starting(hops[way]), speaks="a model's answer, cut now and then")
            async with asyncio.TaskGroup() as all_at_once:
                reading = {way: all_at_once.create_task(self._read(urls[way], way)) for way in self.ways}
            for task in restarting:
                await task
            await lives.all_done()
        finally:
            await lives.end()
        marks: dict[str, Sequence[Mark]] = {
            way: [*task.result().marks, *cut_marks[way]] for way, task in reading.items()
        }
        return {**marks, MODEL: lives.marks}

    def settings(self, **others: float) -> dict[str, object]:
        """How the model behaves."""
        return {"tokens": self.tokens, "gap_s": self.gap_s, "ttft_s": 0.1, "seed": self.seed, **others}

    async def _read(self, url: str, way: str) -> ResumedRead:
        return await read_resuming(
            url, way, PROMPT, self.settings(),
            key=f"{way} {self.seed}" if self.key else "",
            asks_again=True,
            habit=Habit(self.client),
            backoff=Backoff(first_s=0.12, most_s=0.5),
            timeout_s=30 + 2 * self.tokens * self.gap_s,
            seed=self.seed + WAYS.index(way),
        )  # fmt: skip


def planned(lengths: Sequence[bytes], cuts: int, where: str, seed: str) -> Callable[[int], Cut | None]:
    """Where each connection of a reader is cut.

    Args:
        lengths: What the server sends on each connection when nothing is cut: the question's, if it has one of its
            own, and the answer's.
        cuts: How many connections are cut.
        where: ``"anywhere"``, ``"within a character"`` or ``"before the first id"``.
        seed: Draws them.
    """
    chance = random.Random(f"{seed} {where}")
    if where == BEFORE_ID:
        first, (start, stop) = 1, before_first_id(lengths[0])
    else:
        # The whole answer for one cut, and a smaller share the more there are: each leaves something for the next.
        first, (start, stop) = len(lengths), (0, max(2 * len(lengths[-1]) // (cuts + 1), 1))
    found = {
        first + place: Cut(chance.randrange(start, stop), where == WITHIN_CHARACTER, chance.random() < 0.5)
        for place in range(cuts)
    }
    return found.get


def before_first_id(received: bytes) -> tuple[int, int]:
    """The bytes at which a connection that has asked can be cut before it has brought the id of its run.

    A client of HTTP has a head when it has all of it, and a message when it has all of its frame. On a WebSocket the
    question follows the handshake: a handshake that was cut has asked nothing.
    """
    head_end = received.find(b"\r\n\r\n") + 4
    if not received.startswith(b"HTTP/1.1 101"):
        return 0, head_end
    # RFC 6455 §5.2: the first frame is short, so its head has two bytes, and the second says how long it is.
    return head_end, head_end + 2 + received[head_end + 1]


async def measured(way: str, prompt: str, settings: Mapping[str, object]) -> list[bytes]:
    """What a server of the same answer sends on each connection of a reader that nothing disturbs: a rehearsal."""
    address, stop = await start_application(make_app(epoch=EPOCHS[0]), ProblemLog().logger)
    hop = CuttingHop(address)
    try:
        host, port = await hop.start()
        await read_resuming(f"http://{host}:{port}", way, prompt, settings)
    finally:
        await hop.stop()
        await stop()
    return [bytes(passage.passed) for passage in hop.passages]


def _starting(hop: CuttingHop) -> Callable[[], Coroutine[Any, Any, tuple[tuple[str, int], Stop]]]:
    async def start() -> tuple[tuple[str, int], Stop]:
        return await hop.start(), hop.stop

    return start


class _Lives:
    """The model's server, one life after the other."""

    def __init__(self) -> None:
        self.address = ("", 0)
        self.marks: list[Mark] = []
        self._epoch = ""
        self._stop: Stop | None = None
        self._finished: list[Mark] = []
        self._news = asyncio.Event()

    async def begin(self, epoch: str, hops: Iterable[CuttingHop]) -> None:
        """Begin a life, lead the hops to it, and end the one before: its runs, and their logs, are gone."""
        before, self._epoch = self._stop, epoch
        self.address, self._stop = await start_application(make_app(self._mark, epoch=epoch), ProblemLog().logger)
        self._mark("begins", epoch)
        for hop in hops:
            hop.upstream = self.address
        if before is not None:
            await before()

    async def all_done(self) -> None:
        """Wait until this life has finished every answer that it began: what came is compared with all of it."""
        began = (await get(f"http://{self.address[0]}:{self.address[1]}/api/meter")).json()["runs"]
        while sum(mark.detail.startswith(f"{self._epoch}-") for mark in self._finished) < began:
            self._news.clear()
            await self._news.wait()

    async def end(self) -> None:
        """End the last life."""
        if self._stop is not None:
            await self._stop()

    def _mark(self, what: str, detail: str) -> None:
        if what == "token":  # the parts that it produces say enough
            return
        self.marks.append(Mark(now_ns(), what, detail))
        if what == "finished":
            self._finished.append(self.marks[-1])
            self._news.set()
