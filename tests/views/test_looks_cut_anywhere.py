"""The look of cut answers, and the slider: what they show is what is computed, and every form says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.cut_anywhere import SERVER_NAME, answer_of
from lab_servers.measure.truncation import CutBy, Outcome, Strategy, counted, verdicts
from lab_servers.recording import Recording
from lab_servers.scenarios import CutAnywhere
from lab_servers.views import truncation_slider
from lab_servers.views.looks import ai_cut_anywhere, look_of
from lab_servers.views.truncation_moments import SIGNS, moment, page_data
from lab_servers.views.truncation_slider_widget import ENDINGS
from lab_servers.wire.llm.ways import Way
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)  # fmt: skip


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield CutAnywhere(cuts=1, tokens=8).run(lab)


def test_the_look_has_a_picture_with_words_and_a_table(recording: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)
    assert_refused_with_what_to_run("CutAnywhere")


def test_the_sentence_has_the_figures_of_the_bytes(recording: Recording) -> None:
    picture = look_of(recording).picture
    assert picture is not None
    chunked = answer_of(recording)
    lies = counted(chunked, Strategy.END_OF_FILE, CutBy.FIN)[Outcome.LIE]
    assert f"body in chunks, ended by a FIN: “trust the end of file” at {lies:,};" in picture.text
    assert f"{len(chunked.wire):,} in chunks" in picture.text


def test_the_picture_of_another_answer_can_be_asked_for(recording: Recording) -> None:
    assert "messages" in ai_cut_anywhere.picture(recording, "messages").title
    with pytest.raises(BadParameter, match="way must be one of chat completions"):
        ai_cut_anywhere.picture(recording, "pigeon")


def test_no_two_outcomes_look_alike_without_colour() -> None:
    assert len({(hatch, height) for _, hatch, height in ai_cut_anywhere.LOOKS.values()}) == len(Outcome)
    assert set(SIGNS) == set(Outcome)


def test_the_table_counts_the_cuts_that_happened(recording: Recording) -> None:
    table = look_of(recording).table
    # aiohttp asks once more by itself where a connection broke within the head: that is a cut, too.
    cuts = sum(b"&by=" in capture.bytes_from(Side.CLIENT) for capture in recording.of(SERVER_NAME))
    assert f"{cuts} cuts really happened; in {cuts} of them" in table.caption


# --- the slider -----------------------------------------------------------------------------


def test_the_page_says_at_every_offset_what_is_computed_for_it(recording: Recording) -> None:
    answer = answer_of(recording, Way.MESSAGES)
    for cut_by in CutBy:
        data = json.loads(json.dumps(page_data(answer, cut_by)))
        for cut in range(0, len(answer.wire) + 1, 11):
            turn = [one for one in data["turns"] if one["at"] <= cut][-1]
            now = moment(answer, cut, cut_by)
            assert turn["shown"] == now.shown
            assert turn["missing"] in now.sentence
            assert [row[2] for row in turn["rows"]] == [verdict.why for verdict in now.verdicts]
            assert [row[4] for row in turn["rows"]] == [verdict.outcome.name for verdict in now.verdicts]


def test_the_slider_begins_where_something_is_missing_and_has_all_answers(recording: Recording) -> None:
    slider = truncation_slider(recording)
    assert slider.way == "chat completions"
    assert len(slider.ways) == 7
    assert 0 < slider.cut < answer_of(recording).text_end
    assert slider.wire == answer_of(recording).wire


def test_another_answer_or_ending_brings_its_bytes_and_verdicts(recording: Recording) -> None:
    slider = truncation_slider(recording, "Gemini", cut=10**9)
    assert slider.cut == len(slider.wire)
    for slider.ending in ENDINGS:
        framing, cut_by = ENDINGS[slider.ending]
        answer = answer_of(recording, Way.GEMINI, framing)
        assert (slider.wire, slider.data) == (answer.wire, page_data(answer, cut_by))
    slider.way = "NDJSON"
    assert slider.wire == answer_of(recording, Way.NDJSON).wire
    assert slider.cut <= len(slider.wire)


def test_a_page_that_asks_for_what_there_is_not_gets_what_there_is(recording: Recording) -> None:
    slider = truncation_slider(recording)
    slider.way = "<script>alert(1)</script>"
    assert slider.way == slider.ways[0]
    slider.ending = "never"
    assert slider.ending in ENDINGS
    slider.cut = -5
    assert "0 of" in str(slider)


def test_the_static_forms_say_what_the_page_says(recording: Recording) -> None:
    slider = truncation_slider(recording, Way.CHAT)
    answer = answer_of(recording)
    bundle = slider._repr_mimebundle_()
    assert bundle is not None
    for verdict in verdicts(answer, slider.cut, CutBy.FIN).values():
        assert verdict.why in str(slider)
    assert "a lie: something is missing" in bundle[0]["text/html"]
    assert bundle[0]["text/plain"] == str(slider)
    assert "<script" not in bundle[0]["text/html"]
    assert "<pre>HTTP/1.1 200 OK←↵\n" in truncation_slider(recording, Way.CHAT, cut=90)._repr_html_()
    assert "application/vnd.jupyter.widget-view+json" in bundle[0]


def test_a_slider_needs_an_answer_that_the_run_has(recording: Recording) -> None:
    with pytest.raises(BadParameter, match="way must be one of chat completions"):
        truncation_slider(recording, "pigeon")
    with pytest.raises(BadParameter, match="run the scenario CutAnywhere"):
        truncation_slider(Recording("x", ()))
