"""Somebody talks while a model talks, and interrupts it: over WebSocket, by POSTs, and in one upload, on real networks.

``ai_barge_in_ways.py`` has servers and clients, ``measure/barge_in.py`` reads the recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.capture.conditions import PRESETS, network_named
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, Started, start_application
from lab_servers.marks import Mark
from lab_servers.measure.barge_in import BEGINS, FRAME_EVERY_S, POSTS, UPLOAD, WAYS, WEBSOCKET
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.ai_barge_in_ways import (
    Talk,
    by_posts,
    by_upload,
    http_app,
    over_websocket,
    websocket_handler,
)
from lab_servers.scenarios.ai_networks import Ways
from lab_servers.scenarios.frames_library import library_server
from lab_servers.scenarios.scenario import Scenario

THREE = "three networks"
NETWORKS = ("loopback", "home fibre", "another continent")
LIMIT_S = 30.0
# Of sound, on all ways and networks; a recording keeps not much more, and without all of it nothing can be counted.
MOST_BYTES = 30_000_000
# What a frame costs beside its sound, in a recording.
AROUND_BYTES = 500


@dataclass(frozen=True)
class BargeIn(Scenario):
    """What does it cost to talk to a model that is talking, and how soon does it fall silent when interrupted?

    The client sends a frame of sound every 20 ms, as a telephone does, while tokens come down; after some of them it
    interrupts, and goes on speaking until the answer has ended. All ways run at once, each through its own network.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: a way broke.
    """

    network: str = choice(THREE, (THREE, *PRESETS), "What lies between the two; one after the other.")
    frame_bytes: int = whole(
        160, 8, 4_000, "bytes", "A frame of 20 ms: 160 bytes as µ-law at 8 kHz (G.711), 640 as 16-bit PCM at 16 kHz."
    )
    after_tokens: int = whole(12, 1, 500, "tokens", "After how many tokens the client interrupts.")
    ttft_s: float = number(0.1, 0, 5, "seconds", "Time to the model's first token.")
    gap_s: float = number(0.03, 0.001, 1, "seconds", "The time between two tokens.")

    def require_fitting(self) -> None:
        """The talk must fit into a recording.

        Raises:
            BadParameter: it does not.
        """
        frames = len(self.networks) * len(WAYS) * (self.ttft_s + self.after_tokens * self.gap_s) / FRAME_EVERY_S
        if frames * (self.frame_bytes + AROUND_BYTES) > MOST_BYTES:
            raise BadParameter(
                f"So long a talk is about {frames:,.0f} frames of {self.frame_bytes:,} bytes, more than a recording "
                f"keeps: choose fewer tokens, a shorter gap or shorter frames."
            )

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that the talk goes through."""
        return NETWORKS if self.network == THREE else (self.network,)

    @property
    def about_s(self) -> float:
        """The answer up to the interruption, and some crossings of each network."""
        talk_s = self.ttft_s + self.after_tokens * self.gap_s + 0.1
        return sum(talk_s + 4 * network_named(name).round_trip_s for name in self.networks)

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Talk through one network after the other."""
        return await _WAYS.through_each(
            lab,
            self.networks,
            lambda: Talk(self.frame_bytes, self.after_tokens, self.ttft_s, self.gap_s),
            begins=BEGINS,
            within_s=LIMIT_S + 3 * self.about_s,
            too_late="The talk did not end in time: this machine is too busy, try again.",
        )


async def _host(lab: Lab, way: str, talk: Talk) -> str:
    if way == WEBSOCKET:
        return await lab.adopt(way, library_server(websocket_handler(talk)), speaks="WebSocket", scheme="ws")

    async def start() -> Started:
        return await start_application(http_app(talk), ProblemLog().logger)

    return await lab.adopt(way, start, speaks="HTTP and an event stream")


_WAYS = Ways(_host, {WEBSOCKET: over_websocket, UPLOAD: by_upload, POSTS: by_posts})
