"""One answer in ever larger batches, and once through a buffer that is emptied late: what delay buys, and what not.

``views/looks/ai_batching.py`` shows it; ``measure/batching.py`` computes the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from lab_servers.clients.answers import Way, read_answer
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.batching import LATE, batch_name
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.ai_answer_arrives import MODEL, PROMPT, most_s, require_same_text
from lab_servers.scenarios.ai_late_flush import start_late_flush
from lab_servers.scenarios.ai_model import host_model
from lab_servers.scenarios.scenario import Scenario
from lab_servers.servers.llm.texts import LANGUAGES

# How long text is collected before it is sent as one part, in seconds; 0: each piece as soon as it can be sent.
WINDOWS_S = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5)
WAYS = (Way.EVENT_STREAM, Way.NDJSON, Way.WEBSOCKET)
# The relay that stands between the buffer and the model.
DIRECT = "behind the buffer"


@dataclass(frozen=True)
class Batching(Scenario):
    """How much delay buys how many bytes, when a server sends the text of a while at once?

    The same answer is read with six windows of batching at the same moment, and a seventh time without batching but
    through a buffer that is emptied late: that one has the delay, and every byte.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    way: str = choice(Way.EVENT_STREAM.value, [way.value for way in WAYS], "On which way the answer travels.")
    tokens: int = whole(60, 2, 1_000, "tokens", "How long the answer is.")
    gap_s: float = number(0.025, 0.001, 1, "seconds", "The mean time between two tokens.")
    late_s: float = number(0.25, 0.01, 2, "seconds", "How long the buffer that is emptied late holds bytes.")
    language: str = choice("english", LANGUAGES, "What the answer is written in.")
    seed: int = whole(0, 0, 1_000_000, "", "Draws the gaps and where tokens are cut.")

    @property
    def about_s(self) -> float:
        """The answer, and the longest wait for the rest of it."""
        return 0.6 + self.tokens * self.gap_s + max(self.late_s, *WINDOWS_S)

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Read all of them at once."""
        way = Way(self.way)
        windows = {batch_name(way.value, window_s): window_s for window_s in WINDOWS_S}
        late = f"{way.value}, {LATE}"
        model = await host_model(lab, [*windows, DIRECT])
        behind = urlsplit(model.urls[DIRECT])
        start = partial(start_late_flush, (behind.hostname or "", behind.port or 0), self.late_s)
        urls = {**model.urls, late: await lab.adopt(late, start, speaks="the same, emptied late")}
        async with asyncio.TaskGroup() as all_at_once:
            reading = {
                name: all_at_once.create_task(
                    read_answer(urls[name], way, PROMPT, self._settings(window_s), timeout_s=most_s(self.about_s))
                )
                for name, window_s in {**windows, late: 0.0}.items()
            }
        require_same_text(model, [task.result() for task in reading.values()])
        return {**{name: task.result().marks for name, task in reading.items()}, MODEL: model.marks}

    def _settings(self, window_s: float) -> dict[str, object]:
        return {
            "tokens": self.tokens,
            "gap_s": self.gap_s,
            "ttft_s": 0.1,
            "batch_s": window_s,
            "language": self.language,
            "seed": self.seed,
        }
