"""Messages at several rates for four ways of knowing them: how stale is what a client knows, on average and at worst?

``side_runs.py`` runs the lanes, ``measure/staleness.py`` reads the recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from lab_servers.capture.conditions import PRESETS
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.growth_steps import MACHINE
from lab_servers.measure.machine import machine
from lab_servers.measure.staleness import LANES, Span
from lab_servers.measure.timing import PRODUCED
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_payload import STATUS, make_messages
from lab_servers.scenarios.side_runs import LaneRun, run_lanes

# Fewer messages tell nothing about an average.
LEAST_MESSAGES = 4


@dataclass(frozen=True)
class StalenessAtRates(Scenario):
    """How stale is what a client knows, for four ways of knowing it, when something new happens rarely and often?

    At each rate, the servers of short polling, long polling, SSE and WebSocket say the same messages, all four at once
    and staggered in phase, each message at a random moment of its interval. It is stale from the moment it was produced
    until the client's application has it.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: a lane broke, or took too long.
    """

    least_messages_s: float = number(8, 0.5, 100, "messages per second", "The lowest rate.")
    most_messages_s: float = number(100, 1, 500, "messages per second", "The highest rate.")
    steps: int = whole(4, 2, 8, "steps", "At how many rates, evenly spaced on a logarithmic scale.")
    for_s: float = number(0.4, 0.1, 10, "seconds", "How long each rate lasts; at least four messages are said.")
    poll_every_s: float = number(0.13, 0.02, 10, "seconds", "In which steps the short poller asks.")
    network: str = choice("loopback", tuple(PRESETS), "What lies between each client and its server.")
    seed: int = whole(7, 0, 1_000_000, "", "What the messages and their moments are drawn with.")

    def require_fitting(self) -> None:
        """The rates rise."""
        if self.least_messages_s >= self.most_messages_s:
            raise BadParameter(
                f"least_messages_s must be below most_messages_s, and {self.least_messages_s:g} is not below "
                f"{self.most_messages_s:g}."
            )

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates, in messages per second."""
        ratio = self.most_messages_s / self.least_messages_s
        return tuple(self.least_messages_s * ratio ** (place / (self.steps - 1)) for place in range(self.steps))

    @property
    def counts(self) -> tuple[int, ...]:
        """How many messages are said at each rate."""
        return tuple(max(LEAST_MESSAGES, round(rate * self.for_s)) for rate in self.rates)

    @property
    def about_s(self) -> float:
        """The messages of each rate, and the poller's last question."""
        round_trip_s = PRESETS[self.network].round_trip_s
        around_s = 0.05 + self.poll_every_s + 4 * round_trip_s
        return sum(count / rate + around_s for rate, count in zip(self.rates, self.counts, strict=True))

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """One rate after the other."""
        run = [Mark(now_ns(), MACHINE, machine().sentence())]
        marks: dict[str, list[Mark]] = {lane.name: [] for lane in LANES}
        messages = make_messages(STATUS, sum(self.counts), 64, self.seed)
        said = 0
        random = Random(self.seed)
        for rate, count in zip(self.rates, self.counts, strict=True):
            # Somewhere within each interval: at even steps, all messages of a rate could miss a poll by the same time.
            moments_s = tuple((place + random.random()) / rate for place in range(count))
            run.append(Span(rate, said + 1, said + count).mark(now_ns()))
            lanes = [
                LaneRun(
                    lane,
                    messages[said : said + count],
                    moments_s=moments_s,
                    phase_s=place / rate / len(LANES),
                    poll_every_s=self.poll_every_s,
                    network=self.network,
                )
                for place, lane in enumerate(LANES)
            ]
            for name, made in (await run_lanes(lab, lanes, within_s=30 + 3 * self.about_s)).items():
                marks[name] += [_numbered_on(mark, said) for mark in made]
            said += count
        return {"run": run, **marks}


def _numbered_on(mark: Mark, said: int) -> Mark:
    """A feed counts its own messages from 1; an inbox reads the number that a message says."""
    return replace(mark, detail=str(int(mark.detail) + said)) if mark.name == PRODUCED else mark
