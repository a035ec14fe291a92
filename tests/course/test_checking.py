"""A check tries an answer on recorded and random cases, and whatever the learner's code does becomes a sentence."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lab_servers.course import check, hint, solution
from lab_servers.course.checking import try_out
from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.verdict import Verdict
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from tests.course.asked import MARKUP, run
from tests.waiting import until_sync

UNMASK = "Byte i of the payload is XORed with byte i modulo 4 of the key."
EMPTY = "A payload of no bytes is one too."
SECTION = "https://www.rfc-editor.org/rfc/rfc6455#section-5.3"


def cases(recording: Recording | None, random: Random) -> Iterable[Case]:
    assert recording is not None
    size = recording.parameters["requests"]
    assert isinstance(size, int)
    yield Case((b"\x01\x02\x03\x04", b"\0" * size), b"\x01\x02\x03\x04"[:size], UNMASK, SECTION)
    yield Case((b"\x01\x02\x03\x04", b""), b"", EMPTY, SECTION)
    for _ in range(20):
        key, data = random.randbytes(4), random.randbytes(random.randint(5, 60))
        yield Case((key, data), unmask(key, data), UNMASK, SECTION, source="made with a seed")


def unmask(key: bytes, data: bytes) -> bytes:
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(data))


EXERCISE = Exercise(
    "06-unmask",
    "Unmask a frame's payload.",
    "unmask",
    cases,
    ("Look at section 5.3.", f"XOR is ^ in Python. {MARKUP}"),
    "def unmask(key, data):\n    return bytes(byte ^ key[place % 4] for place, byte in enumerate(data))\n",
)
VALUE = replace(EXERCISE, answer="offset", cases=lambda *_: [Case((), 129, "HTTP ends after the empty line.", SECTION)])


def tried(answer: Any, exercise: Exercise = EXERCISE, recording: Any = None, **options: Any) -> Verdict:
    return try_out(exercise, answer, run() if recording is None else recording, **options)


def shown(verdict: Verdict) -> Iterator[str]:
    """The verdict in each of its forms."""
    for page in (verdict._repr_html_(), verdict.table()._repr_html_()):
        assert not re.search(r"<(script|img)", page)
        yield page
    yield from (str(verdict), str(verdict.table()))


def test_a_right_answer_passes_every_case() -> None:
    verdict = tried(unmask)
    assert verdict.passed
    assert verdict.tried == 22
    assert str(verdict) == "✓ Passed: 22 of 22 cases.\nUnmask a frame's payload."


def test_the_solution_is_code_that_passes() -> None:
    names: dict[str, Any] = {}
    exec(EXERCISE.solution, names)
    assert tried(names["unmask"]).passed


def test_a_wrong_answer_is_told_the_rule_the_section_and_the_smallest_input() -> None:
    verdict = tried(lambda key, data: data)
    assert not verdict.passed
    (failure,) = verdict.failures
    assert (failure.case.rule, failure.count) == (UNMASK, 21)
    # The recorded payload of three bytes is smaller than any random one.
    assert failure.case.args == (b"\x01\x02\x03\x04", b"\0\0\0")
    text = str(verdict)
    assert "✗ Not yet: 21 of 22 cases came out wrong, and one rule is broken." in text
    assert "(RFC 6455 §5.3): 21 cases" in text
    assert r"smallest input (recorded): unmask(b'\x01\x02\x03\x04', b'\x00\x00\x00')" in text
    assert "as hex: 01 02 03 04" in text
    assert r"given: b'\x00\x00\x00'" in text
    assert "first difference: byte 0: 01 expected, 00 given" in text
    assert f'href="{SECTION}"' in verdict._repr_html_()


def test_the_same_seed_makes_the_same_cases_and_another_one_others() -> None:
    seen: list[tuple[bytes, bytes]] = []

    def spy(key: bytes, data: bytes) -> bytes:
        seen.append((key, data))
        return unmask(key, data)

    for seed in (1, 1, 2):
        tried(spy, seed=seed)
    assert seen[:22] == seen[22:44] != seen[44:]


# --- what a learner's code may do -------------------------------------------------------------


def test_an_exception_is_one_line_with_the_line_that_raised_it_and_the_input() -> None:
    def raises(key: bytes, data: bytes) -> bytes:
        return data[99:] + bytes([data[99]])

    (first, second) = tried(raises).failures
    assert re.fullmatch(r"IndexError: index out of range, raised by line \d+ of its cell", first.given)
    assert second.case.rule == EMPTY
    for form in shown(tried(raises)):
        assert "Traceback" not in form


class Hostile:
    """A result that fights back wherever it is touched."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("no comparison")

    def __repr__(self) -> str:
        raise ValueError("no repr")

    __hash__ = None  # type: ignore[assignment]


class Disguised:
    """One that cannot even be asked what it is."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ValueError("no class")


class Leaving:
    def __repr__(self) -> str:
        raise SystemExit


class Unspeakable(Exception):
    def __init__(self, when_asked: BaseException | None = None) -> None:
        self.when_asked = when_asked or ValueError("no words")

    def __str__(self) -> str:
        raise self.when_asked


def test_items_that_cannot_be_compared_have_no_first_difference() -> None:
    exercise = replace(EXERCISE, cases=lambda *_: [Case(([1, 2],), [1, 2], UNMASK)])
    (failure,) = tried(lambda _: [Hostile(), Hostile()], exercise).failures
    assert failure.given.startswith("[<Hostile instance at 0x")
    assert failure.difference == ""


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_: object) -> None:
        raise error

    return raises


async def asynchronous(key: bytes, data: bytes) -> bytes:
    return data


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        (lambda *_: None, "None: is there a return statement"),
        (lambda *_: ..., "… (the three dots of the starter still stand there)"),
        (lambda *_: "text", "'text', which is of type str, not bytes"),
        (lambda *_: 7, "7, which is of type int, not bytes"),
        (lambda *_: b"x" * 5000 + b"y", f"b'{'x' * 50}' … b'{'x' * 39}y' (5,001 bytes)"),
        (lambda *_: "\x1b[31m\u202e" * 900, r"'\x1b[31m\u202e"),
        (lambda *_: MARKUP, f"'{MARKUP}', which"),
        (lambda *_: [[[[[[[[1]]]]]]]], "[[[[[[...]]]]]], which is of type list"),
        (lambda *_: Hostile(), "<Hostile instance at 0x"),
        (lambda: b"", "TypeError: "),
        (raising(ValueError("a\nb\x1b[31m" + "c" * 999)), r"ValueError: a\nb\x1b[31mccc"),
        (raising(RecursionError()), "RecursionError, raised by line"),
        (raising(Unspeakable()), "Unspeakable, raised by line"),
        (raising(Unspeakable(SystemExit())), "Unspeakable, raised by line"),
        (lambda *_: Disguised(), "a value that cannot be looked at (ValueError)"),
        (lambda *_: Leaving(), "a value that cannot be looked at (SystemExit)"),
        (lambda *_: type("a\x1b[31m\n", (), {})(), "<tests.course.test_checking.a"),
        (asynchronous, "a coroutine: define the function with def"),
        (int, "TypeError: "),
    ],
)
def test_whatever_a_function_gives_is_shown_on_one_short_line(answer: Callable[..., Any], given: str) -> None:
    verdict = tried(answer)
    assert verdict.failures[0].given.startswith(given)
    for failure in verdict.failures:
        assert "\n" not in failure.given
        assert len(failure.given) < 800
    assert all(len(form) < 20_000 for form in shown(verdict))


def test_a_function_that_changes_its_arguments_spoils_neither_the_next_case_nor_the_report() -> None:
    given: list[list[int]] = []

    def greedy(items: list[int]) -> int:
        given.append(list(items))
        items.clear()
        return 0

    lists = [Case(([1, 2, 3],), 3, "Count."), Case(([1, 2, 3],), 3, "Count again.")]
    verdict = tried(greedy, replace(EXERCISE, answer="greedy", cases=lambda *_: lists))
    assert given == [[1, 2, 3]] * 2
    assert [one.case.args for one in verdict.failures] == [([1, 2, 3],)] * 2
    assert "greedy([1, 2, 3])" in str(verdict)


def test_a_function_that_never_ends_is_broken_off_and_its_thread_is_gone() -> None:
    def endless(key: bytes, data: bytes) -> bytes:
        while data:
            pass
        return data

    verdict = tried(endless, one_limit_s=0.2)
    assert "it did not end within 0.2 seconds, and was broken off" in str(verdict)
    assert "The cases after that one were not tried." in str(verdict)
    assert [one.name for one in threading.enumerate() if one.name == "check"] == []


def test_one_that_swallows_every_exception_is_broken_off_too() -> None:
    def stubborn(key: bytes, data: bytes) -> bytes:
        for _ in range(3):
            try:
                while True:
                    pass
            except:  # noqa: E722
                pass
        return data

    assert not tried(stubborn, one_limit_s=0.2).passed
    assert [one.name for one in threading.enumerate() if one.name == "check"] == []


def test_one_that_waits_in_a_call_that_nothing_can_end_is_left_behind_and_says_so() -> None:
    may_end = threading.Event()
    verdict = tried(lambda *_: may_end.wait(60), one_limit_s=0.1)
    assert "It could not be ended, and goes on in the background: restart the kernel." in str(verdict)
    may_end.set()
    until_sync(lambda: not [one for one in threading.enumerate() if one.name == "check"])


def test_one_that_is_merely_slow_gets_no_verdict_on_the_cases_that_were_not_tried() -> None:
    def slow(key: bytes, data: bytes) -> bytes:
        time.sleep(0.06)
        return unmask(key, data)

    verdict = tried(slow, one_limit_s=30, all_limit_s=0.1)
    assert not verdict.passed
    assert "All cases together took too long" in verdict.headline


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_what_ends_a_program_elsewhere_is_what_the_learners_code_gave(error: type[BaseException]) -> None:
    first, _ = tried(raising(error())).failures
    assert first.given.startswith(f"{error.__name__}, raised by line ")


def test_the_stop_button_ends_a_check_at_once_and_leaves_no_thread() -> None:
    def endless(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)  # what the button sends to the kernel
        while True:
            pass

    with pytest.raises(KeyboardInterrupt):
        tried(endless)
    assert [one.name for one in threading.enumerate() if one.name == "check"] == []


# --- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "answer", "sentence"),
    [
        (EXERCISE, b"bytes", "unmask must be a function, and this is of type bytes."),
        (EXERCISE, None, "unmask must be a function, and this is of type NoneType."),
        (VALUE, unmask, "offset must be a value, and this is a function: give what it returns."),
    ],
)
def test_an_answer_of_the_wrong_kind_is_one_sentence(exercise: Exercise, answer: Any, sentence: str) -> None:
    verdict = tried(answer, exercise)
    assert (verdict.problem, verdict.passed, verdict.tried) == (sentence, False, 0)
    assert all("✗ Not yet." in form for form in shown(verdict))


def test_a_value_is_compared_as_it_is() -> None:
    assert tried(129, VALUE).passed
    for wrong, given in (
        (128, "128"),
        (..., "… (the three dots"),
        (None, "None"),
        ("129", "'129', which is of type str"),
    ):
        (failure,) = tried(wrong, VALUE).failures
        assert failure.given.startswith(given)


def test_without_the_recording_and_with_one_of_another_run_it_says_what_to_give() -> None:
    without = try_out(EXERCISE, unmask, None)
    assert without.problem == "It needs the recording of the run as well: check('06-unmask', unmask, recording)."
    assert "does not fit the exercise" in tried(unmask, recording=Recording("FourWays", ())).problem
    assert tried(unmask, recording="recording").problem == "It needs the recording of the run as well, not a str."


def test_many_broken_rules_are_cut_and_counted() -> None:
    many = [Case((number,), number, f"Rule {number}.") for number in range(9)]
    verdict = tried(lambda _: -1, replace(EXERCISE, cases=lambda *_: many))
    assert len(verdict.failures) == 9
    assert "Broken as well: 3 other rules. Mend these first." in str(verdict)


def test_a_name_that_no_exercise_has_is_refused() -> None:
    for asked in (lambda: check("nonsense", unmask), lambda: hint("nonsense"), lambda: solution("nonsense")):
        with pytest.raises(BadParameter, match="There is no exercise 'nonsense': "):
            asked()
    with pytest.raises(BadParameter, match=r"^step must be 1 or 2, not 3[.]$"):
        hint("nonsense", 3)


# --- hints and solutions ------------------------------------------------------------------------


def test_hints_and_solutions_are_folded_in_a_page_and_plain_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lab_servers.course.checking.exercise_named", {EXERCISE.name: EXERCISE}.__getitem__)
    monkeypatch.chdir(tmp_path)
    assert repr(hint("06-unmask")) == "Hint 1 of 2: Look at section 5.3."
    assert str(solution("06-unmask")) == EXERCISE.solution.strip()
    for page in (hint("06-unmask", 2)._repr_html_(), solution("06-unmask")._repr_html_()):
        assert page.startswith("<details")
        assert not re.search(r"<(script|img)", page)
    assert check("06-unmask", unmask, run()).passed
    assert list(tmp_path.iterdir()) == []


def test_an_exercise_may_say_how_its_answer_is_called_and_a_coroutine_can_be_driven_beside_a_running_loop() -> None:
    async def unmask_later(key: bytes, data: bytes) -> bytes:
        await asyncio.sleep(0)
        return unmask(key, data)

    driven = replace(EXERCISE, call=lambda answer, *args: asyncio.run(answer(*args)))

    async def notebook() -> Verdict:
        # A cell runs on a loop, on which nobody may call asyncio.run(): the check has a thread of its own.
        return tried(unmask_later, driven)

    assert asyncio.run(notebook()).passed
