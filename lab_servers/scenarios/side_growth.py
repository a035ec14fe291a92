"""The same messages for more and more clients, ever faster, or ever longer: what each transport costs as work grows.

``side_growth_step.py`` runs a step, ``side_growth_memory.py`` measures memory, ``measure/growth.py`` names the lines.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from random import Random

from lab_servers.errors import BadParameter, ExchangeFailed, LabError
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.growth_steps import AXES, CLIENTS, MACHINE, RATE, SIZE, Limit, Step
from lab_servers.measure.machine import machine
from lab_servers.measure.transports import Lane, Transport
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_growth_files import files_for
from lab_servers.scenarios.side_growth_memory import measure_memory
from lab_servers.scenarios.side_growth_step import Work, run_step
from lab_servers.scenarios.side_runs import first_error

ALL = "all five"
STREAMS = "SSE and WebSocket"
_LANES = tuple(
    Lane(one)
    for one in (
        Transport.SSE,
        Transport.WEBSOCKET,
        Transport.LONG_POLLING,
        Transport.POLLING,
        Transport.REQUESTS,
    )
)
CHOICES: dict[str, tuple[Lane, ...]] = {
    ALL: _LANES,
    STREAMS: _LANES[:2],
    **{lane.name: (lane,) for lane in _LANES},
}

# The fewest and the most of each axis.
BOUNDS = {CLIENTS: (1, 1_000), RATE: (1, 1_000), SIZE: (10, 1024 * 1024)}

# Up to this rate nothing waits for the processor, so that all lanes may run at once.
SLOW_MESSAGES_S = 20
# At a rate, messages are said for so long, and at least one of them.
RATE_FOR_S = 0.3
# A step that takes longer than this ends the growth of its lane.
STEP_WITHIN_S = 30.0
# A rate is met if the messages took no longer than this many times what they should.
MET_WITHIN = 1.1
# Memory is measured with up to so many connections: it is a straight line.
MEMORY_CONNECTIONS = 100


@dataclass(frozen=True)
class Growth(Scenario):
    """What does each transport cost as clients, messages per second, or the size of a message grow?

    With more clients or larger messages, the next message is said when everybody has the last one, and the short
    poller asks once after each: nothing waits for a clock. At a rate, messages are said by the clock, and the short
    poller asks in steps of ``poll_every_s``. All connections pass the relay, and so all bytes are recorded.

    Processor time is that of threads, the system's part included: the server has one of its own, and the relay and
    the clients share the lab's.

    Raises:
        BadParameter: a parameter is out of its bounds, or this system does not allow so many open files.
        ExchangeFailed: a lane broke.
    """

    axis: str = choice(CLIENTS, AXES, "What grows.")
    most: int = whole(16, 2, 1024 * 1024, "", "How far: clients or messages a second up to 1,000, bytes up to 1 MiB.")
    transports: str = choice(ALL, CHOICES, "Which transports run.")
    steps: int = whole(6, 2, 12, "steps", "In how many steps, evenly spaced on a logarithmic scale.")
    repeats: int = whole(2, 1, 5, "repeats", "How often all steps are run; a line needs several to be told from noise.")
    messages: int = whole(3, 1, 20, "messages", "How many messages are said in each step; at a rate, as many as fit.")
    size_bytes: int = whole(64, 10, 1024 * 1024, "bytes", "How long a message is where its size does not grow.")
    poll_every_s: float = number(0.1, 0.02, 5, "seconds", "In which steps the short poller asks, at a rate.")
    seed: int = whole(7, 0, 1_000_000, "", "What the messages are drawn with.")

    def require_fitting(self) -> None:
        """Each axis has bounds of its own."""
        least, most = BOUNDS[self.axis]
        if not least < self.most <= most:
            grows = f"{self.axis} {'grows' if self.axis == SIZE else 'grow'}"
            raise BadParameter(f"most must be {least + 1:,} to {most:,} where {grows}, not {self.most:,}.")

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes that run."""
        return CHOICES[self.transports]

    @property
    def units(self) -> tuple[int, ...]:
        """The steps: clients, messages a second, or bytes of a message."""
        least = BOUNDS[self.axis][0]
        ratio = self.most / least
        spaced = (round(least * ratio ** (place / (self.steps - 1))) for place in range(self.steps))
        return tuple(dict.fromkeys(spaced))

    @property
    def about_s(self) -> float:
        """From what a client, a message and a byte took when this was written; a slower machine takes longer."""
        lanes, total_s = len(self.lanes), 0.2 * len(self.lanes) if self.axis == CLIENTS else 0.0
        for units in self.units:
            if self.axis == CLIENTS:
                total_s += self.repeats * lanes * (0.01 + units * (0.002 + 0.0006 * self.messages))
            elif self.axis == SIZE:
                total_s += self.repeats * lanes * (0.01 + self.messages * (0.001 + units * 1.5e-8))
            else:
                at_once = 1 if units <= SLOW_MESSAGES_S else lanes
                lasts_s = len(self._numbers_at(units)) / units + 0.02
                total_s += self.repeats * at_once * lasts_s
        return total_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Run all steps, one transport after the other in each, and all of that again."""
        measured_on = Mark(now_ns(), MACHINE, machine().sentence())
        marks: dict[str, list[Mark]] = {lane.name: [] for lane in self.lanes}
        limits: dict[Lane, int] = {}
        with files_for("most", self.most) if self.axis == CLIENTS else nullcontext():
            for repeat in range(self.repeats):
                for units in self.units:
                    growing = [lane for lane in self.lanes if units < limits.get(lane, math.inf)]
                    at_once = self.axis == RATE and units <= SLOW_MESSAGES_S
                    for group in [growing] if at_once else [[lane] for lane in growing]:
                        # Lanes that run at once are staggered, so that no two have to send in the same instant.
                        work = self._work(units, repeat)
                        met = await asyncio.gather(*(self._step(lab, lane, work, marks[lane.name]) for lane in group))
                        limits |= {lane: units for lane, is_met in zip(group, met, strict=True) if is_met}
            if self.axis == CLIENTS:
                for lane in self.lanes:
                    counts = [one for one in self.units if one <= MEMORY_CONNECTIONS]
                    marks[lane.name] += [one.mark(now_ns()) for one in await measure_memory(lab, lane, counts)]
        return {"run": [measured_on], **marks}

    async def _step(self, lab: Lab, lane: Lane, work: Work, marks: list[Mark]) -> bool:
        """Run it, mark what it took, and tell whether it met a limit."""
        try:
            async with asyncio.timeout(STEP_WITHIN_S):
                step = await run_step(lab, lane, work)
        except TimeoutError:
            limit: Limit | None = Limit(work.units, f"a step with it was not done after {STEP_WITHIN_S:g} s")
        except ExceptionGroup as group:
            raise _cause(lane, group) from group
        else:
            marks.append(step.mark())
            limit = self._missed_rate(step, work.interval_s)
        if limit is None:
            return False
        marks.append(limit.mark(now_ns()))
        return True

    def _missed_rate(self, step: Step, interval_s: float | None) -> Limit | None:
        """A limit, if the messages could not be delivered as fast as they were said."""
        if interval_s is None:
            return None
        took_s, should_s = (step.done_ns - step.open_ns) / 1e9, step.messages * interval_s
        late_s = step.delivered_ns[-1] / 1e9
        # A poller may know the last message a step late, whatever the rate: that is its staleness and no limit.
        if took_s <= MET_WITHIN * should_s or late_s <= max(0.1 * should_s, 2 * self.poll_every_s):
            return None
        busy = (step.server_ns + step.rest_ns) / (step.done_ns - step.open_ns)
        because = (
            f"the {step.messages} messages took {took_s:.2f} s and not {should_s:.2f} s, while the threads of server, "
            f"relay and client used {busy:.0%} of a processor"
        )
        return Limit(step.units, because)

    def _work(self, units: int, repeat: int) -> Work:
        if self.axis == CLIENTS:
            return Work(units, repeat, units, self._texts(range(1, self.messages + 1), self.size_bytes))
        if self.axis == SIZE:
            return Work(units, repeat, 1, self._texts(range(1, self.messages + 1), units))
        said = self._texts(self._numbers_at(units), self.size_bytes)
        return Work(units, repeat, 1, said, 1 / units, self.poll_every_s)

    def _numbers_at(self, messages_s: int) -> range:
        return range(1, max(1, round(RATE_FOR_S * messages_s)) + 1)

    def _texts(self, numbers: range, size_bytes: int) -> tuple[str, ...]:
        random = Random(f"{size_bytes} {self.seed}")
        return tuple(sized_message(n, size_bytes, random) for n in numbers)


def sized_message(number: int, size_bytes: int, random: Random) -> str:
    """A message of exactly so many bytes, at least 10: a JSON text with its number, and as much text as there is room.

    Args:
        number: Its number.
        size_bytes: How long it is in UTF-8, all of its JSON included.
        random: What the text is drawn with.
    """
    bare = f'{{"n":{number}}}'
    room = size_bytes - len(bare) - len(',"d":""')
    if room < 0:
        # JSON allows spaces there (RFC 8259 §2).
        return bare[:-1].ljust(size_bytes - 1) + "}"
    letters = "".join(random.choices("abcdefghijklmnopqrstuvwxyz ", k=min(room, 997)))
    return f'{bare[:-1]},"d":"{(letters * (room // max(len(letters), 1) + 1))[:room]}"}}'


def _cause(lane: Lane, group: ExceptionGroup[Exception]) -> LabError:
    """What broke a lane, as one sentence."""
    error = first_error(group)
    if isinstance(error, LabError):
        return error
    return ExchangeFailed(f"The lane {lane.name} broke ({type(error).__name__}: {error}): run it again with less.")
