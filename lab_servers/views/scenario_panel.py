"""The scenario panel: choose parameters, run, cancel, and see the run as a picture, bytes, a table and code.

``scenario_panel_controls.py`` is what the browser shows of it, ``scenario_panel_run.py`` makes the runs, ``looks/``
says how each is shown, and ``scenario_panel_text.py`` has the plain forms. A run is drawn when it has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic
from weakref import WeakSet

import ipywidgets

from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.inspector_widget import Inspector, inspector
from lab_servers.views.looks import Look, look_of
from lab_servers.views.scenario_panel_controls import Mistake, PanelControls, fields_of, texts_of, values_of
from lab_servers.views.scenario_panel_run import LabT, Runnable, Runner, scenario_of
from lab_servers.views.scenario_panel_text import as_html, as_text, chosen_words, code_of, pages_of
from lab_servers.wire.printable import printable

MAX_SENTENCE_CHARACTERS = 400

NO_BYTES = "No connection was opened in this run, so there are no bytes to inspect."
BYTES_TO_COME = "The bytes come as soon as the kernel is free."


class ScenarioPanel(Generic[LabT]):
    """A scenario to be run with other parameters. Use :func:`panel` to make one.

    Attributes:
        scenario: The parameters of the run that is shown.
        recording: That run.
        widget: The panel as a widget, to be put into another one.
    """

    _made: ClassVar[WeakSet[ScenarioPanel[Any]]] = WeakSet()

    def __init__(self, scenario: Runnable[LabT], lab: LabT, recording: Recording) -> None:
        self.scenario = scenario
        self.recording = recording
        self.lab = lab
        self._parameters = scenario.parameters()
        self._look: Look = look_of(recording)
        self._typed: dict[str, Any] = dict(texts_of(self._parameters, scenario))
        # Messages of a page come on whatever thread the kernel chooses, and a run ends on its own.
        self._lock = threading.RLock()
        self._runner = Runner(lab, self, self._lock)
        self._is_closed = False
        self._inspector: Inspector | None = None
        self._wants_bytes = False

        self._shown = f"Shown: the run {self._words(scenario)}."
        head = {"name": self.name, "sentence": scenario.sentence(), "fields": fields_of(self._parameters)}
        self._controls = PanelControls(
            head=head,
            typed={"by": "", "values": self._typed},
            pages=pages_of(scenario, self._look),
            bytes_note=BYTES_TO_COME,
            status=self._shown,
        )
        self._bytes = ipywidgets.VBox([])
        self._bytes.add_class("lss-bytes")
        self.widget = ipywidgets.VBox([self._controls, self._bytes])
        self.widget.add_class("lss-panel")
        self._controls.on_msg(self._heard)
        self._made.add(self)

    @property
    def name(self) -> str:
        """The scenario's name."""
        return type(self.scenario).__name__

    @property
    def status(self) -> str:
        """What the status line says."""
        return str(self._controls.status)

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._runner.is_running

    @property
    def code(self) -> str:
        """The import and the call that make the run that is shown."""
        return code_of(self.scenario)

    def _words(self, scenario: Runnable[LabT]) -> str:
        return chosen_words(self._parameters, scenario)

    def cancel(self) -> None:
        """Ask for the end of the run under way, if there is one; what is shown stays."""
        with self._lock:
            if self._runner.cancel():
                self._say("Cancelling…")

    def close(self) -> None:
        """End the run under way, if there is one, and take the panel off the page; closing twice is harmless."""
        with self._lock:
            if not self._is_closed:
                self._runner.cancel()
                self._is_closed = True
                self._drop_inspector()
                for widget in (self._controls, self._bytes.layout, self._bytes, self.widget.layout, self.widget):
                    widget.close()

    # --- what the page says -----------------------------------------------------------------------

    def _heard(self, _: object, message: Any, __: object) -> None:
        """One message of a page. What makes no sense is left alone."""
        with self._lock:
            match message:
                case _ if self._is_closed:
                    pass
                case {"press": "run", "id": str(press), "typed": dict(typed)}:
                    try:
                        self._keep_typed(typed, press.partition(" ")[0])
                        self._press_run()
                    finally:
                        # Also after the stop button, which may be pressed before the run has begun.
                        self._controls.is_running = self._runner.is_running
                        self._controls.heard = press
                case {"press": "cancel"}:
                    self.cancel()
                case {"typed": dict(typed), "by": str(view)}:
                    # A field that is left after Enter says again what Run said already.
                    if self._keep_typed(typed, view):
                        self._check_typed()
                case {"tab": str(tab)}:
                    self._wants_bytes = tab == "bytes"
                    self._show_bytes()

    def _keep_typed(self, typed: Mapping[str, Any], view: str) -> bool:
        """Keep what stands in the fields, and return whether that is something new."""
        known = {one.name for one in self._parameters}
        before = self._typed
        self._typed = {**before, **{name: value for name, value in typed.items() if name in known}}
        self._controls.typed = {"by": view, "values": self._typed}
        return self._typed != before

    def _press_run(self) -> None:
        if self._runner.is_running:
            self._say("A run is under way; this press started no other.")
            return
        chosen = self._chosen()
        if isinstance(chosen, Mistake):
            self._say(chosen.sentence, is_wrong=True, wrong=chosen.name)
        elif not self._runner.is_second_click(chosen):
            self._controls.about_s = max(0.0, float(chosen.about_s))
            self._controls.is_running = True
            self._say("Running…")
            self._runner.begin(chosen)

    def _check_typed(self) -> None:
        """Say whether what stands in the fields can be run, unless a run has the status line."""
        chosen = self._chosen()
        if self._runner.is_running:
            return
        if isinstance(chosen, Mistake):
            self._say(chosen.sentence, is_wrong=True, wrong=chosen.name)
        elif chosen == self.scenario:
            self._say(self._shown)
        else:
            self._say("Changed, and not run yet: press Run.")

    def _chosen(self) -> Runnable[LabT] | Mistake:
        """The scenario with what stands in the fields."""
        values = values_of(self._parameters, self._typed)
        if isinstance(values, Mistake):
            return values
        try:
            chosen: Runnable[LabT] = replace(self.scenario, **values)  # type: ignore[type-var]
        except BadParameter as mistake:  # each may be so, but not together
            return Mistake("", str(mistake))
        return chosen

    def _say(self, sentence: str, *, is_wrong: bool = False, wrong: str = "") -> None:
        if not self._is_closed:
            with self._controls.hold_sync():
                self._controls.wrong, self._controls.is_wrong = wrong, is_wrong
                self._controls.status = printable(sentence, MAX_SENTENCE_CHARACTERS)

    # --- what a run says, on its thread -------------------------------------------------------------

    def tell_progress(self, elapsed_s: float) -> None:
        """The run has taken so long, in seconds."""
        with self._lock:
            if not self._is_closed:
                self._controls.elapsed_s = elapsed_s

    def show(self, scenario: Runnable[LabT], recording: Recording, took_s: float) -> str:
        """Draw a run that has ended, put it in the place of the one before, and return the sentence that says so."""
        if self._is_closed:
            return ""
        look = look_of(recording)
        pages = pages_of(scenario, look)
        with self._lock:
            if not self._is_closed:
                self.scenario, self.recording, self._look = scenario, recording, look
                took = f"{took_s:.1f} s" if took_s >= 0.1 else "less than 0.1 s"
                self._shown = f"Done in {took}, {self._words(scenario)}."
                self._drop_inspector()
                self._controls.pages = pages
                self._show_bytes()
            since = "" if self._chosen() == scenario else " The fields were changed meanwhile."
            return f"{self._shown}{since}"

    def tell_cancelled(self) -> str:
        """The sentence that says what is shown after a run was cancelled."""
        return f"Cancelled. Still shown: the run before, {self._words(self.scenario)}."

    def tell_end(self, sentence: str, is_wrong: bool) -> None:
        """The next run may begin."""
        with self._lock:
            if not self._is_closed:
                self._controls.elapsed_s = -1.0
                self._say(sentence, is_wrong=is_wrong)
                self._controls.is_running = False

    # --- the bytes ----------------------------------------------------------------------------------

    def _show_bytes(self) -> None:
        """Make the inspector of the run that is shown, once its tab is open."""
        if not self._wants_bytes or self._inspector is not None:
            return
        self._controls.bytes_note = "" if self.recording.captures else NO_BYTES
        if self.recording.captures:
            self._inspector = inspector(self.recording)
            self._bytes.children = (self._inspector,)

    def _drop_inspector(self) -> None:
        gone, self._inspector = self._inspector, None
        self._controls.bytes_note = BYTES_TO_COME
        if gone is not None:  # else each run would leave one behind, with its bytes
            self._bytes.children = ()
            gone.layout.close()
            gone.close()

    # --- how it shows itself ------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        with self._lock:
            made: Any = {} if self._is_closed else self.widget._repr_mimebundle_(**options) or {}
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        with self._lock:
            return as_html(self.scenario, self._controls.pages, self.status)

    def __str__(self) -> str:
        with self._lock:
            return as_text(self.scenario, self._look, self.status)

    def __repr__(self) -> str:
        return str(self)


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
    if not all(hasattr(kind, name) for name in ("parameters", "sentence", "call", "start")):
        raise BadParameter(
            f"A panel needs a scenario, such as FourWays or FourWays(interval_s=0.1), not {scenario!r:.60}."
        )
    if not hasattr(lab, "is_running"):
        raise BadParameter(f"A panel needs the lab that start_lab() gave, not a {type(lab).__name__}.")
    first: Runnable[LabT] = scenario() if isinstance(scenario, type) else scenario
    # Where a cell is run again, its new run would have to wait for what its old panel still runs.
    for earlier in list(ScenarioPanel._made):
        if earlier.lab is lab and earlier.name == kind.__name__:
            earlier.cancel()
    if recording is None:
        return ScenarioPanel(first, lab, first.run(lab))
    return ScenarioPanel(scenario_of(first, recording), lab, recording)
