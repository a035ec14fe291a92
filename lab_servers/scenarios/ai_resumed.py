"""One answer on three ways, each cut at seeded bytes, read by clients that come back; the model goes on meanwhile.

The cut is a hop of its own (``ai_cutting_hop.py``) between a recording relay and the model's server, so what a relay
records is what its client got. ``views/looks/ai_resumed.py`` shows the run; ``clients/resuming.py`` does the reading.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lab_servers.clients import get
from lab_servers.clients.failures import LONGEST_TIMEOUT_S
from lab_servers.clients.resuming import WAYS, Backoff, Habit, ResumedRead, read_resuming
from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, start_application
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, number, switch, whole
from lab_servers.scenarios.ai_cutting_hop import Cut, CuttingHop, Passage
from lab_servers.scenarios.ai_model import HostedModel
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
    restart: bool = switch(False, "Whether the first cut, then in the midst of the answer, is a restart of the server.")
    tokens: int = whole(36, 4, 2000, "tokens", "How long the answer is.")
    gap_s: float = number(0.02, 0, 1, "seconds", "The mean time between two tokens.")
    seed: int = whole(36, 0, 1_000_000, "", "Draws where the cuts fall, how they are made, and how long readers wait.")

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways of this run."""
        return WAYS if self.way == ALL else (self.way,)

    @property
    def about_s(self) -> float:
        """The answer, the waits, and the question before it that finds out how long it is."""
        return 0.4 + self.tokens * self.gap_s + self.cuts * 0.15

    @property
    def within_s(self) -> float:
        """After so long a reader gives up: far more than the answer takes, as far as a time limit can be."""
        return min(30 + 2 * self.tokens * self.gap_s, LONGEST_TIMEOUT_S)

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Read it on all ways at once; what the model did is marked under ``"model"``."""
        lengths = {way: await measured(way, PROMPT, self.settings(ttft_s=0.0, gap_s=0.0)) for way in self.ways}
        model = HostedModel(handler_cancellation=True)
        begins: list[Mark] = []
        cut_marks: dict[str, list[Mark]] = {way: [] for way in self.ways}
        restarting: list[asyncio.Task[None]] = []

        async def begin(epoch: str) -> None:
            await model.restart(epoch)
            begins.append(Mark(now_ns(), "begins", epoch))

        def on_cut(way: str, passage: Passage) -> None:
            how = "reset" if passage.cut is not None and passage.cut.reset else "end"
            cut_marks[way].append(Mark(now_ns(), "cut", f"{passage.number} {how}"))
            if self.restart and not restarting:
                restarting.append(asyncio.create_task(begin(EPOCHS[1])))

        try:
            await begin(EPOCHS[0])
            urls = {}
            for way in self.ways:
                plan = planned(lengths[way], self.cuts, self.where, f"{way} {self.seed}", in_midst=self.restart)
                hop = CuttingHop(model.address, plan, partial(on_cut, way))
                urls[way] = await lab.adopt(way, _starting(hop), speaks="a model's answer, cut now and then")
            async with asyncio.TaskGroup() as all_at_once:
                reading = {way: all_at_once.create_task(self._read(urls[way], way)) for way in self.ways}
            for task in restarting:
                await task
            await _all_done(model)
        finally:
            # A run that is stopped in the midst of a restart must not leave the new life behind.
            await asyncio.gather(*restarting, return_exceptions=True)
            await model.stop()
        marks: dict[str, Sequence[Mark]] = {
            way: [*task.result().marks, *cut_marks[way]] for way, task in reading.items()
        }
        # The parts that it produced say enough.
        return {**marks, MODEL: [*begins, *(mark for mark in model.marks if not mark.name.startswith("token"))]}

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
            timeout_s=self.within_s,
            seed=self.seed + WAYS.index(way),
        )  # fmt: skip


def planned(
    lengths: Sequence[bytes], cuts: int, where: str, seed: str, *, in_midst: bool = False
) -> Callable[[int], Cut | None]:
    """Where each connection of a reader is cut.

    Args:
        lengths: What the server sends on each connection when nothing is cut: the question's, if it has one of its
            own, and the answer's.
        cuts: How many connections are cut.
        where: ``"anywhere"``, ``"within a character"`` or ``"before the first id"``.
        seed: Draws them.
        in_midst: Whether they fall into the middle half of what comes behind the head, wherever else they may fall.
    """
    chance = random.Random(f"{seed} {where}")
    if where == BEFORE_ID:
        first, (start, stop) = 1, before_first_id(lengths[0])
    elif in_midst:
        head_end = lengths[-1].find(b"\r\n\r\n") + 4
        quarter = (len(lengths[-1]) - head_end) // 4
        first, (start, stop) = len(lengths), (head_end + quarter, head_end + 3 * quarter)
    else:
        # For one cut anywhere, and an equal share for each of several: what is left is never too short for the next.
        first, (start, stop) = len(lengths), (0, len(lengths[-1]) // max(cuts, 1))
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


async def _all_done(model: HostedModel) -> None:
    """Wait until the model's present life has finished every answer that it began: what came is compared with all."""
    began = (await get(f"http://{model.address[0]}:{model.address[1]}/api/meter")).json()["runs"]
    ended = [mark.detail for mark in model.marks if mark.name.startswith("finished")]
    await model.until("finished", began + sum(not detail.startswith(f"{model.epoch}-") for detail in ended))
