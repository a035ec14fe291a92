"""The widget of one prediction: what the browser shows and what the learner has picked or typed there so far.

``prediction.py`` decides what that means and says when it is locked; ``prediction_form.js`` draws it.
"""

from __future__ import annotations

import pathlib

import anywidget
import traitlets

from lab_servers.course.question import Choice, Number, Order, Question

NOTHING = -1

_HERE = pathlib.Path(__file__).parent


class PredictionForm(anywidget.AnyWidget):
    """A choice, a number or an order.

    Attributes:
        kind: ``"choice"``, ``"number"`` or ``"order"``.
        question: What is asked.
        options: The options of a choice, or the items of an order.
        unit: Of a number.
        bounds: Of a number, in words.
        picked: Positions among the options: one of a choice; of an order one for each place, -1 where none is chosen.
        typed: What stands in the field of a number.
        status: The line below.
        is_wrong: Whether that line tells of a mistake.
        is_locked: Whether nothing can be changed any more.
    """

    _esm = _HERE / "prediction_form.js"
    _css = _HERE / "prediction_form.css"

    kind = traitlets.Unicode("choice").tag(sync=True)
    question = traitlets.Unicode("").tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    unit = traitlets.Unicode("").tag(sync=True)
    bounds = traitlets.Unicode("").tag(sync=True)
    picked = traitlets.List(traitlets.Int()).tag(sync=True)
    typed = traitlets.Unicode("").tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    is_wrong = traitlets.Bool(False).tag(sync=True)
    is_locked = traitlets.Bool(False).tag(sync=True)


def form_of(question: Question) -> PredictionForm:
    """An empty form that asks this question."""
    match question:
        case Choice():
            texts = [option.text for option in question.options]
            return PredictionForm(kind="choice", question=question.text, options=texts)
        case Number():
            return PredictionForm(
                kind="number", question=question.text, unit=question.unit, bounds=f"from {question.bounds}"
            )
        case Order():
            nowhere = [NOTHING] * len(question.items)
            return PredictionForm(kind="order", question=question.text, options=list(question.items), picked=nowhere)
    raise TypeError(f"no form is known for a {type(question).__name__}")


def texts_picked(form: PredictionForm) -> tuple[str, ...]:
    """The texts at the picked positions, in order; what is no position (a page may send anything) is left out."""
    return tuple(form.options[position] for position in form.picked if 0 <= position < len(form.options))
