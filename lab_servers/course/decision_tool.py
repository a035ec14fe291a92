"""The decision tool: the numbers of a job as fields, and the answer of ``deciding.py`` below them, at once.

Nothing is run: the answer is computed from unit costs that were measured before. ``decision_tool.js`` draws the form,
with the fields of the scenario panel.
"""

from __future__ import annotations

import pathlib
import threading
from typing import Any

import anywidget
import traitlets

from lab_servers.course.deciding import decide
from lab_servers.errors import BadParameter
from lab_servers.measure.decision import CRITERIA, Criterion, criterion_of
from lab_servers.measure.jobs import JOBS, Job
from lab_servers.parameters import Choice, Number, Parameter, parameters_of
from lab_servers.recording import Recording
from lab_servers.views.scenario_panel_controls import MAX_TYPED_CHARACTERS, fields_of

_HERE = pathlib.Path(__file__).parent
_VIEWS = _HERE.parent / "views"

MY_OWN = "my own"
_PRESET, _CRITERION = "start with", "criterion"


def _script() -> str:
    # A browser loads a widget's script from the kernel as one module, so the files are joined as they are.
    files = (_VIEWS / "scenario_panel_fields.js", _VIEWS / "scenario_panel_pages.js", _HERE / "decision_tool.js")
    return "\n".join(one.read_text(encoding="utf-8") for one in files)


class DecisionForm(anywidget.AnyWidget):
    """What the browser shows of the tool.

    Attributes:
        fields: One for each number, as the scenario panel has them.
        typed: What stands in the fields, by name. The page sets it, and Python when a job is chosen.
        wrong: The name of the field whose value is refused, or nothing.
        status: What is wrong with it.
        answer: The answer as HTML.
    """

    _esm = _script()
    _css = _VIEWS / "scenario_panel.css"

    fields: traitlets.List[dict[str, object]] = traitlets.List().tag(sync=True)
    typed = traitlets.Dict().tag(sync=True)
    wrong = traitlets.Unicode("").tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    answer = traitlets.Unicode("").tag(sync=True)


def _parameters() -> tuple[Parameter, ...]:
    names = tuple(one.name for one in JOBS)
    return (
        Choice(_PRESET, names[0], "One of the six jobs; every number can then be changed.", (*names, MY_OWN)),
        *parameters_of(Job),
        Choice(_CRITERION, "bytes", "By what the transports are compared.", tuple(CRITERIA)),
        Number("factor", 1.5, "A simpler transport may cost so many times what the cheapest costs.", 1, 1_000, "times"),
        Number(
            "spare", 100, "Or so much more than the cheapest, per user, in the unit of the criterion.", 0, 1e9, ""
        ),
    )  # fmt: skip


class DecisionTool:
    """The tool for one recording of unit costs. Use :func:`decision_tool` to make one.

    Attributes:
        decision: The answer to what stands in the fields; the last one that made sense.
    """

    def __init__(self, costs: Recording, job: Job) -> None:
        self.decision = decide(job, costs)
        self._costs = costs
        self._parameters = {one.name: one for one in _parameters()}
        # The kernel may call back on whatever thread it chooses.
        self._lock = threading.RLock()
        self._form = DecisionForm(fields=fields_of(tuple(self._parameters.values())))
        self._put(job, CRITERIA["bytes"], job.name if job in JOBS else MY_OWN)
        self._answer()
        self._form.observe(self._changed, ["typed"])

    @property
    def form(self) -> DecisionForm:
        """The widget."""
        return self._form

    def _put(self, job: Job, by: Criterion, preset: str) -> None:
        """Let the fields show a job."""
        self._form.typed = {
            _PRESET: preset,
            **{one.name: f"{float(getattr(job, one.name)):.12g}" for one in parameters_of(Job)},
            _CRITERION: by.name,
            "factor": f"{by.factor:g}",
            "spare": f"{by.spare:g}",
        }

    def _changed(self, change: dict[str, Any]) -> None:
        with self._lock:
            typed, before = dict(self._form.typed), dict(change["old"] or {})
            self._form.wrong = self._form.status = ""
            try:
                self._take(typed, before)
            except BadParameter as mistake:
                self._form.status = str(mistake)
                self._form.wrong = next((name for name in self._parameters if str(mistake).startswith(name)), "")

    def _take(self, typed: dict[str, Any], before: dict[str, Any]) -> None:
        """Answer what stands in the fields.

        Raises:
            BadParameter: a field holds no value of its kind.
        """
        preset = self._read(typed, _PRESET)
        by = criterion_of(self._read(typed, _CRITERION))
        if before.get(_PRESET) != preset and preset != MY_OWN:
            self._show(next(one for one in JOBS if one.name == preset), by, str(preset))
            return
        if before.get(_CRITERION) != by.name:  # another unit: its own factor and spare
            self._show(self._job(typed), by, str(preset))
            return
        job = self._job(typed)
        self.decision = decide(
            job, self._costs, by.with_rule(factor=self._read(typed, "factor"), spare=self._read(typed, "spare"))
        )
        if preset != MY_OWN and job != next(one for one in JOBS if one.name == preset):
            self._form.unobserve(self._changed, ["typed"])
            self._form.typed = {**typed, _PRESET: MY_OWN}
            self._form.observe(self._changed, ["typed"])
        self._answer()

    def _show(self, job: Job, by: Criterion, preset: str) -> None:
        self._form.unobserve(self._changed, ["typed"])
        self._put(job, by, preset)
        self._form.observe(self._changed, ["typed"])
        self.decision = decide(job, self._costs, by)
        self._answer()

    def _job(self, typed: dict[str, Any]) -> Job:
        numbers = {one.name: self._read(typed, one.name) for one in parameters_of(Job)}
        same = next((one for one in JOBS if all(getattr(one, name) == value for name, value in numbers.items())), None)
        return same or Job("my job", **numbers)

    def _read(self, typed: dict[str, Any], name: str) -> Any:
        text = typed.get(name, "")
        text = text if isinstance(text, str) else ""
        return self._parameters[name].read(text.strip()[:MAX_TYPED_CHARACTERS])

    def _answer(self) -> None:
        self._form.answer = self.decision._repr_html_()

    # --- how it shows itself ----------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        made: Any = self._form._repr_mimebundle_(**options) or {}
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        return self.decision._repr_html_()

    def __str__(self) -> str:
        return str(self.decision)

    def __repr__(self) -> str:
        return str(self)


def decision_tool(costs: Recording, job: Job = JOBS[0]) -> DecisionTool:
    """Controls for :func:`~lab_servers.course.deciding.decide`: change a number, and the answer follows.

    Args:
        costs: A recording of ``UnitCosts``.
        job: What stands in the fields at first.

    Raises:
        BadParameter: this is no recording of unit costs.
    """
    return DecisionTool(costs, job)
