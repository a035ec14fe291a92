"""What a run of ``Latencies`` says: each lane against the first, and whether the transport or the library moves more.

``scenarios/side_latencies.py`` makes the recording, ``views/looks/side_latencies.py`` shows what is found here with
``timing.py`` and ``statistics.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lab_servers.errors import BadParameter
from lab_servers.measure.comparison import Comparison, Verdict, block_interval, compare
from lab_servers.measure.statistics import Summary, summarise
from lab_servers.measure.timing import DELIVERED, PRODUCED, latencies_s
from lab_servers.measure.transports import Lane, Transport
from lab_servers.recording import Recording

FIRST = Lane(Transport.SSE)
# The first lane once more, with a server, a relay and a client of its own. It is no lane: what it differs by is noise.
AGAIN = "SSE again"
LANES = (
    FIRST,
    Lane(Transport.SSE, "httpx-sse"),
    Lane(Transport.NDJSON),
    Lane(Transport.NDJSON, "httpx"),
    Lane(Transport.WEBSOCKET),
    Lane(Transport.WEBSOCKET, "aiohttp"),
    Lane(Transport.LONG_POLLING),
    Lane(Transport.REQUESTS),
)

# The transports that two libraries speak here, and that keep a way open on which the server sends at once.
STREAMS = tuple(lane for lane in LANES if lane.transport in (Transport.SSE, Transport.NDJSON, Transport.WEBSOCKET))

# httpx-sse takes events off a response of httpx.
_BUILT_ON = {"httpx-sse": "httpx"}

# Below half a millisecond no difference counts, however sure it is: a display shows a new picture each 17 ms, and the
# way to a server in the same city takes longer.
SMALLEST_MS = 0.5


# What the parameter ``slowed`` says where no lane is.
NOTHING = "none"

# The mark in which a run says on what it was measured: a recording may be looked at elsewhere.
MACHINE = "machine"


@dataclass(frozen=True)
class Row:
    """One lane.

    Attributes:
        name: Its name.
        summary: Its latencies, in milliseconds.
        comparison: It against the first lane; ``None`` for that one itself.
    """

    name: str
    summary: Summary
    comparison: Comparison | None


@dataclass(frozen=True)
class Spread:
    """How far lanes lie apart, in milliseconds.

    Attributes:
        names: The transports that were compared, as a sentence lists them.
        between_transports: By how much two lanes differ on average that share a library and not the transport.
        between_libraries: The same of two that share the transport and not the library.
        low: The lower end of the 99 % interval of the first minus the second.
        high: Its upper end.
        verdict: ``MORE`` where the transport moves more, ``LESS`` where the library does.
    """

    names: str
    between_transports: float
    between_libraries: float
    low: float
    high: float
    verdict: Verdict

    def sentence(self) -> str:
        """The answer to: what moves latency more?"""
        figures = (
            f"Among {self.names}, the medians of two lanes with one library and different transports differ by "
            f"{self.between_transports:.2f} ms on average, those of two with one transport and different libraries by "
            f"{self.between_libraries:.2f} ms."
        )
        if self.verdict is Verdict.WITHIN_NOISE:
            return f"{figures} Which of the two moves latency more is within the noise."
        more, less = ("transport", "library") if self.verdict is Verdict.MORE else ("library", "transport")
        return f"{figures} Here the {more} moves latency more than the {less} does."


@dataclass(frozen=True)
class Findings:
    """What one run says.

    Attributes:
        rows: The lanes, the first one first.
        again: The first lane's twin against it: what two lanes differ by that are the same.
        slowed: The lane whose network was slowed in this run; empty where none was.
        spread: Transports against libraries; ``None`` where one of the lanes that it needs was slowed.
        smallest_ms: The smallest difference that counts in this run.
        machine: On what it was measured, as a sentence; empty where the recording does not say.
    """

    rows: tuple[Row, ...]
    again: Comparison
    slowed: str
    spread: Spread | None
    smallest_ms: float
    machine: str

    @property
    def noise_sentence(self) -> str:
        """What the twin of the first lane shows."""
        if self.slowed in (AGAIN, FIRST.name):
            return f"The same lane twice, of which {self.slowed} was slowed. {self.again.sentence()}"
        if self.again.verdict is not Verdict.WITHIN_NOISE:
            return (
                f"The same lane twice was not the same in this run, so that differences below "
                f"{self.smallest_ms:.2f} ms do not count. {self.again.sentence()}"
            )
        return f"The same lane twice shows the noise of this run. {self.again.sentence()}"

    @property
    def spread_sentence(self) -> str:
        """What moves latency more, or why this run does not tell."""
        if self.spread:
            return self.spread.sentence()
        return (
            f"In this run the network of {self.slowed} added a delay, so it does not tell whether transports or "
            f"libraries move latency more: a run without one does."
        )


def findings(recording: Recording) -> Findings:
    """What a run of ``Latencies`` says.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    series = series_ms(recording)
    warm_up = warm_up_of(recording)
    counted = {name: values[warm_up:] for name, values in series.items()}
    slowed = str(recording.parameters.get("slowed", NOTHING)).replace(NOTHING, "")
    # What two lanes that are the same differ by in this very run cannot count between two that are not.
    is_control = slowed not in (AGAIN, FIRST.name)
    noise = abs(float(np.median(counted[AGAIN]) - np.median(counted[FIRST.name]))) if is_control else 0.0
    smallest = max(SMALLEST_MS, 2 * noise)
    compared = {
        name: compare(name, values, FIRST.name, counted[FIRST.name], "ms", smallest=smallest)
        for name, values in counted.items()
        if name not in (FIRST.name, AGAIN)
    }
    # Judged without its own difference: a run in which the same lane twice is not the same must show that.
    again = compare(AGAIN, counted[AGAIN], FIRST.name, counted[FIRST.name], "ms", smallest=SMALLEST_MS)
    rows = tuple(Row(lane.name, summarise(series[lane.name], warm_up), compared.get(lane.name)) for lane in LANES)
    machines = [mark.detail for mark in recording.marks_named(f"run: {MACHINE}")]
    spread = None if slowed in {lane.name for lane in STREAMS} else spread_of(counted, noise)
    return Findings(rows, again, slowed, spread, smallest, "".join(machines[:1]))


def series_ms(recording: Recording) -> dict[str, NDArray[np.float64]]:
    """Each lane's latencies in the order of the rounds, in milliseconds, those of the warm-up too.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    names = (*(lane.name for lane in LANES), AGAIN)
    found = {name: np.array(latencies_s(recording, name)) * 1e3 for name in names}
    if len({len(values) for values in found.values()}) != 1 or len(found[AGAIN]) < warm_up_of(recording) + 2:
        raise BadParameter(
            f"This recording has no rounds of messages with a {PRODUCED} and a {DELIVERED} mark on every lane: run the "
            f"scenario Latencies."
        )
    return found


def warm_up_of(recording: Recording) -> int:
    """How many messages of each lane do not count."""
    warm_up = recording.parameters.get("warm_up", 0)
    return warm_up if isinstance(warm_up, int) else 0


def library_of(lane: Lane) -> str:
    """The library of a lane's client."""
    default = "websockets" if lane.transport is Transport.WEBSOCKET else "aiohttp"
    return _BUILT_ON.get(lane.library, lane.library) or default


def spread_of(counted: Mapping[str, NDArray[np.float64]], noise: float = 0.0) -> Spread:
    """How far the lanes of :data:`STREAMS` lie apart that differ in one thing only.

    Args:
        counted: The latencies of each lane in the order of the rounds, in milliseconds, by the lane's name.
        noise: By how much two lanes differ that are the same.
    """
    table = np.stack([counted[lane.name] for lane in STREAMS])
    pairs = list(combinations(range(len(STREAMS)), 2))
    transports = [(a, b) for a, b in pairs if library_of(STREAMS[a]) == library_of(STREAMS[b])]
    libraries = [(a, b) for a, b in pairs if STREAMS[a].transport is STREAMS[b].transport]

    def between_transports(rounds: NDArray[np.int_]) -> NDArray[np.float64]:
        return _apart(np.median(table[:, rounds], axis=-1), transports)

    def between_libraries(rounds: NDArray[np.int_]) -> NDArray[np.float64]:
        return _apart(np.median(table[:, rounds], axis=-1), libraries)

    every = np.arange(table.shape[1])
    by_transport, by_library = float(between_transports(every)), float(between_libraries(every))
    low, high = block_interval(lambda rounds: between_transports(rounds) - between_libraries(rounds), len(every))
    verdict = Verdict.MORE if low > 0 else Verdict.LESS
    if low <= 0 <= high or abs(by_transport - by_library) <= noise:
        verdict = Verdict.WITHIN_NOISE
    *names, last = dict.fromkeys(lane.transport.value for lane in STREAMS)
    return Spread(f"{', '.join(names)} and {last}", by_transport, by_library, low, high, verdict)


def _apart(medians: NDArray[np.float64], pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """By how much the medians of pairs differ on average; the lanes stand along the first axis."""
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    found: NDArray[np.float64] = np.abs(medians[a] - medians[b]).mean(axis=0)
    return found
