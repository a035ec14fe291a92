"""Checks a learner's function or value on recorded bytes and on seeded random cases; gives hints and solutions.

``trying.py`` calls the learner's code within bounds, and ``verdict.py`` shows what was found.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from lab_servers.course import keeping
from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.finding import exercise_named
from lab_servers.course.help import Hint, Solution
from lab_servers.course.shown import first_difference, given_text, size, words_of
from lab_servers.course.trying import ALL_LIMIT_S, ONE_LIMIT_S, TimeIsUp, Tries, try_each
from lab_servers.course.verdict import Failure, Verdict
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.wire.printable import printable

SEED = 2026


@dataclass(frozen=True)
class _Wrong:
    """What came of a case that did not come out right, in words."""

    given: str
    difference: str = ""


def check(name: str, answer: Any, recording: Recording | None = None, *, seed: int = SEED) -> Verdict:
    """Try an answer, and say what is wrong by rule and section, with the smallest input that shows it.

    Whatever the learner's function does is part of the verdict: what it raises, an exit included, and that it does
    not end within a generous time. The notebook's stop button breaks it off at once.

    Args:
        name: The exercise's name.
        answer: The learner's function, or value.
        recording: The recording of the run that the exercise is about.
        seed: What the random cases are made with.

    Raises:
        BadParameter: there is no such exercise.
    """
    verdict = try_out(exercise_named(name), answer, recording, seed=seed)
    return verdict.with_notice(keeping.keep_check(name)) if verdict.passed else verdict


def try_out(
    exercise: Exercise,
    answer: Any,
    recording: Recording | None,
    *,
    seed: int = SEED,
    one_limit_s: float = ONE_LIMIT_S,
    all_limit_s: float = ALL_LIMIT_S,
) -> Verdict:
    """The same for an exercise at hand, with the time that one case, and all of them, may take."""
    try:
        cases = _cases(exercise, recording, seed)
        _require_kind(exercise, cases, answer)
    except BadParameter as problem:
        return Verdict(exercise.task, 0, problem=str(problem), answer=exercise.answer)
    tries = try_each(
        lambda case: _tried(exercise, case, answer), cases, one_limit_s=one_limit_s, all_limit_s=all_limit_s
    )
    found = list(tries.results)
    if tries.is_broken_off and len(found) < len(cases):
        found.append(_Wrong(f"nothing: it did not end within {one_limit_s:g} seconds, and was broken off"))
    failures = _failures(cases, found)
    notice = _notice(tries)
    if tries.is_out_of_time and not failures:
        return Verdict(exercise.task, len(found), problem=notice, answer=exercise.answer)
    return Verdict(exercise.task, len(found), failures, answer=exercise.answer, notice=notice)


def _cases(exercise: Exercise, recording: Recording | None, seed: int) -> list[Case]:
    """All cases.

    Raises:
        BadParameter: they cannot be made from this recording.
    """
    if recording is not None and not isinstance(recording, Recording):
        raise BadParameter(f"It needs the recording of the run as well, not a {type(recording).__name__}.")
    try:
        return list(exercise.cases(recording, Random(seed)))
    except Exception as error:  # a recording of another run may lack anything that the exercise takes from it
        if recording is None:
            raise BadParameter(
                f"It needs the recording of the run as well: check({exercise.name!r}, {exercise.answer}, recording)."
            ) from None
        raise BadParameter(
            f"This recording of {printable(recording.name, 60)} does not fit the exercise "
            f"({printable(str(error), 200) or type(error).__name__}): give the one of the run before it."
        ) from None


def _require_kind(exercise: Exercise, cases: Sequence[Case], answer: Any) -> None:
    wants_function = any(case.args for case in cases)
    if wants_function and not callable(answer):
        raise BadParameter(f"{exercise.answer} must be a function, and this is of type {type(answer).__name__}.")
    if not wants_function and inspect.isroutine(answer):
        raise BadParameter(f"{exercise.answer} must be a value, and this is a function: give what it returns.")


def _tried(exercise: Exercise, case: Case, answer: Any) -> _Wrong | None:
    """What is wrong with what an answer gives in one case; ``None`` if nothing is."""
    given = answer
    if case.args:
        try:
            # A copy: a function may change what it is given, and the next case must not see it.
            given = exercise.call(answer, *copy.deepcopy(case.args))
        except TimeIsUp:
            raise
        except BaseException as error:  # whatever the learner's code raises is what it gave; the stop button is not
            return _Wrong(_raised(error, answer))
    try:
        return _compared(exercise, given, case.expected)
    except TimeIsUp:
        raise
    except BaseException as error:  # a value of the learner's own class, which fights back wherever it is touched
        return _Wrong(printable(f"a value that cannot be looked at ({type(error).__name__})", 200))


def _compared(exercise: Exercise, given: Any, expected: Any) -> _Wrong | None:
    if inspect.iscoroutine(given):
        given.close()  # else Python warns that nobody awaited it
        return _Wrong("a coroutine: define the function with def, without async")
    try:
        is_same = bool(exercise.is_same(given, expected))
    except Exception:  # a comparison that cannot cope with what was given
        is_same = False
    if is_same:
        return None
    try:
        difference = first_difference(given, expected)
    except Exception:  # nor can this one
        difference = ""
    return _Wrong(given_text(given, expected), difference)


def _raised(error: BaseException, function: Any) -> str:
    """An exception on one line, with the last line of the learner's cell that it passed."""
    own = getattr(getattr(function, "__code__", None), "co_filename", None)
    line, walked = 0, error.__traceback__
    while walked is not None:
        if walked.tb_frame.f_code.co_filename == own:
            line = walked.tb_lineno
        walked = walked.tb_next
    where = f", raised by line {line} of its cell" if line else ""
    return words_of(error) + where


def _failures(cases: Sequence[Case], found: Sequence[_Wrong | None]) -> tuple[Failure, ...]:
    """One for each broken rule, in the order in which they were met, each with the smallest input."""
    broken: dict[str, list[tuple[Case, _Wrong]]] = {}
    for case, wrong in zip(cases, found, strict=False):
        if wrong is not None:
            broken.setdefault(case.rule, []).append((case, wrong))
    failures = []
    for tried in broken.values():
        case, wrong = min(tried, key=lambda one: size(one[0].args))
        failures.append(Failure(case, wrong.given, len(tried), wrong.difference))
    return tuple(failures)


def _notice(tries: Tries[_Wrong | None]) -> str:
    if tries.is_left_behind:
        return "It could not be ended, and goes on in the background: restart the kernel."
    if tries.is_broken_off:
        return "The cases after that one were not tried."
    if tries.is_out_of_time:
        return "All cases together took too long, so that the rest of them was not tried: is there a faster way?"
    return ""


def hint(name: str, step: int = 1) -> Hint:
    """The first hint, or the second, which says more; folded, until it is clicked.

    Raises:
        BadParameter: there is no such exercise or no such hint.
    """
    if step not in (1, 2):
        raise BadParameter(f"step must be 1 or 2, not {step!r}.")
    return Hint(exercise_named(name).hints[step - 1], step)


def solution(name: str) -> Solution:
    """The source of a solution; folded, until it is clicked.

    Raises:
        BadParameter: there is no such exercise.
    """
    return Solution(exercise_named(name).solution.strip())
