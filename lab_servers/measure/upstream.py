"""What it costs a client to speak: bytes by use, requests, processor time and delay of a message up, on each lane.

``scenarios/side_upstream.py`` makes such a recording. A lane's steps are read by ``growth_steps.py``, its bytes by
``accounting.py``: what passed until the last message had arrived, less what had passed before the first was sent.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab_servers.capture.capture import Capture
from lab_servers.errors import BadParameter
from lab_servers.measure.accounting import Bytes, account
from lab_servers.measure.growth_steps import Step, lanes_growth
from lab_servers.measure.transports import Transport
from lab_servers.recording import Recording

# How each lane sends what the client says, in the words of tables and pictures, by the lane's name.
WAYS = {
    Transport.RECONNECTING.value: "POST, a connection each",
    Transport.SSE.value: "POST beside SSE",
    Transport.WEBSOCKET.value: "WebSocket",
}


@dataclass(frozen=True)
class Spoken:
    """What it took to say some messages at one rate.

    Attributes:
        rate: Messages per second, as asked for.
        messages: How many were said.
        up: What the client sent meanwhile.
        down: What the server sent meanwhile: the answers to requests.
        requests: HTTP requests meanwhile.
        connections: TCP connections that were opened meanwhile.
        opening_bytes: What had passed before, in both directions: a handshake, or the head of an event stream.
        server_s: Processor time of the server's thread, seconds.
        late_s: For each message, from the moment it was due until the server's application had it, seconds.
    """

    rate: int
    messages: int
    up: Bytes
    down: Bytes
    requests: int
    connections: int
    opening_bytes: int
    server_s: float
    late_s: tuple[float, ...]

    @property
    def bytes_per_message(self) -> float:
        """Of both directions."""
        return (self.up.total + self.down.total) / self.messages

    @property
    def bytes_per_second(self) -> float:
        """The bytes of a message times the rate: what is waited for between two messages costs no byte."""
        return self.bytes_per_message * self.rate

    @property
    def median_late_s(self) -> float:
        """Half of the messages were there sooner."""
        return statistics.median(self.late_s)


def spoken(recording: Recording) -> dict[str, tuple[Spoken, ...]]:
    """For each lane, what was measured at each rate, rates rising; keys are the lanes' names, dearest way first.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    growths = lanes_growth(recording) if recording.name == "Upstream" else {}
    if set(growths) != set(WAYS):
        raise BadParameter("This recording has nobody who speaks at several rates: run the scenario Upstream.")
    found = {}
    for name in WAYS:
        captures = recording.of(name)
        found[name] = tuple(_spoken(step, captures) for step in growths[name].steps)
    return found


def _spoken(step: Step, captures: Sequence[Capture]) -> Spoken:
    mine = [one for one in captures if step.opening_ns <= one.opened_ns < step.closed_ns]
    before, after = (account(_until(at_ns, mine)) for at_ns in (step.open_ns, step.done_ns))
    return Spoken(
        step.units,
        step.messages,
        _minus(after.up, before.up),
        _minus(after.down, before.down),
        after.requests - before.requests,
        after.connections - before.connections,
        before.both.total,
        step.server_ns / 1e9,
        tuple(late / 1e9 for late in step.delivered_ns),
    )


def _until(at_ns: int, captures: Sequence[Capture]) -> list[Capture]:
    """The connections as they were at that time."""
    return [
        replace(
            one,
            chunks=tuple(chunk for chunk in one.chunks if chunk.at_ns < at_ns),
            transitions=tuple(change for change in one.transitions if change.at_ns < at_ns),
        )
        for one in captures
        if one.opened_ns < at_ns
    ]


def _minus(after: Bytes, before: Bytes) -> Bytes:
    return Bytes(
        after.payload - before.payload,
        after.framing - before.framing,
        after.headers - before.headers,
        after.other - before.other,
        after.unrecorded - before.unrecorded,
    )
