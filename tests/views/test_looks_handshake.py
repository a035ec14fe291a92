"""The looks of the handshake runs: bands of bytes, tables and sentences, all computed from the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.scenarios import (
    EarlyFrame,
    Handshake,
    RefusedUpgrades,
    Scenario,
    ShareOfHttp,
    Subprotocols,
    WrongAnswers,
)
from lab_servers.views.looks import handshake, handshake_answers, handshake_refused, handshake_share, look_of
from lab_servers.wire.websocket.handshake import GUID
from tests.views.looks_rules import assert_picture_with_words_and_table_with_rows, assert_same_again
from tests.views.recorded import capture, exchange

RUNS: tuple[Scenario, ...] = (
    Handshake(with_origin=True),
    ShareOfHttp(interval_s=0),
    EarlyFrame(),
    EarlyFrame(early=0),
    RefusedUpgrades(),
    RefusedUpgrades(case="foreign-origin"),
    WrongAnswers(),
    WrongAnswers(case="no-accept"),
    Subprotocols(),
    Subprotocols(case="named-two"),
)
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def recordings() -> Iterator[dict[Scenario, Recording]]:
    with Lab(["http", "sse", "websocket"]) as lab:
        yield {run: run.run(lab) for run in RUNS}


def test_every_run_has_a_picture_with_words_and_a_table_with_rows(recordings: dict[Scenario, Recording]) -> None:
    for recording in recordings.values():
        assert_picture_with_words_and_table_with_rows(recording)


def test_a_look_reads_the_same_from_the_same_recording(recordings: dict[Scenario, Recording]) -> None:
    for recording in recordings.values():
        assert_same_again(recording)


@pytest.mark.parametrize("name", [type(run).__name__ for run in RUNS])
def test_a_recording_of_something_else_is_refused_with_what_to_run(name: str) -> None:
    for recording in (Recording(name, ()), Recording(name, (exchange(),))):
        with pytest.raises(BadParameter, match=f"run the scenario {name}"):
            look_of(recording)


# --- one handshake ----------------------------------------------------------------------------


def test_the_table_of_the_handshake_has_both_heads_with_meaning_and_section(
    recordings: dict[Scenario, Recording],
) -> None:
    rows = look_of(recordings[RUNS[0]]).table.rows
    named = {row[0]: row for row in rows}
    key, accept = handshake.key_and_accept(handshake.upgraded(recordings[RUNS[0]]))
    assert named["→ Sec-WebSocket-Key"][2] == key
    assert named["← Sec-WebSocket-Accept"][2] == accept
    assert all(row[3] and row[4].startswith("RFC ") for row in rows)


def test_the_offsets_in_the_table_are_those_of_the_bytes(recordings: dict[Scenario, Recording]) -> None:
    opened = handshake.upgraded(recordings[RUNS[0]])
    for name, where, value, *_ in handshake.head_fields(opened).rows:
        if value != "CR LF":
            data = opened.bytes_from(Side.CLIENT if name.startswith("→") else Side.SERVER)
            first, _, last = where.partition(" to ")
            assert data[int(first) : int(last) + 1] == value.encode()


def test_the_steps_lead_from_the_key_to_the_accept_value(recordings: dict[Scenario, Recording]) -> None:
    table = handshake.accept_steps(handshake.upgraded(recordings[RUNS[0]]))
    assert table.caption.endswith("the two are the same")
    assert table.rows[3][1] == table.rows[4][1]
    assert table.rows[1] == ("the GUID, 36 more", GUID)
    assert table.rows[2][0] == "SHA-1 of both, 20 bytes"


def test_the_steps_say_so_when_the_value_is_another_one() -> None:
    request = (
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: abc\r\n\r\n"
    )
    table = handshake.accept_steps(answered(request, "wrong"))
    assert "the two differ" in table.caption


def answered(request: bytes, accept: str) -> Capture:
    response = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    return capture((1, Side.CLIENT, request), (2, Side.SERVER, response.encode()))


def test_captured_markup_stays_text() -> None:
    request = f"GET /{MARKUP} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {MARKUP}\r\n\r\n"
    hostile = answered(request.encode(), MARKUP)
    recording = Recording("Handshake", (hostile,))
    pages = (look_of(recording).table, look_of(recording).picture, handshake.accept_steps(hostile))
    for page in pages:
        assert page is not None
        assert "<script" not in page._repr_html_()


# --- many handshakes --------------------------------------------------------------------------


def test_a_case_is_joined_to_its_own_connection_whatever_else_was_open(recordings: dict[Scenario, Recording]) -> None:
    refused = recordings[RUNS[4]]
    shuffled = replace(refused, captures=(exchange(), *reversed(refused.captures)))
    expected = {name: case.answer for name, case in handshake_refused.refusals(refused).items()}
    assert {name: case.answer for name, case in handshake_refused.refusals(shuffled).items()} == expected


def test_a_case_without_an_answer_says_so() -> None:
    asked = capture((1, Side.CLIENT, b"GET /ws/chat HTTP/1.1\r\nHost: a\r\n\r\n"))
    marks = (Mark(0, "right: happens", "Nothing"), Mark(1, "right: port", str(asked.client_address[1])))
    recording = Recording("RefusedUpgrades", (asked,), marks)
    (row,) = look_of(recording).table.rows
    assert row[3:] == ("no answer", "", "not open: no answer came")


def test_a_mark_of_another_kind_is_no_case() -> None:
    marks = (Mark(0, "right: port", "4000"), Mark(1, "odd: happens", "?"))
    with pytest.raises(BadParameter, match="run the scenario WrongAnswers"):
        handshake_answers.answers(Recording("WrongAnswers", (exchange(),), marks))


# --- how much is HTTP -------------------------------------------------------------------------


def test_the_table_of_shares_is_computed_and_ends_in_the_two_questions(recordings: dict[Scenario, Recording]) -> None:
    table = look_of(recordings[RUNS[1]]).table
    assert table.rows[-2:] == (
        ("based on HTTP?", "yes", "yes", "only the handshake"),
        ("a new protocol?", "no", "no", "yes"),
    )


def test_a_connection_that_speaks_no_http_is_not_based_on_it() -> None:
    silent = capture((1, Side.CLIENT, b"\x16\x03\x01\x00\x05hello"))
    assert handshake_share.based_on_http(silent) == "no"
    assert handshake_share.is_new_protocol(silent) == "no"
