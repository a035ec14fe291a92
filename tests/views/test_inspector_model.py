"""What the inspector knows of a connection: records in order, what lies at each byte, when, and a whole selection."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_servers.capture.capture import Capture, Side
from lab_servers.views.inspector_model import Inspected, covers, value_text
from lab_servers.views.inspector_signs import SIGNS
from tests.views.inspected import ASK, MARKUP, STREAM_HEAD, event_stream, hostile, socket
from tests.views.recorded import capture, exchange

CONNECTIONS = {"exchange": exchange(), "event stream": event_stream(), "socket": socket(), "nothing": capture()}
every_connection = pytest.mark.parametrize("one", CONNECTIONS.values(), ids=CONNECTIONS.keys())


def names(shown: Inspected) -> list[str]:
    return [record.name for record in shown.records]


def test_records_stand_in_order_of_time_and_an_event_after_the_chunk_that_completes_it() -> None:
    assert names(Inspected.of(event_stream())) == [
        "request head",
        "response head",
        "chunk",
        "event",
        "chunk",
        "chunk",
        "event",
        "last chunk",
        "trailer section",
    ]


@every_connection
def test_every_byte_has_a_record_and_a_field(one: Capture) -> None:
    shown = Inspected.of(one)
    for sender, data in shown.data.items():
        for offset in range(len(data)):
            place = shown.at(sender, offset)
            assert place is not None
            assert place.field is not None
            record = shown.records[place.record]
            assert record.sender == sender
            assert covers(record.fields[place.field].pieces, offset)


@every_connection
def test_beyond_the_bytes_there_is_nothing(one: Capture) -> None:
    shown = Inspected.of(one)
    for sender, data in shown.data.items():
        assert shown.at(sender, len(data)) is None


def test_inside_a_chunk_the_event_is_found_and_its_framing_is_the_chunks() -> None:
    shown = Inspected.of(event_stream())
    at = len(STREAM_HEAD)
    found = [shown.at("server", at + step) for step in range(5)]
    fields = [shown.records[place.record].fields[place.field] for place in found if place and place.field is not None]
    assert [field.name for field in fields] == ["chunk size", "chunk size", "line end", "line end", "field name"]


def test_the_columns_say_who_what_and_where() -> None:
    shown = Inspected.of(socket())
    numbers = struct.unpack(f"={3 * len(shown.records)}I", shown.places())
    rows = [numbers[i : i + 3] for i in range(0, len(numbers), 3)]
    told = [("cs"[what & 15], SIGNS[what >> 8 & 255].letter, stop - start) for what, start, stop in rows]
    assert told[2:] == [("c", "W", 11), ("s", "W", 8), ("s", "W", 4)]
    assert [letter for _, letter, _ in told[:2]] == ["H", "H"]


def test_a_row_has_the_name_the_summary_and_the_worst_note() -> None:
    rows = Inspected.of(socket()).rows(2, 3)
    assert [row[0] for row in rows] == ["text frame", "text frame", "close frame"]
    assert "hello" in rows[0][1]
    assert [row[2] for row in rows] == [0, 0, 3]


def test_each_field_has_a_sign_for_its_kind_of_byte() -> None:
    def letters(shown: Inspected, record: int) -> str:
        return "".join(SIGNS[field["sign"]].letter for field in shown.details(record)["fields"])

    assert letters(Inspected.of(event_stream()), 2) == "##•#"
    assert letters(Inspected.of(socket()), 2) == "WWWWWWWW~"
    assert letters(Inspected.of(socket()), 3) == "WWWWWWW•"


def test_a_layer_comes_with_the_places_of_its_bytes() -> None:
    shown = Inspected.of(event_stream())
    assert [layer["name"] for layer in shown.layers(2)] == ["dechunked", "text"]
    data, edges = shown.layer(2, 0)
    assert data == "id: 1\ndata: 你好\n\ndata: world\n\n".encode()
    numbers = struct.unpack(f"={len(edges) // 4}I", edges)
    wire = shown.data["server"]
    assert b"".join(wire[a:b] for a, b in zip(numbers[::2], numbers[1::2], strict=True)) == data


def test_layers_that_chunks_share_have_one_key() -> None:
    shown = Inspected.of(event_stream())
    assert shown.layers(2)[0]["key"] == shown.layers(4)[0]["key"]
    assert shown.layers(2)[0]["key"] != shown.layers(2)[1]["key"]


def test_a_byte_has_the_time_of_the_read_that_brought_it() -> None:
    shown = Inspected.of(exchange())
    times = struct.unpack("=4d", shown.times("server"))
    assert times == (0.0, 51.0, 50.0, 61.0)
    assert shown.time_ms("server", 50) == 61.0


WHOLE_HEAD = {"sender": "client", "start": 0, "stop": len(ASK), "record": 0, "field": None, "offset": 0}
METHOD = {"sender": "client", "start": 0, "stop": 3, "record": 0, "field": 0, "offset": 0}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"record": 0}, WHOLE_HEAD),
        ({"record": 0, "field": 0}, METHOD),
        ({"record": 0, "field": 0, "offset": 1}, {**METHOD, "offset": 1}),
        ({"sender": "client", "offset": 2}, {**METHOD, "offset": 2}),
        ({"sender": "client", "start": 2}, {**METHOD, "offset": 2}),
        ({"record": 0, "field": 999}, WHOLE_HEAD),
        ({"record": 999}, {}),
        ({"sender": "client", "offset": 10**9}, {}),
        ({"sender": "nobody", "offset": 0}, {}),
        ({"offset": "1"}, {}),
        ({}, {}),
    ],
)
def test_a_selection_is_made_whole_from_a_part_of_it(wanted: dict, expected: dict) -> None:
    assert Inspected.of(event_stream()).selection(wanted) == expected


def test_values_are_one_line_of_text_whatever_their_size() -> None:
    assert value_text(5) == "5"
    assert value_text(1 << 100_000).startswith("0x1000")
    assert value_text("a\x1b[31m\u202e\n") == "a\\x1b[31m\\u202e\\n"
    assert value_text("  ") == "␣␣"


@pytest.mark.parametrize("payload", MARKUP, ids=range(len(MARKUP)))
def test_hostile_text_leaves_no_control_character_in_what_is_sent(payload: str) -> None:
    for one in hostile(payload):
        shown = Inspected.of(one)
        told = [str(shown.details(index)) for index in range(len(shown.records))]
        told += [text for row in shown.rows(0, len(shown.records)) for text in row[:2]]
        assert [text for text in told if not text.isprintable()] == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), st.booleans())
def test_any_bytes_can_be_inspected(client: bytes, server: bytes, upgraded: bool) -> None:
    reads = [(1, Side.CLIENT, client), (2, Side.SERVER, server)]
    if upgraded:
        handshake = socket().chunks[:2]
        reads = [(1, chunk.sender, chunk.data) for chunk in handshake] + reads
    shown = Inspected.of(capture(*[read for read in reads if read[2]]))
    for index in range(len(shown.records)):
        shown.details(index)
        for number in range(len(shown.layers(index))):
            shown.layer(index, number)
    for sender, data in shown.data.items():
        assert all(shown.at(sender, offset) for offset in range(len(data)))
    shown.rows(0, 1_000)


def test_more_than_can_be_shown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_servers.views.inspector_model.MAX_RECORDS", 3)
    monkeypatch.setattr("lab_servers.views.inspector_model.MAX_BYTES", 10)
    shown = Inspected.of(socket())
    assert len(shown.records) == 3
    assert len(shown.data["server"]) == 10
    assert "The first 3 records are shown; the connection has more." in shown.notices
    assert any(notice.startswith("The first 10 of ") for notice in shown.notices)
