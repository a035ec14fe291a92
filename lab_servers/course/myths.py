"""Sentences that everybody repeats about HTTP, SSE and WebSocket, each settled by recordings: true, false, or depends.

``myths_settled.py`` has what settles each; a notebook shows :func:`myth_table`. No verdict stands here or there: it is
computed from the bytes and marks of the recordings at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab_servers.course import myths_settled as settled
from lab_servers.course.myths_settled import OPEN, Settled
from lab_servers.recording import Recording
from lab_servers.views.table import Table


@dataclass(frozen=True)
class Myth:
    """One sentence.

    Attributes:
        says: The sentence.
        scenario: The name of the scenario whose recordings settle it.
        settle: What they say; takes all recordings of that scenario that are at hand, at least one.
    """

    says: str
    scenario: str
    settle: Callable[[Sequence[Recording]], Settled]


MYTHS: tuple[Myth, ...] = (
    Myth("SSE sends HTTP headers with each message.", "SideBySide", settled.headers_with_each),
    Myth("WebSocket is faster than SSE.", "Latencies", settled.websocket_is_faster),
    Myth("WebSocket always costs fewer bytes than SSE.", "SideBySide", settled.websocket_is_smaller),
    Myth("Polling is always wasteful.", "SideBySide", settled.polling_is_wasteful),
    Myth("Each HTTP request needs a connection of its own.", "SideBySide", settled.connection_for_each),
    Myth("With SSE the client cannot say anything.", "SideBySide", settled.client_is_mute),
    Myth("Streaming makes the answer complete sooner.", "BufferedHop", settled.streaming_is_done_sooner),
    Myth("A stream with the status 200 streams.", "BufferedHop", settled.status_means_streaming),
)


def settle(myth: Myth, recordings: Sequence[Recording]) -> Settled:
    """What the recordings say of one myth; open where none of them is of its scenario."""
    fitting = [one for one in recordings if one.name == myth.scenario]
    if not fitting:
        return Settled(OPEN, f"No recording at hand tells: run the scenario {myth.scenario}.", "")
    return myth.settle(fitting)


def myth_table(*recordings: Recording) -> Table:
    """Every myth with its verdict, the figures that it rests on, and the bytes to look at.

    Args:
        recordings: Runs of ``SideBySide`` (at two rates and both ways, to settle all of them), ``Latencies`` and
            ``BufferedHop``.
    """
    rows = []
    for myth in MYTHS:
        found = settle(myth, recordings)
        rows.append((myth.says, found.verdict, found.shows, found.bytes))
    notices = tuple(dict.fromkeys(notice for one in recordings for notice in one.notices))
    return Table(
        "What is said, and what these recordings show",
        ("what is said", "verdict", "what was measured", "the bytes"),
        tuple(rows),
        notices=notices,
    )
