"""What a job costs on each transport: a model that multiplies measured unit costs by how often each of them is paid.

``unit_costs.py`` reads the unit costs off a recording, ``decision.py`` chooses with this model, ``crossings.py`` finds
where its choice changes. Messages come at even intervals in this model; that is its one assumption about a job.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lab_servers.measure.jobs import Job
from lab_servers.measure.transports import Transport

HOUR_S = 3600.0

# The transports that can be chosen between, the simplest first: what the server must keep grows from each to the next.
CHOICES = (Transport.POLLING, Transport.LONG_POLLING, Transport.SSE, Transport.WEBSOCKET)


@dataclass(frozen=True)
class Cost:
    """What something takes, or takes per second or hour.

    Attributes:
        bytes: Bytes of both directions, as a relay counts them: without TCP, IP and TLS.
        requests: HTTP requests.
        processor_s: Processor seconds of client, relay and server together.
        open_s: Seconds for which a connection is open.
    """

    bytes: float = 0.0
    requests: float = 0.0
    processor_s: float = 0.0
    open_s: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.bytes + other.bytes,
            self.requests + other.requests,
            self.processor_s + other.processor_s,
            self.open_s + other.open_s,
        )

    def times(self, factor: float) -> Cost:
        """So many of it."""
        return Cost(self.bytes * factor, self.requests * factor, self.processor_s * factor, self.open_s * factor)


@dataclass(frozen=True)
class MessageCost:
    """What one message takes beside the connection, as a straight line through two measured sizes.

    Attributes:
        fixed: What a message without payload would take.
        bytes_per_byte: Bytes on the wire for each byte of payload; a little above 1, since lengths are written as well.
    """

    fixed: Cost = Cost()
    bytes_per_byte: float = 1.0

    def of(self, size_bytes: float) -> Cost:
        """That of a message with a payload of so many bytes."""
        return self.fixed + Cost(bytes=self.bytes_per_byte * size_bytes)


@dataclass(frozen=True)
class WayCosts:
    """The unit costs of one transport.

    Attributes:
        opening: What opening takes before the first message: a request and the head of its response, or a handshake.
        quiet: One step in which nothing is new: a question and an empty answer, or a heartbeat.
        news: What an answer with news takes above an empty one, its messages apart.
        down: A message from the server.
        up: A message from the client, whole: with the request that carries it, where there is one.
        delivery_s: From produced to delivered once it may go, in seconds: the median that was measured.
    """

    opening: Cost
    quiet: Cost
    news: Cost
    down: MessageCost
    up: MessageCost
    delivery_s: float = 0.0


Units = Mapping[Transport, WayCosts]


@dataclass(frozen=True)
class Staleness:
    """How long something can be true at the server and not known to the client, in seconds."""

    mean_s: float
    worst_s: float


def poll_every_s(job: Job, way: WayCosts) -> float:
    """The longest step of polling that the job tolerates, seconds; not positive if no step is short enough.

    What has just missed a question waits a whole step for the next one, and then for half a round trip.
    """
    return job.tolerated_s - job.round_trip_s / 2 - way.delivery_s


def staleness(transport: Transport, job: Job, units: Units) -> Staleness:
    """How stale a client's knowledge is. Polling is given the longest step that the job tolerates."""
    way = units[transport]
    once_s = job.round_trip_s / 2 + way.delivery_s
    if transport is Transport.POLLING:
        step_s = _step_s(job, way)
        return Staleness(step_s / 2 + once_s, step_s + once_s)
    if transport is Transport.LONG_POLLING:
        # Just after an answer has left, the next question needs a round trip to be there: three transits (RFC 6202
        # §2.2). Of messages at even intervals that is only some if they come faster than that.
        gap_s = job.round_trip_s + way.delivery_s
        share = min(1.0, gap_s / job.down_every_s)
        return Staleness(once_s + share * gap_s / 2, once_s + gap_s)
    return Staleness(once_s, once_s)


def is_admissible(transport: Transport, job: Job, units: Units) -> bool:
    """Whether the job tolerates this transport's staleness."""
    # Half a millionth of tolerance: polling's step is computed from the very bound that it is compared with.
    return staleness(transport, job, units).worst_s <= job.tolerated_s * (1 + 5e-7)


class Part(enum.Enum):
    """What a cost is made of. Its value is its name in sentences."""

    QUESTIONS = "questions without news"
    NEWS = "answers with news"
    DOWN = "messages from the server"
    UP = "messages from the client"
    HEARTBEATS = "heartbeats"
    OPENING = "opening the stream"
    OPEN = "connections kept open"


def cost_per_s(transport: Transport, job: Job, units: Units) -> Cost:
    """What the job costs on this transport, per user and second.

    Raises:
        KeyError: the transport was not measured.
    """
    total = Cost()
    for cost in parts_per_s(transport, job, units).values():
        total += cost
    return total


def parts_per_s(transport: Transport, job: Job, units: Units) -> dict[Part, Cost]:
    """The same, part by part.

    Raises:
        KeyError: the transport was not measured.
    """
    way = units[transport]
    down_s, up_s = 1 / job.down_every_s, 1 / job.up_every_s
    parts = {
        Part.DOWN: way.down.of(job.size_bytes).times(down_s),
        Part.UP: _asked(way.up.of(job.size_bytes), job).times(up_s),
    }
    if transport is Transport.POLLING:
        answers_s = 1 / _step_s(job, way)
        # With more than one message in a step, all of them share an answer.
        parts[Part.QUESTIONS] = _asked(way.quiet, job).times(answers_s)
        parts[Part.NEWS] = way.news.times(min(answers_s, down_s))
        parts[Part.OPEN] = _kept(job, up_s + answers_s)
    elif transport is Transport.LONG_POLLING:
        # Messages that come faster than a round trip share an answer. Between two that come more slowly than a
        # question is held, some questions are answered with nothing.
        news_s = min(down_s, 1 / max(job.round_trip_s + way.delivery_s, 1e-6))
        empty_s = down_s * math.floor(job.down_every_s / job.heartbeat_s)
        parts[Part.QUESTIONS] = _asked(way.quiet, job).times(news_s + empty_s)
        parts[Part.NEWS] = way.news.times(news_s)
        parts[Part.OPEN] = Cost(open_s=1.0) + _kept(job, up_s)
    else:
        parts[Part.HEARTBEATS] = way.quiet.times(1 / job.heartbeat_s)
        parts[Part.OPENING] = _asked(way.opening, job).times(1 / job.stay_s)
        parts[Part.OPEN] = Cost(open_s=1.0) + (_kept(job, up_s) if transport is Transport.SSE else Cost())
    return parts


def cost_per_hour(transport: Transport, job: Job, units: Units) -> Cost:
    """What the job costs on this transport per hour, for all of its users."""
    return cost_per_s(transport, job, units).times(HOUR_S * job.users)


def _asked(cost: Cost, job: Job) -> Cost:
    """The cost of something that begins with a request, with the job's own fields in each of its requests."""
    return replace(cost, bytes=cost.bytes + cost.requests * job.header_bytes)


def _kept(job: Job, requests_s: float) -> Cost:
    """A connection of plain requests: it stays open for a while after each answer.

    HTTP/1.1 answers one request at a time: beside a held question or a stream, a message up needs a connection of its
    own, and that is this one.
    """
    return Cost(open_s=min(1.0, requests_s * job.keep_alive_s))


def _step_s(job: Job, way: WayCosts) -> float:
    """The step of polling: as long as the job tolerates, and never so short that a question waits for an answer."""
    return max(poll_every_s(job, way), job.round_trip_s + way.delivery_s, 1e-3)
