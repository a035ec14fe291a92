"""C19: an answer is one POST, a stream and its end; cancel, an error after 200, a cut and a resumption differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.proofs.answering_cases import captures_by_case
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_reader_leaves import EVENTS_KEPT, EVENTS_WATCHED
from lab_servers.scenarios.choosing_answer import CUT, FAILING, RESUMED, STOPPED, WHOLE, PromptedAnswer
from lab_servers.views.looks.sse import answer_of, data_of
from lab_servers.wire.llm.ways import Way
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks

Runs = tuple[Recording, Recording, Recording, Recording]


@pytest.fixture(scope="module")
def recordings() -> Runs:
    cases, ways, leaving, coming_back = fresh("C19")
    return cases, ways, leaving, coming_back


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: Runs) -> None:
    assert_holds("C19", recordings)


def test_the_prompt_travels_in_the_body_of_a_post_and_the_answer_in_one_response(recordings: Runs) -> None:
    (capture,) = recordings[1].of(Way.EVENT_STREAM.value)
    assert capture.bytes_from(Side.CLIENT).startswith(b"POST ")
    assert capture.bytes_from(Side.CLIENT).endswith('{"prompt":"世界?"}'.encode())
    answer = answer_of(capture)
    assert answer is not None
    assert (answer.media_type, answer.is_complete) == ("text/event-stream", True)


def test_correction_stopped_failing_and_cut_off_look_different_on_the_wire(recordings: Runs) -> None:
    found = captures_by_case(recordings[0])
    assert {case: found[case][1].is_complete for case in (WHOLE, STOPPED, FAILING, CUT, RESUMED)} == {
        WHOLE: True, STOPPED: False, FAILING: True, CUT: False, RESUMED: True,
    }  # fmt: skip
    # Stopped and cut off carry the same: who ended it is the whole difference.
    assert data_of(found[STOPPED][0]) == data_of(found[CUT][0])
    assert all(answer.status == 200 for _, answer in found.values())


def test_correction_what_was_resumed_begins_after_what_had_come(recordings: Runs) -> None:
    found = captures_by_case(recordings[0])
    assert data_of(found[CUT][0]) + data_of(found[RESUMED][0]) == data_of(found[WHOLE][0])


# --- recordings that contradict the claim -----------------------------------------------------------------


def test_an_answer_to_a_get_contradicts_it(recordings: Runs) -> None:
    cases, ways, *others = recordings
    got = with_bytes(ways, Side.CLIENT, b"POST /api/answer?", b"GETT /api/answer?")
    assert "One GETT" in contradicted(assert_fails("C19", cases, got, *others))


def test_a_stream_whose_first_text_comes_last_contradicts_it(recordings: Runs) -> None:
    cases, ways, *others = recordings
    end_ns = ways.marks[-1].at_ns + 1

    def late(mark: Mark) -> Mark:
        return replace(mark, at_ns=end_ns) if mark.name == f"{Way.EVENT_STREAM.value}: shown" else mark

    assert "SSE: 1 request" in contradicted(assert_fails("C19", cases, with_marks(ways, late), *others))


@pytest.mark.parametrize("way", [Way.WHOLE, Way.SHORT_POLLING, Way.WEBSOCKET])
def test_an_answer_of_which_no_byte_passed_contradicts_it(recordings: Runs, way: Way) -> None:
    cases, ways, *others = recordings
    silent = tuple(
        replace(one, chunks=tuple(one.chunks_from(Side.CLIENT))) if one.server == way.value else one
        for one in ways.captures
    )
    told = contradicted(assert_fails("C19", cases, replace(ways, captures=silent), *others))
    assert "The same text" in told


def test_another_text_on_one_way_contradicts_it(recordings: Runs) -> None:
    cases, ways, *others = recordings
    first = next(mark for mark in ways.marks if mark.name == f"{Way.WEBSOCKET.value}: shown")

    def other(mark: Mark) -> Mark:
        return replace(mark, detail="another text") if mark is first else mark

    assert "The same text" in contradicted(assert_fails("C19", cases, with_marks(ways, other), *others))


# --- recordings that contradict the correction --------------------------------------------------------------


def test_a_server_that_goes_on_after_its_reader_left_contradicts_the_correction(recordings: Runs) -> None:
    cases, *others = recordings
    noticed = cases.marks_named(f"{STOPPED}: server noticed")[0]
    later = Mark(noticed.at_ns + 1, f"{STOPPED}: produced", "界")
    goes_on = replace(cases, marks=tuple(sorted((*cases.marks, later), key=lambda mark: mark.at_ns)))
    assert "produced 1 more" in contradicted(assert_fails("C19", goes_on, *others))


def test_a_tied_run_that_goes_on_as_one_that_is_kept_contradicts_the_correction(recordings: Runs) -> None:
    cases, ways, leaving, coming_back = recordings

    def swapped(mark: Mark) -> Mark:
        for one, other in ((EVENTS_WATCHED, EVENTS_KEPT), (EVENTS_KEPT, EVENTS_WATCHED)):
            if mark.name.startswith(f"{one}: "):
                return replace(mark, name=mark.name.replace(one, other, 1))
        return mark

    told = contradicted(assert_fails("C19", cases, ways, with_marks(leaving, swapped), coming_back))
    assert "Two readers of event streams left" in told


def test_an_error_that_nobody_told_contradicts_the_correction(recordings: Runs) -> None:
    cases, *others = recordings
    silent = with_bytes(cases, Side.SERVER, b"event: error\n", b"event: other\n")
    assert "Failing" in contradicted(assert_fails("C19", silent, *others))


def test_a_token_that_came_twice_contradicts_the_correction(recordings: Runs) -> None:
    cases, *others = recordings
    other = with_bytes(cases, Side.SERVER, 'id: 4\ndata: {"d": "界'.encode(), 'id: 4\ndata: {"d": "世'.encode())
    captures = tuple(
        after if after.number == captures_by_case(cases)[RESUMED][0].number else before
        for before, after in zip(cases.captures, other.captures, strict=True)
    )
    assert "Resumed" in contradicted(assert_fails("C19", replace(cases, captures=captures), *others))


def test_a_part_that_a_reader_lost_by_coming_back_contradicts_the_correction(recordings: Runs) -> None:
    cases, ways, leaving, coming_back = recordings
    lost = next(mark for mark in coming_back.marks if mark.name == "NDJSON: received")
    marks = tuple(mark for mark in coming_back.marks if mark is not lost)
    told = contradicted(assert_fails("C19", cases, ways, leaving, replace(coming_back, marks=marks)))
    assert "NDJSON: cut" in told
    assert "1 are missing" in told


def test_a_run_with_other_numbers_holds_as_well(recordings: Runs) -> None:
    with Lab([]) as lab:
        other = PromptedAnswer(tokens=5, broken_after=2, interval_s=0.03).run(lab)
        assert lab.problems == ()
    assert_holds("C19", (other, *recordings[1:]))
