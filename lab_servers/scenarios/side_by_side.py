"""The same messages on every lane at the same time: what differs between the transports, and what does not.

``side_runs.py`` runs the lanes, ``side_payload.py`` draws the messages, ``measure/`` finds in the recording what each
lane cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.transports import LANES, SECOND_LANES, Lane
from lab_servers.parameters import choice, number, switch, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_payload import KINDS, LEAST_BLOB_BYTES, MOST_BLOB_BYTES, TOKENS, make_messages
from lab_servers.scenarios.side_runs import LaneRun, run_lanes

DOWN, UP, BOTH_WAYS = "down", "up", "both ways"


@dataclass(frozen=True)
class SideBySide(Scenario):
    """What differs when the same messages travel over every transport, and what does not?

    Each lane has a server, a relay and a client of its own, and all run at once. They are staggered in phase, so that
    no two send in the same instant. Upstream, a lane that has no way of its own (polling, long polling, SSE) sends a
    POST for each message.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    payload: str = choice(TOKENS, KINDS, "What is said.")
    messages: int = whole(24, 1, 1_000, "messages", "How many messages travel each way on each lane.")
    interval_s: float = number(0.05, 0.002, 5, "seconds", "How long after one message the next is produced.")
    direction: str = choice(
        DOWN, (DOWN, UP, BOTH_WAYS), "Which way they go: down is from the server."
    )
    poll_every_s: float = number(0.13, 0.02, 10, "seconds", "In which steps the polling client asks.")
    blob_bytes: int = whole(16_384, LEAST_BLOB_BYTES, MOST_BLOB_BYTES, "bytes", "How long each of large blobs is.")
    libraries: bool = switch(False, "Whether the second libraries run too.")
    seed: int = whole(7, 0, 1_000_000, "", "What the messages are drawn with.")

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes that run."""
        return (*LANES, *SECOND_LANES) if self.libraries else LANES

    @property
    def about_s(self) -> float:
        """The messages, and the last question of the polling client."""
        return 0.2 + self.messages * self.interval_s + self.poll_every_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Run all lanes at once."""
        messages = make_messages(self.payload, self.messages, self.blob_bytes, self.seed)
        step_s = self.interval_s / len(self.lanes)
        runs = [
            LaneRun(
                lane,
                () if self.direction == UP else messages,
                () if self.direction == DOWN else messages,
                self.interval_s,
                phase_s=place * step_s,
                poll_every_s=self.poll_every_s,
            )
            for place, lane in enumerate(self.lanes)
        ]
        return await run_lanes(lab, runs, within_s=60 + 3 * self.about_s)
