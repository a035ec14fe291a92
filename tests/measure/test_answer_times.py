"""What a reader felt, computed from marks written by hand, so that each figure can be checked on paper."""

from __future__ import annotations

import pytest

from lab_servers.errors import BadParameter
from lab_servers.marks import Mark
from lab_servers.measure.answer_times import Spans, answer_times
from lab_servers.measure.reading_pace import ADULT, Pace, reading, units_of
from lab_servers.recording import Recording

MS = 1_000_000


def mark(at_ms: int, name: str, detail: str = "") -> Mark:
    return Mark(at_ms * MS, name, detail)


def by_hand(*more: Mark) -> Recording:
    """Three tokens, of which two make one character, seen by a reader 10 ms after each could be sent."""
    marks = (
        mark(1_000, "event stream: asked", "POST http://127.0.0.1:1/api/answer"),
        mark(1_010, "event stream: run", "e1-1"),
        mark(1_100, "model: token by llm", "e1-1 1"),
        mark(1_100, "model: produced by llm", "e1-1 1 1 Hi"),
        mark(1_110, "event stream: shown", "Hi"),
        mark(1_150, "model: token by llm", "e1-1 2"),
        mark(1_180, "model: token by llm", "e1-1 3"),
        mark(1_180, "model: produced by llm", "e1-1 2 2 世"),
        mark(1_190, "event stream: shown", "世"),
        mark(1_190, "model: produced by llm", "e1-1 3 0 "),
        mark(1_200, "event stream: ended", "the server ended it properly"),
        *more,
    )
    return Recording("by hand", (), marks)


def in_ms(values: object) -> list[int]:
    assert isinstance(values, (tuple, list))
    return [round(1e3 * value) for value in values]


def test_times_count_from_the_readers_own_question() -> None:
    times = answer_times(by_hand())["event stream"]
    assert times.text == "Hi世"
    assert in_ms(times.moments_s) == [110, 190]
    assert in_ms(times.made_s) == [100, 150, 180]
    assert in_ms([times.first_s, times.last_s, times.ended_s]) == [110, 190, 200]


def test_a_token_that_ends_within_a_character_waits_for_the_rest_of_it() -> None:
    times = answer_times(by_hand())["event stream"]
    assert in_ms([one.shown_s for one in times.tokens]) == [110, 190, 190]
    assert in_ms([(one.shown_s or 0) - one.made_s for one in times.tokens]) == [10, 40, 10]


def test_gaps_lie_between_moments_and_not_between_pieces_of_one_read() -> None:
    times = answer_times(by_hand(mark(1_190, "event stream: shown", "界"), mark(1_250, "event stream: shown", "!")))
    gaps = times["event stream"].gaps
    assert gaps.n == 2
    assert in_ms([gaps.median_s or 0, gaps.longest_s or 0]) == [70, 80]


def test_tokens_of_reasoning_come_before_those_of_the_text_and_are_none_of_it() -> None:
    recording = Recording(
        "by hand",
        (),
        (
            mark(1_000, "NDJSON: asked"),
            mark(1_001, "NDJSON: run", "e1-7"),
            mark(1_100, "model: token", "e1-7 1"),
            mark(1_200, "model: token", "e1-7 2"),
            mark(1_300, "model: token", "e1-7 3"),
            mark(1_300, "model: produced", "e1-7 1 1 A"),
            mark(1_310, "NDJSON: shown", "A"),
        ),
    )
    times = answer_times(recording)["NDJSON"]
    assert in_ms([one.made_s for one in times.tokens]) == [300]


def test_tokens_that_are_in_no_part_of_an_answer_that_was_broken_off_are_none_of_its_text() -> None:
    recording = by_hand(mark(1_195, "model: token by llm", "e1-1 4"), mark(1_196, "model: token by llm", "e1-1 5"))
    assert in_ms(answer_times(recording)["event stream"].made_s) == [100, 150, 180]


def test_the_arguments_of_a_tool_call_are_no_text() -> None:
    call = (
        mark(1_195, "model: token by llm", "e1-1 4"),
        mark(1_195, "model: produced by llm", "e1-1 4 1 "),
        mark(1_196, "model: token by llm", "e1-1 5"),
        mark(1_196, "model: produced by llm", "e1-1 5 1 {}"),
    )
    assert len(answer_times(by_hand(*call))["event stream"].tokens) == 3


def test_what_never_came_has_no_time() -> None:
    recording = by_hand(
        mark(1_300, "WebSocket: asked"), mark(1_301, "WebSocket: run", "e1-1"), mark(1_310, "WebSocket: shown", "Hi")
    )
    assert [one.shown_s is None for one in answer_times(recording)["WebSocket"].tokens] == [False, True, True]


def test_of_a_model_without_marks_nothing_is_said_about_tokens() -> None:
    recording = Recording("by hand", (), (mark(0, "NDJSON: asked"), mark(5, "NDJSON: shown", "A")))
    times = answer_times(recording)["NDJSON"]
    assert (times.tokens, times.made_first_s) == ((), None)
    assert times.lateness == Spans(0, None, None, None)


def test_a_recording_in_which_nobody_was_shown_text_says_what_to_run() -> None:
    with pytest.raises(BadParameter, match="run the scenario AnswerArrives"):
        answer_times(Recording("empty", ()))


# --- reading ------------------------------------------------------------------------------------


def texts(text: str) -> list[str]:
    start, found = 0, []
    for unit in units_of(text):
        found.append(text[start : unit.end].strip())
        start = unit.end
    return found


def test_words_stand_between_spaces_and_each_chinese_character_is_read_alone() -> None:
    assert texts("Here is 世界, one") == ["Here", "is", "世", "界", ", one"]
    assert [unit.is_chinese for unit in units_of("Here is 世界, one")] == [False, False, True, True, False]


def test_a_word_may_have_accents_of_their_own_and_a_picture_is_no_word() -> None:
    assert texts("Cafe\u0301 🌍 ok.") == ["Cafe\u0301", "🌍 ok."]


def test_a_long_text_without_a_word_is_soon_read() -> None:
    assert units_of("!" * 200_000 + "🌍" * 200_000) == ()


def test_a_reader_starts_with_the_first_word_and_waits_only_for_what_is_not_there() -> None:
    recording = Recording(
        "by hand",
        (),
        (
            mark(0, "NDJSON: asked"),
            mark(1_000, "NDJSON: shown", "one "),
            mark(1_100, "NDJSON: shown", "two "),
            mark(4_000, "NDJSON: shown", "three"),
        ),
    )
    read = reading(answer_times(recording)["NDJSON"], Pace(60, 60, "a word each second"))
    assert read.first_wait_s == 1.0
    assert read.begun_s == (1.0, 2.0, 4.0)
    assert read.read_s == (2.0, 3.0, 5.0)
    assert read.later_waits_s == (1.0,)
    assert (read.waited_s, read.done_s) == (2.0, 5.0)


def test_the_pace_of_adults_names_its_sources() -> None:
    assert "https://doi.org/10.1016/j.jml.2019.104047" in ADULT.source
    assert f"{ADULT.words_per_minute:g} words" in ADULT.source
    assert f"{ADULT.characters_per_minute:g} Chinese characters" in ADULT.source


def test_text_without_a_word_is_waited_for_and_not_read() -> None:
    recording = Recording("by hand", (), (mark(0, "NDJSON: asked"), mark(500, "NDJSON: shown", "🚀")))
    read = reading(answer_times(recording)["NDJSON"])
    assert (read.first_wait_s, read.done_s, read.read_s) == (0.5, 0.5, ())
