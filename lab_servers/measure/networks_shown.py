"""The networks that one run shows side by side, each condition by itself and those with names, and their errors.

``scenarios/side_conditions.py`` runs them, ``views/looks/side_conditions.py`` draws what :func:`shown` computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions import PRESETS, Bandwidth, Condition, Delay, Jitter, Network, Pause, Slicing
from lab_servers.capture.conditions.network import most_bytes_s
from lab_servers.errors import BadParameter
from lab_servers.measure.network_errors import Arrival, arrivals
from lab_servers.recording import Recording

# The connections that the run makes through each network, in order.
PROBES, BULK = 1, 2

# How long a small message is.
PROBE_BYTES = 8

PAUSE_AFTER_S = 0.1


def networks(
    *, delay_s: float, jitter_s: float, rate_bytes_s: float, slice_bytes: int, gap_s: float, pause_s: float, seed: int
) -> tuple[Network, ...]:
    """The networks of a run with these parameters, in the order in which they are shown."""
    alone: dict[str, Condition] = {
        "a delay": Delay(delay_s),
        "jitter": Jitter(jitter_s, seed),
        "a bandwidth": Bandwidth(rate_bytes_s),
        "slicing": Slicing(slice_bytes, gap_s),
    }
    # Only down: the answers to what a pause has held up would come after it.
    pause = Network("a pause", down=(Pause(PAUSE_AFTER_S, pause_s),))
    return (*(Network(name, (one,), (one,)) for name, one in alone.items()), pause, *PRESETS.values())


def networks_of(parameters: Mapping[str, Any]) -> tuple[Network, ...]:
    """The networks of a recording, from its parameters.

    Raises:
        BadParameter: it is no recording of such a run.
    """
    names = ("delay_s", "jitter_s", "rate_bytes_s", "slice_bytes", "gap_s", "pause_s", "seed")
    if not all(name in parameters for name in names):
        raise BadParameter("This recording shows no network conditions: run the scenario ConditionsShown.")
    return networks(**{name: parameters[name] for name in names})


def server_name(network: Network) -> str:
    """What recordings call the server behind a network."""
    return f"over {network.name}"


def mark_name(connection: int, receiver: Side) -> str:
    """What a receiver calls the mark of each of its reads on one of the connections."""
    return f"{'probes' if connection == PROBES else 'bulk'} read by {receiver.value}"


@dataclass(frozen=True)
class Shown:
    """One direction of one network.

    Attributes:
        network: The network.
        sender: Who sends.
        probes: Small messages that were sent one by one.
        bulk: The reads of many bytes that were sent at once; empty where no rate was asked for.
        rate_bytes_s: The rate that was asked for; infinite without one.
    """

    network: Network
    sender: Side
    probes: tuple[Arrival, ...]
    bulk: tuple[Arrival, ...]
    rate_bytes_s: float

    @property
    def way(self) -> str:
        """``"up"`` or ``"down"``."""
        return "up" if self.sender is Side.CLIENT else "down"


def shown(recording: Recording) -> tuple[Shown, ...]:
    """Every direction of every network of a run.

    Raises:
        BadParameter: it is no recording of such a run.
    """
    return tuple(
        _shown(recording, network, sender)
        for network in networks_of(recording.parameters)
        for sender in (Side.SERVER, Side.CLIENT)
    )


def _shown(recording: Recording, network: Network, sender: Side) -> Shown:
    conditions = network.by_sender[sender]
    found: dict[int, tuple[Arrival, ...]] = {PROBES: (), BULK: ()}
    for capture in recording.of(server_name(network)):
        marks = recording.marks_named(f"{server_name(network)}: {mark_name(capture.number, sender.other)}")
        size_bytes = PROBE_BYTES if capture.number == PROBES else None
        found[capture.number] = arrivals(capture, sender, conditions, marks, size_bytes)
    if not found[PROBES]:
        raise BadParameter(f"Nothing came through the network {network.name!r}: run the scenario ConditionsShown anew.")
    return Shown(network, sender, found[PROBES], found[BULK], most_bytes_s(conditions))
