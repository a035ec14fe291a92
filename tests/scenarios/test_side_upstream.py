"""What a client pays for speaking: by POST a head for each message, over WebSocket a few bytes (C22)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.growth_steps import lanes_growth
from lab_servers.measure.timing import message_times
from lab_servers.measure.transports import Direction
from lab_servers.measure.upstream import WAYS, spoken
from lab_servers.recording import Recording
from lab_servers.scenarios import Upstream
from lab_servers.scenarios.side_upstream import RATES
from lab_servers.views.looks import look_of
from lab_servers.views.looks.side_upstream import parts
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

POST, STREAM, WEBSOCKET = WAYS


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def plain(lab: Lab) -> Recording:
    return Upstream(for_s=0.2).run(lab)


@pytest.fixture(scope="module")
def with_cookie(lab: Lab) -> Recording:
    return Upstream(for_s=0.2, header_bytes=1_000).run(lab)


# --- what a message costs -------------------------------------------------------------------


def test_every_way_carries_the_same_text(plain: Recording) -> None:
    payloads = {name: [one.up.payload for one in steps] for name, steps in spoken(plain).items()}
    assert payloads[POST] == payloads[STREAM] == payloads[WEBSOCKET]
    assert all(payload > 0 for payload in payloads[WEBSOCKET])


def test_a_post_pays_for_two_heads_with_each_message(plain: Recording) -> None:
    for name in (POST, STREAM):
        for one in spoken(plain)[name]:
            assert one.requests == one.messages
            assert one.up.headers > one.up.payload
            assert one.down.headers > 0


def test_a_message_on_a_websocket_pays_six_bytes_and_no_answer(plain: Recording) -> None:
    for one in spoken(plain)[WEBSOCKET]:
        # RFC 6455 §5.2: two bytes, and the masking key of four that every frame of a client has.
        assert (one.up.framing, one.up.headers, one.requests) == (6 * one.messages, 0, 0)
        assert one.down.total == 0


def test_the_three_ways_differ_in_connections(plain: Recording) -> None:
    for post, stream, socket in zip(*spoken(plain).values(), strict=True):
        assert (post.connections, stream.connections, socket.connections) == (post.messages, 1, 0)


def test_what_a_message_costs_beside_its_text_does_not_depend_on_the_rate(plain: Recording) -> None:
    for steps in spoken(plain).values():
        beside = {sum(parts(one)[1:]) for one in steps}
        # But for one digit of Content-Length, where a text has less than a hundred bytes and another has more.
        assert max(beside) - min(beside) <= 1


def test_the_bytes_of_a_second_are_those_of_a_message_times_the_rate(plain: Recording) -> None:
    for steps in spoken(plain).values():
        assert [one.bytes_per_second / one.bytes_per_message for one in steps] == pytest.approx(RATES)


def test_header_fields_are_paid_by_each_post_and_once_by_a_websocket(plain: Recording, with_cookie: Recording) -> None:
    before, after = spoken(plain), spoken(with_cookie)
    for name in (POST, STREAM):
        for short, long in zip(before[name], after[name], strict=True):
            assert long.up.headers - short.up.headers == 1_000 * short.messages
    for short, long in zip(before[WEBSOCKET], after[WEBSOCKET], strict=True):
        assert long.up == short.up
        assert long.opening_bytes - short.opening_bytes == 1_000


def test_so_the_ratio_grows_with_the_header_fields(plain: Recording, with_cookie: Recording) -> None:
    def ratio(recording: Recording) -> float:
        found = spoken(recording)
        return found[STREAM][-1].bytes_per_message / found[WEBSOCKET][-1].bytes_per_message

    assert 2 < ratio(plain) < ratio(with_cookie)


# --- what else is measured ------------------------------------------------------------------


@pytest.mark.parametrize("name", [POST, STREAM, WEBSOCKET])
def test_every_message_has_its_times_on_the_wire_and_at_both_ends(plain: Recording, name: str) -> None:
    times = message_times(plain, name, Direction.UP)
    assert [one.number for one in times] == list(range(1, sum(Upstream(for_s=0.2).counts) + 1))
    for one in times:
        assert one.produced_ns < one.first_byte_ns <= one.last_byte_ns < one.delivered_ns


def test_the_server_of_each_way_spends_processor_time(plain: Recording) -> None:
    for growth in lanes_growth(plain).values():
        assert sum(step.server_ns for step in growth.steps) > 0


def test_nothing_is_left_behind(plain: Recording, lab: Lab) -> None:
    assert plain.notices == ()
    assert lab.problems == ()
    assert not [thread for thread in threading.enumerate() if "of a run" in thread.name]


@pytest.mark.parametrize("header_bytes", [1, 10])
def test_no_cookie_field_is_shorter_than_its_name(header_bytes: int) -> None:
    with pytest.raises(BadParameter, match="header_bytes must be 0, or at least 11"):
        Upstream(header_bytes=header_bytes)


# --- its look -------------------------------------------------------------------------------


def test_it_is_shown_with_a_picture_and_a_table(plain: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(plain)
    assert_same_again(plain)
    assert len(look_of(plain).table.rows) == 3 * len(RATES)


def test_a_recording_of_something_else_is_refused_with_what_to_run() -> None:
    assert_refused_with_what_to_run("Upstream")


def test_the_words_tell_what_each_message_takes(plain: Recording) -> None:
    picture = look_of(plain).picture
    assert picture is not None
    socket = spoken(plain)[WEBSOCKET][-1]
    assert f"WebSocket {socket.bytes_per_message:,.0f} bytes" in picture.text
    assert "6 framing, 0 headers, 0 answer" in picture.text
    assert "made up for after one message" in picture.text
