"""Who spoke when, on connections of every kind: the direction is that of the messages, not of the protocol's name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import converse, get, get_all, read_events
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.measure.turns import (
    BOTH,
    CLIENT_TO_SERVER,
    REQUEST_RESPONSE,
    SERVER_TO_CLIENT,
    SILENT,
    Turn,
    direction,
    spoken_over,
    turns,
)
from lab_servers.recording import Recording

UP, DOWN = Side.CLIENT, Side.SERVER


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http", "sse", "websocket"]) as running:
        yield running


def said(*spoken: tuple[Side, int, int]) -> tuple[Turn, ...]:
    return tuple(Turn(side, 0, 1, begun, passed) for side, begun, passed in spoken)


@pytest.mark.parametrize(
    ("spoken", "found"),
    [
        ((), SILENT),
        (((UP, 0, 1),), CLIENT_TO_SERVER),
        (((UP, 0, 1), (DOWN, 2, 3)), REQUEST_RESPONSE),
        (((UP, 0, 1), (DOWN, 2, 3), (UP, 4, 5), (DOWN, 6, 7)), REQUEST_RESPONSE),
        (((UP, 0, 1), (DOWN, 2, 3), (DOWN, 4, 5)), SERVER_TO_CLIENT),
        (((DOWN, 2, 3),), SERVER_TO_CLIENT),
        (((DOWN, 0, 1), (UP, 2, 3)), BOTH),
        (((UP, 0, 1), (DOWN, 2, 3), (DOWN, 4, 5), (UP, 6, 7)), BOTH),
        (((UP, 0, 5), (DOWN, 2, 3)), BOTH),
    ],
)
def test_the_direction_follows_from_who_spoke_when(spoken: tuple[tuple[Side, int, int], ...], found: str) -> None:
    assert direction(said(*spoken)) == found


def test_a_message_is_spoken_over_if_the_other_side_began_in_its_midst() -> None:
    slow, quick = said((UP, 0, 9), (UP, 10, 11))
    assert spoken_over((slow, *said((DOWN, 3, 4)), quick)) == (slow,)


def direction_on(recording: Recording) -> str:
    return direction(turns(dissect(recording.captures[0])))


def test_it_is_the_use_of_a_connection_and_not_the_protocol_that_has_a_direction(lab: Lab) -> None:
    with lab.record("echo") as echo:
        lab.run(converse(lab.url("websocket", "/ws/chat"), ["你好"], expect=1))
    with lab.record("stream") as stream:
        lab.run(converse(lab.url("websocket", "/ws/stream?interval_s=0")))
    # A WebSocket may be used like plain HTTP, or like an event stream.
    assert direction_on(echo.recording) == REQUEST_RESPONSE
    assert direction_on(stream.recording) == SERVER_TO_CLIENT


def test_a_kept_connection_alternates_and_an_event_stream_does_not(lab: Lab) -> None:
    with lab.record("kept") as kept:
        lab.run(get_all([lab.url("http", "/api/user/info")] * 3))
    with lab.record("stream") as stream:
        lab.run(read_events(lab.url("sse", "/api/stream?interval_s=0")))
    with lab.record("once") as once:
        lab.run(get(lab.url("http", "/api/user/info?framing=chunked&parts=4")))
    assert direction_on(kept.recording) == REQUEST_RESPONSE
    assert direction_on(stream.recording) == SERVER_TO_CLIENT
    assert direction_on(once.recording) == REQUEST_RESPONSE
    assert [turn.side for turn in turns(dissect(stream.recording.captures[0]))] == [UP, *[DOWN] * 4]
