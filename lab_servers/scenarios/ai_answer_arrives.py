"""One answer on every way at once through one network, so that what the reader feels can be compared: waits and bytes.

``views/looks/ai_answer_arrives.py`` shows it; ``measure/answer_times.py`` and ``answer_bytes.py`` compute the figures.
``clients/answers.py`` reads, ``ai_model.py`` hosts the model behind one relay for each way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab_servers.capture.conditions.presets import PRESETS
from lab_servers.clients.answers import OURS, VENDORS, AnswerRead, Way, read_answer
from lab_servers.clients.failures import LONGEST_TIMEOUT_S
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.model_marks import produced
from lab_servers.parameters import choice, number, whole
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_model import HostedModel, host_model
from lab_servers.scenarios.scenario import Scenario
from lab_servers.servers.llm.texts import LANGUAGES

ALL, OUR_WAYS, VENDORS_WAYS = "all", "ours", "vendors"
WAYS = {ALL: tuple(Way), OUR_WAYS: OURS, VENDORS_WAYS: VENDORS}
PROMPT = "世界?"
# About so many tokens are in one tool call.
CALL_TOKENS = 10
# The label of what the model itself marked.
MODEL = "model"


@dataclass(frozen=True)
class AnswerArrives(Scenario):
    """When does the reader of a model's answer see each piece of it, on every way that it can travel?

    The same prompt with the same seed is asked on all ways at the same moment, each through a relay of its own with
    the same network. Every way brings the same text, to the last code point, and the same arguments of tool calls: the
    run fails if one does not.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    network: str = choice("loopback", tuple(PRESETS), "What lies between the reader and the model's server.")
    tokens: int = whole(40, 1, 2_000, "tokens", "How long the answer is.")
    ttft_s: float = number(0.3, 0, 10, "seconds", "How long the model needs for the first token.")
    gap_s: float = number(0.03, 0, 2, "seconds", "The mean time between two tokens.")
    spread: float = number(0.5, 0, 2, "", "How much the gaps differ: sigma of a log-normal distribution.")
    stall_every: int = whole(0, 0, 2_000, "tokens", "After so many tokens it stalls for half a second; 0: never.")
    burst: int = whole(1, 1, 100, "tokens", "How many tokens the model makes at one moment.")
    reasoning_tokens: int = whole(0, 0, 2_000, "tokens", "How many tokens it thinks first, which nobody is sent.")
    language: str = choice("mixed", LANGUAGES, "What the answer is written in.")
    tool_calls: int = whole(0, 0, 8, "calls", "How many tools it calls after its text.")
    batch_s: float = number(0, 0, 2, "seconds", "Text of so long a time travels as one part; 0: each at once.")
    ways: str = choice(ALL, tuple(WAYS), "On which ways it is asked: this project's own, the vendors', or all.")
    poll_every_s: float = number(0.25, 0.02, 10, "seconds", "From one question of short polling to the next.")
    seed: int = whole(0, 0, 1_000_000, "", "Draws the gaps and where tokens are cut.")

    @property
    def about_s(self) -> float:
        """The answer, what the network adds, and the last question of short polling."""
        generated = self.tokens + self.reasoning_tokens + CALL_TOKENS * self.tool_calls
        stalls = 0.5 * (generated // self.stall_every) if self.stall_every else 0.0
        polling_s = self.poll_every_s if Way.SHORT_POLLING in WAYS[self.ways] else 0.0
        network_s = 3 * PRESETS[self.network].round_trip_s
        return 0.2 + self.ttft_s + self.gap_s * generated + stalls + polling_s + network_s

    def settings(self) -> dict[str, object]:
        """How the model behaves, as the query says it."""
        names = (
            "tokens", "ttft_s", "gap_s", "spread", "stall_every", "burst", "reasoning_tokens", "language",
            "tool_calls", "batch_s", "seed",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask on all ways at once."""
        ways = WAYS[self.ways]
        model = await host_model(lab, [way.value for way in ways])
        for way in ways:
            await lab.network_async(way.value, self.network)
        within_s = most_s(self.about_s)
        async with asyncio.TaskGroup() as all_at_once:
            reading = {
                way: all_at_once.create_task(
                    read_answer(
                        model.urls[way.value], way, PROMPT, self.settings(), poll_every_s=self.poll_every_s,
                        timeout_s=within_s,
                    )
                )
                for way in ways
            }  # fmt: skip
        require_same_text(model, [task.result() for task in reading.values()])
        return {**{way.value: task.result().marks for way, task in reading.items()}, MODEL: model.marks}


def most_s(about_s: float) -> float:
    """How long an answer that should take ``about_s`` seconds may take: gaps are drawn, and the machine may be busy."""
    return min(30 + 3 * about_s, LONGEST_TIMEOUT_S)


def require_same_text(model: HostedModel, answers: Iterable[AnswerRead]) -> None:
    """Check that each answer is complete and is what the model said, to the last code point; its tool calls too.

    Raises:
        ExchangeFailed: one is not.
    """
    parts = produced(Recording(MODEL, (), tuple(model.marks)))
    for answer in answers:
        own = [part for part in parts if part.run == answer.run_id]
        said = "".join(part.text for part in own if not part.is_arguments)
        if answer.text != said or not answer.state.is_complete:
            raise ExchangeFailed(
                f"On the way {answer.way.value} {len(answer.text)} of {len(said)} characters came, or not as the model "
                f"said them ({answer.ending.value}). Look at the last bytes of that way in the capture."
            )
        arguments = [part.text for part in own if part.is_arguments]
        # Some dialects send them as JSON and not as a text, and JSON's own spaces are nobody's.
        if _without_spaces(call.arguments for call in answer.state.tool_calls) != _without_spaces(arguments):
            raise ExchangeFailed(
                f"On the way {answer.way.value} the arguments of {len(answer.state.tool_calls)} tool calls came, and "
                "not as the model said them. Look at the last bytes of that way in the capture."
            )


def _without_spaces(texts: Iterable[str]) -> str:
    return "".join("".join(texts).split())
