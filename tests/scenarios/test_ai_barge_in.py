"""Talking to a model that talks: what a frame takes on each way, and that the interruption stops it, on fresh runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.barge_in import POSTS, UPLOAD, WAYS, WEBSOCKET, Barged, barged
from lab_servers.recording import Recording
from lab_servers.scenarios import BargeIn
from lab_servers.views.looks import look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

AFTER_TOKENS = 6


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return BargeIn(network="another continent", after_tokens=AFTER_TOKENS).run(lab)


@pytest.fixture(scope="module")
def talks(recording: Recording) -> dict[str, Barged]:
    return {one.way: one for one in barged(recording)}


def test_a_frame_takes_eight_bytes_around_it_over_websocket_and_nine_in_an_upload(talks: dict[str, Barged]) -> None:
    # 160 bytes need the 2-byte length: 2 + 2 + a masking key of 4 (RFC 6455 §5.2). A chunk of 163 bytes has a size line
    # of 4 and a line end of 2 (RFC 9112 §7.1), and the frame's own prefix has 3.
    for way, each in ((WEBSOCKET, 8), (UPLOAD, 9)):
        up = talks[way].up
        assert up.frames > AFTER_TOKENS
        assert up.framing == each * up.frames
        assert (up.payload, up.headers) == (160 * up.frames, 0)


def test_a_short_frame_has_a_shorter_header(lab: Lab) -> None:
    found = {one.way: one for one in barged(BargeIn("loopback", frame_bytes=100, after_tokens=2).run(lab))}
    assert found[WEBSOCKET].up.framing == 6 * found[WEBSOCKET].up.frames
    assert found[UPLOAD].up.framing == 9 * found[UPLOAD].up.frames


def test_posts_carry_a_head_each_and_are_answered_each(talks: dict[str, Barged]) -> None:
    posts = talks[POSTS]
    assert posts.up.framing == 0
    assert posts.up.headers > 100 * posts.up.requests
    assert posts.answers_bytes > 50 * posts.up.requests
    assert (talks[WEBSOCKET].up.requests, talks[UPLOAD].up.requests) == (0, 1)
    assert talks[WEBSOCKET].answers_bytes == talks[UPLOAD].answers_bytes == 0


def test_where_a_round_trip_is_longer_than_a_frame_posts_gather_frames_and_bring_them_later(
    talks: dict[str, Barged],
) -> None:
    posts = talks[POSTS]
    assert posts.up.requests < posts.up.frames
    assert max(posts.late_s) > max(talks[WEBSOCKET].late_s)


def test_on_loopback_each_frame_has_its_own_post(lab: Lab) -> None:
    (posts,) = (one for one in barged(BargeIn("loopback", after_tokens=4).run(lab)) if one.way == POSTS)
    # A busy machine may make two of them wait for each other.
    assert posts.up.requests > posts.up.frames / 2


def test_every_frame_is_heard_once_and_whole(recording: Recording, talks: dict[str, Barged]) -> None:
    for way, talk in talks.items():
        heard = [mark.detail for mark in recording.marks_named(f"{way}: heard")]
        assert sorted(heard, key=int) == [str(number) for number in range(1, len(heard) + 1)]
        assert len(talk.late_s) == len(heard)
        assert talk.up.frames >= len(heard)


def test_the_interruption_stops_the_model_and_what_is_under_way_still_arrives(talks: dict[str, Barged]) -> None:
    for talk in talks.values():
        assert 0 < talk.stopped_s < talk.silent_s
        assert max(talk.produced_s) <= talk.stopped_s
        # Its way up takes a tenth of a second, and so does that of the tokens down.
        assert talk.stopped_s > 0.05
        assert talk.generated_after >= 1
        assert talk.shown_after >= talk.generated_after
        assert len(talk.shown_s) == len(talk.produced_s)
        assert sum(at_s <= 0 for at_s in talk.shown_s) == AFTER_TOKENS


def test_the_bytes_of_the_frames_are_within_those_that_passed(recording: Recording, talks: dict[str, Barged]) -> None:
    for way, talk in talks.items():
        passed = sum(len(one.bytes_from(Side.CLIENT)) for one in recording.of(way))
        assert talk.up.total < passed < talk.up.total + 2_000


def test_its_look_has_words_and_a_row_for_each_way(recording: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)
    assert [row[0] for row in look_of(recording).table.rows] == [f"another continent: {way}" for way in WAYS]
    assert_refused_with_what_to_run("BargeIn")


def test_where_sound_waits_to_be_sent_the_interruption_waits_behind_it_and_the_look_says_so(lab: Lab) -> None:
    # 200,400 bytes a second, where 93,750 go up: what one second has said takes two to pass.
    recording = BargeIn("4G", frame_bytes=4_000, after_tokens=30).run(lab)
    found = {one.way: one for one in barged(recording)}
    assert found[WEBSOCKET].stopped_s > 2 * found[POSTS].stopped_s
    assert "it waits longer the longer one speaks" in str(look_of(recording).table)


def test_what_the_jitter_draws_is_told(lab: Lab) -> None:
    table = str(look_of(BargeIn("café Wi-Fi", after_tokens=2).run(lab)).table)
    assert "drawn for each connection, up to 60 ms there and back" in table
    assert "waits longer" not in table


def test_more_than_a_recording_keeps_is_refused_before_it_runs() -> None:
    with pytest.raises(BadParameter, match="more than a recording keeps: choose fewer tokens"):
        BargeIn("4G", frame_bytes=4_000, after_tokens=500, gap_s=1)


def test_three_networks_are_told_apart(lab: Lab) -> None:
    found = barged(BargeIn(after_tokens=2).run(lab))
    assert [one.network for one in found[::3]] == ["loopback", "home fibre", "another continent"]
    assert [one.way for one in found] == [*WAYS] * 3


def test_a_talk_without_an_interruption_is_not_whole(recording: Recording) -> None:
    kept = tuple(mark for mark in recording.marks if "interrupts" not in mark.name)
    with pytest.raises(BadParameter, match="is not whole"):
        barged(Recording("BargeIn", recording.captures, kept, recording.parameters))
