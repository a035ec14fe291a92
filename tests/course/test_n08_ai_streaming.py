"""The questions and exercises of 08: right is what a recording shows, and a wrong answer fails by its own rule."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.comparison import comparison_of
from lab_servers.course.finding import exercise_named, question_named
from lab_servers.course.lessons.n08_endings import DIALECTS, outcome_of, told_in
from lab_servers.course.lessons.n08_listening import Reader, Run
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import AnswerArrives, AskedTwice, CutAnywhere, ReaderLeaves, RealClients, StopOrLeave
from lab_servers.scenarios.scenario import Scenario
from lab_servers.wire.llm.reader import AnswerReader
from lab_servers.wire.llm.ways import Way
from tests.tools import require_tool

Pieces = list[bytes]


@pytest.fixture(scope="module")
def lab_without_servers() -> Iterator[Lab]:
    with Lab([]) as lab:
        yield lab


@pytest.fixture(scope="module")
def recordings(lab_without_servers: Lab) -> dict[str, Recording]:
    require_tool("curl")
    lab = lab_without_servers
    return {
        "answer": AnswerArrives().run(lab),
        "clients": RealClients(case="error in mid-stream").run(lab),
        "cut": CutAnywhere(cuts=1).run(lab),
        "leave": ReaderLeaves().run(lab),
        "stop": StopOrLeave().run(lab),
        "twice": AskedTwice().run(lab),
    }


# --- predictions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "recording", "answers"),
    [
        (
            "08-first",
            "answer",
            {
                "the first text comes much sooner, the last one does not": True,
                "the whole answer comes much sooner": False,
                "the first text comes much sooner on the WebSocket, and only there": False,
            },
        ),
        # An envelope and its framing are some hundreds of bytes, a token is three.
        ("08-bytes", "answer", {280.0: True, 4.0: False, 4_000.0: False}),
        (
            "08-error",
            "clients",
            {
                "200, and the stream says so in its own words": True,
                "500, or another status of an error": False,
                "200, and the connection breaks": False,
            },
        ),
        (
            "08-cut",
            "cut",
            {
                "at nearly all of them": True,
                "at none: HTTP tells of it": False,
                "at those between two events": False,
            },
        ),
        (
            "08-leave",
            "leave",
            {
                "a few the first, all the rest the other": True,
                "none: the connection is gone": False,
                "a few each: the next write fails": False,
            },
        ),
        (
            "08-stop",
            "stop",
            {
                "it goes on to the end": True,
                "it stops: nobody reads any more": False,
                "it waits until the reader is back": False,
            },
        ),
        (
            "08-twice",
            "twice",
            {
                "twice as many": True,
                "as many as the answer has: the server knows the question again": False,
                "a few more: the first run stops when its client gives up": False,
            },
        ),
    ],
)
def test_the_recording_tells_what_is_right_and_a_wrong_answer_meets_its_misconception(
    name: str, recording: str, answers: dict[Any, bool], recordings: dict[str, Recording]
) -> None:
    question = question_named(name)
    for answer, is_right in answers.items():
        compared = comparison_of(question, answer, recordings[recording])
        assert compared.is_right is is_right, question.shows(recordings[recording])
        assert (compared.misconception is None) is is_right
    assert question.shows(recordings[recording]).endswith(".")


@pytest.mark.parametrize("name", ["08-first", "08-bytes", "08-error", "08-cut", "08-leave", "08-stop", "08-twice"])
def test_a_recording_of_another_run_cannot_answer(name: str) -> None:
    with pytest.raises(BadParameter, match="cannot be answered from this recording"):
        comparison_of(question_named(name), None, Recording("Other", ()))


@pytest.mark.parametrize(
    ("name", "run", "advice"),
    [
        ("08-first", AnswerArrives(tokens=1, ttft_s=0, ways="ours"), "take more tokens"),
        ("08-first", AnswerArrives(batch_s=0.3, gap_s=0.002, ttft_s=0), "a smaller batch_s"),
        ("08-first", AnswerArrives(tool_calls=1, gap_s=0), "without tool_calls"),
        ("08-bytes", AnswerArrives(tool_calls=1, gap_s=0), "without tool_calls"),
        ("08-error", RealClients(tokens=8, gap_s=0.01), 'take the run with case="error in mid-stream"'),
        ("08-cut", CutAnywhere(cuts=1, tokens=2, way="chat completions"), "take more tokens"),
        ("08-leave", ReaderLeaves(leave_after=39), "a reader that leaves early"),
    ],
)
def test_a_run_in_which_no_answer_would_be_true_says_what_to_take_instead(
    name: str, run: Scenario, advice: str, lab_without_servers: Lab
) -> None:
    with pytest.raises(BadParameter, match=advice):
        question_named(name).truth(run.run(lab_without_servers))


def test_a_run_that_nobody_may_leave_for_long_cannot_say_what_a_kept_one_does(lab_without_servers: Lab) -> None:
    impatient = StopOrLeave(linger_s=0.05).run(lab_without_servers)
    with pytest.raises(BadParameter, match="take a longer linger_s"):
        question_named("08-stop").truth(impatient)


# --- the exercise on endings agrees with the reader of answers ------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_the_exercise_calls_complete_is_what_the_reader_of_answers_calls_so_at_every_cut(
    dialect: str, recordings: dict[str, Recording]
) -> None:
    told = told_in(recordings["answer"], dialect)
    for kept in range(len(told) + 1):
        reader = AnswerReader(Way(dialect).dialect, "messages")
        for text in told[:kept]:
            reader.feed_message(text)
        reader.end()
        is_complete = outcome_of(dialect, told[:kept], "in good order") == "complete"
        assert is_complete == reader.state.terminated, told[kept - 1 : kept]


# --- answers that look right and are not ------------------------------------------------------------------------


def decodes_each_piece(pieces: Pieces) -> Iterator[str]:
    for piece in pieces:
        yield piece.decode("utf-8", "replace")
    yield ""


def waits_for_the_end(pieces: Pieces) -> Iterator[str]:
    yield from [""] * len(pieces)
    yield b"".join(pieces).decode("utf-8", "replace")


def keeps_all_from_the_first_fault(pieces: Pieces) -> Iterator[str]:
    kept = b""
    for piece in pieces:
        data, kept = kept + piece, b""
        try:
            yield data.decode()
        except UnicodeDecodeError as error:
            yield data[: error.start].decode()
            kept = data[error.start :]
    yield kept.decode("utf-8", "replace")


def drops_what_is_left(pieces: Pieces) -> Iterator[str]:
    decoded = list(exercise_solution("08-text")(pieces))
    yield from decoded[:-1]
    yield ""


def believes_the_first_byte(pieces: Pieces) -> Iterator[str]:
    kept = b""
    for piece in pieces:
        data, size = kept + piece, 0
        for back in range(1, min(3, len(data)) + 1):
            if data[-back] >= 0xC0:
                needed = 2 if data[-back] < 0xE0 else 3 if data[-back] < 0xF0 else 4
                size = back if needed > back else 0
                break
        yield data[: len(data) - size].decode("utf-8", "replace")
        kept = data[len(data) - size :]
    yield kept.decode("utf-8", "replace")


def subtracts_the_reading(arrived_s: list[float], per_s: float) -> float:
    return arrived_s[-1] - len(arrived_s) / per_s


def adds_up_long_gaps(arrived_s: list[float], per_s: float) -> float:
    gaps = (after - before for before, after in pairwise(arrived_s))
    return arrived_s[0] + sum(max(0.0, gap - 1 / per_s) for gap in gaps)


def forgets_the_first_wait(arrived_s: list[float], per_s: float) -> float:
    return float(exercise_solution("08-reader")(arrived_s, per_s)) - arrived_s[0]


def trusts_the_end(dialect: str, told: list[str], ended: str) -> str:
    return "complete" if ended == "in good order" else "incomplete"


def searches_the_text(dialect: str, told: list[str], ended: str) -> str:
    words = ("[DONE]", "message_stop", "response.completed", '"done":true', "finishReason")
    text = "".join(told)
    if '"error":{' in text:
        return "failed"
    return "complete" if any(word in text for word in words) else "incomplete"


def sees_no_errors(dialect: str, told: list[str], ended: str) -> str:
    outcome = str(exercise_solution("08-complete")(dialect, told, ended))
    return "complete" if outcome == "failed" and ended == "in good order" else outcome


def thinks_that_a_reason_is_enough(dialect: str, told: list[str], ended: str) -> str:
    if dialect == "Gemini" and told and "finishReason" in json.loads(told[-1])["candidates"][0]:
        return "complete"
    return str(exercise_solution("08-complete")(dialect, told, ended))


def calls_a_limit_incomplete(dialect: str, told: list[str], ended: str) -> str:
    if any(word in "".join(told) for word in ('"length"', '"max_tokens"', '"MAX_TOKENS"', "response.incomplete")):
        return "incomplete"
    return str(exercise_solution("08-complete")(dialect, told, ended))


async def never_stops(run: Run, reader: Reader) -> None:
    async for token in run.tokens():
        await reader.send(token)


async def stops_at_a_failed_write(run: Run, reader: Reader) -> None:
    try:
        await never_stops(run, reader)
    finally:
        run.stop()


async def watches_and_stops_for_all(run: Run, reader: Reader) -> None:
    tasks = [asyncio.create_task(never_stops(run, reader)), asyncio.create_task(reader.left())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    run.stop()


async def sends_nothing(run: Run, reader: Reader) -> None:
    await reader.left()


def exercise_solution(name: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(compile(exercise_named(name).solution, f"<solution of {name}>", "exec"), names)
    function: Callable[..., Any] = names[exercise_named(name).answer]
    return function


@pytest.mark.parametrize(
    ("name", "answer", "rule"),
    [
        ("08-text", decodes_each_piece, "waits for the rest of them"),
        ("08-text", waits_for_the_end, "What is complete is yielded with its piece"),
        ("08-text", keeps_all_from_the_first_fault, "Bytes that are no UTF-8 become U+FFFD"),
        ("08-text", drops_what_is_left, "what still waits is yielded as one U+FFFD"),
        ("08-text", believes_the_first_byte, "UTF-8 has no longer form"),
        ("08-reader", subtracts_the_reading, "The wait for the first token is a wait"),
        ("08-reader", adds_up_long_gaps, "Who is still reading does not wait"),
        ("08-reader", forgets_the_first_wait, "The wait for the first token is a wait"),
        ("08-complete", trusts_the_end, "Without the dialect's last word"),
        ("08-complete", searches_the_text, "What the model writes is text"),
        ("08-complete", sees_no_errors, "An error that the stream tells of"),
        ("08-complete", thinks_that_a_reason_is_enough, "Gemini has no last word"),
        ("08-complete", calls_a_limit_incomplete, "An answer that reached its limit"),
        ("08-listening", never_stops, "at most one token is generated"),
        ("08-listening", stops_at_a_failed_write, "A model that thinks sends nothing"),
        ("08-listening", stops_at_a_failed_write, "As long as one reader is left"),
        ("08-listening", watches_and_stops_for_all, "As long as one reader is left"),
        ("08-listening", sends_nothing, "Readers who stay get every token"),
    ],
)
def test_an_answer_that_looks_right_is_refused_by_the_rule_that_it_breaks(
    name: str, answer: Callable[..., Any], rule: str, recordings: dict[str, Recording]
) -> None:
    for seed in (2026, 1, 2):
        verdict = try_out(exercise_named(name), answer, recordings["answer"], seed=seed)
        assert any(rule in failure.case.rule for failure in verdict.failures), str(verdict)
