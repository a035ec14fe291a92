"""C03: a plain client has no value before the last byte of the body; a streaming one may have, if the format allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.proofs.http import RECORDS
from lab_servers.recording import Recording
from lab_servers.views.looks.http_late_parse import readings
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_marks


@pytest.fixture(scope="module")
def late(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


def test_a_plain_client_has_its_first_value_after_the_last_byte(late: Recording) -> None:
    found = readings(late)
    for lane in ("document, read whole", "lines, read whole"):
        assert found[lane].values_s[0] > found[lane].last_byte_s > found[lane].passed_s[0]


def test_a_streaming_client_has_the_first_line_before_the_next_record_is_there(late: Recording) -> None:
    lines = readings(late)["lines, read as they come"]
    assert len(lines.values_s) == len(lines.passed_s) == RECORDS
    assert lines.passed_s[0] < lines.values_s[0] < lines.last_byte_s


def test_one_json_document_forbids_it_even_to_a_streaming_client(late: Recording) -> None:
    document = readings(late)["document, read as it comes"]
    assert document.tries > 0, "it had bytes, and tried"
    assert document.values_s[0] > document.last_byte_s


def test_all_four_have_the_same_values_in_the_end(late: Recording) -> None:
    for lane in readings(late):
        assert [mark.detail for mark in late.marks_named(f"{lane}: value")] == ["1", "2", "3", "4"]


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C03")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C03", recordings)


def test_a_plain_client_that_had_its_value_early_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    (late,) = recordings
    early = with_marks(
        late, lambda one: replace(one, at_ns=late.start_ns) if one.name == "lines, read whole: value" else one
    )
    assert "lines, read whole" in contradicted(assert_fails("C03", early))


def test_a_streaming_client_that_had_nothing_early_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    (late,) = recordings
    end_ns = late.marks[-1].at_ns
    waiting = with_marks(
        late, lambda one: replace(one, at_ns=end_ns) if one.name == "lines, read as they come: value" else one
    )
    assert "read as they come" in contradicted(assert_fails("C03", waiting))
