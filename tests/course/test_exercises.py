"""Every starter fails its check and every solution passes it, on a fresh recording and random cases of three seeds."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.exercise import Exercise
from lab_servers.course.lesson import Lesson
from lab_servers.course.lessons import LESSONS
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from tests.course.notebooks import LessonNotebook

SEEDS = (2026, 1, 2)
RECORDED = "recorded"

EXERCISES = [(lesson, exercise) for lesson in LESSONS for exercise in lesson.exercises]
every_exercise = pytest.mark.parametrize(("lesson", "exercise"), EXERCISES, ids=[one.name for _, one in EXERCISES])


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def fresh(lab: Lab) -> dict[str, Recording | None]:
    """One recording for each exercise that needs one, made as the exercise itself says."""
    return {one.name: one.record(lab) if one.record else None for _, one in EXERCISES}


@every_exercise
def test_the_starter_in_the_notebook_fails(
    lesson: Lesson, exercise: Exercise, fresh: dict[str, Recording | None]
) -> None:
    starter = LessonNotebook.of(lesson.notebook).starter(exercise.answer)
    for seed in SEEDS:
        verdict = try_out(exercise, starter[exercise.answer], fresh[exercise.name], seed=seed)
        assert verdict.failures, f"it passes, or cannot be tried: {verdict}"


@every_exercise
def test_the_solution_passes(lesson: Lesson, exercise: Exercise, fresh: dict[str, Recording | None]) -> None:
    names: dict[str, Any] = {}
    exec(compile(exercise.solution, f"<solution of {exercise.name}>", "exec"), names)
    for seed in SEEDS:
        verdict = try_out(exercise, names[exercise.answer], fresh[exercise.name], seed=seed)
        assert verdict.passed, str(verdict)


@every_exercise
def test_its_cases_begin_with_what_was_recorded_and_each_names_its_rule(
    lesson: Lesson, exercise: Exercise, fresh: dict[str, Recording | None]
) -> None:
    recording = fresh[exercise.name]
    cases = [list(exercise.cases(recording, Random(seed))) for seed in (1, 1, 2)]
    assert [repr(case) for case in cases[0]] == [repr(case) for case in cases[1]], "the seed decides"
    if recording is not None:
        assert cases[0][0].source == RECORDED
    if cases[0][0].args:
        assert [repr(case) for case in cases[0]] != [repr(case) for case in cases[2]], "some are random"
    for case in cases[0]:
        assert case.rule.endswith((".", "?", "!"))
        assert not case.section or case.section.startswith("https://")
