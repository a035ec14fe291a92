"""When a message was produced, passed and was delivered: found by its number, on every lane, to the chunk."""

from __future__ import annotations

from random import Random

import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.marks import Mark
from lab_servers.measure.timing import MessageTimes, latencies_s, lost_numbers, mark_name, message_times
from lab_servers.measure.transports import Direction
from lab_servers.recording import Recording
from tests.measure.lanes_by_hand import DOWN, REQUEST, UP, Lane, captured, head, messages
from tests.views.recorded import MS, capture

FIRST = b'data: {"n":1}\n\n'


def lane(*captures: Capture, marks: tuple[Mark, ...] = ()) -> Recording:
    named = tuple(
        Capture("SSE", place, one.client_address, one.relay_address, one.chunks, one.transitions, one.unrecorded_bytes)
        for place, one in enumerate(captures, 1)
    )
    return Recording("SideBySide", named, marks)


def marks(number: int, produced_ms: int, delivered_ms: int, up: str = "") -> tuple[Mark, Mark]:
    return (
        Mark(produced_ms * MS, f"SSE: produced{up}", str(number)),
        Mark(delivered_ms * MS, f"SSE: delivered{up}", str(number)),
    )


def stream(*pieces: tuple[int, bytes]) -> Capture:
    return capture((1, Side.CLIENT, REQUEST), (2, Side.SERVER, head("text/event-stream", length=99)), *(
        (at_ms, Side.SERVER, data) for at_ms, data in pieces
    ))  # fmt: skip


def test_a_messages_bytes_pass_when_the_chunks_did_that_hold_its_text() -> None:
    recording = lane(stream((10, b'data: {"n"'), (20, b":1"), (30, b"}\n\n")), marks=marks(1, 9, 31))
    assert message_times(recording, "SSE") == (MessageTimes(1, 9 * MS, 10 * MS, 30 * MS, 31 * MS, len('{"n":1}')),)


def test_what_stands_around_a_message_has_no_part_in_its_time() -> None:
    recording = lane(stream((10, b"id: 1\ndata: "), (20, b'{"n":1}'), (30, b"\n\n")), marks=marks(1, 9, 31))
    (found,) = message_times(recording, "SSE")
    assert (found.first_byte_ns, found.last_byte_ns) == (20 * MS, 20 * MS)
    assert found.latency_s == 0.022


def test_only_what_has_all_its_moments_has_times_and_the_rest_is_named_lost() -> None:
    produced = tuple(
        mark for number in (1, 2, 3) for mark in marks(number, number, number + 40)[: 2 if number < 3 else 1]
    )
    recording = lane(stream((10, FIRST + b'data: {"n":3}\n\ndata: {"n":2')), marks=produced)
    assert [one.number for one in message_times(recording, "SSE")] == [1]
    assert lost_numbers(recording, "SSE") == (2, 3)
    assert latencies_s(recording, "SSE") == (0.04, 0.04)


def test_of_a_message_that_passed_twice_the_first_time_counts() -> None:
    recording = lane(stream((50, FIRST)), stream((10, FIRST), (20, FIRST)), marks=marks(1, 9, 60))
    assert message_times(recording, "SSE")[0].first_byte_ns == 10 * MS


def test_of_a_message_that_was_marked_twice_the_first_mark_counts() -> None:
    recording = lane(stream((10, FIRST)), marks=(*marks(1, 1, 11), *marks(1, 2, 50)))
    assert [(one.produced_ns, one.delivered_ns) for one in message_times(recording, "SSE")] == [(1 * MS, 11 * MS)]


def test_marks_that_name_no_number_are_no_messages() -> None:
    odd = (Mark(1, "SSE: produced", "x"), Mark(2, "SSE: delivered", "²"), Mark(3, "SSE: produced", ""))
    assert message_times(lane(stream((10, FIRST)), marks=odd), "SSE") == ()
    assert message_times(Recording("x", ()), "SSE") == ()


def test_upstream_has_marks_and_times_of_its_own() -> None:
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
    recording = lane(capture((5, Side.CLIENT, post), (6, Side.CLIENT, b'{"n":1}')), marks=marks(1, 4, 8, " up"))
    assert message_times(recording, "SSE", Direction.UP) == (MessageTimes(1, 4 * MS, 6 * MS, 6 * MS, 8 * MS, 7),)
    assert message_times(recording, "SSE") == ()
    assert mark_name("SSE", "produced", Direction.UP) == "SSE: produced up"


@pytest.mark.parametrize("written", [*DOWN, *UP], ids=lambda written: written.__name__)
def test_every_message_is_found_on_every_lane(written: Lane) -> None:
    said, random = messages(30, 6), Random(6)
    recorded = captured(written(said, random), random)
    direction = Direction.UP if written in UP else Direction.DOWN
    suffix = " up" if direction is Direction.UP else ""
    end_ns = recorded.chunks[-1].at_ns
    moments = tuple(
        Mark(at_ns, f"SSE: {name}{suffix}", str(number))
        for number in range(1, 31)
        for at_ns, name in ((recorded.opened_ns, "produced"), (end_ns, "delivered"))
    )
    found = message_times(lane(recorded, marks=moments), "SSE", direction)
    assert [one.number for one in found] == list(range(1, 31))
    assert [one.payload_bytes for one in found] == [len(one) for one in said]
    times = [(one.first_byte_ns, one.last_byte_ns) for one in found]
    assert all(recorded.opened_ns < first <= last <= end_ns for first, last in times)
    assert times == sorted(times)
