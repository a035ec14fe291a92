"""A reader leaves on every way: who notices at once stops at once, and who is told nothing generates to the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.model_marks import produced
from lab_servers.measure.waste import Waste, lane_of, waste
from lab_servers.recording import Recording
from lab_servers.scenarios import ReaderLeaves
from lab_servers.scenarios.ai_reader_leaves import (
    EVENTS_KEPT,
    EVENTS_THREAD,
    EVENTS_VANISHED,
    EVENTS_WATCHED,
    EVENTS_WRITE,
    LANES,
    LINES_WATCHED,
    LINES_WRITE,
    POLLING_KEPT,
    SOCKET_LISTENS,
    SOCKET_SPEAKS,
    WHOLE_UNWATCHED,
    WHOLE_WATCHED,
)

NOTICING = (EVENTS_WATCHED, LINES_WATCHED, WHOLE_WATCHED, SOCKET_LISTENS)
NEVER = (WHOLE_UNWATCHED, SOCKET_SPEAKS, EVENTS_VANISHED)
TOKENS, LEAVE_AFTER = 60, 10


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def leaves(lab: Lab) -> Recording:
    return ReaderLeaves(tokens=TOKENS, leave_after=LEAVE_AFTER).run(lab)


def wasted(recording: Recording, lane: str) -> Waste:
    found = waste(recording, lane)
    assert found is not None
    return found


def test_every_reader_leaves_when_so_many_tokens_are_generated(leaves: Recording) -> None:
    for lane in LANES:
        one = wasted(leaves, lane)
        assert one.generated - one.for_nobody >= LEAVE_AFTER


@pytest.mark.parametrize("lane", NOTICING)
def test_a_server_that_watches_or_listens_stops_its_model(leaves: Recording, lane: str) -> None:
    one = wasted(leaves, lane)
    assert one.reason == "reader left"
    assert one.for_nobody < (TOKENS - LEAVE_AFTER) / 2


@pytest.mark.parametrize("lane", [EVENTS_WRITE, LINES_WRITE])
def test_a_server_that_does_not_watch_needs_a_token_more_to_notice(leaves: Recording, lane: str) -> None:
    one = wasted(leaves, lane)
    assert one.reason == "reader left"
    assert 1 <= one.for_nobody < TOKENS - LEAVE_AFTER


def test_a_thread_learns_it_from_a_write_and_needs_a_token_more_for_each_that_succeeds(leaves: Recording) -> None:
    one = wasted(leaves, EVENTS_THREAD)
    assert (one.reason, one.was_noticed) == ("reader left", True)
    # A client that closes with bytes unread sends a RST instead of a FIN: then no write behind it succeeds.
    assert one.writes_after is not None
    assert one.after_goodbye is not None
    assert one.after_goodbye >= one.writes_after


@pytest.mark.parametrize("lane", [POLLING_KEPT, EVENTS_KEPT])
def test_a_kept_run_goes_on_until_its_time_without_a_reader_is_over(leaves: Recording, lane: str) -> None:
    one = wasted(leaves, lane)
    assert one.reason == "nobody listened"
    assert 0 < one.for_nobody < TOKENS - LEAVE_AFTER


@pytest.mark.parametrize("lane", NEVER)
def test_a_server_that_nothing_tells_generates_all_of_it(leaves: Recording, lane: str) -> None:
    one = wasted(leaves, lane)
    assert (one.reason, one.generated) == ("complete", TOKENS)
    assert one.noticed_s is None


def test_the_socket_that_only_speaks_was_told_and_did_not_read_it(leaves: Recording) -> None:
    one = wasted(leaves, SOCKET_SPEAKS)
    assert one.goodbye_ns is not None
    assert one.bytes_after > 0
    (capture,) = leaves.of(SOCKET_SPEAKS)
    said = [chunk.data for chunk in capture.chunks_from(Side.CLIENT) if chunk.at_ns >= one.goodbye_ns]
    assert said[0][0] == 0x88  # FIN and opcode 8, a Close frame (RFC 6455 §5.5.1)


def test_a_reader_that_vanishes_says_nothing_before_the_model_is_done(leaves: Recording) -> None:
    one = wasted(leaves, EVENTS_VANISHED)
    (capture,) = leaves.of(EVENTS_VANISHED)
    assert one.finished_ns is not None
    assert one.after_goodbye is None
    endings = [
        each for each in capture.transitions if each.by is Side.CLIENT and each.kind is not TransitionKind.OPENED
    ]
    assert all(each.at_ns > one.finished_ns for each in endings)


def test_all_of_its_parts_go_to_a_socket_that_nobody_reads(leaves: Recording) -> None:
    (capture,) = leaves.of(EVENTS_VANISHED)
    stream = capture.bytes_from(Side.SERVER)
    for part in produced(lane_of(leaves, EVENTS_VANISHED)):
        assert f"id: {part.run}.{part.sequence}\n".encode() in stream


def test_while_a_model_thinks_there_is_no_next_write(lab: Lab) -> None:
    silent = ReaderLeaves(tokens=5, reasoning_tokens=30, leave_after=4, gap_s=0.01).run(lab)
    assert wasted(silent, EVENTS_WRITE).for_nobody >= 26
    assert wasted(silent, EVENTS_WATCHED).for_nobody < 26


def test_a_heartbeat_is_a_next_write(lab: Lab) -> None:
    beating = ReaderLeaves(tokens=5, reasoning_tokens=60, leave_after=4, gap_s=0.01, heartbeat_s=0.05).run(lab)
    assert wasted(beating, EVENTS_WRITE).for_nobody < 55


def test_a_client_that_does_not_wait_for_a_close_frame_ends_the_waste(lab: Lab) -> None:
    short = ReaderLeaves(tokens=120, close_timeout_s=0.05).run(lab)
    assert wasted(short, SOCKET_SPEAKS).reason == "reader left"


def test_a_reader_that_would_leave_behind_the_end_is_refused() -> None:
    with pytest.raises(BadParameter, match="leave_after must be less than 6"):
        ReaderLeaves(tokens=4, reasoning_tokens=2, leave_after=6)


def test_nothing_is_a_problem_and_nothing_is_left_open(leaves: Recording, lab: Lab) -> None:
    assert leaves.notices == ()
    assert lab.problems == ()
