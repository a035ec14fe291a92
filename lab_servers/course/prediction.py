"""A prediction: the learner commits to an answer before the run, and sees it beside what the recording shows.

The questions stand in ``lessons/``; what is right is computed from the recording (``question.py``).
"""

from __future__ import annotations

from lab_servers.course.finding import question_named
from lab_servers.course.misconceptions import CATALOGUE
from lab_servers.course.question import Answer, Number, Question
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.table import Table


class Prediction:
    """One question and the learner's answer to it. Use :func:`predict` to make one.

    Attributes:
        question: The question.
        answer: What the learner predicts; ``None`` while nothing is chosen.
    """

    def __init__(self, question: Question, answer: Answer | None) -> None:
        self.question = question
        self.answer = None if answer is None else question.require(answer)

    def compare(self, recording: Recording) -> Table:
        """The prediction beside what this recording shows.

        Without a prediction it says so, and goes on.

        Raises:
            BadParameter: this is no recording.
        """
        if not isinstance(recording, Recording):
            raise BadParameter(f"compare() needs the recording of the run, not a {type(recording).__name__}.")
        truth = self.question.truth(recording)
        rows = [("this recording shows", self._said(truth), self.question.shows(recording))]
        if self.answer is None:
            rows.insert(0, ("your prediction", "none was made", "To make one, choose above before this cell is run."))
        else:
            is_right = self.question.is_right(self.answer, truth)
            remark = "✓ right" if is_right else "✗ not so. " + self._correction(truth)
            rows.insert(0, ("your prediction", self._said(self.answer), remark.strip()))
        return Table(self.question.text, ("", "answer", "what it says"), tuple(rows))

    def _correction(self, truth: Answer) -> str:
        assert self.answer is not None
        known = CATALOGUE.get(self.question.misconception_of(self.answer, truth))
        return f"“{known.belief}” {known.correction}" if known else ""

    def _said(self, answer: Answer) -> str:
        if isinstance(answer, tuple):
            return ", then ".join(answer)
        unit = self.question.unit if isinstance(self.question, Number) else ""
        return f"{answer:g} {unit}".strip() if isinstance(answer, int | float) else answer

    def __repr__(self) -> str:
        said = "nothing chosen yet" if self.answer is None else self._said(self.answer)
        return f"{self.question.text}\n{said}"


def predict(name: str, answer: Answer | None = None) -> Prediction:
    """Ask a question before the run; afterwards ``compare(recording)`` shows both.

    Args:
        name: The question's name.
        answer: The prediction, for a learner who would rather write than click: the text of an option, a number, or
            the items in order.

    Raises:
        BadParameter: there is no such question, or this is no answer to it.
    """
    return Prediction(question_named(name), answer)
