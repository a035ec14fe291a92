"""Finds a question or an exercise by its name, among all lessons."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from lab_servers.course.exercise import Exercise
from lab_servers.course.lessons import LESSONS
from lab_servers.course.question import Question
from lab_servers.errors import BadParameter


def question_named(name: str) -> Question:
    """The question with this name.

    Raises:
        BadParameter: there is none.
    """
    found = {question.name: question for lesson in LESSONS for question in lesson.questions}
    if name not in found:
        raise BadParameter(f"There is no question {name!r}: {_nearest(name, found)}.")
    return found[name]


def exercise_named(name: str) -> Exercise:
    """The exercise with this name.

    Raises:
        BadParameter: there is none.
    """
    found = {exercise.name: exercise for lesson in LESSONS for exercise in lesson.exercises}
    if name not in found:
        raise BadParameter(f"There is no exercise {name!r}: {_nearest(name, found)}.")
    return found[name]


def _nearest(name: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.0)
    return f"the nearest is {near[0]!r}" if near else "this course has none"
