"""Between two long polls events are lost without a cursor, and none is lost with one, counted in the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.scenarios import BetweenPolls
from lab_servers.views.looks.polling_between import WITH, WITHOUT, followed


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


def test_without_a_cursor_events_are_lost_and_with_one_each_arrives_once_and_in_order(lab: Lab) -> None:
    recording = BetweenPolls().run(lab)
    found = followed(recording)
    assert found[WITH].told == tuple(range(1, 13))
    assert found[WITH].lost == ()
    assert len(found[WITHOUT].lost) > 0
    assert sorted((*found[WITHOUT].told, *found[WITHOUT].lost)) == list(range(1, 13))


def test_what_happens_between_an_answer_and_the_next_question_is_lost(lab: Lab) -> None:
    recording = BetweenPolls(events=8, every_s=0.05, busy_s=0.2).run(lab)
    answered = [mark.at_ns for mark in recording.marks_named(f"{WITHOUT}: answered")]
    asked = [mark.at_ns for mark in recording.marks_named(f"{WITHOUT}: asked")]
    gaps = list(zip(answered, asked[1:], strict=False))
    in_gaps = {
        int(mark.detail)
        for mark in recording.marks_named("news: produced")
        if any(start < mark.at_ns < stop for start, stop in gaps)
    }
    assert in_gaps
    assert in_gaps <= set(followed(recording)[WITHOUT].lost)


def test_what_the_client_knew_is_what_stands_in_its_answers(lab: Lab) -> None:
    recording = BetweenPolls(events=5, every_s=0.02, busy_s=0.03).run(lab)
    for label, one in followed(recording).items():
        assert tuple(int(mark.detail) for mark in recording.marks_named(f"{label}: knew")) == one.told


def test_the_same_seed_draws_the_same_times(lab: Lab) -> None:
    first, second = (BetweenPolls(events=4, every_s=0.01, busy_s=0, seed=9).run(lab) for _ in range(2))
    assert first.parameters == second.parameters
    assert followed(first)[WITH].told == followed(second)[WITH].told
