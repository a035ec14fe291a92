"""Many answers at once: none is lost, none comes twice, none is mixed up with another; and it would be noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.clients.resuming import WAYS
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.many_answers import ALONE, TOGETHER, many_answers, quantiles_ms
from lab_servers.recording import Recording
from lab_servers.scenarios import ManyAnswers
from lab_servers.views.looks.ai_many_answers import picture, sentence, table

COUNT = 30


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield ManyAnswers(answers=COUNT, tokens=6, gap_s=0.02).run(lab)


def changed(recording: Recording, name: str, how: str, to: str) -> Recording:
    """The recording with ``how`` replaced in the details of one reader's marks."""

    def change(mark: Mark) -> Mark:
        return replace(mark, detail=mark.detail.replace(how, to)) if mark.name.startswith(name) else mark

    return replace(recording, marks=tuple(map(change, recording.marks)))


def test_nothing_is_lost_nothing_comes_twice_and_nothing_is_mixed_up(recording: Recording) -> None:
    together = many_answers(recording)[TOGETHER]
    assert len(together.answers) == COUNT
    assert (together.lost, together.twice, together.mixed) == (0, 0, 0)
    assert len(together.delays_s) == len(together.slips_s) == together.parts
    assert {one.way for one in together.answers} == set(WAYS)


def test_all_of_them_are_on_their_way_at_once_and_the_others_alone(recording: Recording) -> None:
    found = many_answers(recording)
    assert found[TOGETHER].most_at_once == COUNT
    assert found[ALONE].most_at_once == 1
    assert len(found[ALONE].answers) == len(WAYS)


def test_no_part_comes_before_the_model_could_send_it_or_is_made_before_its_time(recording: Recording) -> None:
    for crowd in many_answers(recording).values():
        assert min(crowd.delays_s) > 0
        assert min(crowd.slips_s) == 0
        assert list(quantiles_ms(crowd.delays_s)) == sorted(quantiles_ms(crowd.delays_s))


def test_an_answer_that_belongs_to_another_question_is_noticed(recording: Recording) -> None:
    runs = {mark.name: mark.detail for mark in recording.marks if mark.name.endswith(": run known")}
    first, second = (runs[f"{TOGETHER} {number}, {WAYS[number - 1]}: run known"] for number in (1, 2))
    mixed = changed(recording, f"{TOGETHER} 1, {WAYS[0]}: run known", first, second)
    assert many_answers(mixed)[TOGETHER].mixed == 2


def test_a_text_that_is_wrong_and_a_part_that_is_missing_are_noticed(recording: Recording) -> None:
    name = f"{TOGETHER} 1, {WAYS[0]}: received"
    wrong = changed(recording, name, " 1 ", " 1 not ")
    assert many_answers(wrong)[TOGETHER].mixed == 1
    missing = replace(recording, marks=tuple(one for one in recording.marks if one.name != name))
    assert many_answers(missing)[TOGETHER].lost == many_answers(recording)[TOGETHER].answers[0].parts
    assert many_answers(missing)[TOGETHER].mixed == 0  # what is lost is not another's


def test_a_crowd_that_got_nothing_is_told_in_words_without_a_delay(recording: Recording) -> None:
    nothing = replace(recording, marks=tuple(one for one in recording.marks if not one.name.endswith(": received")))
    found = many_answers(nothing)[TOGETHER]
    assert found.lost == found.parts
    assert "no delay can be compared" in sentence(nothing)
    assert table(nothing).rows[0][-4:] == ("", "", "", "")
    picture(nothing)
