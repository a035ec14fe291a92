"""One answer through good and bad networks at once, on four ways: what of the wait is the model's, and what the way's.

``views/looks/ai_through_networks.py`` shows it; ``measure/answer_times.py`` computes the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.capture.conditions.presets import PRESETS
from lab_servers.clients.answers import Way, read_answer
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number, whole
from lab_servers.scenarios.ai_answer_arrives import MODEL, PROMPT, most_s, require_same_text
from lab_servers.scenarios.ai_model import host_model
from lab_servers.scenarios.scenario import Scenario

NETWORKS = ("loopback", "4G", "café Wi-Fi", "satellite")
WAYS = (Way.WHOLE, Way.EVENT_STREAM, Way.WEBSOCKET, Way.LONG_POLLING)


@dataclass(frozen=True)
class AnswerThroughNetworks(Scenario):
    """What does a network add to the wait for the first text, and to the gaps after it, on four ways?

    The relay accepts each connection at once, so that TCP's own handshake adds no round trip to any of the times, and
    there is no TLS; the round trips that a way's own requests and its handshake take are in them.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    tokens: int = whole(30, 2, 500, "tokens", "How long the answer is.")
    ttft_s: float = number(0.2, 0, 10, "seconds", "How long the model needs for the first token.")
    gap_s: float = number(0.03, 0.001, 1, "seconds", "The mean time between two tokens.")
    seed: int = whole(0, 0, 1_000_000, "", "Draws the gaps and where tokens are cut.")

    @property
    def about_s(self) -> float:
        """The answer through the slowest network, with the round trips of a WebSocket and of polling."""
        slowest_s = max(PRESETS[name].round_trip_s for name in NETWORKS)
        return 0.5 + self.ttft_s + self.tokens * self.gap_s + 4 * slowest_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask on all ways through all networks at once."""
        names = {f"{way.value}, {network}": (way, network) for network in NETWORKS for way in WAYS}
        model = await host_model(lab, list(names))
        for name, (_, network) in names.items():
            await lab.network_async(name, network)
        settings: dict[str, object] = {
            "tokens": self.tokens,
            "ttft_s": self.ttft_s,
            "gap_s": self.gap_s,
            "language": "english",
            "seed": self.seed,
        }
        async with asyncio.TaskGroup() as all_at_once:
            reading = {
                name: all_at_once.create_task(
                    read_answer(model.urls[name], way, PROMPT, settings, timeout_s=most_s(self.about_s))
                )
                for name, (way, _) in names.items()
            }
        require_same_text(model, [task.result() for task in reading.values()])
        return {**{name: task.result().marks for name, task in reading.items()}, MODEL: model.marks}
