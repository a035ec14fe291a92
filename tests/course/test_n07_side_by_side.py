"""The questions and exercises of 07: right is what a recording shows, and a wrong answer fails by its own rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.comparison import comparison_of
from lab_servers.course.finding import exercise_named, question_named
from lab_servers.course.lessons.n07_bytes import size_on_wire
from lab_servers.course.question import Answer
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import BufferedHop, Latencies, Scenario, SideBySide, Upstream

SHORT = SideBySide(messages=12, interval_s=0.02)
RIGHT: tuple[tuple[str, Scenario, Any], ...] = (
    ("07-heads", SHORT, 2),
    ("07-heads", SideBySide(messages=1), 2),
    ("07-bytes", SHORT, ("whole response", "WebSocket", "SSE", "request each")),
    (
        "07-faster",
        Latencies(messages=30, warm_up=5, slowed="SSE", added_s=0.01),
        "WebSocket, by a difference that counts",
    ),
    (
        "07-faster",
        Latencies(messages=30, warm_up=5, slowed="WebSocket", added_s=0.01),
        "SSE, by a difference that counts",
    ),
    ("07-hop", BufferedHop(tokens=5, interval_s=0.04), "together with the last one, and the status is 200"),
    ("07-open", SideBySide(messages=12, interval_s=0.1), "about as long as the stream's"),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.mark.parametrize(("name", "run", "right"), RIGHT)
def test_the_recording_tells_what_is_right(lab: Lab, name: str, run: Scenario, right: Any) -> None:
    question, recording = question_named(name), run.run(lab)
    assert question.truth(recording) == right
    assert question.require(right) == right
    assert question.shows(recording).endswith(".")


def test_a_line_by_post_takes_several_times_the_bytes_and_less_so_where_the_message_is_long(lab: Lab) -> None:
    question = question_named("07-up")
    plain, with_cookies = (question.truth(Upstream(for_s=0.1, header_bytes=size).run(lab)) for size in (0, 900))
    assert isinstance(plain, float)
    assert isinstance(with_cookies, float)
    assert 2 < plain < with_cookies
    assert question.shows(Upstream(for_s=0.1).run(lab)).endswith(".")


@pytest.mark.parametrize("name", ["07-heads", "07-bytes", "07-faster", "07-hop", "07-open", "07-up"])
def test_a_recording_of_something_else_is_refused_with_what_to_take(name: str) -> None:
    question = question_named(name)
    special: dict[str, Answer] = {"07-heads": 2, "07-up": 3, "07-bytes": question.offered}
    answer = special.get(name, question.offered[0])
    with pytest.raises(BadParameter, match=r"SideBySide|Latencies|BufferedHop|Upstream"):
        comparison_of(question, answer, Recording("OneStream", ()))


# --- exercises --------------------------------------------------------------------------------------------


def counts_characters(way: str, number: int, text: str) -> int:
    if way == "event":
        return len(f"id: {number}\n" + "".join(f"data: {one}\n" for one in text.split("\n"))) + 1
    size = len(text)
    return 2 + (0 if size < 126 else 2 if size < 65_536 else 8) + (4 if way == "frame up" else 0) + size


def masks_both_sides(way: str, number: int, text: str) -> int:
    if way == "event":
        return len(f"id: {number}\n{''.join(f'data: {one}' + chr(10) for one in text.split(chr(10)))}\n".encode())
    size = len(text.encode())
    return 6 + (0 if size < 126 else 2 if size < 65_536 else 8) + size


def has_one_data_line(way: str, number: int, text: str) -> int:
    return len(f"id: {number}\ndata: {text}\n\n".encode()) if way == "event" else masks_right(way, text)


def masks_right(way: str, text: str) -> int:
    size = len(text.encode())
    return 2 + (0 if size < 126 else 2 if size < 65_536 else 8) + (4 if way == "frame up" else 0) + size


def is_off_by_one_at_the_border(way: str, number: int, text: str) -> int:
    if way == "event":
        return counts_characters(way, number, text) + len(text.encode()) - len(text)
    size = len(text.encode())
    return 2 + (0 if size <= 126 else 2 if size <= 65_536 else 8) + (4 if way == "frame up" else 0) + size


def splits_where_python_does(way: str, number: int, text: str) -> int:
    if way != "event":
        return size_on_wire(way, number, text)
    return len(f"id: {number}\n\n".encode()) + sum(len(f"data: {line}\n".encode()) for line in text.splitlines())


def wants_the_whole_interval_beyond(difference: float, low: float, high: float, smallest: float) -> str:
    return "less" if high < -smallest else "more" if low > smallest else "within the noise"


def believes_what_is_sure(difference: float, low: float, high: float, smallest: float) -> str:
    return "within the noise" if low <= 0 <= high else "less" if difference < 0 else "more"


def believes_what_is_large(difference: float, low: float, high: float, smallest: float) -> str:
    return "within the noise" if abs(difference) <= smallest else "less" if difference < 0 else "more"


def turns_the_sides_round(difference: float, low: float, high: float, smallest: float) -> str:
    found = believes_what_is_sure(difference, low, high, smallest)
    return {"less": "more", "more": "less"}.get(found, found) if abs(difference) > smallest else "within the noise"


def waits_for_a_later_one(asked_s: list[float], produced_s: list[float]) -> list[float | None]:
    return [min((asked - at for asked in asked_s if asked > at), default=None) for at in produced_s]


def never_gives_up(asked_s: list[float], produced_s: list[float]) -> list[float]:
    return [min((asked - at for asked in asked_s if asked >= at), default=0.0) for at in produced_s]


def takes_half_a_step(asked_s: list[float], produced_s: list[float]) -> list[float]:
    return [(asked_s[-1] - asked_s[0]) / max(1, len(asked_s) - 1) / 2 if asked_s else 0.0 for _ in produced_s]


def rounds_up(opening: int, frame: int, request: int) -> int | None:
    return max(1, -(-opening // (request - frame))) if frame < request else None


def forgets_the_frames(opening: int, frame: int, request: int) -> int | None:
    return opening // request + 1 if frame < request else None


def always_pays(opening: int, frame: int, request: int) -> int:
    return opening // max(1, request - frame) + 1


WRONG: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("07-framing", counts_characters, "What travels are bytes"),
    ("07-framing", masks_both_sides, "A frame begins with two bytes"),
    ("07-framing", has_one_data_line, "a data line for each"),
    ("07-framing", is_off_by_one_at_the_border, "A frame begins with two bytes"),
    ("07-framing", splits_where_python_does, "a data line for each"),
    ("07-framing", splits_where_python_does, "a data line for the text"),
    ("07-noise", wants_the_whole_interval_beyond, "below zero means less"),
    ("07-noise", believes_what_is_sure, "smaller than what counts"),
    ("07-noise", believes_what_is_large, "holds zero leaves open"),
    ("07-noise", turns_the_sides_round, "below zero means less"),
    ("07-late", waits_for_a_later_one, "in the very moment"),
    ("07-late", never_gives_up, "never told"),
    ("07-late", takes_half_a_step, "the first question that is asked after"),
    ("07-break-even", rounds_up, "At a tie"),
    ("07-break-even", forgets_the_frames, "must be paid back"),
    ("07-break-even", always_pays, "never pays the handshake back"),
)


@pytest.fixture(scope="module")
def recordings(lab: Lab) -> dict[str, Recording]:
    exercises = [exercise_named(name) for name in dict.fromkeys(name for name, _, _ in WRONG)]
    return {one.name: one.record(lab) for one in exercises if one.record is not None}


@pytest.mark.parametrize(
    ("name", "answer", "rule"), WRONG, ids=[f"{answer.__name__}: {rule}" for _, answer, rule in WRONG]
)
def test_a_wrong_answer_fails_by_the_rule_that_it_breaks(
    recordings: dict[str, Recording], name: str, answer: Callable[..., Any], rule: str
) -> None:
    for seed in (2026, 1, 2):
        verdict = try_out(exercise_named(name), answer, recordings[name], seed=seed)
        assert any(rule in failure.case.rule for failure in verdict.failures), str(verdict)


def test_a_run_in_which_nothing_goes_up_is_refused_with_what_to_take(lab: Lab) -> None:
    verdict = try_out(exercise_named("07-break-even"), always_pays, SHORT.run(lab))
    assert 'SideBySide(direction="both ways")' in verdict.problem
