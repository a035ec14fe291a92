"""The looks of answers that arrive: words and rows are computed from the recording, and the pictures are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.clients.answers import Way
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.answer_bytes import AnswerKinds, answer_bytes
from lab_servers.measure.answer_times import Spans, answer_times
from lab_servers.measure.batching import Batch
from lab_servers.measure.reading_pace import Pace
from lab_servers.recording import Recording
from lab_servers.scenarios import AnswerArrives, AnswerThroughNetworks, Batching
from lab_servers.views.ai.arrivals import answer_times_table, sentence
from lab_servers.views.ai.reading import reading_against_arrival, reading_table
from lab_servers.views.ai.token_bytes import bytes_per_token, bytes_per_token_table
from lab_servers.views.ai.waits import first_text_and_gaps
from lab_servers.views.ai.way_style import style_of_way
from lab_servers.views.looks.ai_batching import sentence as batching_sentence
from lab_servers.views.looks.ai_batching import together
from lab_servers.views.side.words import duration
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUNS = {
    "AnswerArrives": AnswerArrives(tokens=20, gap_s=0.01, ttft_s=0.05, poll_every_s=0.05),
    "AnswerThroughNetworks": AnswerThroughNetworks(tokens=6, gap_s=0.01, ttft_s=0.01),
    "Batching": Batching(tokens=20, gap_s=0.01, late_s=0.1),
}


@pytest.fixture(scope="module")
def recordings() -> Iterator[dict[str, Recording]]:
    with Lab([]) as lab:
        yield {name: run.run(lab) for name, run in RUNS.items()}


@pytest.fixture(scope="module")
def answer(recordings: dict[str, Recording]) -> Recording:
    return recordings["AnswerArrives"]


@pytest.mark.parametrize("name", RUNS)
def test_each_run_has_a_picture_with_words_and_a_table_with_rows(recordings: dict[str, Recording], name: str) -> None:
    assert_picture_with_words_and_table_with_rows(recordings[name])
    assert_same_again(recordings[name])


@pytest.mark.parametrize("name", RUNS)
def test_a_recording_of_something_else_says_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_the_table_has_the_model_first_and_then_a_row_for_each_way(answer: Recording) -> None:
    assert [row[0] for row in answer_times_table(answer).rows] == ["the model", *(way.value for way in Way)]


def test_a_whole_answer_is_said_to_have_no_gaps(answer: Recording) -> None:
    (row,) = [row for row in answer_times_table(answer).rows if row[0] == Way.WHOLE.value]
    assert row[2:6] == ("0", "none", "none", "none")


def by_hand(*marks: tuple[str, str]) -> Recording:
    """Marks a millisecond apart."""
    return Recording("by hand", (), tuple(Mark(at * 1_000_000, *mark) for at, mark in enumerate(marks)))


def test_the_sentence_says_the_same_text_only_of_the_same_text() -> None:
    first = (("NDJSON: asked", ""), ("NDJSON: shown", "a"))
    second = (("WebSocket: asked", ""), ("WebSocket: shown", "b"))
    assert "It has 1 code point." in sentence(by_hand(*first))
    assert "All ways brought the same 1 code point." in sentence(
        by_hand(*first, *second[:1], ("WebSocket: shown", "a"))
    )
    assert "Not all have the same text: NDJSON 1 code points and WebSocket 1" in sentence(by_hand(*first, *second))


def test_no_text_is_said_to_be_there_before_the_model_made_it(answer: Recording) -> None:
    made_s = [one.made_first_s or 0 for one in answer_times(answer).values()]
    assert sentence(answer).startswith(f"The model made its first token {duration(1e3 * min(made_s))} ")
    assert min(made_s) < min(one.first_s for one in answer_times(answer).values())


def test_bytes_of_tool_arguments_are_not_called_text(answer: Recording) -> None:
    assert "bytes of text, and" in bytes_per_token(answer).text
    marks = (*answer.marks, Mark(0, "NDJSON: tool arguments", "{}"))
    assert "bytes of text and tool arguments, and" in bytes_per_token(replace(answer, marks=marks)).text


def test_the_waits_are_drawn_with_a_sentence_that_names_every_way(answer: Recording) -> None:
    picture = first_text_and_gaps(answer)
    assert "<svg" in picture._repr_html_()
    assert all(way.value in picture.text for way in Way)
    assert "no gap" in picture.text


def test_a_fast_reader_waits_again_and_again_and_a_slow_one_never(answer: Recording) -> None:
    slow, fast = Pace(1, 1, "slow"), Pace(1e9, 1e9, "as fast as it comes")
    assert {row[3] for row in reading_table(answer, slow).rows} == {"0"}
    streamed = [row for row in reading_table(answer, fast).rows if row[0] == Way.EVENT_STREAM.value]
    assert int(streamed[0][3]) > 3
    assert "no reader waited again" in reading_against_arrival(answer, slow).text
    assert "these readers waited again" in reading_against_arrival(answer, fast).text


def test_the_table_of_reading_says_where_its_pace_comes_from(answer: Recording) -> None:
    assert "https://doi.org/" in reading_table(answer).notices[0]


def test_the_bytes_of_the_table_are_those_that_were_counted(answer: Recording) -> None:
    counted = answer_bytes(answer)
    for row in bytes_per_token_table(answer).rows:
        down = counted[row[0]].down
        assert sum(int(cell.replace(",", "")) for cell in row[1:6]) == down.total
        assert row[6] == f"{down.total:,}"


def test_the_bytes_are_drawn_with_a_legend_of_what_occurs(answer: Recording) -> None:
    picture = bytes_per_token(answer)
    html = picture._repr_html_()
    assert "JSON without new text" in html
    assert "unrecorded" not in html


def test_every_way_has_a_sign_and_dashes_of_its_own() -> None:
    styles = [style_of_way(way.value) for way in Way]
    assert len({style.marker for style in styles}) == len(styles)
    assert len({(style.color, str(style.dashes)) for style in styles}) == len(styles)


def test_a_way_through_a_network_looks_as_the_way_does() -> None:
    assert style_of_way("NDJSON, satellite") == style_of_way("NDJSON")


def test_batching_says_what_the_late_buffer_did_not_save(recordings: dict[str, Recording]) -> None:
    assert "the delay of a batch without its saving" in batching_sentence(recordings["Batching"])


def test_windows_that_cost_the_same_at_nearly_the_same_delay_share_a_label() -> None:
    def window(label: str, size_bytes: int, late_s: float) -> Batch:
        return Batch(label, label, False, 1, 1, 1, AnswerKinds(text=size_bytes), Spans(1, late_s, late_s, late_s))

    windows = [window("0 ms", 9, 0.001), window("20 ms", 5, 0.01), window("50 ms", 5, 0.011), window("1 s", 5, 0.5)]
    groups = together(windows, near_ms=20)
    assert [[one.label for one in group] for group in groups] == [["0 ms"], ["20 ms", "50 ms"], ["1 s"]]


def test_every_reader_of_the_networks_is_drawn(recordings: dict[str, Recording]) -> None:
    recording = recordings["AnswerThroughNetworks"]
    assert len(answer_times(recording)) == 16
