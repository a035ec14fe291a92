"""Many answers at once from one kernel, and before them one alone on each way: what a crowd costs each token.

One model stands behind a relay for each way. Every question is another one, so an answer that came to the wrong reader
would show. ``measure/many_answers.py`` reads the recording, ``views/looks/ai_many_answers.py`` shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.clients.failures import LONGEST_TIMEOUT_S
from lab_servers.clients.resuming import WAYS, read_resuming
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.many_answers import ALONE, EXPECTED, MODEL, TOGETHER
from lab_servers.parameters import number, whole
from lab_servers.scenarios.ai_model import host_model
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_growth_files import files_for
from lab_servers.servers.llm.parts import Text
from lab_servers.servers.llm.settings import Settings
from lab_servers.servers.llm.timeline import moments_of

# Between the first of the crowd and the last: to open a connection costs far more than to send a token, and all at one
# moment would be a measurement of that. Nobody's first token comes before the last has asked.
ARRIVE_S = 1.2
TTFT_S = 1.2
# A token of one answer alone is as late whatever the pace, so those answers do not take long.
ALONE_S = {"ttft_s": 0.05, "gap_s": 0.02}


@dataclass(frozen=True)
class ManyAnswers(Scenario):
    """How much later does a token come when one kernel sends many answers at once, and does each reach its reader?

    Each way has one reader alone first. Then the crowd comes, spread evenly over the ways. A token's delay is the time
    from the moment at which the model could send it to the moment at which its reader had it. Model, relays and readers
    share one thread here, so a crowd pays for its readers too.

    Raises:
        BadParameter: a parameter is out of its bounds, or this system does not allow so many open files.
    """

    answers: int = whole(200, 3, 500, "answers", "How many answers are on their way at once.")
    tokens: int = whole(12, 4, 2000, "tokens", "How long each of them is.")
    gap_s: float = number(0.2, 0.005, 1, "seconds", "The mean time between two tokens of one answer.")
    seed: int = whole(0, 0, 1_000_000, "", "Draws the moments and the answers.")

    @property
    def about_s(self) -> float:
        """One answer after the other on each way, the last for the crowd."""
        alone_s = ALONE_S["ttft_s"] + self.tokens * ALONE_S["gap_s"]
        return len(WAYS) * alone_s + ARRIVE_S + TTFT_S + self.tokens * self.gap_s + 1.0

    @property
    def within_s(self) -> float:
        """After so long a reader gives up, and what has not come counts as lost.

        Four times what the answer takes on paper, as far as a time limit can be: a machine may be that busy.
        """
        return min(20 + 4 * (TTFT_S + self.tokens * self.gap_s), LONGEST_TIMEOUT_S)

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """The three alone, then the crowd; what the model did and should have done is marked under ``"model"``."""
        marks: dict[str, Sequence[Mark]] = {}
        with files_for("answers", self.answers):
            model = await host_model(lab, WAYS)
            for way in WAYS:
                label = f"{ALONE} 1, {way}"
                marks[label] = await self._answer(model.urls[way], way, label, ALONE_S)
            async with asyncio.TaskGroup() as crowd:
                tasks = {}
                for place in range(self.answers):
                    way = WAYS[place % len(WAYS)]
                    label = f"{TOGETHER} {place + 1}, {way}"
                    comes_s = ARRIVE_S * place / self.answers
                    tasks[label] = crowd.create_task(self._answer(model.urls[way], way, label, {}, comes_s))
            await model.stop()
        marks |= {label: task.result() for label, task in tasks.items()}
        return {**marks, MODEL: [mark for mark in model.marks if not mark.name.startswith("token")]}

    async def _answer(
        self, url: str, way: str, label: str, pace: Mapping[str, float], comes_s: float = 0
    ) -> list[Mark]:
        """One reader: the parts that the model should make for it, each with its moment in the run, and what came."""
        await asyncio.sleep(comes_s)
        asked_ns = now_ns()
        prompt = f"Answer {label}"
        settings = {"tokens": self.tokens, "seed": self.seed, "ttft_s": TTFT_S, "gap_s": self.gap_s, **pace}
        read = await read_resuming(url, way, prompt, settings, key=label, timeout_s=self.within_s)
        moments = moments_of(prompt, Settings.from_values(settings))
        parts = [(moment.due_s, part) for moment in moments for part in moment.parts]
        expected = [
            Mark(asked_ns, EXPECTED, f"{number} {due_s:.6f} {part.text if isinstance(part, Text) else ''}")
            for number, (due_s, part) in enumerate(parts, 1)
        ]
        kept = [mark for mark in read.marks if mark.name in ("run known", "received", "duplicate", "stopped")]
        return [*expected, *kept]
