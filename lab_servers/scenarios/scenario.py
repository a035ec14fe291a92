"""What every scenario is: bounded parameters, declared once, and a run on the lab's loop that yields a recording.

The parameters are dataclass fields made by ``lab_servers/parameters.py``. From that one declaration come the call in a
notebook, the controls of a panel (``views/scenario_panel.py``) and the options of ``python -m lab_servers run``.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from lab_servers.errors import BadParameter, LabError, LabNotRunning, WouldDeadlock
from lab_servers.lab import Job, Lab
from lab_servers.lab.thread import STOPPED_MEANWHILE
from lab_servers.marks import Mark
from lab_servers.parameters import Parameter, parameters_of
from lab_servers.recording import Recording

# The run that this code belongs to, and its lab; what it starts inherits both.
_RUNS_IN: ContextVar[tuple[Lab, asyncio.Task[Any] | None] | None] = ContextVar("_RUNS_IN", default=None)


@dataclass(frozen=True)
class Scenario:
    """Base of the scenarios; each is a frozen dataclass with a :meth:`perform` of its own.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    # The servers of the lab that the run asks.
    servers: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for parameter in self.parameters():
            parameter.check(getattr(self, parameter.name))
        self.require_fitting()

    def require_fitting(self) -> None:
        """Check what no single parameter can: that they fit each other.

        Raises:
            BadParameter: they do not.
        """

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What can be chosen, in order."""
        return parameters_of(cls)

    @classmethod
    def sentence(cls) -> str:
        """The first sentence of its docstring: the question that the run answers."""
        return inspect.cleandoc(cls.__doc__ or "").splitlines()[0].replace("``", "")

    @property
    def about_s(self) -> float:
        """About how long the run takes, in seconds."""
        return 0.5

    def call(self) -> str:
        """The call that makes this very run, as Python; what has its default is left out."""
        chosen = [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in self.parameters()
            if getattr(self, one.name) != one.default
        ]
        return f"{type(self).__name__}({', '.join(chosen)}).run(lab)"

    # --- running ------------------------------------------------------------------------

    def run(self, lab: Lab) -> Recording:
        """Run it, and block until it is done; the notebook's stop button ends it.

        One scenario runs in a lab at a time: another begins when it has ended.

        Raises:
            BadParameter: the lab does not run a server that this run asks.
            LabNotRunning: the lab does not run, or was stopped meanwhile.
            WouldDeadlock: another scenario runs this one inside its own run.
            ExchangeFailed: a client got no answer.
        """
        self._require_servers(lab)
        return lab.run(self._recorded(lab))

    async def run_async(self, lab: Lab) -> Recording:
        """The same, awaited."""
        return await self.start(lab)

    def start(self, lab: Lab) -> Job[Recording]:
        """Start it without waiting: the job's ``result()`` is the recording, its ``cancel()`` ends the run."""
        self._require_servers(lab)
        return lab.submit(self._recorded(lab))

    def _require_servers(self, lab: Lab) -> None:
        running = {hosted.kind.name for hosted in lab.hosted}
        missing = [name for name in self.servers if name not in running]
        if lab.is_running and missing:
            raise BadParameter(
                f"{type(self).__name__} asks the server {missing[0]!r}, which this lab does not run: start the lab "
                f"with start_lab(), which runs all of them."
            )

    async def _recorded(self, lab: Lab) -> Recording:
        around, run = _RUNS_IN.get() or (None, None)
        if around is lab and run is not None and not run.done():
            raise WouldDeadlock(
                "A scenario waits for its turn, so it cannot run inside another: run one after the other."
            )
        _RUNS_IN.set((lab, asyncio.current_task()))
        async with lab.turn, lab.record(type(self).__name__, **asdict(self)) as take:
            try:
                # In a task of its own: where a TaskGroup of Python 3.11 breaks off because a child failed, the count of
                # its task's cancellations stays raised, and a failure would be taken for the end of a stopped run.
                marks = await asyncio.create_task(self._perform(lab))
            except Exception as error:
                # What a client says of a server that is being stopped, or of its own end, is not what went wrong.
                _require_wanted(lab)
                sentence = _first_sentence(error)
                if sentence is None:
                    raise
                raise sentence from None
        try:
            recording = take.recording
        except LabNotRunning:  # the lab was stopped between the last byte and the end of the take
            raise LabNotRunning(STOPPED_MEANWHILE) from None
        for label, added in marks.items():
            recording = recording.with_marks(label, added)
        return self.finished(recording)

    async def _perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        return await self.perform(lab)

    # --- what each scenario says itself -------------------------------------------------------

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Do it, on the lab's loop, and return each client's marks under the client's name."""
        raise NotImplementedError

    def finished(self, recording: Recording) -> Recording:
        """The recording as it is handed out; a place to name marks as the views expect them."""
        return recording


def _first_sentence(error: BaseException) -> LabError | None:
    """What a person can read of it: of several clients that failed together, the first that says why."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for one in error.exceptions if (found := _first_sentence(one))), None)
    return error if isinstance(error, LabError) else None


def _require_wanted(lab: Lab) -> None:
    """Check that nobody has ended the run.

    Raises:
        LabNotRunning: its lab is being stopped.
        CancelledError: it was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from None
    if lab.is_stopping:
        raise LabNotRunning(STOPPED_MEANWHILE) from None
