"""The inspector without a browser: what it selects, what it answers, what it says in a saved page and a terminal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import dissect_alone
from lab_servers.errors import BadParameter, LoadFailed
from lab_servers.recording import Recording
from lab_servers.views import Inspector, inspector
from lab_servers.wire.conversation import Protocol
from lab_servers.wire.sse.block import Block
from tests.views.inspected import MARKUP, hostile, megabyte, socket
from tests.views.recorded import capture, exchange

every_payload = pytest.mark.parametrize("payload", MARKUP, ids=range(len(MARKUP)))


def asked(view: Inspector, monkeypatch: pytest.MonkeyPatch, **question: Any) -> tuple[dict, list[bytes] | None]:
    """What the view answers to a question of the browser's."""
    sent: list[tuple[dict, list[bytes] | None]] = []
    monkeypatch.setattr(view, "send", lambda answer, buffers=None: sent.append((answer, buffers)))
    view._handle_custom_msg({"id": "7", **question}, [])
    (one,) = sent
    assert one[0].pop("id") == "7"
    return one


# --- what is shown --------------------------------------------------------------------------


def test_a_recording_a_capture_a_file_or_a_dissection_can_be_inspected(tmp_path: Path) -> None:
    recording = Recording("two", (exchange(), socket()))
    alone = dissect_alone(Protocol.SSE, b"data: x\n\n", "events.txt")
    for source in (recording, exchange(), recording.save(tmp_path / "a.pcapng"), alone):
        view = inspector(source)
        assert view.record is not None
    assert isinstance(view.record, Block)


@pytest.mark.parametrize("source", [7, None, [exchange()]])
def test_what_is_no_recording_is_named(source: Any) -> None:
    with pytest.raises(BadParameter, match="shows a recording, a capture or the path of a capture file, not a"):
        inspector(source)


def test_a_recording_without_a_connection_says_what_to_do() -> None:
    with pytest.raises(BadParameter, match="no connection in the recording 'empty': run something"):
        inspector(Recording("empty", ()))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed):
        inspector(tmp_path / "nothing.pcapng")


def test_a_connection_on_which_nothing_was_sent_can_be_shown() -> None:
    view = inspector(capture())
    assert view.selection == {}
    assert view.record is None
    assert view.field is None
    assert "0 bytes" in str(view)


# --- the selection --------------------------------------------------------------------------


def test_at_first_the_first_record_is_selected() -> None:
    view = inspector(exchange())
    assert view.record is not None
    assert (view.record.name, view.field) == ("request head", None)


def test_a_byte_can_be_selected_and_what_lies_there_read() -> None:
    view = inspector(exchange())
    view.selection = {"sender": "server", "offset": 9}
    assert view.field is not None
    assert (view.field.name, view.field.value) == ("status code", 200)
    assert (view.selection["start"], view.selection["stop"]) == (9, 12)


def test_another_view_can_follow_the_selection() -> None:
    view = inspector(exchange())
    followed: list[dict] = []
    view.observe(lambda change: followed.append(change["new"]), "selection")
    view.selection = {"record": 1}
    view.selection = {"record": 1, "field": 2}
    assert [(one["record"], one["field"]) for one in followed] == [(1, None), (1, 2)]


def test_another_connection_can_be_chosen_and_brings_its_own_selection() -> None:
    view = inspector(Recording("two", (exchange(), socket())))
    view.selection = {"sender": "server", "offset": 9}
    view.connection = 1
    assert view.record is not None
    assert view.record.summary.startswith("GET /ws")
    assert view._server == socket().bytes_from(Side.SERVER)


def test_a_connection_that_is_not_there_is_named() -> None:
    view = inspector(exchange())
    with pytest.raises(BadParameter, match="connection must be a whole number from 0 to 0, not 1"):
        view.connection = 1


# --- what the browser asks ------------------------------------------------------------------


def test_fields_are_made_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _ = asked(inspector(socket()), monkeypatch, ask="details", records=[2])
    (details,) = answer["details"]
    assert [field["name"] for field in details["fields"]][-3:] == ["payload length", "masking key", "payload"]
    assert details["fields"][0]["url"] == "https://www.rfc-editor.org/rfc/rfc6455#section-5.2"


def test_a_layer_is_sent_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    view = inspector(socket())
    answer, _ = asked(view, monkeypatch, ask="layers", record=2)
    assert [layer["name"] for layer in answer["layers"]] == ["unmasked", "text"]
    _, buffers = asked(view, monkeypatch, ask="layer", record=2, layer=0)
    assert buffers is not None
    assert buffers[0] == b"hello"


def test_rows_come_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    view = inspector(megabyte())
    assert len(view._server) >= 1 << 20
    first, _ = asked(view, monkeypatch, ask="rows", page=0)
    second, _ = asked(view, monkeypatch, ask="rows", page=1)
    beyond, _ = asked(view, monkeypatch, ask="rows", page=10**6)
    assert (len(first["rows"]), len(second["rows"]), beyond["rows"]) == (256, 256, [])
    assert first["rows"] == view._pages[0]


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"ask": "all"},
        {"ask": "rows", "page": -1},
        {"ask": "rows", "page": "0"},
        {"ask": "details", "records": 3},
        {"ask": "layers", "record": 10**9},
        {"ask": "layer", "record": 0, "layer": 9},
        {"ask": "layer", "record": 0, "layer": None},
    ],
)
def test_a_question_that_makes_no_sense_gets_an_empty_answer(question: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(inspector(exchange()), monkeypatch, **question) == ({}, None)


def test_of_many_records_only_those_that_exist_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _ = asked(inspector(exchange()), monkeypatch, ask="details", records=[-1, 0, 99, "1", None])
    assert [details["record"] for details in answer["details"]] == [0]


# --- plain forms ----------------------------------------------------------------------------


class Tags(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_live_form_travels_with_a_page_and_a_text() -> None:
    made = inspector(exchange())._repr_mimebundle_()
    assert made is not None
    data, _ = made
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert data["text/plain"] == str(inspector(exchange()))


def test_the_page_has_every_record_and_field_with_its_bytes_and_sections() -> None:
    page = Tags(inspector(socket())._repr_html_())
    for word in (
        "text frame",
        "masking key",
        "01 02 03 04",
        "opcode",
        "bits 3 to 0",
        "✗ forbidden",
        "hello",
        "→ client",
    ):
        assert word in page.text
    links = {attributes["href"] for tag, attributes in page.found if tag == "a"}
    assert "https://www.rfc-editor.org/rfc/rfc6455#section-5.2" in links
    heads = [attributes["scope"] for tag, attributes in page.found if tag == "th"]
    assert set(heads) == {"row", "col"}


def test_the_text_is_the_outline() -> None:
    assert "text frame" in str(inspector(socket()))
    assert "masking key" in str(inspector(socket()))


def test_plain_forms_are_bounded_and_say_what_they_leave_out() -> None:
    view = inspector(megabyte())
    assert len(view._repr_html_()) < 300_000
    assert re.search(r"The first 60 of 20,\d{3} records; the widget shows all\.", view._repr_html_())
    assert "Fields are listed up to 150" in view._repr_html_()
    assert len(str(view).splitlines()) < 160
    assert "`python -m lab_servers explain` prints all of it" in str(view)


def test_what_is_missing_from_the_recording_is_said_in_every_form() -> None:
    view = inspector(Recording("cut", (exchange(unrecorded=99),)))
    for form in (view._repr_html_(), str(view), " ".join(view._head["notices"])):
        assert "99 bytes from the server" in form


@every_payload
def test_captured_markup_is_text_in_the_plain_forms(payload: str) -> None:
    for one in hostile(payload):
        view = inspector(one)
        page = Tags(view._repr_html_())
        tags = {tag for tag, _ in page.found}
        assert tags <= {"a", "div", "h4", "h5", "p", "strong", "table", "tbody", "td", "th", "thead", "tr"}
        for _, attributes in page.found:
            assert set(attributes) <= {"style", "scope", "href", "target", "rel", "aria-label"}
            assert (attributes.get("href") or "https://").startswith("https://")
        for form in (str(view), page.text.replace("\n", "")):
            assert [char for char in form if not char.isprintable() and char != "\n"] == []


def test_the_name_of_a_server_in_a_hostile_file_is_text_as_well() -> None:
    one = exchange()
    named = Capture(
        MARKUP[0], 1, one.client_address, one.relay_address, one.chunks, one.transitions, one.unrecorded_bytes
    )
    assert "<script" not in inspector(Recording("x", (named, one)))._repr_html_()


def test_the_page_survives_the_sanitiser_of_a_saved_notebook() -> None:
    made = inspector(socket())._repr_mimebundle_()
    assert made is not None
    output = new_output("execute_result", data=made[0], execution_count=1)
    notebook = new_notebook(cells=[new_code_cell("view", outputs=[output], execution_count=1)])
    exporter = HTMLExporter(sanitize_html=True)
    page, _ = exporter.from_notebook_node(notebook)
    for word in ("masking key", "01 02 03 04", "https://www.rfc-editor.org/rfc/rfc6455#section-5.2", "✗ forbidden"):
        assert word in page
