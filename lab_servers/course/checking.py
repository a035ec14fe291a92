"""Checks a learner's function or value on recorded bytes and on seeded random cases; gives hints and solutions."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.finding import exercise_named
from lab_servers.course.verdict import Failure, Verdict
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording

SEED = 2026


def check(name: str, answer: Any, recording: Recording | None = None, *, seed: int = SEED) -> Verdict:
    """Try an answer, and say what is wrong by rule and section, with the smallest input that shows it.

    Args:
        name: The exercise's name.
        answer: The learner's function, or value.
        recording: The recording of the run that the exercise is about.
        seed: What the random cases are made with.

    Raises:
        BadParameter: there is no such exercise.
    """
    return try_out(exercise_named(name), answer, recording, seed=seed)


def try_out(exercise: Exercise, answer: Any, recording: Recording | None, *, seed: int = SEED) -> Verdict:
    """The same for an exercise at hand."""
    broken: dict[str, list[tuple[Case, str]]] = {}
    tried = 0
    for case in exercise.cases(recording, Random(seed)):
        if case.args and not callable(answer):
            kind = type(answer).__name__
            return Verdict(exercise.task, 0, problem=f"{exercise.answer} must be a function, and this is a {kind}.")
        tried += 1
        given = _wrong(exercise, case, answer)
        if given is not None:
            broken.setdefault(case.rule, []).append((case, given))
    failures = []
    for found in broken.values():
        case, given = min(found, key=lambda one: len(repr(one[0].args)))
        failures.append(Failure(case, given, len(found)))
    return Verdict(exercise.task, tried, tuple(failures))


def _wrong(exercise: Exercise, case: Case, answer: Any) -> str | None:
    """What a wrong answer gave; ``None`` for a right one."""
    if not case.args:
        return None if exercise.is_same(answer, case.expected) else repr(answer)
    try:
        given = answer(*copy.deepcopy(case.args))
        return None if exercise.is_same(given, case.expected) else repr(given)
    except Exception as error:  # whatever the learner's code raises is what it gave
        return f"{type(error).__name__}: {error}"


def hint(name: str, step: int = 1) -> str:
    """The first hint, or the second, which says more.

    Raises:
        BadParameter: there is no such exercise or no such hint.
    """
    if step not in (1, 2):
        raise BadParameter(f"step must be 1 or 2, not {step!r}.")
    return exercise_named(name).hints[step - 1]


def solution(name: str) -> str:
    """The source of a solution.

    Raises:
        BadParameter: there is no such exercise.
    """
    return exercise_named(name).solution
