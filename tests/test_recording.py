"""A recording saves itself without harm to what was there before, and says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_servers.errors import BadParameter, SaveFailed
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from tests.views.recorded import exchange


def test_a_failed_save_leaves_an_earlier_file_as_it_was(tmp_path: Path) -> None:
    target = Recording("good", (exchange(),)).save(tmp_path / "run.pcapng")
    before = target.read_bytes()
    with pytest.raises(BadParameter):
        Recording("bad", (exchange(),), marks=(Mark(-1, "before the epoch"),)).save(target)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["nowhere/run.pcapng", "a\0b.pcapng"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SaveFailed, match="choose another place"):
        Recording("run", ()).save(tmp_path / name)


def test_marks_of_a_client_join_those_of_the_lab_in_order_of_time() -> None:
    recording = Recording("run", (), (Mark(1, "a"), Mark(3, "c"))).with_marks("client", [Mark(2, "b")])
    assert [mark.name for mark in recording.marks] == ["a", "client: b", "c"]


def test_it_shows_its_connections_and_parameters() -> None:
    recording = Recording("run", (exchange(),), parameters={"delay_s": 0.5})
    for shown in (str(recording), recording._repr_html_()):
        assert "run(delay_s=0.5)" in shown
        assert "48 bytes" in shown
    assert str(Recording("run", ())) == "run"
