"""A prediction is made before the run, is locked when the result is shown, and stands beside what was recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab_servers.course import finding, misconceptions
from lab_servers.course.prediction import Prediction, predict
from lab_servers.course.question import Answer, Choice, Option, Question
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from tests.course.asked import AGAIN, CLEAN_END, ENDS, HOW_MANY, PAYLOAD, REPORTS, STOPS, WHO_FIRST, run

QUESTIONS: dict[str, Question] = {one.name: one for one in (CLEAN_END, HOW_MANY, WHO_FIRST)}


@pytest.fixture(autouse=True)
def in_a_course_of_three_questions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The questions made by hand, in an empty folder; nothing may be written into it."""
    monkeypatch.setattr("lab_servers.course.prediction.question_named", QUESTIONS.__getitem__)
    for one in (ENDS, PAYLOAD):
        monkeypatch.setitem(misconceptions.CATALOGUE, one.id, one)
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


# --- as a form --------------------------------------------------------------------------------


def test_a_choice_counts_when_it_is_picked_and_can_be_changed_until_the_result_is_shown() -> None:
    guess = predict("04-clean-end")
    assert guess.form.options == [STOPS, REPORTS, AGAIN]
    assert guess.answer is None
    assert guess.form.status.startswith("Nothing chosen yet")
    guess.form.picked = [0]
    assert guess.answer == STOPS
    guess.form.picked = [2]
    assert guess.answer == AGAIN
    assert guess.form.status == f"Your prediction: “{AGAIN}”. You can change it until the result is shown."
    assert not guess.form.is_locked


def test_after_the_result_a_click_changes_nothing_and_the_form_goes_back() -> None:
    guess = predict("04-clean-end")
    guess.form.picked = [0]
    first = guess.compare(run())
    assert guess.form.is_locked
    assert guess.is_locked
    guess.form.picked = [2]
    assert guess.form.picked == [0]
    assert guess.answer == STOPS
    assert guess.compare(run()) == first
    assert guess.form.status.endswith("so it is locked. Run this cell again to make a new one.")


def test_a_late_click_on_an_empty_form_changes_nothing() -> None:
    for name, answer in (("04-clean-end", {"picked": [1]}), ("04-how-many", {"typed": "3"})):
        guess = predict(name)
        before = dict(picked=guess.form.picked, typed=guess.form.typed)
        assert guess.compare(run()).is_right is None
        for trait, value in answer.items():
            setattr(guess.form, trait, value)
        assert dict(picked=guess.form.picked, typed=guess.form.typed) == before
        assert guess.answer is None
        assert guess.form.status.startswith("No prediction was made before the result was shown.")


def test_the_predict_cell_run_again_gives_a_fresh_form_and_several_forms_know_nothing_of_each_other() -> None:
    first, second = predict("04-clean-end"), predict("04-clean-end")
    first.form.picked = [1]
    first.compare(run())
    assert second.answer is None
    assert not second.form.is_locked
    second.form.picked = [2]
    assert [first.answer, second.answer] == [REPORTS, AGAIN]


def test_a_form_that_is_shown_after_the_result_is_locked_from_the_start() -> None:
    guess = predict("04-how-many", 3)
    guess.compare(run())
    assert (guess.form.typed, guess.form.is_locked) == ("3", True)


def test_a_number_is_read_as_it_is_typed_and_a_mistake_names_the_bounds() -> None:
    guess = predict("04-how-many")
    assert (guess.form.unit, guess.form.bounds) == ("requests", "from 0 to 100,000 requests")
    for typed, answer in (
        (" 3 ", 3),
        ("3.5", 3.5),
        ("1e3", 1000.0),
        ("1,000", 1000),
        ("12,345.5", 12345.5),
        ("", None),
    ):
        guess.form.typed = typed
        assert guess.answer == answer
        assert not guess.form.is_wrong
    for typed in ("three", "1,5", "1,00", ",100", "-1", "100001", "nan", "inf", "1e999", "9" * 5000, "<b>"):
        guess.form.typed = typed
        assert guess.answer is None, typed
        assert guess.form.is_wrong
        assert re.match(r"The prediction must be a number from 0 to 100,?000 requests, not ", guess.form.status)
        assert len(guess.form.status) < 200
    assert guess.compare(run()).is_right is None


def test_an_order_counts_once_every_place_is_filled() -> None:
    guess = predict("00-who-first")
    assert guess.form.picked == [-1, -1, -1]
    guess.form.picked = [2, 1, -1]
    assert guess.answer is None
    guess.form.picked = [2, 1, 0]
    assert guess.answer == ("SSE", "polling", "whole response")
    assert guess.compare(run()).is_right is True
    assert guess.form.picked == [2, 1, 0]


@pytest.mark.parametrize("picked", [[99], [-7], [], [0, 0, 0], [2, 2, 1], [10**9] * 50])
def test_positions_that_no_page_of_ours_sends_are_no_answer_and_no_error(picked: list[int]) -> None:
    for name in ("04-clean-end", "00-who-first"):
        guess = predict(name)
        guess.form.picked = picked
        assert guess.answer in (None, STOPS)
        guess.compare(run())


# --- as a plain call --------------------------------------------------------------------------


def test_an_answer_in_the_call_counts_at_once_and_cannot_be_clicked_away() -> None:
    guess = predict("04-clean-end", STOPS)
    assert guess.is_locked
    guess.form.picked = [2]
    assert guess.answer == STOPS
    assert guess.form.picked == [0]
    assert predict("00-who-first", ["SSE", "polling", "whole response"]).answer == ("SSE", "polling", "whole response")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "answer", "sentence"),
    [
        ("04-clean-end", "It dances.", "The prediction must be one of 'Nothing, it stops.', "),
        ("04-clean-end", 2, "The prediction must be one of 'Nothing, it stops.', "),
        ("04-how-many", "three", "The prediction must be a number from 0 to 100,000 requests, not 'three'."),
        ("04-how-many", -1, "The prediction must be a number from 0 to 100,000 requests, not -1."),
        ("04-how-many", math.nan, "The prediction must be a number from 0 to 100,000 requests, not nan."),
        ("04-how-many", 10**400, "The prediction must be a number from 0 to 100,000 requests, not 1000"),
        ("04-how-many", [3], "The prediction must be a number from 0 to 100,000 requests, not [3]."),
        ("00-who-first", ("SSE",), "The prediction must be all of 'whole response', 'polling', 'SSE', each once, "),
        ("00-who-first", [1, "SSE", None], "The prediction must be all of 'whole response', 'polling', 'SSE', "),
        ("00-who-first", "SSE", "The prediction must be all of 'whole response', 'polling', 'SSE', each once, "),
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence_with_the_choices(name: str, answer: Any, sentence: str) -> None:
    with pytest.raises(BadParameter) as refused:
        predict(name, answer)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_a_name_that_no_question_has_is_refused_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_servers.course.prediction.question_named", finding.question_named)
    with pytest.raises(BadParameter, match="There is no question 'nonsense': "):
        predict("nonsense")


# --- beside the recording -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "answer", "requests", "is_right"),
    [
        ("04-clean-end", AGAIN, 3, True),
        ("04-clean-end", AGAIN, 1, False),
        ("04-clean-end", STOPS, 1, True),
        ("04-how-many", 3, 3, True),
        ("04-how-many", 2, 3, False),
        ("00-who-first", ("SSE", "polling", "whole response"), 3, True),
        ("00-who-first", ("polling", "SSE", "whole response"), 3, False),
    ],
)
def test_the_recording_decides_what_is_right(name: str, answer: Answer, requests: int, is_right: bool) -> None:
    assert predict(name, answer).compare(run(requests=requests)).is_right is is_right


def test_a_wrong_choice_is_answered_by_its_misconception_and_by_what_this_recording_shows() -> None:
    compared = predict("04-clean-end", STOPS).compare(run(requests=7))
    for shown in (str(compared), compared._repr_html_()):
        assert "✗ Not so" in shown
        assert ENDS.correction in shown
        assert "The client sent 7 requests." in shown
        assert "HTML §9.2.3" in shown
    assert f'href="{ENDS.section}"' in compared._repr_html_()


def test_a_number_too_low_and_one_too_high_belong_to_different_misconceptions() -> None:
    assert predict("04-how-many", 1).compare(run()).misconception == ENDS
    assert predict("04-how-many", 9).compare(run()).misconception == PAYLOAD
    assert predict("04-how-many", 9).compare(run()).predicted == "9 requests"
    assert predict("04-how-many", 65_536).compare(run()).predicted == "65,536 requests"


def test_without_a_prediction_it_says_so_and_shows_the_truth() -> None:
    compared = predict("04-clean-end").compare(run())
    for shown in (str(compared), compared._repr_html_()):
        assert "None was made." in shown
        assert AGAIN in shown
        assert "Not so" not in shown


def test_a_recording_of_another_run_and_what_is_no_recording_are_one_sentence_and_lock_nothing() -> None:
    guess = predict("04-clean-end")
    with pytest.raises(BadParameter, match=r"^compare\(\) needs the recording of the run, not a NoneType[.]$"):
        guess.compare(None)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match=r"'04-clean-end' cannot be answered from this recording of FourWays"):
        guess.compare(Recording("FourWays", ()))
    assert not guess.is_locked


def test_a_truth_that_is_none_of_the_options_is_never_shown_as_one() -> None:
    odd = Choice("04-odd", "?", truth=lambda _: "a third", shows=lambda _: "", options=(Option("a"), Option("b")))
    with pytest.raises(BadParameter, match="cannot be answered from this recording"):
        Prediction(odd, "a").compare(run())


# --- plain forms --------------------------------------------------------------------------------


def test_beside_the_widget_stand_a_page_and_a_text() -> None:
    guess = predict("04-how-many")
    data, _ = guess._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    for words in ("How many requests does the client send?", "a number from 0 to 100,000 requests", "Nothing chosen"):
        assert words in data["text/html"]
        assert words in data["text/plain"]
    assert repr(guess) == str(guess) == data["text/plain"]


def test_markup_in_questions_options_and_recordings_is_text() -> None:
    guess = predict("04-clean-end", REPORTS)
    for page in (guess._repr_html_(), guess.compare(run())._repr_html_(), guess._repr_html_()):
        assert not re.search(r"<(script|img)", page)
        assert "&lt;script&gt;" in page
