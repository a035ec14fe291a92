"""The runs of a scenario panel: one at a time, each on a thread of its own, with progress, and cancelled when asked.

``scenario_panel.py`` shows them. What a panel needs of a scenario stands here as protocols, since views know neither
scenarios nor labs.
"""

from __future__ import annotations

import threading
import time
from asyncio import CancelledError
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from lab_servers.errors import BadParameter, LabError, LabNotRunning
from lab_servers.parameters import Parameter
from lab_servers.recording import Recording

LabT = TypeVar("LabT", contravariant=True)

# The second press of a double click comes within this time, and may come when a short run has already ended.
DOUBLE_CLICK_S = 0.4

# A run that is longer shows how far it is, this often.
PROGRESS_AFTER_S = 0.5
PROGRESS_EVERY_S = 0.25

AGAIN = "run the cell that starts it, then this cell again."


class UnderWay(Protocol):
    """A run under way: what ``start`` of a scenario gives."""

    def result(self, timeout_s: float | None = None) -> Recording:
        """Wait for the recording; raise ``TimeoutError`` when it is not there after ``timeout_s`` seconds."""

    def cancel(self) -> None:
        """Ask for the end of the run."""

    def done(self) -> bool:
        """Whether it has ended."""


class Runnable(Protocol[LabT]):
    """What a panel needs of a scenario, which is also a frozen dataclass of its parameters."""

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What can be chosen."""

    @classmethod
    def sentence(cls) -> str:
        """The question that the run answers."""

    @property
    def about_s(self) -> float:
        """About how long it takes, seconds."""

    def call(self) -> str:
        """The call that makes this very run."""

    def run(self, lab: LabT) -> Recording:
        """Run it and wait."""

    def start(self, lab: LabT) -> UnderWay:
        """Start it without waiting."""


class Screen(Protocol):
    """Where a run shows how far it is and what came of it; called on the run's thread."""

    def tell_progress(self, elapsed_s: float) -> None:
        """The run has taken so long."""

    def show(self, scenario: Any, recording: Recording, took_s: float) -> str:
        """Draw a run that has ended, and return the sentence that says so."""

    def tell_cancelled(self) -> str:
        """The sentence that says what is shown after a run was cancelled."""

    def tell_end(self, sentence: str, is_wrong: bool) -> None:
        """The next run may begin."""


class Runner(Generic[LabT]):
    """Runs scenarios in a lab, one at a time.

    Args:
        lab: The lab.
        screen: Is told what comes of it.
        lock: Held while a run begins or ends and its screen is told so, that no other run begins in between.
    """

    def __init__(self, lab: LabT, screen: Screen, lock: threading.RLock) -> None:
        self._lab = lab
        self._screen = screen
        self._lock = lock
        self._job: UnderWay | None = None
        self._last: Runnable[LabT] | None = None
        self._begun_s = 0.0
        self.is_running = False
        self.is_cancelled = False

    def is_second_click(self, scenario: Runnable[LabT]) -> bool:
        """Whether this run was begun a moment ago."""
        return scenario == self._last and time.monotonic() - self._begun_s < DOUBLE_CLICK_S

    def begin(self, scenario: Runnable[LabT]) -> None:
        """Begin a run; none may be under way."""
        thread = threading.Thread(target=self._run, args=(scenario,), name="scenario panel", daemon=True)
        try:
            with self._lock:
                self._job, self._last = None, scenario
                self._begun_s = time.monotonic()
                self.is_running, self.is_cancelled = True, False
            thread.start()
        except BaseException as error:
            # An interrupt may have come while the thread was already on its way; then that says when it has ended.
            is_full = isinstance(error, RuntimeError)  # the system has no thread left
            if thread.ident is None:
                why = f"({error}): end other programs and" if is_full else "(it was interrupted):"
                self._last = None
                self._end(f"Nothing was run {why} try again.", is_wrong=True)
            if not is_full:
                raise

    def cancel(self) -> bool:
        """Ask for the end of the run under way, and return whether there was one that nobody had asked before."""
        with self._lock:
            if not self.is_running or self.is_cancelled:
                return False
            self.is_cancelled = True
            if self._job is not None:
                self._job.cancel()
            return True

    # --- on the run's thread ----------------------------------------------------------------

    def _run(self, scenario: Runnable[LabT]) -> None:
        try:
            recording = self._recorded(scenario)
            sentence = self._screen.show(scenario, recording, time.monotonic() - self._begun_s)
            late = " It had ended before it could be cancelled." if self.is_cancelled else ""
        except CancelledError:
            self._end(self._screen.tell_cancelled())
        except LabNotRunning:
            when = "is not running" if self._job is None else "was stopped during the run"
            self._end(f"The lab {when}: {AGAIN}", is_wrong=True)
        except LabError as error:
            self._end(str(error), is_wrong=True)
        except BaseException as error:  # an exit() too: nobody is above this thread to hear of it
            self._end(f"The run failed with {type(error).__name__}: {_said(error)}.", is_wrong=True)
        else:
            self._end(sentence + late)

    def _recorded(self, scenario: Runnable[LabT]) -> Recording:
        job = scenario.start(self._lab)
        with self._lock:
            self._job = job
            if self.is_cancelled:
                job.cancel()
        wait_s = PROGRESS_AFTER_S
        try:
            while not job.done():
                try:
                    return job.result(wait_s)
                except TimeoutError:  # not ended yet, or the run's own, which result() below raises again
                    wait_s = PROGRESS_EVERY_S
                    self._screen.tell_progress(time.monotonic() - self._begun_s)
            return job.result()
        finally:
            job.cancel()  # which does nothing to a run that has ended; else a failing screen would leave it going on

    def _end(self, sentence: str, *, is_wrong: bool = False) -> None:
        with self._lock:
            self._job = None
            try:
                self._screen.tell_end(sentence, is_wrong)
            finally:
                self.is_running = False


def _said(error: BaseException) -> str:
    try:
        return str(error) or "it says no more"
    except Exception:  # its own class may not manage that
        return "it says no more"


def scenario_of(scenario: Runnable[LabT], recording: Recording) -> Runnable[LabT]:
    """A scenario with the parameters that a recording of it was made with.

    Raises:
        BadParameter: this is no recording of such a scenario.
    """
    name = type(scenario).__name__
    if not isinstance(recording, Recording) or recording.name != name:
        what = f"the one of {recording.name!r}" if isinstance(recording, Recording) else f"a {type(recording).__name__}"
        raise BadParameter(f"The panel of {name} begins with a recording that {name}(…).run(lab) gave, not {what}.")
    try:
        made: Runnable[LabT] = replace(scenario, **recording.parameters)  # type: ignore[type-var]
    except TypeError:
        raise BadParameter(f"The recording has other parameters than {name} has: run {name} again.") from None
    return made
