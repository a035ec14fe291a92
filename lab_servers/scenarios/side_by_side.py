"""The same messages on every lane at the same time: what differs between the transports, and what does not.

``side_runs.py`` runs the lanes, ``side_payload.py`` draws the messages, ``measure/`` finds in the recording what each
lane cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.capture.conditions import LOOPBACK_NETWORK, PRESETS, Condition, network_named
from lab_servers.capture.conditions.network import most_bytes_s
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.transports import LANES, SECOND_LANES, Lane
from lab_servers.parameters import choice, number, switch, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_payload import (
    BLOBS,
    KINDS,
    LEAST_BLOB_BYTES,
    MOST_BLOB_BYTES,
    TOKENS,
    make_messages,
)
from lab_servers.scenarios.side_runs import LaneRun, run_lanes

DOWN, UP, BOTH_WAYS = "down", "up", "both ways"

LONGEST_S = 60.0
# Of the 64 MiB that a lab records at most, so that there is room for what else passes.
MOST_RECORDED_BYTES = 48 * 2**20

# For these two bounds: the longest message that is no blob; the heads of one exchange; what the processor, which all
# lanes share, needs to carry a message on one lane, and each of its bytes; what is recorded beside a message.
MOST_SHORT_BYTES = 128
HEADS_BYTES = 400
WORK_S = 0.0007
WORK_S_PER_BYTE = 1.5e-8
RECORDED_BESIDE_BYTES = 1_200


@dataclass(frozen=True)
class SideBySide(Scenario):
    """What differs when the same messages travel over every transport, and what does not?

    Each lane has a server, a relay and a client of its own, and all run at once, staggered so that no two messages are
    produced in the same instant. Upstream, a lane that has no way of its own (polling, long polling, SSE) sends a POST
    for each message.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    payload: str = choice(TOKENS, KINDS, "What is said.")
    messages: int = whole(24, 1, 1_000, "messages", "How many messages travel each way on each lane.")
    interval_s: float = number(0.05, 0.002, 5, "seconds", "How long after one message the next is produced.")
    direction: str = choice(DOWN, (DOWN, UP, BOTH_WAYS), "Which way they go: down is from the server.")
    network: str = choice(
        LOOPBACK_NETWORK.name, PRESETS, "What lies between each client and its server, by published figures."
    )
    poll_every_s: float = number(0.13, 0.02, 10, "seconds", "In which steps the polling client asks.")
    blob_bytes: int = whole(16_384, LEAST_BLOB_BYTES, MOST_BLOB_BYTES, "bytes", "How long each of large blobs is.")
    libraries: bool = switch(False, "Whether the second libraries run too.")
    seed: int = whole(7, 0, 1_000_000, "", "What the messages are drawn with.")

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes that run."""
        return (*LANES, *SECOND_LANES) if self.libraries else LANES

    def require_fitting(self) -> None:
        """Refuse a run that takes too long, or of which the lab could not record every byte.

        Raises:
            BadParameter: they do not fit.
        """
        if self.about_s > LONGEST_S:
            raise BadParameter(
                f"These messages would take about {self.about_s:,.0f} s, and a run may take {LONGEST_S:g} s: choose "
                f"fewer messages, a shorter interval_s or a faster network."
            )
        if self._recorded_bytes > MOST_RECORDED_BYTES:
            raise BadParameter(
                f"These messages would make a recording of about {self._recorded_bytes / 2**20:,.0f} MiB, and there is "
                f"room for {MOST_RECORDED_BYTES / 2**20:g} MiB: choose fewer messages or a smaller blob_bytes."
            )

    @property
    def about_s(self) -> float:
        """As long as the slowest lane: one that asks for each message, or one that sends all at the end."""
        round_trip_s = network_named(self.network).round_trip_s
        rate_bytes_s = min(most_bytes_s(one) for one in self._directions)
        message_s = self._message_bytes / rate_bytes_s
        each_asked_s = self.messages * max(self.interval_s, round_trip_s + message_s + HEADS_BYTES / rate_bytes_s)
        at_the_end_s = self.messages * (self.interval_s + message_s)
        working_s = self._carried_messages * (WORK_S + WORK_S_PER_BYTE * self._message_bytes)
        opening_s = 0.2 + 3 * round_trip_s  # open, ask, close
        return opening_s + max(each_asked_s, at_the_end_s, working_s) + self.poll_every_s

    @property
    def _directions(self) -> list[tuple[Condition, ...]]:
        """The conditions of each direction in which messages go."""
        network = network_named(self.network)
        return {DOWN: [network.down], UP: [network.up], BOTH_WAYS: [network.up, network.down]}[self.direction]

    @property
    def _message_bytes(self) -> int:
        return self.blob_bytes if self.payload == BLOBS else MOST_SHORT_BYTES

    @property
    def _carried_messages(self) -> int:
        """How many messages travel on all lanes together."""
        return self.messages * len(self.lanes) * len(self._directions)

    @property
    def _recorded_bytes(self) -> int:
        return self._carried_messages * (self._message_bytes + RECORDED_BESIDE_BYTES)

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
                up_later_s=step_s / 2,
                poll_every_s=self.poll_every_s,
                network=self.network,
            )
            for place, lane in enumerate(self.lanes)
        ]
        return await run_lanes(lab, runs, within_s=60 + 3 * self.about_s)
