"""The look of a run of latencies: curves of every lane, a table of what may be said, and the machine beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.measure.latencies import AGAIN, LANES, findings
from lab_servers.recording import Recording
from lab_servers.scenarios import Latencies
from lab_servers.views.looks import look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)


@pytest.fixture(scope="module")
def recordings() -> Iterator[list[Recording]]:
    with Lab() as lab:
        yield [
            Latencies(messages=25, warm_up=3).run(lab),
            Latencies(messages=25, warm_up=0, slowed="WebSocket").run(lab),
        ]


def test_the_look_keeps_the_rules_of_looks(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_picture_with_words_and_table_with_rows(recording)
        assert_same_again(recording)
    assert_refused_with_what_to_run("Latencies")


def test_the_table_has_a_row_for_each_lane_and_says_what_is_slower(recordings: list[Recording]) -> None:
    plain, slowed = (look_of(recording).table for recording in recordings)
    assert [row[0] for row in plain.rows] == [lane.name for lane in LANES]
    assert "n = 25 messages on each lane after a warm-up of 3" in plain.caption
    websocket = next(row for row in slowed.rows if row[0] == "WebSocket")
    assert websocket[-1].endswith("ms more")
    assert float(websocket[-2]) > 1


def test_the_notices_say_the_noise_the_answer_and_the_machine(recordings: list[Recording]) -> None:
    plain, slowed = (look_of(recording).table for recording in recordings)
    assert plain.notices[0].startswith("The same lane twice")
    assert f"{AGAIN} against SSE" in plain.notices[0]
    assert plain.notices[1].startswith("Among SSE, NDJSON and WebSocket")
    assert plain.notices[2].startswith("Measured on ")
    assert "does not tell" in slowed.notices[1]


def test_the_figures_are_those_of_the_recording(recordings: list[Recording]) -> None:
    found = findings(recordings[0])
    rows = look_of(recordings[0]).table.rows
    assert [row[1] for row in rows] == [f"{row.summary.median:.2f}" for row in found.rows]
    picture = look_of(recordings[0]).picture
    assert picture is not None
    assert found.spread_sentence in picture.text
