"""The evidence table as it is shown: values and figures for all, bytes for who opens a cell, and nothing that runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.evidence import COLUMNS, Dimension
from lab_servers.recording import Recording
from lab_servers.scenarios import EachFails, Evidence
from lab_servers.views import complexity_picture, complexity_table, evidence_table, job_table
from lab_servers.views.evidence_cells import EvidenceTable
from lab_servers.views.looks import look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def run(lab: Lab) -> Recording:
    return Evidence().run(lab)


@pytest.fixture(scope="module")
def table(run: Recording) -> EvidenceTable:
    return evidence_table(run)


class Tags(HTMLParser):
    """The tags of a page, and the texts between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_has_a_row_for_each_question_and_details_in_each_cell(table: EvidenceTable) -> None:
    page = Tags(table._repr_html_())
    assert page.tags.count("tr") == 1 + len(Dimension)
    assert page.tags.count("details") == page.tags.count("td") == len(Dimension) * len(COLUMNS)
    for cell in table.cells.values():
        assert cell.value in page.texts
        assert cell.sentence in page.texts


def test_the_text_says_what_the_page_says(table: EvidenceTable) -> None:
    for cell in table.cells.values():
        assert cell.sentence in str(table)
        assert cell.correction in str(table)
    assert str(table.table) in str(table)


def test_a_cell_is_found_by_its_names_and_another_name_is_refused_with_the_names(table: EvidenceTable) -> None:
    assert table.cell("direction", "SSE").value == "server → client"
    with pytest.raises(BadParameter, match="based on HTTP, new protocol, direction"):
        table.cell("speed", "SSE")
    with pytest.raises(BadParameter, match="HTTP, SSE, WebSocket"):
        table.cell("direction", "gRPC")


def test_every_cell_opens_the_inspector_at_the_record_that_decides(table: EvidenceTable) -> None:
    for cell in table.cells.values():
        shown, decisive = cell.show(), cell.exhibits[0]
        assert shown.selection["sender"] == decisive.side.value
        assert shown.record is not None
        assert shown.record.pieces[0][0] <= shown.selection["offset"] == decisive.start < shown.record.pieces[-1][1]


def test_a_cell_by_itself_reads_completely(table: EvidenceTable) -> None:
    cell = table.cell("automatic reconnection", "SSE")
    for form in (cell._repr_html_(), str(cell), repr(cell)):
        assert "built into EventSource" in form
        assert "Last-Event-ID: 2" in form
        assert "clean end" in form
    assert "server-sent-events.html#sse-processing-model" in cell._repr_html_()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"text/event-stream\r\n", b"<script>x</script\r\n"),
        (b"Last-Event-ID: 2\r\n", b"Last-Event-ID: <\r\n"),
        (b"application/json; charset", b"<img/src=x onerror=alert>"),
        (b"GET /api/user/info HTTP", b"<b> /api/user/info HTTP"),
        (b"Date: ", b"<img>:"),
    ],
)
def test_hostile_bytes_are_text_in_the_page(run: Recording, old: bytes, new: bytes) -> None:
    assert len(old) == len(new)
    captures = tuple(
        replace(one, chunks=tuple(chunk._replace(data=chunk.data.replace(old, new)) for chunk in one.chunks))
        for one in run.captures
    )
    assert captures != run.captures
    shown = evidence_table(replace(run, captures=captures))
    page = Tags(shown._repr_html_() + "".join(cell._repr_html_() for cell in shown.cells.values()))
    assert not {"script", "img", "b"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)


def test_the_costs_of_each_job_have_a_row_and_one_first_choice(run: Recording) -> None:
    rows = job_table(run).rows
    assert len(rows) == 9
    assert sum("first choice" in row[1] for row in rows) == 3


@pytest.mark.parametrize("scenario", [Evidence(messages=6, interval_s=0.01), EachFails(interval_s=0.01)])
def test_each_run_has_a_picture_with_words_and_a_table(lab: Lab, scenario: Evidence | EachFails) -> None:
    recording = scenario.run(lab)
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)


@pytest.mark.parametrize("name", ["Evidence", "EachFails"])
def test_another_recording_is_refused_with_what_to_run(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_the_sentences_of_the_pictures_say_what_was_found(run: Recording, lab: Lab) -> None:
    picture = look_of(run).picture
    assert picture is not None
    assert "SSE: direction server → client, connection duration medium to long" in picture.text
    fails = look_of(EachFails().run(lab)).picture
    assert fails is not None
    assert "be told without asking: SSE and WebSocket" in fails.text
    assert fails.text.endswith("HTTP 3, SSE 2, WebSocket 2.")


def test_what_there_is_to_build_is_shown_as_table_and_picture() -> None:
    shown = complexity_table()
    assert [row[2] for row in shown.rows].count("a server alone") == 2
    assert all(len(row) == len(shown.columns) for row in shown.rows)
    assert shown.notices == (complexity_picture().text,)
    assert "<svg" in complexity_picture()._repr_html_()
