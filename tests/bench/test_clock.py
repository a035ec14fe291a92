from __future__ import annotations

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from tests.bench.clock import Segment, differences_ms

OPENED = (Transition(0, TransitionKind.OPENED, Side.CLIENT),)


def capture(*chunks: Chunk) -> Capture:
    return Capture("http", 1, ("127.0.0.1", 50000), ("127.0.0.1", 8080), chunks, OPENED, dict.fromkeys(Side, 0))


def test_a_chunk_is_held_against_the_segment_that_brought_its_last_byte() -> None:
    one_read = capture(Chunk(3_000_000, Side.CLIENT, 0, b"abcdef"))
    two_segments = [Segment(1_000_500_000, 50000, 8080, 0, 4), Segment(1_001_000_000, 50000, 8080, 4, 2)]
    assert differences_ms(one_read, Side.CLIENT, two_segments, 1_000_000_000) == [2.0]


def test_of_a_byte_sent_twice_the_first_arrival_counts() -> None:
    one_read = capture(Chunk(5_000_000, Side.CLIENT, 0, b"ab"))
    twice = [Segment(4_000_000, 50000, 8080, 0, 2), Segment(9_000_000, 50000, 8080, 0, 2)]
    assert differences_ms(one_read, Side.CLIENT, twice, 0) == [1.0]


def test_a_chunk_whose_segment_was_not_captured_is_left_out() -> None:
    assert differences_ms(capture(Chunk(1, Side.CLIENT, 0, b"ab")), Side.CLIENT, [], 0) == []
