"""C03: a plain client has no value before the last byte of the body; a streaming one may have, if the format allows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import LateParse
from lab_servers.views.looks.http_late_parse import readings

RECORDS = 4


@pytest.fixture(scope="module")
def late() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield LateParse(records=RECORDS, pause_s=0.1).run(lab)


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
