"""The looks of the HTTP runs: each picture says in words what it shows, and the figures come from the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.course.lessons.n02_http import LESSON
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import AskFirst, Connections, CutShort, LateParse, NoteLife, Scenario, SplitCharacter
from lab_servers.scenarios.http_expect import UPLOADS
from lab_servers.scenarios.http_late_parse import LANES
from lab_servers.scenarios.http_readers import READERS
from lab_servers.views.looks import http_cut_short, http_expect, http_late_parse, look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUNS: tuple[Scenario, ...] = (
    CutShort(),
    CutShort(cut_by="RST", body="CSV"),
    CutShort(missing_bytes=0),
    LateParse(records=2, pause_s=0.02),
    LateParse(records=1, pause_s=0.02),
    SplitCharacter(pause_s=0.01),
    Connections(requests=3, delay_s=0, pause_s=0.01),
    NoteLife(),
    AskFirst(body_bytes=1_000, thinks_s=0.02, patience_s=0.1),
    AskFirst(body_bytes=1_000, thinks_s=0.05, patience_s=0.01),
    CutShort(missing_bytes=0, cut_by="RST"),
)
NAMES = ("CutShort", "LateParse", "SplitCharacter", "Connections", "NoteLife", "AskFirst")


@pytest.fixture(scope="module")
def recordings() -> Iterator[list[Recording]]:
    with Lab(["http"]) as lab:
        yield [run.run(lab) for run in RUNS]


def test_every_run_has_a_picture_with_words_and_a_table_with_rows(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_picture_with_words_and_table_with_rows(recording)


def test_a_look_reads_the_same_from_the_same_recording(recordings: list[Recording]) -> None:
    for recording in recordings:
        assert_same_again(recording)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_marks_without_bytes_are_no_cut_answer(recordings: list[Recording]) -> None:
    with pytest.raises(BadParameter, match="run the scenario CutShort"):
        look_of(replace(recordings[0], captures=()))


def test_the_matrix_stands_between_what_the_bytes_and_what_the_format_tells(recordings: list[Recording]) -> None:
    rows = [row[0] for row in look_of(recordings[0]).table.rows]
    clients = [name for name in READERS if name in rows]
    assert rows == [http_cut_short.WIRE, *clients, http_cut_short.FORMAT]


def test_the_picture_of_a_cut_counts_who_noticed(recordings: list[Recording]) -> None:
    cut, reset, whole = (http_cut_short.sentence(recording) for recording in recordings[:3])
    assert "lost the last 2 bytes" in cut
    assert "0 of" in cut
    assert "ended with a RST" in reset
    assert whole.startswith("Nothing is missing")
    # A whole answer is not taken for complete by everybody where a reset follows it.
    assert "took this for an error" in http_cut_short.sentence(recordings[10])


def test_who_notices_is_asked_of_bytes_that_are_missing_before_a_fin(recordings: list[Recording]) -> None:
    (question,) = (one for one in LESSON.questions if one.name == "02-cut-short")
    assert question.truth(recordings[0]) in question.offered
    for other in (recordings[1], recordings[2], recordings[10]):
        with pytest.raises(BadParameter, match="missing before a FIN"):
            question.truth(other)


def test_views_and_runs_agree_on_what_the_lanes_are_called() -> None:
    assert {lane: path for lane, (path, _) in LANES.items()} == http_late_parse.LANES
    assert {lane: (upload.path, upload.asks) for lane, upload in UPLOADS.items()} == http_expect._LANES
    assert tuple(READERS) == http_cut_short._ORDER


def test_a_split_character_is_whole_for_an_incremental_decoder_alone(recordings: list[Recording]) -> None:
    *_, together = look_of(recordings[5]).table.rows
    assert "�" in together[2]
    assert together[3] == '{"name": "张三", "age": 25}'


def test_exchanges_and_connections_are_counted(recordings: list[Recording]) -> None:
    kept, anew = look_of(recordings[6]).table.rows
    assert (kept[1], kept[2]) == ("3", "1")
    assert (anew[1], anew[2]) == ("3", "3")


def test_a_cell_of_several_lines_stays_in_its_column_as_text(recordings: list[Recording]) -> None:
    lines = str(look_of(recordings[7]).table).splitlines()
    (named,) = (line for line in lines if line.startswith("POST"))
    below = lines[lines.index(named) + 1]
    assert below.index("&text=") == named.index("title=")


def test_each_exchange_of_a_notes_life_is_a_row(recordings: list[Recording]) -> None:
    rows = look_of(recordings[7]).table.rows
    assert [row[2].split()[0] for row in rows] == ["201", "200", "304", "200", "412", "204", "404"]
    assert rows[3][3] != rows[0][3] == rows[1][3], "a changed note is another version"
    assert rows[0][1] == "title=%E4%BD%A0%E5%A5%BD\n&text=first+%26+only"
