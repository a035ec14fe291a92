"""One prompt on several ways at once, to be watched while the answers arrive, and stopped on each as that way stops.

``ai_live_readers.py`` has the readers that can say stop, ``measure/live_column.py`` what a moment looks like, and
``views/live_answers.py`` shows it. Each way has a model of its own, so that what it generates is counted for that way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lab_servers.capture.capture import Capture, Side
from lab_servers.capture.conditions import LOOPBACK_NETWORK, PRESETS, network_named
from lab_servers.clients.answer_reading import Listener
from lab_servers.clients.answers import read_answer
from lab_servers.errors import BadParameter, ExchangeFailed, LabError, shown
from lab_servers.lab import Job, Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.live_column import Column, Progress
from lab_servers.parameters import Parameter, choice, number, parameters_of, whole
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_live_readers import read_socket, read_stream
from lab_servers.scenarios.ai_model import SERVER, HostedModel, host_model
from lab_servers.servers.llm.texts import LANGUAGES
from lab_servers.wire.llm.pieces import Kind, Piece
from lab_servers.wire.llm.ways import Way

PROMPT = "Say hello to the world."
FIRST_WAYS = (Way.WHOLE, Way.SHORT_POLLING, Way.EVENT_STREAM, Way.NDJSON, Way.WEBSOCKET)
POLL_EVERY_S = 0.25
LOOK_EVERY_S = 0.05
# Beyond what the model itself needs for the longest answer, and a network with it.
SPARE_S = 30.0
# How long a request and its connection may take on the slowest network, beside the model's own time.
BEGINS_WITHIN_S = 3.0

CLOSES, POSTS, SAYS, ASKS_NO_MORE = (
    "closes the connection",
    "POSTs a stop; the server ends the stream",
    "sends a message; the server ends the run",
    "asks no more; nobody tells the model",
)
_STOPS = {
    Way.EVENT_STREAM: POSTS, Way.WEBSOCKET: SAYS, Way.SHORT_POLLING: ASKS_NO_MORE, Way.LONG_POLLING: ASKS_NO_MORE,
}  # fmt: skip


def stop_of(way: Way) -> str:
    """What Stop does on a way, in words."""
    return _STOPS.get(way, CLOSES)


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
        self._lanes = [_Lane(Way(name), place) for place, name in enumerate(dict.fromkeys(chosen.ways), start=1)]
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        self.columns: tuple[Column, ...] = tuple(lane.column((0, 0)) for lane in self._lanes)
        self.job: Job[Recording] = lab.submit(self._recorded())

    def stop(self, way: str = "") -> None:
        """Press Stop on one way, or on all of them; on one that has ended it does nothing."""
        with self._lock:
            self._wanted |= {lane.way.value for lane in self._lanes if way in ("", lane.way.value)}

    # --- on the lab's loop ----------------------------------------------------------------

    async def _recorded(self) -> Recording:
        lab, chosen = self._lab, self._chosen
        async with lab.turn, lab.record("LiveAnswers", **asdict(chosen)) as take:
            await self._perform()
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
        passed = {one.kind.name: _passed(one.relay.captures()) for one in self._lab.hosted}
        self.columns = tuple(lane.column(passed.get(lane.way.value, (0, 0))) for lane in self._lanes)

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


class _Lane:
    """One way under way."""

    def __init__(self, way: Way, place: int) -> None:
        self.way = way
        self.marks: list[Mark] = []
        self._epoch = f"live{place}"
        self._model: HostedModel | None = None
        self._seen = 0  # marks of the model
        self._generated = 0
        self._finished = False
        self._may_begin_ns = 0
        self._asked_ns = self._first_ns = self._done_ns = self._stopped_ns = 0
        self._at_stop: int | None = None
        self._text: list[str] = []
        self._failure = ""
        self._reading: asyncio.Future[None] | None = None
        self._stop = asyncio.Event()

    async def host(self, lab: Lab) -> None:
        """Start its model."""
        self._model = await host_model(lab, [self.way.value], epoch=self._epoch)

    @property
    def model_marks(self) -> list[Mark]:
        """What its model said of itself."""
        return [] if self._model is None else self._model.marks

    @property
    def is_generating(self) -> bool:
        """Whether its model has begun and not ended, or may still begin."""
        self._count()
        return not self._finished and (bool(self._seen) or now_ns() < self._may_begin_ns)

    async def read(self, settings: dict[str, Any]) -> None:
        """Ask, and read until it has ended or was stopped."""
        assert self._model is not None
        self._asked_ns = self._note("asked")
        if stop_of(self.way) == ASKS_NO_MORE:
            # Its model says nothing before the first token, and nobody asks it: so long there may be one to come.
            self._may_begin_ns = self._asked_ns + int(1e9 * (settings["ttft_s"] + BEGINS_WITHIN_S))
        self._reading = asyncio.ensure_future(self._ask(self._model.urls[self.way.value], settings))
        try:
            await self._reading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._stopped_ns or (task is not None and task.cancelling()):
                raise
        except ExchangeFailed as error:
            self._failure = str(error)
            self._may_begin_ns = 0
        finally:
            self._reading.cancel()
            self._done_ns = self._note("ended")

    async def _ask(self, url: str, settings: dict[str, Any]) -> None:
        longest_s = SPARE_S + 4 * settings["tokens"] * settings["gap_s"]
        if self.way in (Way.EVENT_STREAM, Way.WEBSOCKET):
            listener = Listener(self.way, None, self._take)
            read = read_stream if self.way is Way.EVENT_STREAM else read_socket
            await read(url, PROMPT, settings, listener, self._stop, longest_s)
            error = listener.state.error
        else:
            answer = await read_answer(
                url, self.way, PROMPT, settings, on_piece=self._take, poll_every_s=POLL_EVERY_S, timeout_s=longest_s
            )
            error = answer.state.error
        if error:
            self._failure = error

    def _take(self, piece: Piece) -> None:
        if piece.kind is Kind.TEXT and piece.text:
            at_ns = self._note("shown", piece.text)
            self._first_ns = self._first_ns or at_ns
            self._text.append(piece.text)

    def stop(self) -> None:
        """Do what stopping is on this way; once, and only while there is an answer under way."""
        if self._stopped_ns or self._done_ns or self._reading is None:
            return
        self._count()
        self._stopped_ns, self._at_stop = self._note("stop pressed"), self._generated
        if stop_of(self.way) in (POSTS, SAYS):
            self._stop.set()
        else:
            self._reading.cancel()

    def _note(self, name: str, detail: str = "") -> int:
        self.marks.append(Mark(now_ns(), name, detail))
        return self.marks[-1].at_ns

    def _count(self) -> None:
        marks = self.model_marks
        for mark in marks[self._seen :]:
            self._generated += mark.name == f"token by {SERVER}"
            self._finished = self._finished or mark.name == f"finished by {SERVER}"
        self._seen = len(marks)

    def column(self, passed: tuple[int, int]) -> Column:
        """What there is to see now."""
        self._count()
        return Column(
            self.way.value,
            stop_of(self.way),
            self._progress(),
            "".join(self._text),
            self._since(self._first_ns),
            self._since(self._done_ns),
            *passed,
            self._generated,
            self._at_stop,
            self.is_generating,
            self._failure,
        )

    def _progress(self) -> Progress:
        if self._stopped_ns and self._done_ns:
            return Progress.STOPPED
        if self._failure:
            return Progress.FAILED
        if self._done_ns:
            return Progress.COMPLETE
        return Progress.WRITING if self._first_ns else Progress.WAITING

    def _since(self, at_ns: int) -> float | None:
        return (at_ns - self._asked_ns) / 1e9 if at_ns else None
