"""From a recording alone: when bytes were to come by their conditions, when they came, and how far that is off."""

from __future__ import annotations

import pytest

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.capture.conditions import Bandwidth, Delay, Jitter, Pause, Slicing
from lab_servers.errors import BadParameter
from lab_servers.marks import Mark
from lab_servers.measure.network_errors import (
    Arrival,
    Quantiles,
    arrivals,
    asked_rate_bytes_s,
    is_in_order,
    quantiles,
    rate_bytes_s,
)

MS = 1_000_000


def sent(*chunks: tuple[int, bytes], number: int = 1, connected_ms: int = 0) -> Capture:
    """A capture of what the server sent, with the times of the relay's reads in milliseconds."""
    end, found = 0, []
    for at_ms, data in chunks:
        found.append(Chunk(at_ms * MS, Side.SERVER, end, data))
        end += len(data)
    transitions = (
        Transition(0, TransitionKind.OPENED, Side.CLIENT),
        Transition(connected_ms * MS, TransitionKind.CONNECTED, None),
    )
    return Capture("over it", number, ("", 0), ("", 0), tuple(found), transitions, {})


def read(*reads: tuple[int, int]) -> list[Mark]:
    """The marks of a receiver's reads: when, in milliseconds, and how many bytes it had then."""
    return [Mark(at_ms * MS, "read", str(end)) for at_ms, end in reads]


def test_a_read_is_held_against_the_time_of_its_last_byte() -> None:
    capture = sent((0, b"abcd"), (10, b"ef"))
    found = arrivals(capture, Side.SERVER, [Delay(0.02)], read((21, 4), (35, 6)))
    assert found == (Arrival(4, 0, 20 * MS, 21 * MS), Arrival(6, 10 * MS, 30 * MS, 35 * MS))
    assert [one.asked_s for one in found] == [0.02, 0.02]
    assert [one.achieved_s for one in found] == [0.021, 0.025]
    assert [one.error_s for one in found] == pytest.approx([0.001, 0.005])


def test_a_message_came_with_the_read_that_completed_it() -> None:
    capture = sent((0, b"aabbccd"))
    found = arrivals(capture, Side.SERVER, [], read((1, 3), (5, 7)), message_bytes=2)
    assert [(one.end, one.came_ns // MS) for one in found] == [(2, 1), (4, 5), (6, 5)]


def test_conditions_that_cut_give_each_part_its_own_time() -> None:
    capture = sent((0, b"abcd"))
    found = arrivals(capture, Side.SERVER, [Slicing(2, gap_s=0.01), Delay(0.05)], read((50, 1), (50, 2), (61, 4)))
    assert [one.asked_ns // MS for one in found] == [50, 50, 60]


def test_a_pause_counts_from_when_the_relay_had_reached_the_server() -> None:
    capture = sent((15, b"a"), connected_ms=10)
    assert arrivals(capture, Side.SERVER, [Pause(0, 0.1)], read((110, 1)))[0].asked_ns == 110 * MS


def test_random_draws_are_those_of_the_connection() -> None:
    chunks = [(number * 100, b"x") for number in range(10)]
    reads = read(*((number * 100 + 90, number + 1) for number in range(10)))

    def asked(number: int) -> list[int]:
        found = arrivals(sent(*chunks, number=number), Side.SERVER, [Jitter(0.05)], reads)
        return [one.asked_ns for one in found]

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


def test_the_rate_counts_from_when_the_first_read_was_to_come_so_that_a_late_start_is_no_speed() -> None:
    capture = sent((0, b"x" * 12))
    steady = arrivals(capture, Side.SERVER, [Bandwidth(1_000)], read((4, 4), (8, 8), (12, 12)))
    late = arrivals(capture, Side.SERVER, [Bandwidth(1_000)], read((11, 4), (12, 12)))
    slow = arrivals(capture, Side.SERVER, [Bandwidth(1_000)], read((4, 4), (20, 12)))
    assert [asked_rate_bytes_s(one) for one in (steady, late, slow)] == [1_000] * 3
    assert [rate_bytes_s(one) for one in (steady, late, slow)] == [1_000, 1_000, 500]


def test_there_is_no_rate_of_fewer_than_two_reads() -> None:
    one = arrivals(sent((0, b"x")), Side.SERVER, [], read((1, 1)))
    assert rate_bytes_s(one) is asked_rate_bytes_s(one) is None
    assert rate_bytes_s(()) is asked_rate_bytes_s(()) is None


def test_bytes_that_the_recording_lacks_are_said() -> None:
    with pytest.raises(BadParameter, match="lacks bytes that were received"):
        arrivals(sent((0, b"x")), Side.SERVER, [], read((1, 2)))


def test_order_is_seen() -> None:
    assert is_in_order([Arrival(1, 0, 0, 5), Arrival(2, 0, 0, 5)])
    assert not is_in_order([Arrival(1, 0, 0, 5), Arrival(2, 0, 0, 4)])


def test_quantiles_of_values() -> None:
    assert quantiles([float(one) for one in range(101)]) == Quantiles(101, 50, 5, 95, 100)
    with pytest.raises(BadParameter, match="measure at least once"):
        quantiles([])


@pytest.mark.parametrize("detail", ["", "many", "-8", "²", "1e3", "9" * 5_000])
def test_a_mark_that_counts_no_bytes_is_refused_in_one_sentence(detail: str) -> None:
    with pytest.raises(BadParameter, match=r"^The mark 'read' must count bytes, not .*: record anew\.$"):
        arrivals(sent((0, b"ab")), Side.SERVER, [], [Mark(0, "read", detail)])


def test_a_mark_that_counts_more_bytes_than_any_capture_has_is_refused_at_once() -> None:
    with pytest.raises(BadParameter, match="lacks bytes"):
        arrivals(sent((0, b"ab")), Side.SERVER, [], read((0, 10**17)), 1)
