"""The bodies of the slow server: the same records as one document and as lines."""

from __future__ import annotations

import json

import pytest

from lab_servers.scenarios.http_late_parse import DOCUMENT, LINES, parts_of


@pytest.mark.parametrize("records", [1, 2, 5])
def test_both_forms_hold_the_same_records_one_in_each_part(records: int) -> None:
    document, lines = parts_of(DOCUMENT, records), parts_of(LINES, records)
    assert len(document) == len(lines) == records
    assert json.loads(b"".join(document)) == [json.loads(line) for line in lines]


def test_no_part_of_a_document_but_all_of_them_is_json() -> None:
    parts = parts_of(DOCUMENT, 4)
    for count in range(1, 4):
        with pytest.raises(json.JSONDecodeError):
            json.loads(b"".join(parts[:count]))
