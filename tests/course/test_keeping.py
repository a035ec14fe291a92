"""Progress is written only for a learner who asks, beside the notebook, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab_servers.course import check, forget_progress, keep_progress, keeping, predict, progress
from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.lesson import Lesson
from lab_servers.errors import LoadFailed, SaveFailed
from tests.course.asked import CLEAN_END, HOW_MANY, MARKUP, STOPS, run

ONE = Exercise("04-one", "Be one.", "one", lambda *_: [Case((), 1, "One is one.")], ("a", "b"), "one = 1")
LESSON = Lesson("04_sse", "What?", (), (CLEAN_END, HOW_MANY), (ONE,))


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, and a course of one lesson."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keeping, "LESSONS", (LESSON,))
    questions = {one.name: one for one in LESSON.questions}
    monkeypatch.setattr("lab_servers.course.prediction.question_named", questions.__getitem__)
    monkeypatch.setattr("lab_servers.course.checking.exercise_named", {ONE.name: ONE}.__getitem__)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def learn() -> list[str]:
    """What a learner does in a notebook; returns what was said about progress."""
    return [
        predict("04-clean-end", STOPS).compare(run()).notice,
        predict("04-how-many", 3).compare(run()).notice,
        check("04-one", 2).notice,
        check("04-one", 1).notice,
    ]


def test_without_being_asked_nothing_is_written(folder: Path) -> None:
    assert learn() == [""] * 4
    assert "No progress is kept: keep_progress() begins" in str(progress())
    assert forget_progress() == "There is no progress.json in this folder: nothing was kept."
    assert names(folder) == []


def test_once_asked_what_was_compared_and_passed_is_kept_and_shown(folder: Path) -> None:
    assert progress().rows != keep_progress().rows == (("04_sse", "0 of 2", "0", "0 of 1"),)
    assert learn() == [""] * 4
    assert progress().rows == (("04_sse", "2 of 2", "1", "1 of 1"),)
    assert names(folder) == ["progress.json"]
    # Names and outcomes, and nothing that tells when, where or what was answered.
    assert json.loads((folder / "progress.json").read_text(encoding="utf-8")) == {
        "course": "lab_servers",
        "predictions": {"04-clean-end": "not so", "04-how-many": "right"},
        "checks": {"04-one": "passed"},
    }


def test_a_prediction_that_was_not_made_and_a_check_that_failed_are_not_kept() -> None:
    keep_progress()
    predict("04-clean-end").compare(run())
    check("04-one", 2)
    assert progress().rows == (("04_sse", "0 of 2", "0", "0 of 1"),)


def test_asking_again_keeps_what_there_is_and_forgetting_removes_the_file(folder: Path) -> None:
    keep_progress()
    learn()
    assert keep_progress().rows == (("04_sse", "2 of 2", "1", "1 of 1"),)
    assert forget_progress() == "progress.json is removed, and nothing is kept any more."
    assert learn() == [""] * 4
    assert names(folder) == []


OTHERS = [
    b"",
    b"not JSON",
    b"[]",
    b"{}",
    b"null",
    b"1",
    b'{"predictions": {}, "checks": {}}',
    b'{"course": "lab_servers", "predictions": [], "checks": {}}',
    b'{"course": "lab_servers", "predictions": {"04-clean-end": 1}, "checks": {}}',
    b'{"course": "lab_servers", "predictions": {"04-clean-end": ["right"]}, "checks": {}}',
    b'{"course": "lab_servers", "predictions": {"04-clean-end": "<script>"}, "checks": {}}',
    b'{"course": "lab_servers", "predictions": {}, "checks": {"04-one": {}}}',
    b"[" * 100_000,
    b"\xff\xfe\x00",
    b'"' + b"x" * (keeping.LARGEST_BYTES + 1) + b'"',
    b'{"a": ' + b"9" * 10_000 + b"}",
]


@pytest.mark.parametrize("data", OTHERS, ids=lambda data: repr(data[:30]))
def test_a_file_that_is_broken_or_anothers_is_one_sentence_and_stays_as_it_is(folder: Path, data: bytes) -> None:
    (folder / "progress.json").write_bytes(data)
    calls: list[Callable[[], Any]] = [keep_progress, progress, forget_progress]
    for call in calls:
        with pytest.raises(LoadFailed, match=r"^progress[.]json in this folder is damaged or no progress") as error:
            call()
        assert len(str(error.value)) < 200
    # The lesson goes on, and says so beside the result.
    said = learn()
    assert said[2] == ""
    for sentence in (said[0], said[1], said[3]):
        assert sentence.startswith("Progress was not kept: progress.json in this folder is damaged")
    assert (folder / "progress.json").read_bytes() == data
    assert names(folder) == ["progress.json"]


def test_names_in_the_file_that_the_course_does_not_know_are_never_shown(folder: Path) -> None:
    kept = {"course": "lab_servers", "predictions": {MARKUP: "right"}, "checks": {MARKUP: "passed"}}
    (folder / "progress.json").write_text(json.dumps(kept), encoding="utf-8")
    assert progress().rows == (("04_sse", "0 of 2", "0", "0 of 1"),)
    assert MARKUP not in str(progress())


def test_a_folder_in_the_files_place_is_one_sentence(folder: Path) -> None:
    (folder / "progress.json").mkdir()
    with pytest.raises(LoadFailed, match=r"^progress[.]json cannot be read"):
        progress()
    assert learn()[0].startswith("Progress was not kept: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file whose opening blocks")
def test_a_pipe_in_the_files_place_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "progress.json")
    with pytest.raises(LoadFailed, match=r"^progress[.]json cannot be read [(]it is no ordinary file[)]"):
        progress()


def test_a_write_that_fails_leaves_the_earlier_file_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_progress()
    learn()
    before = (folder / "progress.json").read_bytes()
    before = before.replace(b'"04-one"', b'"04-two"')  # so that there is something to be written
    (folder / "progress.json").write_bytes(before)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "No space left on device" in learn()[3]
    assert (folder / "progress.json").read_bytes() == before
    assert names(folder) == ["progress.json"]


def test_a_folder_that_cannot_be_written_to_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    with pytest.raises(SaveFailed, match=r"^progress[.]json cannot be written here \(Permission denied\)"):
        keep_progress()
