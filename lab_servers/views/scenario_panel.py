"""The scenario panel: choose parameters, run, cancel, and see the run as a picture, bytes, a table and code.

``scenario_panel_controls.py`` is what the browser shows of it, ``looks/`` says how each run is shown, and
``scenario_panel_text.py`` has its plain forms. Views know no scenario and no lab: both are handed over. A run that was
pressed for has a thread of its own, so that neither the kernel nor the browser waits, and is drawn when it has ended.
"""

from __future__ import annotations

import threading
import time
from asyncio import CancelledError
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from weakref import WeakSet

import ipywidgets

from lab_servers.errors import BadParameter, LabError, LabNotRunning
from lab_servers.parameters import Parameter
from lab_servers.recording import Recording
from lab_servers.views.inspector_widget import Inspector, inspector
from lab_servers.views.looks import Look, look_of
from lab_servers.views.scenario_panel_controls import Mistake, PanelControls, fields_of, texts_of, values_of
from lab_servers.views.scenario_panel_text import as_html, as_text, chosen_words, code_of, picture_html
from lab_servers.wire.printable import printable

LabT = TypeVar("LabT", contravariant=True)

# The second press of a double click comes within this time, and may come when a short run has already ended.
DOUBLE_CLICK_S = 0.4

# A run that is longer shows how far it is, this often.
PROGRESS_AFTER_S = 0.5
PROGRESS_EVERY_S = 0.25

MAX_SENTENCE_CHARACTERS = 400

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


class ScenarioPanel(Generic[LabT]):
    """A scenario to be run with other parameters. Use :func:`panel` to make one.

    Attributes:
        scenario: The parameters of the run that is shown.
        recording: That run.
        widget: The panel as a widget, to be put into another one.
    """

    _open: ClassVar[WeakSet[ScenarioPanel[Any]]] = WeakSet()

    def __init__(self, scenario: Runnable[LabT], lab: LabT, recording: Recording) -> None:
        self.scenario = scenario
        self.recording = recording
        self._lab = lab
        self._parameters = scenario.parameters()
        self._look: Look = look_of(recording)
        self._typed: dict[str, Any] = dict(texts_of(self._parameters, scenario))
        # Messages of a page come on whatever thread the kernel chooses, and a run ends on its own.
        self._lock = threading.RLock()
        self._job: UnderWay | None = None
        self._is_running = self._is_cancelled = self._is_closed = False
        self._begun_s = -DOUBLE_CLICK_S
        self._inspector: Inspector | None = None
        self._wants_bytes = False

        self._controls = PanelControls(
            head={
                "name": type(scenario).__name__,
                "sentence": scenario.sentence(),
                "fields": fields_of(self._parameters),
            },
            typed={"by": "", "values": self._typed},
            pages=_pages(scenario, self._look),
            status=f"Shown: the run {chosen_words(self._parameters, scenario)}.",
        )
        self._bytes = ipywidgets.VBox([])
        self._bytes.add_class("lss-bytes")
        self.widget = ipywidgets.VBox([self._controls, self._bytes])
        self.widget.add_class("lss-panel")
        self._controls.on_msg(self._heard)
        self._open.add(self)

    @property
    def status(self) -> str:
        """What the status line says."""
        return str(self._controls.status)

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._is_running

    @property
    def code(self) -> str:
        """The import and the call that make the run that is shown."""
        return code_of(self.scenario)

    def close(self) -> None:
        """End the run under way, if there is one, and take the panel off the page; closing twice is harmless."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self.cancel()
            self._drop_inspector()
            for widget in (self._controls, self._bytes.layout, self._bytes, self.widget.layout, self.widget):
                widget.close()

    # --- what the page says -----------------------------------------------------------------------

    def _heard(self, _: object, message: Any, __: object) -> None:
        """One message of a page. What makes no sense is left alone."""
        if not isinstance(message, dict):
            return
        with self._lock:
            if self._is_closed:
                return
            match message:
                case {"press": "run", "id": str(press), "typed": dict(typed)}:
                    self._keep_typed(typed, press.partition(" ")[0])
                    self._press_run()
                    self._controls.heard = press
                case {"press": "cancel"}:
                    self.cancel()
                case {"typed": dict(typed), "by": str(view)}:
                    self._keep_typed(typed, view)
                    self._check_typed()
                case {"tab": str(tab)}:
                    self._wants_bytes = tab == "bytes"
                    if self._wants_bytes:
                        self._show_bytes()

    def _keep_typed(self, typed: Mapping[str, Any], view: str) -> None:
        known = {one.name for one in self._parameters}
        self._typed = {**self._typed, **{name: value for name, value in typed.items() if name in known}}
        self._controls.typed = {"by": view, "values": self._typed}

    def _chosen(self) -> Runnable[LabT] | None:
        """The scenario with what stands in the fields; without one, the status says why."""
        values = values_of(self._parameters, self._typed)
        if isinstance(values, Mistake):
            self._say(values.sentence, wrong=values.name)
            return None
        try:
            chosen: Runnable[LabT] = replace(self.scenario, **values)  # type: ignore[type-var]
        except BadParameter as mistake:  # two that do not fit each other
            self._say(str(mistake), is_wrong=True)
            return None
        return chosen

    def _check_typed(self) -> None:
        """Say whether what stands in the fields can be run, unless a run has the status line."""
        if self._is_running:
            return
        chosen = self._chosen()
        if chosen is None:
            return
        if chosen == self.scenario:
            self._say(f"Shown: the run {chosen_words(self._parameters, self.scenario)}.")
        else:
            self._say("Changed, not run yet: press Run.")

    def _say(self, sentence: str, *, is_wrong: bool = False, wrong: str = "") -> None:
        if not self._is_closed:
            with self._controls.hold_sync():
                self._controls.wrong = wrong
                self._controls.is_wrong = is_wrong or bool(wrong)
                self._controls.status = printable(sentence, MAX_SENTENCE_CHARACTERS)

    # --- running ----------------------------------------------------------------------------------

    def _press_run(self) -> None:
        if self._is_running:
            self._say("A run is under way; this press started no other.")
            return
        if time.monotonic() - self._begun_s < DOUBLE_CLICK_S:
            return
        chosen = self._chosen()
        if chosen is None:
            return
        self._is_running, self._is_cancelled, self._job = True, False, None
        self._begun_s = time.monotonic()
        self._controls.about_s = max(0.0, float(chosen.about_s))
        self._controls.is_running = True
        self._say("Running…")
        try:
            threading.Thread(target=self._run, args=(chosen,), name="scenario panel", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            self._ended(f"Nothing was run ({error}): end other programs and try again.", is_wrong=True)

    def cancel(self) -> None:
        """Ask for the end of the run under way, if there is one; what is shown stays."""
        with self._lock:
            if not self._is_running or self._is_cancelled:
                return
            self._is_cancelled = True
            self._say("Cancelling…")
            if self._job is not None:
                self._job.cancel()

    def _run(self, chosen: Runnable[LabT]) -> None:
        """One run, on a thread of its own."""
        try:
            recording = self._recorded(chosen)
            took_s = time.monotonic() - self._begun_s
            if not self._is_closed:
                self._show(chosen, recording)
        except CancelledError:
            shown = chosen_words(self._parameters, self.scenario)
            self._ended(f"Cancelled. Still shown: the run before, {shown}.")
        except LabNotRunning:
            when = "is not running" if self._job is None else "was stopped during the run"
            self._ended(f"The lab {when}: {AGAIN}", is_wrong=True)
        except LabError as error:
            self._ended(str(error), is_wrong=True)
        except BaseException as error:  # an exit() too: nobody is above this thread to hear of it
            said = str(error) or "it says no more"
            self._ended(f"The run failed with {type(error).__name__}: {said}.", is_wrong=True)
        else:
            late = " It had ended before it could be cancelled." if self._is_cancelled else ""
            self._ended(f"Run {chosen_words(self._parameters, chosen)}, in {took_s:.1f} s.{late}")

    def _recorded(self, chosen: Runnable[LabT]) -> Recording:
        job = chosen.start(self._lab)
        with self._lock:
            self._job = job
            if self._is_cancelled:
                job.cancel()
        wait_s = PROGRESS_AFTER_S
        while not job.done():
            try:
                return job.result(wait_s)
            except TimeoutError:  # not ended yet, or the run's own, which result() below raises again
                wait_s = PROGRESS_EVERY_S
                self._tell_progress()
        return job.result()

    def _tell_progress(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._controls.elapsed_s = time.monotonic() - self._begun_s

    def _ended(self, sentence: str, *, is_wrong: bool = False) -> None:
        with self._lock:
            self._job, self._is_running = None, False
            if not self._is_closed:
                with self._controls.hold_sync():
                    self._controls.is_running = False
                    self._controls.elapsed_s = -1.0
                    self._say(sentence, is_wrong=is_wrong)

    def _show(self, chosen: Runnable[LabT], recording: Recording) -> None:
        """Draw a run that has ended, and put it in the place of the one before."""
        look = look_of(recording)
        pages = _pages(chosen, look)
        with self._lock:
            if self._is_closed:
                return
            self.scenario, self.recording, self._look = chosen, recording, look
            self._drop_inspector()
            self._controls.pages = pages
            if self._wants_bytes:
                self._show_bytes()

    # --- the bytes ----------------------------------------------------------------------------------

    def _show_bytes(self) -> None:
        """Make the inspector of the run that is shown, unless it is there."""
        if self._inspector is not None:
            return
        if not self.recording.captures:
            self._controls.bytes_note = "No connection was opened in this run, so there are no bytes to inspect."
            return
        self._inspector = inspector(self.recording)
        self._bytes.children = (self._inspector,)
        self._controls.bytes_note = ""

    def _drop_inspector(self) -> None:
        gone, self._inspector = self._inspector, None
        if gone is not None:  # else each run would leave one behind, with its bytes
            self._bytes.children = ()
            gone.layout.close()
            gone.close()

    # --- how it shows itself ------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        made = {} if self._is_closed else self.widget._repr_mimebundle_(**options) or {}
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        with self._lock:
            return as_html(self._parameters, self.scenario, self._look, self._controls.pages, self.status)

    def __str__(self) -> str:
        with self._lock:
            return as_text(self._parameters, self.scenario, self._look, self.status)

    def __repr__(self) -> str:
        return str(self)


def _pages(scenario: Any, look: Look) -> dict[str, str]:
    return {"picture": picture_html(look), "table": look.table._repr_html_(), "code": code_of(scenario)}


def panel(
    scenario: type[Runnable[LabT]] | Runnable[LabT], lab: LabT, recording: Recording | None = None
) -> ScenarioPanel[LabT]:
    """Run a scenario with parameters of your choice, and see each run as a picture, bytes, a table and code.

    ``panel(LatePoll, lab, recording)``

    Args:
        scenario: A scenario, or the class of one, which stands for its defaults.
        lab: The lab that it runs in.
        recording: A run of it to begin with. Without one, the scenario is run now: the cell waits for it, and the
            notebook's stop button ends it.

    Raises:
        BadParameter: an argument is something else, or the recording is of another scenario.
        LabError: what the run raises, where there is no recording.
    """
    kind = scenario if isinstance(scenario, type) else type(scenario)
    if not all(hasattr(kind, name) for name in ("parameters", "sentence", "call", "run", "start")):
        raise BadParameter(
            f"A panel needs a scenario, such as FourWays or FourWays(interval_s=0.1), not {scenario!r:.60}."
        )
    first: Runnable[LabT] = scenario() if isinstance(scenario, type) else scenario
    if recording is None:
        _make_way(kind.__name__, lab)
        recording = first.run(lab)
    else:
        first = _scenario_of(first, recording)
    return ScenarioPanel(first, lab, recording)


def _make_way(name: str, lab: object) -> None:
    """End what an earlier panel of the same scenario runs: its cell is run again, and the new run would wait for it."""
    for earlier in list(ScenarioPanel._open):
        if earlier._lab is lab and type(earlier.scenario).__name__ == name:
            earlier.cancel()


def _scenario_of(scenario: Runnable[LabT], recording: Recording) -> Runnable[LabT]:
    """The parameters that a recording was made with."""
    name = type(scenario).__name__
    if not isinstance(recording, Recording) or recording.name != name:
        what = f"the one of {recording.name!r}" if isinstance(recording, Recording) else f"a {type(recording).__name__}"
        raise BadParameter(f"The panel of {name} begins with a recording that {name}(…).run(lab) gave, not {what}.")
    try:
        made: Runnable[LabT] = replace(scenario, **recording.parameters)  # type: ignore[type-var]
    except TypeError:
        raise BadParameter(f"The recording has other parameters than {name} has: run {name} again.") from None
    return made
