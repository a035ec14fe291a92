"""The model's marks become parts and runs; what anybody else has written there is passed over."""

from __future__ import annotations

import pytest

from lab_servers.marks import Mark
from lab_servers.measure.model_marks import FinishedRun, GeneratedToken, ProducedPart, finished, generated, produced
from lab_servers.recording import Recording


def recorded(*marks: Mark) -> Recording:
    return Recording("by hand", (), marks)


def test_every_token_counts_even_one_that_is_never_sent() -> None:
    recording = recorded(Mark(4, "a lane: token by llm", "k3f9-1 2"), Mark(3, "token", "k3f9-1 1"))
    assert generated(recording) == (GeneratedToken("k3f9-1", 1, 3), GeneratedToken("k3f9-1", 2, 4))


def test_a_part_has_its_run_its_number_its_tokens_and_its_text() -> None:
    recording = recorded(Mark(5, "produced", "k3f9-1 17 2 世界"))
    assert produced(recording) == (ProducedPart("k3f9-1", 17, 2, "世界", 5),)


@pytest.mark.parametrize("text", [" a space in front", "two\nlines", "ends with a space ", "", "9 9 9", "\u2028"])
def test_a_text_stays_as_it_is(text: str) -> None:
    assert produced(recorded(Mark(5, "produced", f"k3f9-1 1 1 {text}")))[0].text == text


def test_tokens_without_a_text_are_tokens() -> None:
    found = produced(recorded(Mark(1, "produced", "k3f9-1 0 1 "), Mark(2, "produced", "k3f9-1 0 1")))
    assert [(one.tokens, one.text) for one in found] == [(1, ""), (1, "")]


@pytest.mark.parametrize("name", ["produced", "produced by llm", "model: produced", "a: b: produced by the model"])
def test_a_lab_and_a_scenario_may_add_their_names(name: str) -> None:
    assert len(produced(recorded(Mark(1, name, "k-1 1 1 a")))) == 1


def test_what_stands_behind_the_beginning_of_a_tool_call_is_its_arguments() -> None:
    said = ("k-1 1 1 Hi", "k-1 2 1 ", 'k-1 3 1 {"a":', "k-2 1 1 Hi", "k-1 4 1 1}", "k-1 5 1 ", "k-1 6 1 {}", "k-1 7 0 ")
    found = produced(recorded(*(Mark(at_ns, "produced", detail) for at_ns, detail in enumerate(said))))
    assert [one.text for one in found if one.is_arguments] == ['{"a":', "1}", "{}"]
    assert [one.text for one in found if not one.is_arguments] == ["Hi", "", "Hi", "", ""]


def test_a_token_of_reasoning_begins_no_tool_call() -> None:
    found = produced(recorded(Mark(1, "produced", "k-1 0 1 "), Mark(2, "produced", "k-1 1 1 Hi")))
    assert not any(one.is_arguments for one in found)


def test_a_run_ends_for_a_reason_of_several_words() -> None:
    recording = recorded(Mark(9, "finished by llm", "k3f9-2 31 reader left"))
    assert finished(recording) == (FinishedRun("k3f9-2", 31, "reader left", 9),)


def test_both_come_in_order_of_time() -> None:
    late, early = Mark(9, "produced", "k-1 2 1 b"), Mark(3, "produced", "k-1 1 1 a")
    assert [one.text for one in produced(recorded(late, early))] == ["a", "b"]


@pytest.mark.parametrize(
    "detail",
    [
        "", " ", "line 3", "k3f9-1", "k3f9-1 1", "k3f9-1 one 1 a", "k3f9-1 -1 1 a", "k3f9-1 1 1.5 a", "k3f9 1 1 a",
        "k3f9-1 ٣ 1 a", "k3f9-1 1 " + "9" * 5_000 + " a", "-1 1 1 a", "\x00-1 1 1 a", "k 1-1 1 1 a",
        "<b>-1 1 1 a", "k3f9-1\n1 1 a", "k3f9-1 1 1\ta", "a" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_mark_of_a_model_is_passed_over(detail: str) -> None:
    marks = (Mark(at_ns, name, detail) for at_ns, name in enumerate(("produced", "finished", "token"), 1))
    recording = recorded(*marks, Mark(9, "produced", "k-1 1 1 a"))
    assert [one.at_ns for one in produced(recording)] == [9]
    assert finished(recording) == ()
    assert all(one.run == "k3f9-1" and one.number == 1 for one in generated(recording))


def test_a_mark_of_another_name_is_none() -> None:
    names = ("shown", "produced 1", "reproduced", "model: produced: late", "produced\n", "produced by llm: asked")
    assert produced(recorded(*(Mark(1, name, "k-1 1 1 a") for name in names))) == ()
