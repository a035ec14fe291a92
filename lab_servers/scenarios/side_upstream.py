"""A client that speaks often, over POST beside an event stream and over WebSocket: what each of its messages costs.

``side_upstream_step.py`` lets it speak at one rate, ``measure/upstream.py`` reads what that took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_servers.errors import BadParameter, ExchangeFailed, LabError
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.growth_steps import MACHINE
from lab_servers.measure.machine import machine
from lab_servers.measure.transports import Lane, Transport
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_payload import BLOBS, CHAT, KINDS, make_messages
from lab_servers.scenarios.side_runs import first_error
from lab_servers.scenarios.side_upstream_step import LEAST_COOKIE_BYTES, Speech, speak

LANES = (Lane(Transport.RECONNECTING), Lane(Transport.SSE), Lane(Transport.WEBSOCKET))
RATES = (1, 10, 60)
# A rate that has only one message is none.
LEAST_MESSAGES = 2
STAGGERED_S = 0.05


@dataclass(frozen=True)
class Upstream(Scenario):
    """What does each message of a client that speaks 1, 10 or 60 times a second cost, by POST and over WebSocket?

    The client speaks at each rate for ``for_s`` seconds, and at least twice. Its server takes every message and answers
    a POST with 204. The three ways run at once: a POST on a new connection for each message; a POST on a kept
    connection, beside an event stream that stays open for what the server has to say; a WebSocket for both.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: a lane broke.
    """

    payload: str = choice(CHAT, tuple(kind for kind in KINDS if kind != BLOBS), "What the client says.")
    for_s: float = number(0.4, 0.1, 10, "seconds", "How long it speaks at each rate.")
    header_bytes: int = whole(
        0,
        0,
        2_000,
        "bytes",
        "How much longer each request head is by a Cookie field, as browsers send it: 0, or 11 up.",
    )
    seed: int = whole(7, 0, 1_000_000, "", "What the messages are drawn with.")

    def require_fitting(self) -> None:
        """A field has a name, a colon and a line end."""
        if 0 < self.header_bytes < LEAST_COOKIE_BYTES:
            raise BadParameter(
                f"header_bytes must be 0, or at least {LEAST_COOKIE_BYTES}, the length of the shortest Cookie field, "
                f"not {self.header_bytes}."
            )

    @property
    def counts(self) -> tuple[int, ...]:
        """How many messages are said at each rate."""
        return tuple(max(LEAST_MESSAGES, round(rate * self.for_s)) for rate in RATES)

    @property
    def about_s(self) -> float:
        """The messages of each rate, and opening and closing around them."""
        return sum((count - 1) / rate + 0.05 for rate, count in zip(RATES, self.counts, strict=True))

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Speak at one rate after the other, on all lanes at once."""
        measured_on = Mark(now_ns(), MACHINE, machine().sentence())
        marks: dict[str, list[Mark]] = {lane.name: [] for lane in LANES}
        messages = make_messages(self.payload, sum(self.counts), 64, self.seed)
        said = 0
        for rate, count in zip(RATES, self.counts, strict=True):
            speech = Speech(rate, messages[said : said + count], self.header_bytes)
            said += count
            try:
                async with asyncio.timeout(20 + 10 * self.about_s), asyncio.TaskGroup() as all_at_once:
                    for place, lane in enumerate(LANES):
                        # Staggered, so that no two send in the same instant.
                        later_s = place * min(1 / rate, STAGGERED_S) / len(LANES)
                        all_at_once.create_task(speak(lab, lane, speech, later_s, marks[lane.name]))
            except TimeoutError:
                raise ExchangeFailed("Not everything arrived in time: this machine is too busy, try again.") from None
            except ExceptionGroup as group:
                error = first_error(group)
                if isinstance(error, LabError):
                    raise error from group
                raise ExchangeFailed(f"A lane broke ({type(error).__name__}: {error}): run it again.") from group
        return {"run": [measured_on], **marks}
