"""Many tool turns in three ways: what is sent again and what is not, on fresh runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.tool_turns import CONVERSATION, HISTORY, WAYS, WEBSOCKET, Worked, worked
from lab_servers.recording import Recording
from lab_servers.scenarios import ToolTurns
from lab_servers.views.looks import look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

TURNS = 5


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return ToolTurns("loopback", turns=TURNS, result_bytes=500, system_bytes=2_000).run(lab)


@pytest.fixture(scope="module")
def found(recording: Recording) -> dict[str, Worked]:
    return {one.way: one for one in worked(recording)}


def test_every_way_does_the_same_work_on_one_connection(found: dict[str, Worked]) -> None:
    assert list(found) == list(WAYS)
    assert [len(one.turns) for one in found.values()] == [TURNS + 1] * 3
    assert [one.connections for one in found.values()] == [1, 1, 1]
    assert [one.requests for one in found.values()] == [1, TURNS + 1, TURNS + 1]


def test_the_history_grows_with_every_turn_and_what_is_new_does_not(found: dict[str, Worked]) -> None:
    history = [turn.payload_bytes for turn in found[HISTORY].turns]
    assert history == sorted(history)
    assert all(later - earlier > 500 for earlier, later in pairwise(history))
    for way in (WEBSOCKET, CONVERSATION):
        results = [turn.payload_bytes for turn in found[way].turns[1:]]
        assert max(results) - min(results) <= 2
        assert found[way].up_bytes < found[HISTORY].up_bytes


def test_the_last_request_holds_every_result_and_the_server_counted_them(recording: Recording) -> None:
    (capture,) = recording.of(HISTORY)
    requests = [one for one in conversation_of(capture).messages() if one.sender == Side.CLIENT.value]
    messages = json.loads(bytes(requests[-1].content.fill()))["messages"]
    assert [one["role"] for one in messages] == ["system", "user"] + ["assistant", "tool"] * TURNS
    answered = capture.bytes_from(Side.SERVER)
    assert f'"turn":{TURNS + 1},"end":"stop"'.encode() in answered
    assert answered.count(b'"end":"tool_call"') == TURNS


def test_around_each_message_a_websocket_has_a_frame_header_and_a_post_has_a_head(found: dict[str, Worked]) -> None:
    # More than 125 bytes and fewer than 65,536: 2 + 2 + a masking key of 4 (RFC 6455 §5.2).
    assert {turn.around_bytes for turn in found[WEBSOCKET].turns} == {8}
    assert min(turn.around_bytes for turn in found[CONVERSATION].turns) > 100
    assert found[WEBSOCKET].opening_bytes > 100
    assert found[CONVERSATION].opening_bytes == found[HISTORY].opening_bytes == 0


def test_the_bytes_add_up_to_what_passed(recording: Recording, found: dict[str, Worked]) -> None:
    for way, one in found.items():
        passed = sum(len(capture.bytes_from(Side.CLIENT)) for capture in recording.of(way))
        close_bytes = 8 if way == WEBSOCKET else 0  # its Close frame: 2, a masking key, a code
        assert one.up_bytes + close_bytes == passed


def test_with_a_narrow_uplink_the_history_makes_each_turn_later_than_the_one_before(lab: Lab) -> None:
    found = {one.way: one for one in worked(ToolTurns("4G", turns=3, result_bytes=40_000).run(lab))}
    waits = [turn.first_s for turn in found[HISTORY].turns]
    # 40 kB at 750 kbit/s are 0.43 s more for each turn.
    assert waits == sorted(waits)
    assert waits[-1] > 1.5 * found[CONVERSATION].turns[-1].first_s
    assert waits[-1] > 1.5 * found[WEBSOCKET].turns[-1].first_s


def test_with_distance_alone_a_turn_waits_a_round_trip_on_every_way(lab: Lab) -> None:
    found = worked(ToolTurns("another continent", turns=2).run(lab))
    for one in found:
        assert all(turn.first_s > 0.15 for turn in one.turns)
        assert max(turn.first_s for turn in one.turns) < 3 * min(turn.first_s for turn in one.turns)


def test_more_than_a_recording_keeps_is_refused_before_it_runs() -> None:
    with pytest.raises(BadParameter, match="choose fewer turns, shorter results or one network"):
        ToolTurns("loopback", turns=100, result_bytes=100_000)


def test_the_longest_histories_that_are_allowed_are_whole(lab: Lab) -> None:
    run = ToolTurns("loopback", turns=100, result_bytes=7_000, system_bytes=40_000, ttft_s=0, gap_s=0)
    (history,) = (one for one in worked(run.run(lab)) if one.way == HISTORY)
    assert len(history.turns) == 101
    assert history.up_bytes > 39_000_000


def test_the_picture_ends_where_the_sentence_does(recording: Recording, found: dict[str, Worked]) -> None:
    picture = look_of(recording).picture
    assert picture is not None
    left = picture.figure.axes[0]
    ends = [np.asarray(line.get_ydata(), dtype=float)[-1] * 1e3 for line in left.get_lines()]
    assert ends == pytest.approx([found[way].up_bytes for way in WAYS])


def test_its_look_has_words_and_a_row_for_each_way(recording: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)
    assert [row[0] for row in look_of(recording).table.rows] == [f"loopback: {way}" for way in WAYS]
    assert_refused_with_what_to_run("ToolTurns")


def test_turns_without_their_ends_are_not_whole(recording: Recording) -> None:
    kept = tuple(mark for mark in recording.marks if "turn done" not in mark.name)
    with pytest.raises(BadParameter, match="are not whole"):
        worked(Recording("ToolTurns", recording.captures, kept, recording.parameters))
