"""What one notebook teaches: objectives, each joined to cells, predictions, checks, claims and specifications.

``lessons/`` has one for each notebook; ``tracing.py`` makes the machine-readable whole of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.course.exercise import Exercise
from lab_servers.course.question import Question


@dataclass(frozen=True)
class Objective:
    """What a learner can do afterwards, and where that is taught, predicted, checked and proved.

    Attributes:
        text: As it stands in the notebook, without its final punctuation.
        cells: Ids of the notebook's cells that teach it.
        checks: Names of the exercises that check it, at least one.
        predictions: Names of the questions that come before.
        claims: Ids of the claims that the cells show.
        sections: URLs of the sections of specifications that it rests on.
    """

    text: str
    cells: tuple[str, ...]
    checks: tuple[str, ...]
    predictions: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """One notebook.

    Attributes:
        notebook: The name of its file without the ending: ``"04_sse"``.
        question: The question that it answers.
        objectives: At most four.
        questions: The predictions that it asks for.
        exercises: What it checks.
        reading_min: Minutes of reading.
        doing_min: Minutes of doing.
    """

    notebook: str
    question: str
    objectives: tuple[Objective, ...]
    questions: tuple[Question, ...]
    exercises: tuple[Exercise, ...]
    reading_min: int = 10
    doing_min: int = 20
