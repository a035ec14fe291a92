"""The controls of a scenario panel as a widget: a field for each parameter, *Run*, *Cancel*, the status and the pages.

``scenario_panel.py`` decides what a press does; ``scenario_panel.js`` and the files beside it draw. It is one widget
and not one for each field, because a press then carries what stands in the fields at that moment. With a widget each,
a busy kernel would hear of the press first and of the last change afterwards, and run the value before it.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets

from lab_servers.errors import BadParameter
from lab_servers.parameters import Choice, Number, Parameter, Switch, Whole

# Of a text that a page hands over; what is longer stands for no value of any parameter.
MAX_TYPED_CHARACTERS = 200

MAX_OPTIONS_TOLD = 6

_HERE = pathlib.Path(__file__).parent

# A browser loads a widget's script from the kernel as one module, so the files are joined as they are.
_SCRIPTS = ("scenario_panel_fields.js", "scenario_panel_pages.js", "scenario_panel.js")


def _script() -> str:
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)


class PanelControls(anywidget.AnyWidget):
    """What the browser shows of a panel, all but the inspector. Only Python sets these; the page sends messages.

    Attributes:
        head: What never changes: ``name``, ``sentence``, and ``fields``, one for each parameter.
        typed: What stands in the fields: ``values`` by name, and ``by``, the view of the page that they came from.
        wrong: The name of the field whose value is refused, or nothing.
        status: The line below the buttons.
        is_wrong: Whether that line tells of a mistake.
        is_running: Whether a run is under way.
        heard: The last press that was heard of; until then a page says that the kernel is busy.
        elapsed_s: How long the run has taken so far, seconds; -1 while there is nothing to tell.
        about_s: About how long it will take in all, seconds.
        pages: ``picture`` and ``table`` as HTML, ``code`` as text.
        bytes_note: What stands in place of the inspector.
    """

    _esm = _script()
    _css = _HERE / "scenario_panel.css"

    head = traitlets.Dict().tag(sync=True)
    typed = traitlets.Dict().tag(sync=True)
    wrong = traitlets.Unicode("").tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    is_wrong = traitlets.Bool(False).tag(sync=True)
    is_running = traitlets.Bool(False).tag(sync=True)
    heard = traitlets.Unicode("").tag(sync=True)
    elapsed_s = traitlets.Float(-1.0).tag(sync=True)
    about_s = traitlets.Float(0.0).tag(sync=True)
    pages = traitlets.Dict().tag(sync=True)
    bytes_note = traitlets.Unicode("").tag(sync=True)


def fields_of(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    """What a page needs to know of each parameter to make its control."""
    return [
        {
            "name": one.name,
            "kind": _kind(one),
            "unit": one.unit if isinstance(one, Number | Whole) else "",
            "bounds": _bounds(one),
            "sentence": one.sentence,
            "options": list(one.options) if isinstance(one, Choice) else [],
        }
        for one in parameters
    ]


def _bounds(parameter: Parameter) -> str:
    """What a field takes, in a few words; of a switch everybody sees it, and of many options the list tells them."""
    if isinstance(parameter, Switch):
        return ""
    if isinstance(parameter, Choice) and len(parameter.options) > MAX_OPTIONS_TOLD:
        return f"one of {len(parameter.options)}"
    return parameter.bounds


def _kind(parameter: Parameter) -> str:
    match parameter:
        case Choice():
            return "choice"
        case Switch():
            return "switch"
        case Whole():
            return "whole"
    return "number"


def texts_of(parameters: Sequence[Parameter], scenario: Any) -> dict[str, str | bool]:
    """What the fields show for the values of a scenario."""
    return {one.name: text_of(getattr(scenario, one.name)) for one in parameters}


def text_of(value: Any) -> str | bool:
    """A value as its field shows it: a number without more digits than it needs."""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return value if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Mistake:
    """A value that is refused: whose it is, and the sentence that says why."""

    name: str
    sentence: str


def values_of(parameters: Sequence[Parameter], typed: Mapping[str, Any]) -> dict[str, Any] | Mistake:
    """The values that the fields stand for, or the first mistake among them."""
    values: dict[str, Any] = {}
    for one in parameters:
        given = typed.get(one.name, text_of(one.default))
        try:
            if isinstance(one, Switch):
                one.check(given)
                values[one.name] = given
            else:
                values[one.name] = one.read(str(given).strip()[:MAX_TYPED_CHARACTERS])
        except BadParameter as mistake:
            return Mistake(one.name, str(mistake))
    return values
