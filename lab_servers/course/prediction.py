"""A prediction: the learner commits to an answer before the run, and sees it beside what the recording shows.

The questions stand in ``lessons/``; what is right is computed from the recording (``question.py``). The form is
``prediction_form.py``, and what is shown afterwards ``comparison.py``.
"""

from __future__ import annotations

import threading
from html import escape
from typing import Any

from lab_servers.course import keeping
from lab_servers.course.comparison import Comparison, comparison_of
from lab_servers.course.finding import question_named
from lab_servers.course.prediction_form import PredictionForm, form_of, texts_picked
from lab_servers.course.question import Answer, Choice, Number, Question
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording

AGAIN = "Run this cell again to make a new one."


class Prediction:
    """One question and the learner's answer to it. Use :func:`predict` to make one.

    Attributes:
        question: The question.
    """

    def __init__(self, question: Question, answer: Answer | None) -> None:
        self.question = question
        self._answer = None if answer is None else question.require(answer)
        self._mistake = ""
        self._is_locked = answer is not None
        self._is_compared = False
        self._form: PredictionForm | None = None
        # The kernel may call back on whatever thread it chooses, also while a cell compares.
        self._lock = threading.RLock()

    @property
    def answer(self) -> Answer | None:
        """What the learner predicts; ``None`` while nothing is chosen."""
        return self._answer

    @property
    def is_locked(self) -> bool:
        """Whether it can be changed no more: it was compared, or given in the call."""
        return self._is_locked

    def compare(self, recording: Recording) -> Comparison:
        """The prediction beside what this recording shows; from now on it is locked.

        Without a prediction it says so, and goes on.

        Raises:
            BadParameter: this is no recording, or not one that the question is about.
        """
        if not isinstance(recording, Recording):
            raise BadParameter(f"compare() needs the recording of the run, not a {type(recording).__name__}.")
        with self._lock:
            compared = comparison_of(self.question, self._answer, recording)
            self._is_locked = self._is_compared = True
            self._refresh()
        if compared.is_right is None:
            return compared
        return compared.with_notice(keeping.keep_prediction(self.question.name, compared.is_right))

    # --- the form -------------------------------------------------------------------------------

    @property
    def form(self) -> PredictionForm:
        """The widget; made when it is first shown."""
        with self._lock:
            if self._form is None:
                self._form = form_of(self.question)
                self._put_answer(self._form)
                self._refresh()
                self._form.observe(self._changed, ["picked", "typed"])
            return self._form

    def _changed(self, _: object) -> None:
        with self._lock:
            form = self._form
            assert form is not None
            if self._is_locked:  # a click that was on its way when the result was shown
                self._put_answer(form)
                return
            self._mistake = ""
            try:
                self._answer = self._read(form)
            except BadParameter as mistake:
                self._answer, self._mistake = None, str(mistake)
            self._refresh()

    def _read(self, form: PredictionForm) -> Answer | None:
        """The answer in the form; ``None`` while it is not complete."""
        if isinstance(self.question, Number):
            return self.question.read(form.typed) if form.typed.strip() else None
        picked = texts_picked(form)
        if isinstance(self.question, Choice):
            return picked[0] if len(picked) == 1 else None
        return self.question.require(picked) if len(picked) == len(form.options) else None

    def _put_answer(self, form: PredictionForm) -> None:
        """Let the form show the answer that counts."""
        answer = self._answer
        if isinstance(self.question, Number):
            form.typed = "" if answer is None else str(answer)
            return
        texts = answer if isinstance(answer, tuple) else () if answer is None else (str(answer),)
        empty = [] if isinstance(self.question, Choice) else [-1] * len(form.options)
        form.picked = [form.options.index(text) for text in texts] or empty

    def _refresh(self) -> None:
        if self._form is not None:
            self._form.status, self._form.is_wrong = self.status, bool(self._mistake)
            self._form.is_locked = self._is_locked

    @property
    def status(self) -> str:
        """How far it is, in a sentence or two."""
        if self._answer is None:
            if self._is_compared:
                return f"No prediction was made before the result was shown. {AGAIN}"
            return self._mistake or "Nothing chosen yet: commit to an answer before you run on."
        said = f"Your prediction: “{self.question.said(self._answer)}”."
        if self._is_compared:
            return f"{said} The result has been shown, so it is locked. {AGAIN}"
        return said if self._is_locked else f"{said} You can change it until the result is shown."

    # --- how it shows itself ----------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        made: Any = self.form._repr_mimebundle_(**options) or {}
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(line)}</li>" for line in self.question.offered)
        call = f'predict("{self.question.name}", …)'
        return (
            '<div style="border:1px solid #8a8a8a;border-left:6px solid #0072b2;border-radius:4px;max-width:60em;'
            f'padding:0.6em 1em"><p style="margin:0"><strong>{escape(self.question.text)}</strong></p>'
            f'<ul style="margin:0.4em 0">{items}</ul><p style="margin:0">{escape(self.status)} '
            f"Without a form, answer in the call: <code>{escape(call)}</code></p></div>"
        )

    def __str__(self) -> str:
        lines = (self.question.text, *(f"  - {line}" for line in self.question.offered), self.status)
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def predict(name: str, answer: Answer | None = None) -> Prediction:
    """Ask a question before the run; afterwards ``compare(recording)`` shows both.

    As the last line of a cell the prediction shows itself as a form. The learner may answer there, and change it until
    ``compare`` is called. A new call gives a fresh form.

    Args:
        name: The question's name.
        answer: The prediction, for a learner who would rather write than click: the text of an option, a number, or
            the items in order. It counts at once.

    Raises:
        BadParameter: there is no such question, or this is no answer to it.
    """
    return Prediction(question_named(name), answer)
