"""A model that uses a tool many times: over one WebSocket, by a POST each turn with an id, or with all of it again.

``ai_tool_turns_ways.py`` has servers and clients, ``measure/tool_turns.py`` reads the recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.capture.conditions import PRESETS, network_named
from lab_servers.capture.conditions.network import most_bytes_s
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, Started, start_application
from lab_servers.marks import Mark
from lab_servers.measure.tool_turns import BEGINS, CONVERSATION, HISTORY, WEBSOCKET
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.ai_networks import Ways
from lab_servers.scenarios.ai_tool_turns_ways import (
    TOKENS_EACH,
    Work,
    http_app,
    over_websocket,
    websocket_handler,
    with_conversation,
    with_history,
)
from lab_servers.scenarios.frames_library import library_server
from lab_servers.scenarios.scenario import Scenario

THREE = "three networks"
NETWORKS = ("home fibre", "4G", "another continent")
LIMIT_S = 30.0
# Of histories, on all networks; a recording keeps not much more, and without all of it nothing can be counted.
MOST_BYTES = 40_000_000


@dataclass(frozen=True)
class ToolTurns(Scenario):
    """What do many tool turns cost on one connection, with an id, and with the whole history each time?

    The tool itself takes no time here: what is measured is the way. All ways keep their connection open between turns,
    and run at once, each through a network of its own.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: a way broke.
    """

    network: str = choice(THREE, (THREE, *PRESETS), "What lies between the two; one after the other.")
    turns: int = whole(8, 1, 100, "turns", "How often the model asks for a tool.")
    result_bytes: int = whole(3_000, 1, 100_000, "bytes", "How long a tool's result is.")
    system_bytes: int = whole(6_000, 1, 100_000, "bytes", "How long instructions and descriptions of tools are.")
    ttft_s: float = number(0.02, 0, 5, "seconds", "Time to the model's first token in each turn.")
    gap_s: float = number(0.005, 0, 1, "seconds", "The time between two tokens.")
    seed: int = whole(8, 0, 1_000_000, "", "What the results are drawn with.")

    def require_fitting(self) -> None:
        """All histories must fit into a recording.

        Raises:
            BadParameter: they do not.
        """
        sent = len(self.networks) * self._history_bytes
        if sent > MOST_BYTES:
            raise BadParameter(
                f"So many turns send {sent / 1e6:,.0f} MB of history, more than a recording keeps: choose fewer turns, "
                f"shorter results or one network."
            )

    @property
    def _history_bytes(self) -> float:
        """What is sent where each turn sends all that was said before."""
        return (self.turns + 1) * (self.system_bytes + self.turns * self.result_bytes / 2)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that the turns go through."""
        return NETWORKS if self.network == THREE else (self.network,)

    @property
    def about_s(self) -> float:
        """A round trip for each turn, the model's time, and the whole history at the network's rate."""
        turn_s = self.ttft_s + TOKENS_EACH * self.gap_s
        networks = [network_named(name) for name in self.networks]
        history_s = sum(self._history_bytes / most_bytes_s(network.up) for network in networks)
        trips = sum(network.round_trip_s for network in networks)
        return len(self.networks) * (self.turns + 1) * turn_s + (self.turns + 2) * trips + history_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Work through one network after the other."""
        return await _WAYS.through_each(
            lab,
            self.networks,
            lambda: Work(self.turns, self.system_bytes, self.result_bytes, self.ttft_s, self.gap_s, self.seed),
            begins=BEGINS,
            within_s=LIMIT_S + 3 * self.about_s,
            too_late="The turns did not end in time: choose fewer, or try again.",
        )


async def _host(lab: Lab, way: str, work: Work) -> str:
    if way == WEBSOCKET:
        return await lab.adopt(way, library_server(websocket_handler(work)), speaks="WebSocket", scheme="ws")

    async def start() -> Started:
        return await start_application(http_app(work), ProblemLog().logger)

    return await lab.adopt(way, start, speaks="HTTP and event streams")


_WAYS = Ways(_host, {WEBSOCKET: over_websocket, CONVERSATION: with_conversation, HISTORY: with_history})
