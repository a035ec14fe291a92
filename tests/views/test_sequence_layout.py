"""The geometry of the sequence picture: one scale outside of folds, folds where they help, rows that never overlap."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.views.sequence_layout import FOLD_PT, Scale, round_step, spread

ROW_PT = 19.0

gaps_s = st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=40)
rows = st.lists(st.tuples(st.floats(0, 1000), st.sampled_from([19.0, 30.0, 38.0])), min_size=1, max_size=40)


def times_of(gaps: list[float]) -> list[float]:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


def folded(*gaps_ms: float) -> list[float]:
    """The gaps that are folded, in milliseconds, when the picture has one and a quarter row for each step."""
    times = times_of([gap / 1e3 for gap in gaps_ms])
    return [round(fold.lasted_s * 1e3, 6) for fold in Scale(times, 1.25 * ROW_PT * len(times), ROW_PT).folds]


# --- the scale ------------------------------------------------------------------------------


def test_without_a_gap_that_stands_out_the_scale_is_true_from_top_to_bottom() -> None:
    scale = Scale([0, 0.1, 0.2, 0.5, 1.0], 200, ROW_PT)
    assert scale.folds == ()
    assert [scale.y(time) for time in (0, 0.25, 0.5, 1.0)] == [0, 50, 100, 200]


def test_one_long_gap_among_short_ones_is_folded() -> None:
    assert folded(100, 100, 100, 5000, 100, 100, 100) == [5000]


def test_heartbeats_far_apart_are_folded_so_that_what_lies_between_them_can_be_seen() -> None:
    burst = [0.2, 0.2, 0.2, 0.2]
    assert folded(*burst, 30_000, *burst, 30_000, *burst) == [30_000, 30_000]


@pytest.mark.parametrize(
    "gaps_ms",
    [
        (100.0,) * 12,
        (0.9, 200, 0.1, 100, 100, 100, 0.3, 0.5),  # a slow server: the pauses are what the picture is about
        (100, 100, 100, 300, 100, 100),  # long, and no longer than the paper can bear
        (5000.0,),  # nothing else would gain by it
    ],
    ids=["even", "slow server", "one pause", "alone"],
)
def test_gaps_that_crowd_nothing_together_are_not_folded(gaps_ms: tuple[float, ...]) -> None:
    assert folded(*gaps_ms) == []


def test_a_time_in_which_much_happened_is_never_folded() -> None:
    times = times_of([0.1, 0.1, 0.1, 60.0, 0.1, 0.1, 0.1])
    assert len(Scale(times, 200, ROW_PT).folds) == 1
    assert Scale(times, 200, ROW_PT, busy_s={(times[3], times[4])}).folds == ()


@given(gaps_s)
def test_every_stretch_without_a_fold_has_the_same_true_scale(gaps: list[float]) -> None:
    times = times_of(gaps)
    scale = Scale(times, 300, ROW_PT)
    assert scale.bottom == pytest.approx(300 + FOLD_PT * len(scale.folds))
    for start, stop in scale.stretches:
        inside = [time for time in sorted(set(times)) if start <= time <= stop]
        for earlier, later in pairwise(inside):
            assert scale.y(later) - scale.y(earlier) == pytest.approx((later - earlier) * scale.pt_per_s, abs=1e-6)


@given(gaps_s)
def test_a_fold_stands_for_a_gap_and_is_as_high_as_every_other(gaps: list[float]) -> None:
    times = times_of(gaps)
    scale = Scale(times, 300, ROW_PT)
    between = set(pairwise(sorted(set(times))))
    for fold in scale.folds:
        assert (fold.start_s, fold.stop_s) in between
        assert scale.y(fold.stop_s) - scale.y(fold.start_s) == pytest.approx(FOLD_PT)
        assert fold.y == pytest.approx((scale.y(fold.start_s) + scale.y(fold.stop_s)) / 2)
        # Drawn to scale, it would have been much higher.
        assert fold.lasted_s * scale.pt_per_s > FOLD_PT


@given(gaps_s)
def test_ticks_stand_in_every_stretch_at_their_true_places_and_never_on_each_other(gaps: list[float]) -> None:
    scale = Scale(times_of(gaps), 300, ROW_PT)
    step, ticks = scale.ticks()
    assert ticks == sorted(ticks)
    for start, stop in scale.stretches:
        here = [tick for tick in ticks if start - step * 1e-6 <= tick <= stop + step * 1e-6]
        assert here
        assert here == [start] or all(abs(tick / step - round(tick / step)) < 1e-6 for tick in here)
    assert all(scale.y(later) - scale.y(earlier) > 30 for earlier, later in pairwise(ticks))


@pytest.mark.parametrize("times", [[], [0.0], [5.0, 5.0]])
def test_a_scale_of_no_time_at_all_has_one_place(times: list[float]) -> None:
    scale = Scale(times, 100, ROW_PT)
    assert (scale.y(0.0), scale.bottom, scale.folds) == (0.0, 0.0, ())
    assert scale.ticks()[1] == (times[:1] or [0.0])


@pytest.mark.parametrize(("least", "step"), [(0.7, 1), (1, 1), (1.1, 2), (3, 5), (6, 10), (0.03, 0.05), (1e-9, 1e-9)])
def test_steps_are_round(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


# --- the rows -------------------------------------------------------------------------------


def test_rows_with_room_stay_where_they_should_be() -> None:
    assert spread([0, 50, 100], [19, 19, 19], 0) == [0, 50, 100]


def test_rows_that_want_one_place_are_moved_apart_by_the_same_amount_up_and_down() -> None:
    assert spread([100, 100, 100], [20, 20, 20], 0) == [80, 100, 120]


def test_no_row_moves_above_the_top() -> None:
    assert spread([0, 0, 0], [20, 20, 20], 0) == [0, 20, 40]


@given(rows)
def test_rows_keep_their_order_and_never_overlap(drawn: list[tuple[float, float]]) -> None:
    wanted, heights = sorted(one[0] for one in drawn), [one[1] for one in drawn]
    places = spread(wanted, heights, 0)
    assert min(places) >= 0
    for (upper, upper_pt), (lower, lower_pt) in pairwise(zip(places, heights, strict=True)):
        assert lower - upper >= (upper_pt + lower_pt) / 2 - 1e-6


@given(rows)
def test_rows_are_moved_as_little_as_possible(drawn: list[tuple[float, float]]) -> None:
    """The conditions of Karush, Kuhn and Tucker, by which least squares under these rules are known."""
    wanted, heights = sorted(one[0] for one in drawn), [one[1] for one in drawn]
    places = spread(wanted, heights, 0)
    moved = [place - want for place, want in zip(places, wanted, strict=True)]
    block: list[float] = []
    blocks = [block]
    for index, move in enumerate(moved):
        if index and places[index] - places[index - 1] > (heights[index] + heights[index - 1]) / 2 + 1e-6:
            block = []
            blocks.append(block)
        block.append(move)
    for number, block in enumerate(blocks):
        at_top = number == 0 and places[0] < 1e-6
        # A block that is free would be better elsewhere if it were moved on the whole; one at the top may only be
        # moved down. Inside, each row presses on the next one below.
        assert sum(block) == pytest.approx(0, abs=1e-6) or (at_top and sum(block) > 0)
        if not at_top:
            for stop in range(1, len(block)):
                assert sum(block[:stop]) <= 1e-6
