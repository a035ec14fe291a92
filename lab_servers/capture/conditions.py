"""The place of network conditions: what a relay does to the bytes of one direction before it sends them on.

A relay (``relay.py``) sends what it read into a :class:`Stage`. Without conditions that stage is
the outgoing socket itself. A condition puts a stage of its own in front of it, one per connection
and direction, so that conditions compose in the order in which they are listed.
"""

from __future__ import annotations

from typing import Protocol


class Stage(Protocol):
    """Where the bytes of one direction go next.

    A stage that holds bytes back bounds them itself; the relay closes a connection only after
    both directions' ``write_eof`` have come through to its sockets.
    """

    def write(self, data: bytes) -> None:
        """Pass bytes on, now or later, never out of order."""

    def write_eof(self) -> None:
        """Pass on, after every byte before it, that the sender will send no more."""


class Condition(Protocol):
    """One property of a bad network, such as a delay."""

    def attach(self, onward: Stage) -> Stage:
        """A stage for one direction of one new connection, which passes its bytes to ``onward``."""


def chain(conditions: tuple[Condition, ...], socket: Stage) -> Stage:
    """The stage that the relay writes into, so that bytes meet ``conditions`` in their order."""
    stage = socket
    for condition in reversed(conditions):
        stage = condition.attach(stage)
    return stage
