"""C19: an answer is one POST, a stream and its end; cancel, an error after 200, a cut and a resumption differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.transports import Transport
from lab_servers.proofs.answering import captures_by_case
from lab_servers.recording import Recording
from lab_servers.scenarios.choosing_answer import CUT, FAILING, RESUMED, STOPPED, WHOLE, PromptedAnswer
from lab_servers.views.looks.sse import data_of
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C19")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C19", recordings)


def test_the_prompt_travels_in_the_body_of_a_post_and_the_answer_in_one_response(
    recordings: tuple[Recording, ...],
) -> None:
    capture, answer = captures_by_case(recordings[0])[WHOLE]
    assert capture.bytes_from(Side.CLIENT).endswith('{"prompt":"世界?"}'.encode())
    assert (answer.media_type, answer.is_complete) == ("text/event-stream", True)


def test_correction_stopped_failing_and_cut_off_look_different_on_the_wire(recordings: tuple[Recording, ...]) -> None:
    found = captures_by_case(recordings[0])
    assert {case: found[case][1].is_complete for case in (WHOLE, STOPPED, FAILING, CUT, RESUMED)} == {
        WHOLE: True, STOPPED: False, FAILING: True, CUT: False, RESUMED: True,
    }  # fmt: skip
    # Stopped and cut off carry the same: who ended it is the whole difference.
    assert data_of(found[STOPPED][0]) == data_of(found[CUT][0])
    assert all(answer.status == 200 for _, answer in found.values())


def test_correction_what_was_resumed_begins_after_what_had_come(recordings: tuple[Recording, ...]) -> None:
    found = captures_by_case(recordings[0])
    assert data_of(found[CUT][0]) + data_of(found[RESUMED][0]) == data_of(found[WHOLE][0])


def test_an_answer_to_a_get_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    cases, beside = recordings
    got = with_bytes(cases, Side.CLIENT, b"POST /answer HTTP", b"GETT /answer HTTP")
    assert "One GETT" in contradicted(assert_fails("C19", got, beside))


def test_a_stream_whose_first_token_comes_last_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    cases, beside = recordings
    end_ns = beside.marks[-1].at_ns + 1

    def late(mark: Mark) -> Mark:
        return replace(mark, at_ns=end_ns) if mark.name == f"{Transport.SSE.value}: delivered" else mark

    assert "SSE: 1 request" in contradicted(assert_fails("C19", cases, with_marks(beside, late)))


@pytest.mark.parametrize("transport", [Transport.WHOLE, Transport.SSE, Transport.WEBSOCKET])
def test_tokens_of_which_no_byte_passed_contradict_it(recordings: tuple[Recording, ...], transport: Transport) -> None:
    cases, beside = recordings
    silent = tuple(
        replace(one, chunks=tuple(one.chunks_from(Side.CLIENT))) if one.server == transport.value else one
        for one in beside.captures
    )
    assert "The same tokens" in contradicted(assert_fails("C19", cases, replace(beside, captures=silent)))


def test_a_server_that_goes_on_after_its_reader_left_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    cases, beside = recordings
    noticed = cases.marks_named(f"{STOPPED}: server noticed")[0]
    later = Mark(noticed.at_ns + 1, f"{STOPPED}: produced", "界")
    goes_on = replace(cases, marks=tuple(sorted((*cases.marks, later), key=lambda mark: mark.at_ns)))
    assert "produced 1 more" in contradicted(assert_fails("C19", goes_on, beside))


def test_an_error_that_nobody_told_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    cases, beside = recordings
    silent = with_bytes(cases, Side.SERVER, b"event: error\n", b"event: other\n")
    assert "Failing" in contradicted(assert_fails("C19", silent, beside))


def test_a_token_that_came_twice_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    cases, beside = recordings
    other = with_bytes(cases, Side.SERVER, 'id: 4\ndata: {"d": "界'.encode(), 'id: 4\ndata: {"d": "世'.encode())
    captures = tuple(
        after if after.number == captures_by_case(cases)[RESUMED][0].number else before
        for before, after in zip(cases.captures, other.captures, strict=True)
    )
    assert "Resumed" in contradicted(assert_fails("C19", replace(cases, captures=captures), beside))


def test_a_run_with_other_numbers_holds_as_well(recordings: tuple[Recording, ...]) -> None:
    with Lab([]) as lab:
        other = PromptedAnswer(tokens=5, broken_after=2, interval_s=0.03).run(lab)
        assert lab.problems == ()
    assert_holds("C19", (other, recordings[1]))
