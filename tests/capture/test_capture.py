"""A capture's streams have no gaps, a byte has one time, and the bound holds and is told."""

from __future__ import annotations

import pytest

from lab_servers.capture.capture import (
    CHUNK_COST_BYTES,
    Budget,
    Capture,
    Recorder,
    Side,
    TransitionKind,
)


def recorder(budget: Budget) -> Recorder:
    return Recorder("http", 1, ("127.0.0.1", 4000), ("127.0.0.1", 4001), opened_ns=0, budget=budget)


def pass_bytes(target: Recorder, *reads: tuple[int, Side, bytes]) -> Capture:
    for at_ns, side, data in reads:
        target.tracks[side].passed(data, at_ns)
    return target.snapshot()


def test_each_direction_is_one_stream_with_its_own_offsets() -> None:
    capture = pass_bytes(
        recorder(Budget()), (10, Side.CLIENT, b"abc"), (20, Side.SERVER, b"xyz"), (30, Side.CLIENT, b"de")
    )
    assert capture.bytes_from(Side.CLIENT) == b"abcde"
    assert capture.bytes_from(Side.SERVER) == b"xyz"
    assert [(chunk.offset, chunk.end) for chunk in capture.chunks_from(Side.CLIENT)] == [(0, 3), (3, 5)]


def test_a_byte_passed_when_the_read_that_held_it_returned() -> None:
    capture = pass_bytes(recorder(Budget()), (10, Side.CLIENT, b"abc"), (30, Side.CLIENT, b"de"))
    assert [capture.time_of(Side.CLIENT, offset) for offset in range(5)] == [10, 10, 10, 30, 30]


@pytest.mark.parametrize("offset", [-1, 5, 6])
def test_there_is_no_time_for_a_byte_that_was_not_recorded(offset: int) -> None:
    capture = pass_bytes(recorder(Budget()), (10, Side.CLIENT, b"abcde"))
    with pytest.raises(IndexError, match="5 recorded bytes"):
        capture.time_of(Side.CLIENT, offset)


def test_at_the_bound_a_chunk_is_cut_and_the_rest_is_counted() -> None:
    capture = pass_bytes(recorder(Budget(CHUNK_COST_BYTES + 4)), (10, Side.CLIENT, b"abcdef"), (20, Side.SERVER, b"x"))
    assert capture.bytes_from(Side.CLIENT) == b"abcd"
    assert capture.unrecorded_bytes == {Side.CLIENT: 2, Side.SERVER: 1}
    assert not capture.is_complete


def test_a_direction_with_a_hole_records_nothing_after_it() -> None:
    budget = Budget(CHUNK_COST_BYTES + 4)
    full = recorder(budget)
    pass_bytes(full, (10, Side.CLIENT, b"abcdef"))
    budget.limit_bytes = 10**6
    capture = pass_bytes(full, (20, Side.CLIENT, b"ghi"))
    assert capture.bytes_from(Side.CLIENT) == b"abcd"
    assert capture.unrecorded_bytes[Side.CLIENT] == 5


def test_many_small_chunks_cannot_pass_the_bound() -> None:
    budget = Budget(100_000)
    capture = pass_bytes(recorder(budget), *((at_ns, Side.CLIENT, b"x") for at_ns in range(10_000)))
    assert budget.used_bytes <= 100_000
    assert len(capture.chunks) == 100_000 // (CHUNK_COST_BYTES + 1)


def test_what_a_forgotten_recorder_held_is_free_again() -> None:
    budget = Budget(1_000)
    first = recorder(budget)
    pass_bytes(first, (10, Side.CLIENT, b"x" * 800))
    first.forget()
    first.forget()
    assert budget.used_bytes == 0
    assert pass_bytes(recorder(budget), (10, Side.CLIENT, b"y" * 800)).is_complete


def test_a_snapshot_does_not_change_afterwards() -> None:
    live = recorder(Budget())
    before = pass_bytes(live, (10, Side.CLIENT, b"abc"))
    pass_bytes(live, (20, Side.CLIENT, b"def"))
    live.happened(TransitionKind.CLOSED, None, 30)
    assert before.bytes_from(Side.CLIENT) == b"abc"
    assert before.closed_ns is None
    assert live.snapshot().closed_ns == 30
