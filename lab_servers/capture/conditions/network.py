"""A network: the conditions of both directions between a client and a server, with a name and a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions.condition import Condition
from lab_servers.errors import BadParameter, shown


@dataclass(frozen=True)
class Network:
    """What lies between the clients and a server.

    Attributes:
        name: What people call it.
        up: The conditions that bytes of a client meet on their way to the server, in this order.
        down: The conditions that bytes of the server meet on their way to a client, in this order.
        source: Where the figures come from: a sentence and a link.

    Raises:
        BadParameter: the name is no text, or a direction holds something else than conditions.
    """

    name: str
    up: tuple[Condition, ...] = ()
    down: tuple[Condition, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise BadParameter(f"name must be the network's name, a text, not {shown(self.name)}.")
        # Here rather than in the relay, where the next client's connection would break of it.
        for way, conditions in (("up", self.up), ("down", self.down)):
            if not isinstance(conditions, tuple | list) or not all(isinstance(one, Condition) for one in conditions):
                raise BadParameter(
                    f"{way} must be a tuple of conditions such as (Delay(0.05),), with its comma, "
                    f"not {shown(conditions)}."
                )
            object.__setattr__(self, way, tuple(conditions))  # a list could be changed later

    @property
    def by_sender(self) -> dict[Side, tuple[Condition, ...]]:
        """The conditions of each direction, by the side that sends."""
        return {Side.CLIENT: self.up, Side.SERVER: self.down}

    @property
    def round_trip_s(self) -> float:
        """How long a byte and its answer are under way at most, in seconds, when nothing else is."""
        return longest_s(self.up) + longest_s(self.down)


def longest_s(conditions: Sequence[Condition]) -> float:
    """How long conditions may hold a byte that has no other bytes before it, in seconds."""
    return sum(condition.longest_s for condition in conditions)


def most_bytes_s(conditions: Sequence[Condition]) -> float:
    """How many bytes per second conditions let pass in the long run: as many as the narrowest; infinite without one."""
    return min((condition.most_bytes_s for condition in conditions), default=float("inf"))


LOOPBACK_NETWORK = Network("loopback", source="The relay passes everything on at once: this machine, and nothing else.")
