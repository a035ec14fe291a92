"""A prediction beside what a recording shows, and the misconception behind a wrong one, as a page and as text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from lab_servers.course.markup import NEUTRAL, OPEN, RIGHT, WRONG, box, section_link, section_text
from lab_servers.course.misconceptions import CATALOGUE, Misconception
from lab_servers.course.question import Answer, Question
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.wire.printable import printable

MAX_CHARACTERS = 600

_WORDS = {True: "✓ Right", False: "✗ Not so", None: "No prediction"}
_COLOURS = {True: RIGHT, False: WRONG, None: OPEN}
_HOW = "None was made. To make one, answer the question above before you run this cell."


@dataclass(frozen=True)
class Comparison:
    """What was predicted and what was seen.

    Attributes:
        question: What was asked.
        predicted: The prediction in words; empty if none was made.
        seen: The right answer in words, computed from the recording.
        shows: What the recording shows, computed from it.
        is_right: Whether the two fit; ``None`` if no prediction was made.
        misconception: What somebody believes who predicts this; ``None`` where there is nothing to answer.
        notice: What else the learner must know; empty as a rule.
    """

    question: str
    predicted: str
    seen: str
    shows: str
    is_right: bool | None
    misconception: Misconception | None = None
    notice: str = ""

    def with_notice(self, notice: str) -> Comparison:
        """A copy that says this as well."""
        return replace(self, notice=notice)

    def __str__(self) -> str:
        lines = [
            self.question,
            f"  your prediction:      {self.predicted or _HOW}",
            f"  this recording shows: {self.seen}",
            f"  {self.shows}",
        ]
        if self.is_right is not None:
            lines.append(_WORDS[self.is_right] + ".")
        if self.misconception:
            where = f" ({section_text(self.misconception.section)})" if self.misconception.section else ""
            lines.append(f"A common belief: “{self.misconception.belief}” {self.misconception.correction}{where}")
        return "\n".join([*lines, *filter(None, [self.notice])])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        word, colour = _WORDS[self.is_right], _COLOURS[self.is_right]
        mine = _side(f"Your prediction: <strong>{word}</strong>", self.predicted, colour, self._answered())
        seen = _side("This recording shows", self.seen, NEUTRAL, _paragraph(escape(self.shows)))
        return (
            f'<div style="max-width:75em"><p style="margin:0.3em 0"><strong>{escape(self.question)}</strong></p>'
            f'<div style="display:flex;flex-wrap:wrap;gap:12px">{mine}{seen}</div>'
            f"{_paragraph(escape(self.notice))}</div>"
        )

    def _answered(self) -> str:
        """What is said to the prediction."""
        if self.is_right is None:
            return _paragraph(_HOW)
        if self.misconception is None:
            return ""
        link = section_link(self.misconception.section)
        return _paragraph(f"A common belief: <em>“{escape(self.misconception.belief)}”</em>") + _paragraph(
            f"{escape(self.misconception.correction)} {link}"
        )


def _side(heading: str, answer: str, colour: str, below: str) -> str:
    """One of the two; ``heading`` and ``below`` are HTML."""
    said = f'<p style="margin:0.2em 0;font-size:1.15em"><strong>{escape(answer)}</strong></p>' if answer else ""
    return box(
        colour,
        f'<p style="margin:0">{heading}</p>{said}{below}',
        style="flex:1 1 16em;box-sizing:border-box;min-width:0;overflow-wrap:anywhere",
    )


def _paragraph(inner: str) -> str:
    return f'<p style="margin:0.3em 0 0">{inner}</p>' if inner.strip() else ""


def comparison_of(question: Question, answer: Answer | None, recording: Recording) -> Comparison:
    """Compare an answer with what a recording shows.

    Raises:
        BadParameter: the recording is of a run that the question is not about.
    """
    try:
        truth = question.require(question.truth(recording))
        shows = question.shows(recording)
    except Exception as error:  # a recording of another run may lack anything that the question reads off it
        raise BadParameter(
            f"The question {question.name!r} cannot be answered from this recording of {printable(recording.name, 60)} "
            f"({printable(str(error), 200) or type(error).__name__}): compare with the run that follows the question."
        ) from None
    said = "" if answer is None else printable(question.said(answer), MAX_CHARACTERS)
    is_right = None if answer is None else question.is_right(answer, truth)
    behind = question.misconception_of(answer, truth) if answer is not None and not is_right else ""
    return Comparison(
        question.text,
        said,
        printable(question.said(truth), MAX_CHARACTERS),
        printable(shows, MAX_CHARACTERS),
        is_right,
        CATALOGUE.get(behind),
    )
