"""When many pollers ask again after an outage, with three kinds of jitter: computed on a virtual clock, not sent.

``views/looks/polling_herd.py`` draws it. The moments stand in the recording as marks, in virtual nanoseconds from the
moment at which the outage began.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number, whole
from lab_servers.recording import Recording
from lab_servers.scenarios.scenario import Scenario

# How long to wait of at most `longest_s`, by the names that M. Brooker gave them: "Exponential Backoff And Jitter",
# https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
JITTERS: dict[str, Callable[[float, Random], float]] = {
    "no jitter": lambda longest_s, random: longest_s,
    "equal jitter": lambda longest_s, random: longest_s / 2 + random.uniform(0, longest_s / 2),
    "full jitter": lambda longest_s, random: random.uniform(0, longest_s),
}


@dataclass(frozen=True)
class Herd(Scenario):
    """When do many pollers ask again that lost their answers at the same moment, with and without jitter?

    Computed on a virtual clock from a seed; not one request is sent. A server goes away while all pollers have a
    question pending, so all of them begin to retry at the same moment. Each waits min(cap, base × 2ⁿ) after its n-th
    failure, or a part of it, until the server is back.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    pollers: int = whole(200, 1, 500, "pollers", "How many pollers lose their answer.")
    outage_s: float = number(20, 0, 120, "seconds", "How long the server is away.")
    base_s: float = number(1, 0.5, 10, "seconds", "The longest wait after the first failure.")
    cap_s: float = number(30, 5, 120, "seconds", "The longest wait at all.")
    slot_s: float = number(0.5, 0.1, 10, "seconds", "How wide a slot of the histogram is.")
    seed: int = whole(7, 0, 1_000_000, "", "What the random waits are drawn with.")

    @property
    def about_s(self) -> float:
        """It is computed at once."""
        return 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Compute when each poller asks, for each kind of jitter."""
        return {kind: self._moments(wait, Random(self.seed)) for kind, wait in JITTERS.items()}

    def _moments(self, wait: Callable[[float, Random], float], random: Random) -> list[Mark]:
        marks: list[Mark] = []
        for _ in range(self.pollers):
            at_s, failures = 0.0, 0
            while at_s < self.outage_s or failures == 0:
                # The exponent is bounded: with it, a float would overflow long before the outage ends.
                at_s += wait(min(self.cap_s, self.base_s * 2 ** min(failures, 30)), random)
                failures += 1
                outcome = "refused" if at_s < self.outage_s else "answered"
                marks.append(Mark(round(at_s * 1e9), "asks", outcome))
        return marks

    def finished(self, recording: Recording) -> Recording:
        """Nothing but what was computed: real bytes and moments of others have no place on a virtual clock."""
        computed = tuple(mark for mark in recording.marks if mark.name.partition(": ")[0] in JITTERS)
        return replace(recording, captures=(), marks=computed)
