"""C10: a WebSocket starts as an HTTP request, and HTTP ends at the 101; what key and accept value are for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import Handshake, RefusedUpgrades, WrongAnswers
from lab_servers.views.looks.handshake import http_ends, key_and_accept, upgraded
from lab_servers.views.looks.handshake_answers import answers, has_right_accept, verdict
from lab_servers.views.looks.handshake_refused import refusals
from lab_servers.wire.websocket.handshake import accept_for
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Recording:
    return Handshake().run(lab)


def test_it_starts_with_one_http_request_and_one_answer_101(opened: Recording) -> None:
    conversation = dissect(upgraded(opened)).conversation
    request, response = conversation.messages()
    assert request.start_line == "GET /ws/chat HTTP/1.1"
    assert response.start_line == "HTTP/1.1 101 Switching Protocols"


def test_http_ends_with_the_empty_line_and_the_next_byte_is_a_frame_in_both_directions(opened: Recording) -> None:
    capture = upgraded(opened)
    for side in Side:
        offset = http_ends(capture)[side.value]
        data = capture.bytes_from(side)
        assert data[:offset].endswith(b"\r\n\r\n")
        assert data.index(b"\r\n\r\n") == offset - 4
        assert data[offset] == 0x81, "FIN and the opcode of a text frame"
        assert dissect(capture).records(side, "websocket")[0].pieces[0][0] == offset


def test_it_is_one_connection_from_the_request_to_the_last_frame(opened: Recording) -> None:
    (capture,) = opened.captures
    kinds = [one.kind for one in capture.transitions]
    assert kinds.count(TransitionKind.OPENED) == 1
    assert kinds[-1] is TransitionKind.CLOSED


def test_correction_the_key_is_required(lab: Lab) -> None:
    (case,) = refusals(RefusedUpgrades(case="no-key").run(lab)).values()
    assert case.answer == "400 Bad Request"
    assert not case.is_switched


def test_correction_the_accept_value_is_required_and_must_belong_to_the_key(lab: Lab) -> None:
    cases = answers(WrongAnswers().run(lab))
    for name in ("no-accept", "value-of-another-key", "key-sent-back"):
        assert verdict(cases[name]).startswith("fails")
    assert verdict(cases["right"]) == "opens"


def test_correction_the_accept_value_follows_from_the_key_alone(opened: Recording) -> None:
    key, accept = key_and_accept(upgraded(opened))
    assert accept == accept_for(key)


def test_correction_a_server_without_any_secret_gives_the_right_value(lab: Lab) -> None:
    case = answers(WrongAnswers(case="right").run(lab))["right"]
    assert has_right_accept(case)
    assert case.capture.server == "odd answers", "no server that the client ever met before"
    assert len(case.capture.bytes_from(Side.CLIENT)) > 0


def test_correction_a_new_handshake_has_a_new_key(lab: Lab, opened: Recording) -> None:
    first, second = key_and_accept(upgraded(opened)), key_and_accept(upgraded(Handshake().run(lab)))
    assert first[0] != second[0]
    assert first[1] != second[1]


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C10")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C10", recordings)


def test_an_accept_value_that_belongs_to_no_key_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    opened, *rest = recordings
    _, accept = key_and_accept(upgraded(opened))
    other = with_bytes(opened, Side.SERVER, accept.encode(), accept.swapcase().encode())
    assert "follows from the key" in contradicted(assert_fails("C10", other, *rest))


def test_the_same_key_twice_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    opened, _, no_key, wrong = recordings
    assert_fails("C10", opened, opened, no_key, wrong)


def test_a_connection_that_was_not_upgraded_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    _, again, no_key, wrong = recordings
    assert "upgraded" in contradicted(assert_fails("C10", no_key, again, no_key, wrong))


def test_a_request_that_went_through_without_a_key_contradicts_the_correction(
    lab: Lab, recordings: tuple[Recording, ...]
) -> None:
    opened, again, _, wrong = recordings
    went_through = RefusedUpgrades(case="old-version").run(lab)
    went_through = with_bytes(went_through, Side.SERVER, b"HTTP/1.1 400", b"HTTP/1.1 200")
    assert "Without a key" in contradicted(assert_fails("C10", opened, again, went_through, wrong))


def test_wrong_accept_values_that_were_never_sent_contradict_the_correction(recordings: tuple[Recording, ...]) -> None:
    opened, again, no_key, wrong = recordings
    right = answers(wrong)["right"].capture
    silent = tuple(
        one if one.number == right.number else replace(one, chunks=tuple(one.chunks_from(Side.CLIENT)))
        for one in wrong.captures
    )
    told = contradicted(assert_fails("C10", opened, again, no_key, replace(wrong, captures=silent)))
    assert "at 0 of 3 others" in told


def test_a_client_that_said_nothing_has_not_refused(recordings: tuple[Recording, ...]) -> None:
    opened, again, no_key, wrong = recordings
    silent = replace(wrong, marks=tuple(one for one in wrong.marks if one.name != "no-accept: failed"))
    assert "at 2 of 3 others" in contradicted(assert_fails("C10", opened, again, no_key, silent))
