"""What an exercise is made of: cases to try a learner's answer on, each with the rule behind it, hints and a solution.

``checking.py`` tries them. The starter stands in the notebook, where the learner completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from lab_servers.recording import Recording


@dataclass(frozen=True)
class Case:
    """One try.

    Attributes:
        args: What the learner's function is called with; empty where the answer is a value.
        expected: What it must return, or be.
        rule: The rule that a wrong result breaks, in one sentence.
        section: URL of the section of a specification that says so; empty where none does.
        source: Where the input comes from: ``"recorded"``, or ``"made with seed 7"``.
    """

    args: tuple[Any, ...]
    expected: Any
    rule: str
    section: str = ""
    source: str = "recorded"


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        name: Its name in calls, which begins with the number of its notebook: ``"05-accept-key"``.
        task: What to do, in one sentence.
        answer: The name of the function or value in the starter cell and in the solution: ``"accept_key"``.
        cases: The tries: first those with what the recording holds, then random ones.
        hints: Two, the second says more.
        solution: Python source, at most 15 lines, that defines ``answer``.
        record: Makes a recording that ``cases`` can use, from a running lab (tests use it); ``None`` where the cases
            need none.
        is_same: Whether a result is what was expected; equality unless told.
        call: How the answer is called with the arguments of a case; as a function unless told. A generator or a
            coroutine function needs somebody to drive it.
    """

    name: str
    task: str
    answer: str
    cases: Callable[[Recording | None, Random], Iterable[Case]]
    hints: tuple[str, str]
    solution: str
    record: Callable[[Any], Recording] | None = None
    is_same: Callable[[Any, Any], bool] = lambda given, expected: bool(given == expected)
    call: Callable[..., Any] = lambda answer, *args: answer(*args)
