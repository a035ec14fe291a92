"""What is counted for nobody: by the model's marks, the reader's mark and the end of its connection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side, Transition, TransitionKind
from lab_servers.marks import Mark
from lab_servers.measure.waste import Waste, waste
from lab_servers.recording import Recording
from tests.capture.wireshark import SWITCHING, UPGRADE
from tests.views.recorded import MS, capture
from tests.wire.websocket_frames import CLOSE, KEY, PONG, frame

LANE = "event stream, watched"


def recorded(
    *tokens_ms: int, left_ms: int = 30, gone_ms: int | None = 31, ended: tuple[int, str] | None = (32, "reader left")
) -> Recording:
    """A lane by hand: the server sends a byte with every token."""
    sent = ((at_ms, Side.SERVER, b".") for at_ms in tokens_ms)
    made = capture((1, Side.CLIENT, b"POST"), *sent)
    gone = () if gone_ms is None else (Transition(gone_ms * MS, TransitionKind.HALF_CLOSED, Side.CLIENT),)
    marks = [Mark(at_ms * MS, "token by llm", f"e1-1 {place}") for place, at_ms in enumerate(tokens_ms, 1)]
    if ended is not None:
        marks.append(Mark(ended[0] * MS, "finished by llm", f"e1-1 {len(tokens_ms)} {ended[1]}"))
    lane = replace(made, server=LANE, transitions=(made.transitions[0], *gone))
    return Recording("by hand", (lane,)).with_marks(LANE, [*marks, Mark(left_ms * MS, "left")])


def wasted(recording: Recording) -> Waste:
    found = waste(recording, LANE)
    assert found is not None
    return found


def test_tokens_behind_the_leaving_are_for_nobody() -> None:
    found = wasted(recorded(10, 20, 35, 40, ended=(41, "reader left")))
    assert (found.generated, found.for_nobody, found.after_goodbye) == (4, 2, 2)
    assert found.noticed_s == 0.011


def test_a_token_between_the_leaving_and_the_fin_is_not_the_servers_fault() -> None:
    found = wasted(recorded(10, 33, 40, gone_ms=35, ended=(41, "reader left")))
    assert (found.for_nobody, found.after_goodbye) == (2, 1)


def test_without_a_goodbye_nothing_can_be_held_against_the_server() -> None:
    found = wasted(recorded(10, 40, 50, gone_ms=None, ended=(51, "complete")))
    assert (found.goodbye_ns, found.after_goodbye, found.for_nobody) == (None, None, 2)
    assert found.noticed_s is None


def test_an_end_that_comes_when_the_model_has_finished_is_no_goodbye() -> None:
    assert wasted(recorded(10, 40, gone_ms=60, ended=(41, "complete"))).goodbye_ns is None


def test_a_model_that_goes_on_to_its_end_has_noticed_nothing() -> None:
    found = wasted(recorded(10, 40, ended=(41, "complete")))
    assert not found.was_noticed


def test_a_close_frame_is_a_goodbye_before_the_fin() -> None:
    recording = recorded(10, 33, gone_ms=40, ended=(41, "reader left"))
    (lane,) = recording.captures
    pong, close = frame(PONG, b"", key=KEY), frame(CLOSE, b"", key=KEY)
    said = capture(
        (1, Side.CLIENT, UPGRADE), (2, Side.SERVER, SWITCHING), (31, Side.CLIENT, pong), (32, Side.CLIENT, close)
    )
    with_close = replace(recording, captures=(replace(lane, chunks=said.chunks),))
    found = wasted(with_close)
    assert (found.goodbye_ns, found.gone_ns) == (32 * MS, 40 * MS)


def test_a_request_that_passes_late_is_no_goodbye() -> None:
    recording = recorded(10, 33, gone_ms=40, ended=(41, "reader left"))
    (lane,) = recording.captures
    said = capture((1, Side.CLIENT, b"GET /api/runs/e1-1?after=0 HT"), (31, Side.CLIENT, b"TP/1.1\r\n\r\n"))
    assert wasted(replace(recording, captures=(replace(lane, chunks=said.chunks),))).goodbye_ns == 40 * MS


def test_who_leaves_when_all_is_generated_left_nothing_to_notice() -> None:
    over = wasted(recorded(10, 20, left_ms=30, ended=(25, "complete")))
    assert (over.was_over, over.was_noticed, over.for_nobody) == (True, False, 0)
    assert not wasted(recorded(10, 20, 40, left_ms=30, ended=(41, "complete"))).was_over


def test_what_the_server_sent_behind_the_goodbye_is_counted_in_bytes() -> None:
    assert wasted(recorded(10, 20, 35, 40, ended=(41, "reader left"))).bytes_after == 2


def test_writes_are_counted_only_where_the_server_counted_them() -> None:
    recording = recorded(10, 35, ended=(41, "reader left"))
    assert wasted(recording).writes_after is None
    wrote = recording.with_marks(LANE, [Mark(20 * MS, "wrote by llm", "1"), Mark(36 * MS, "wrote by llm", "2")])
    assert wasted(wrote).writes_after == 1


@pytest.mark.parametrize("lane", ["another", "", "event stream"])
def test_a_lane_that_is_not_there_has_no_waste(lane: str) -> None:
    assert waste(recorded(10), lane) is None


def test_a_lane_in_which_nobody_left_has_none() -> None:
    recording = recorded(10)
    stayed = tuple(mark for mark in recording.marks if not mark.name.endswith("left"))
    assert waste(replace(recording, marks=stayed), LANE) is None


def test_marks_of_another_kind_change_nothing() -> None:
    recording = recorded(10, 40)
    noise = recording.with_marks(LANE, [Mark(50 * MS, "token by llm", "nonsense"), Mark(51 * MS, "finished", "")])
    assert wasted(noise) == wasted(recording)
