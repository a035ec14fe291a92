"""One prompt on several ways at once, to be watched while the answers arrive, and stopped on each as that way stops.

``ai_live_lane.py`` is one of the ways, ``measure/live_column.py`` what a moment looks like, and
``views/live_answers.py`` shows it. Each way has a model of its own, so that what it generates is counted for that way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from lab_servers.capture.capture import Capture, Side
from lab_servers.capture.conditions import LOOPBACK_NETWORK, PRESETS, network_named
from lab_servers.errors import BadParameter, LabError, shown
from lab_servers.lab import Job, Lab
from lab_servers.measure.live_column import Column
from lab_servers.parameters import Parameter, choice, number, parameters_of, whole
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_live_lane import Lane
from lab_servers.servers.llm.texts import LANGUAGES
from lab_servers.wire.llm.ways import Way

FIRST_WAYS = (Way.WHOLE, Way.SHORT_POLLING, Way.EVENT_STREAM, Way.NDJSON, Way.WEBSOCKET)
LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class LiveAnswers:
    """How does one answer arrive on several ways, and what does Stop do on each?

    Raises:
        BadParameter: a parameter is out of its bounds, or a way is unknown.
    """

    language: str = choice(LANGUAGES[0], LANGUAGES, "What the answer is written in.")
    tokens: int = whole(60, 1, 400, "tokens", "How long the answer is.")
    ttft_s: float = number(0.4, 0, 5, "seconds", "Time to the first token.")
    gap_s: float = number(0.04, 0, 1, "seconds", "The mean time between two tokens.")
    network: str = choice(LOOPBACK_NETWORK.name, tuple(PRESETS), "What lies between the readers and the model.")
    ways: tuple[str, ...] = field(default=tuple(way.value for way in FIRST_WAYS))

    def __post_init__(self) -> None:
        for one in self.parameters():
            one.check(getattr(self, one.name))
        known = self.all_ways()
        for name in self.ways:
            if name not in known:
                raise BadParameter(f"There is no way {shown(name)}: choose from {', '.join(known)}.")
        if not self.ways:
            raise BadParameter("No way is chosen, so nothing would be asked: choose at least one.")

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What can be chosen, the ways aside."""
        return parameters_of(cls)

    @classmethod
    def all_ways(cls) -> tuple[str, ...]:
        """The ways that can be chosen, by name; those of a vendor last."""
        return tuple(way.value for way in sorted(Way, key=lambda way: way.is_vendors))

    def begin(self, lab: Lab) -> LiveRun:
        """Ask now, without waiting."""
        return LiveRun(self, lab)

    def run(self, lab: Lab) -> Recording:
        """Ask, wait until every answer has ended, and return the recording."""
        return self.begin(lab).job.result()


class LiveRun:
    """Answers under way. Any thread may ask and stop; the work is done on the lab's.

    Attributes:
        columns: What there is to see now, replaced about every 50 ms.
        job: The run; its result is the recording.
    """

    def __init__(self, chosen: LiveAnswers, lab: Lab) -> None:
        self._chosen = chosen
        self._lab = lab
        self._lanes = [Lane(Way(name), place) for place, name in enumerate(dict.fromkeys(chosen.ways), start=1)]
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        self._passed: dict[str, tuple[int, int]] = {}
        self.columns: tuple[Column, ...] = tuple(lane.column((0, 0)) for lane in self._lanes)
        self.job: Job[Recording] = lab.submit(self._recorded())

    def stop(self, way: str = "") -> None:
        """Press Stop on one way, or on all of them; on one that has ended it does nothing."""
        with self._lock:
            self._wanted |= {lane.way.value for lane in self._lanes if way in ("", lane.way.value)}

    # --- on the lab's loop ----------------------------------------------------------------

    async def _recorded(self) -> Recording:
        lab, chosen = self._lab, self._chosen
        try:
            async with lab.turn, lab.record("LiveAnswers", **asdict(chosen)) as take:
                await self._perform()
        finally:
            for lane in self._lanes:
                lane.close()
            self._show()
        recording = take.recording
        for lane in self._lanes:
            recording = recording.with_marks(lane.way.value, lane.marks)
            recording = recording.with_marks("model", lane.model_marks)
        return recording

    async def _perform(self) -> None:
        names = []
        for lane in self._lanes:
            await lane.host(self._lab)
            names.append(lane.way.value)
        for name in names:
            await self._lab.network_async(name, network_named(self._chosen.network))
        settings = {one: getattr(self._chosen, one) for one in ("language", "tokens", "ttft_s", "gap_s")}
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._watch())
                reading = [group.create_task(lane.read(settings)) for lane in self._lanes]
                await asyncio.wait(reading)
                await self._until_models_rest()
                watching.cancel()
        except ExceptionGroup as broken:
            error = broken.exceptions[0]
            raise error if isinstance(error, LabError) else broken from None
        finally:
            self._look()

    async def _watch(self) -> None:
        while True:
            with self._lock:
                wanted = set(self._wanted)
            for lane in self._lanes:
                if lane.way.value in wanted:
                    lane.stop()
            self._look()
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self) -> None:
        self._passed = {one.kind.name: _passed(one.relay.captures()) for one in self._lab.hosted}
        self._show()

    def _show(self) -> None:
        self.columns = tuple(lane.column(self._passed.get(lane.way.value, (0, 0))) for lane in self._lanes)

    async def _until_models_rest(self) -> None:
        """Of a polled run that nobody asks for any more, only the model knows when it has ended."""
        is_at_rest = False
        while not is_at_rest:
            await asyncio.sleep(LOOK_EVERY_S)
            is_at_rest = not any(lane.is_generating for lane in self._lanes)


def _passed(captures: Sequence[Capture]) -> tuple[int, int]:
    """How many bytes each side has sent so far, the client first."""
    ends = [[(chunks[-1].end if chunks else 0) for chunks in map(one.chunks_from, Side)] for one in captures]
    return sum(up for up, _ in ends), sum(down for _, down in ends)
