"""Conditions are pure: each gives every piece its exact time, and none loses, changes or reorders a byte."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions import (
    Bandwidth,
    Condition,
    Delay,
    Ending,
    Jitter,
    Passage,
    Pause,
    Piece,
    Slicing,
    begin,
    through,
)
from lab_servers.capture.conditions.bandwidth import STEP_S
from lab_servers.errors import BadParameter

MS = 1_000_000
S = 1_000 * MS
PASSAGE = Passage(1, Side.SERVER, 0)


def after(conditions: Sequence[Condition], pieces: Sequence[Piece], passage: Passage = PASSAGE) -> list[Piece]:
    """The pieces after the conditions, all of one passage."""
    states = begin(conditions, passage)
    return [out for piece in pieces for out in through(states, piece)]


def times_and_data(pieces: Sequence[Piece]) -> list[tuple[int, bytes]]:
    return [(piece.at_ns, piece.data) for piece in pieces]


# --- one by one -----------------------------------------------------------------------------


def test_without_conditions_a_piece_stays_as_it_is() -> None:
    assert after([], [Piece(7, b"x")]) == [Piece(7, b"x")]


def test_a_delay_makes_everything_later_by_the_same_time_the_end_too() -> None:
    sent = [Piece(0, b"a"), Piece(3 * MS, b"bc"), Piece(3 * MS, ending=Ending.FIN)]
    assert after([Delay(0.02)], sent) == [
        Piece(20 * MS, b"a"),
        Piece(23 * MS, b"bc"),
        Piece(23 * MS, ending=Ending.FIN),
    ]


def test_jitter_adds_up_to_its_most_and_reaches_all_of_that_range() -> None:
    far_apart = [Piece(number * S, b"x") for number in range(1_000)]
    added_ns = [out.at_ns - sent.at_ns for sent, out in zip(far_apart, after([Jitter(0.1)], far_apart), strict=True)]
    assert 0 <= min(added_ns) < 5 * MS
    assert 95 * MS < max(added_ns) <= 100 * MS
    assert 45 * MS < sum(added_ns) / len(added_ns) < 55 * MS


def test_jitter_lets_nothing_overtake_so_pieces_that_come_together_wait_for_the_latest_before_them() -> None:
    together = [Piece(0, bytes([number])) for number in range(50)]
    passed = after([Jitter(0.1)], together)
    draw = random.Random("1 1 server")
    assert [piece.at_ns for piece in passed] == list(accumulate((draw.randint(0, 100 * MS) for _ in passed), max))
    assert [piece.data for piece in passed] == [piece.data for piece in together]


def test_the_draws_of_jitter_depend_on_seed_connection_and_direction_and_on_nothing_else() -> None:
    sent = [Piece(number * S, b"x") for number in range(20)]

    def drawn(seed: int, connection: int, side: Side, since_ns: int = 0) -> list[Piece]:
        return after([Jitter(0.1, seed)], sent, Passage(connection, side, since_ns))

    first = drawn(1, 1, Side.CLIENT)
    assert drawn(1, 1, Side.CLIENT, since_ns=5) == first
    assert all(
        other != first for other in (drawn(2, 1, Side.CLIENT), drawn(1, 2, Side.CLIENT), drawn(1, 1, Side.SERVER))
    )


def test_a_bandwidth_gives_each_byte_the_time_at_which_the_rate_has_carried_it() -> None:
    # 1,000 bytes a second carry 4 bytes in each step of 4 ms.
    assert STEP_S == 0.004
    assert times_and_data(after([Bandwidth(1_000)], [Piece(0, b"abcdefghij")])) == [
        (4 * MS, b"abcd"),
        (8 * MS, b"efgh"),
        (10 * MS, b"ij"),
    ]


def test_what_comes_while_the_line_is_busy_waits_in_line_and_the_end_waits_behind_it() -> None:
    sent = [Piece(0, b"abcd"), Piece(1 * MS, b"ef"), Piece(2 * MS, ending=Ending.FIN)]
    assert after([Bandwidth(1_000)], sent) == [
        Piece(4 * MS, b"abcd"),
        Piece(6 * MS, b"ef"),
        Piece(6 * MS, ending=Ending.FIN),
    ]


def test_a_line_that_was_idle_has_saved_nothing_up() -> None:
    sent = [Piece(0, b"ab"), Piece(1 * S, b"cd"), Piece(2 * S, ending=Ending.FIN)]
    assert [piece.at_ns for piece in after([Bandwidth(1_000)], sent)] == [2 * MS, 1 * S + 2 * MS, 2 * S]


@pytest.mark.parametrize("rate", [3, 7, 999, 93_750, 333_333.3])
def test_rounding_does_not_add_up_over_ten_thousand_pieces(rate: float) -> None:
    passed = after([Bandwidth(rate)], [Piece(0, b"x" * 3) for _ in range(10_000)])
    exact_ns = Fraction(30_000 * S) / Fraction(rate)
    assert 0 <= passed[-1].at_ns - exact_ns < 1.001


@given(
    rate=st.integers(1, 2_000_000),
    sizes=st.lists(st.tuples(st.integers(0, 50 * MS), st.integers(1, 3_000)), min_size=1, max_size=20),
)
def test_a_bandwidth_never_lets_more_pass_than_its_rate_and_never_idles_while_something_waits(
    rate: int, sizes: list[tuple[int, int]]
) -> None:
    at_ns = list(accumulate(gap for gap, _ in sizes))
    sent = [Piece(at, b"x" * size) for at, (_, size) in zip(at_ns, sizes, strict=True)]
    free = Fraction(0)
    expected = []  # when each sent piece has passed whole, by the definition of a server with one queue
    for piece in sent:
        free = max(free, Fraction(piece.at_ns)) + Fraction(len(piece.data) * S, rate)
        expected.append(free)
    passed = after([Bandwidth(rate)], sent)
    ends = list(accumulate(len(piece.data) for piece in passed))
    for end, last_ns in zip(accumulate(len(piece.data) for piece in sent), expected, strict=True):
        # Each busy time rounds up once, by less than a nanosecond and the float's own error.
        assert 0 <= passed[ends.index(end)].at_ns - last_ns < len(sent) + 1


def test_slicing_cuts_each_read_and_the_rest_is_the_last_piece() -> None:
    sent = [Piece(0, b"abcde"), Piece(1, b"f")]
    assert times_and_data(after([Slicing(2)], sent)) == [(0, b"ab"), (0, b"cd"), (0, b"e"), (1, b"f")]


def test_slicing_with_a_gap_keeps_the_gap_also_between_reads() -> None:
    sent = [Piece(0, b"abc"), Piece(5 * MS, b"de"), Piece(5 * MS, ending=Ending.FIN), Piece(1 * S, b"f")]
    assert after([Slicing(2, gap_s=0.01)], sent) == [
        Piece(0, b"ab"),
        Piece(10 * MS, b"c"),
        Piece(20 * MS, b"de"),
        Piece(20 * MS, ending=Ending.FIN),
        Piece(1 * S, b"f"),
    ]


def test_a_pause_holds_what_comes_within_it_until_its_end() -> None:
    sent = [Piece(99 * MS, b"a"), Piece(100 * MS, b"b"), Piece(299 * MS, ending=Ending.FIN), Piece(300 * MS, b"c")]
    assert after([Pause(0.1, 0.2)], sent) == [
        Piece(99 * MS, b"a"),
        Piece(300 * MS, b"b"),
        Piece(300 * MS, ending=Ending.FIN),
        Piece(300 * MS, b"c"),
    ]


def test_a_pause_counts_from_when_the_connection_met_it() -> None:
    met = Passage(1, Side.CLIENT, since_ns=2 * S)
    assert after([Pause(0.1, 0.2)], [Piece(2 * S + 150 * MS, b"x")], met) == [Piece(2 * S + 300 * MS, b"x")]


# --- together -------------------------------------------------------------------------------


def test_pieces_meet_the_conditions_in_their_order() -> None:
    sent = [Piece(0, b"abcd")]
    sliced_first = after([Slicing(2, gap_s=0.1), Bandwidth(1_000)], sent)
    metered_first = after([Bandwidth(1_000), Slicing(2, gap_s=0.1)], sent)
    assert times_and_data(sliced_first) == [(2 * MS, b"ab"), (102 * MS, b"cd")]
    assert times_and_data(metered_first) == [(4 * MS, b"ab"), (104 * MS, b"cd")]


CONDITIONS = st.one_of(
    st.builds(Delay, st.floats(0, 1)),
    st.builds(Jitter, st.floats(0, 1), st.integers(0, 2**32 - 1)),
    st.builds(Bandwidth, st.floats(1, 1e9)),
    st.builds(Slicing, st.integers(1, 50), st.floats(0, 0.1)),
    st.builds(Pause, st.floats(0, 1), st.floats(0, 1)),
)
SENT = st.lists(st.tuples(st.integers(0, 200 * MS), st.binary(min_size=1, max_size=200)), max_size=12)


@given(conditions=st.lists(CONDITIONS, max_size=4), sent=SENT)
def test_whatever_is_composed_no_byte_is_lost_changed_early_or_overtaken_and_the_end_comes_last(
    conditions: list[Condition], sent: list[tuple[int, bytes]]
) -> None:
    at_ns = list(accumulate((gap for gap, _ in sent), initial=0))
    pieces = [Piece(at, data) for at, (_, data) in zip(at_ns[1:], sent, strict=True)]
    pieces.append(Piece(at_ns[-1], ending=Ending.FIN))
    passed = after(conditions, pieces)

    assert b"".join(piece.data for piece in passed) == b"".join(data for _, data in sent)
    assert all(earlier.at_ns <= later.at_ns for earlier, later in pairwise(passed))
    assert [piece.ending for piece in passed] == [None] * (len(passed) - 1) + [Ending.FIN]
    came_ns = [piece.at_ns for piece in pieces for _ in piece.data]
    left_ns = [piece.at_ns for piece in passed for _ in piece.data]
    assert all(left >= came for came, left in zip(came_ns, left_ns, strict=True))


@given(conditions=st.lists(CONDITIONS, max_size=4), sent=SENT)
def test_the_same_conditions_and_pieces_give_the_same_times_again(
    conditions: list[Condition], sent: list[tuple[int, bytes]]
) -> None:
    pieces = [Piece(number * MS, data) for number, (_, data) in enumerate(sent)]
    assert after(conditions, pieces) == after(conditions, pieces)


def test_a_large_read_in_single_bytes_is_cut_only_as_far_as_somebody_takes_it() -> None:
    pieces = through(begin([Slicing(1), Delay(1)], PASSAGE), Piece(0, b"x" * 10_000_000))
    assert next(pieces) == Piece(1 * S, b"x")


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Delay(-0.1), "delay_s must be a number from 0 to 60 seconds, not -0.1."),
        (lambda: Delay(math.nan), "delay_s must be a number from 0 to 60 seconds, not nan."),
        (lambda: Jitter(61), "most_s must be a number from 0 to 60 seconds, not 61."),
        (lambda: Jitter(0.1, seed=-1), "seed must be a whole number from 0 to 4,294,967,295, not -1."),
        (lambda: Bandwidth(0), "rate_bytes_s must be a number from 1 to 10,000,000,000 bytes per second, not 0."),
        (
            lambda: Bandwidth.of_bits(1),
            "rate_bits_s must be a number from 8 to 80,000,000,000 bits per second, not 1.",
        ),
        (
            lambda: Bandwidth.of_bits("1 Mbit/s"),  # type: ignore[arg-type]
            "rate_bits_s must be a number from 8 to 80,000,000,000 bits per second, not '1 Mbit/s'.",
        ),
        (lambda: Slicing(0), "size_bytes must be a whole number from 1 to 1,048,576 bytes, not 0."),
        (lambda: Slicing(1, gap_s=11), "gap_s must be a number from 0 to 10 seconds, not 11."),
        (lambda: Pause(-1, 1), "after_s must be a number from 0 to 3,600 seconds, not -1."),
        (lambda: Pause(1, math.inf), "for_s must be a number from 0 to 3,600 seconds, not inf."),
    ],
)
def test_a_value_out_of_bounds_is_one_sentence_with_its_name_bounds_and_unit(make: object, sentence: str) -> None:
    assert callable(make)
    with pytest.raises(BadParameter) as refused:
        make()
    assert str(refused.value) == sentence


def test_a_rate_in_bits_is_an_eighth_of_it_in_bytes() -> None:
    assert Bandwidth.of_bits(1_600_000) == Bandwidth(200_000)
