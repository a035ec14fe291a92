"""The look of a real run of SideBySide: every lane has its row in picture and table, whichever way it went."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.measure.accounting import accounts
from lab_servers.recording import Recording
from lab_servers.scenarios import SideBySide
from lab_servers.views.looks import look_of
from lab_servers.views.side.latency import latency_curves
from lab_servers.views.side.reading import read_so_far
from lab_servers.views.side.stacks import byte_stacks
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)


@pytest.fixture(scope="module", params=["down", "up", "both ways"])
def recording(request: pytest.FixtureRequest) -> Iterator[Recording]:
    with Lab() as lab:
        yield SideBySide(messages=6, interval_s=0.01, poll_every_s=0.03, direction=request.param).run(lab)


def test_it_has_a_picture_with_words_and_a_table_with_rows(recording: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)


def test_the_table_has_the_bytes_of_every_lane(recording: Recording) -> None:
    found = accounts(recording)
    rows = {row[0]: row for row in look_of(recording).table.rows}
    assert list(rows) == list(found)
    for name, one in found.items():
        payload, framing, headers = (int(cell.replace(",", "")) for cell in rows[name][2:5])
        passed = sum(len(chunk.data) for capture in recording.of(name) for chunk in capture.chunks)
        assert payload + framing + headers == one.both.total == passed


def test_other_pictures_can_be_made_of_it(recording: Recording) -> None:
    assert "<svg" in byte_stacks(recording)._repr_html_()
    if recording.parameters["direction"] != "up":
        assert "<svg" in read_so_far(recording, unit="bytes")._repr_html_()
        assert "<svg" in latency_curves(recording)._repr_html_()


def test_a_recording_without_lanes_is_refused() -> None:
    assert_refused_with_what_to_run("SideBySide")
