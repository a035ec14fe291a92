"""What holds for the look of every run, for the tests of each notebook's looks."""

from __future__ import annotations

import pytest

from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks import look_of


def assert_picture_with_words_and_table_with_rows(recording: Recording) -> None:
    look = look_of(recording)
    assert look.picture is not None
    assert "<svg" in look.picture._repr_html_()
    assert look.picture.text.endswith(".")
    assert look.table.rows
    assert all(len(row) == len(look.table.columns) for row in look.table.rows)


def assert_same_again(recording: Recording) -> None:
    first, second = look_of(recording), look_of(recording)
    assert str(first.table) == str(second.table)
    assert str(first.picture) == str(second.picture)


def assert_refused_with_what_to_run(name: str) -> None:
    """A recording of this name without what the run leaves behind."""
    with pytest.raises(BadParameter, match=f"run the scenario {name}"):
        look_of(Recording(name, ()))
