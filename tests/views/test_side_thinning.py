"""Fewer strokes than points: nothing is left out of the counts, and no first, last, lowest or highest point is lost."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from lab_servers.views.side.thinning import COLUMNS, kept, ticks


def moments(count: int, seed: int) -> np.ndarray:
    random = Random(seed)
    return np.array([random.expovariate(1) for _ in range(count)])


@pytest.mark.parametrize("count", [0, 1, 2, 50, 100_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_ticks_count_every_moment_and_keep_the_first_and_the_last(count: int, seed: int) -> None:
    made = moments(count, seed)
    drawn = ticks(made, 12.0)
    assert drawn.counts.sum() == count
    assert len(drawn.counts) <= 12.0 * COLUMNS
    if count:
        assert drawn.first_s[0] == made.min()
        assert drawn.last_s[-1] == made.max()
        assert drawn.most == drawn.counts.max() >= 1


def test_ticks_are_no_more_than_the_picture_has_columns() -> None:
    made = np.linspace(3.0, 5.0, 100_000)
    drawn = ticks(made, 2.0)
    assert len(drawn.counts) <= COLUMNS + 1
    assert (drawn.last_s - drawn.first_s).max() <= 2.0 / COLUMNS + 1e-12
    assert drawn.most == pytest.approx(100_000 / COLUMNS, abs=2)


def test_moments_far_apart_stay_by_themselves() -> None:
    drawn = ticks(np.array([0.3, 0.1, 0.2]), 1.0)
    assert drawn.first_s.tolist() == drawn.last_s.tolist() == [0.1, 0.2, 0.3]
    assert drawn.most == 1


def test_a_silence_stays_empty() -> None:
    drawn = ticks(np.concatenate((np.full(1_000, 0.0), np.full(10, 1.0))), 1.0)
    assert drawn.counts.tolist() == [1_000, 10]


def test_a_short_curve_is_drawn_point_by_point() -> None:
    assert kept(np.arange(10.0), np.arange(10.0)).tolist() == list(range(10))


def test_a_long_curve_keeps_its_ends_and_its_extremes() -> None:
    across = np.sort(moments(100_000, 3))
    up = np.array([Random(4).gauss(0, 1) for _ in range(1)] * len(across)) + np.sin(across * 40)
    up[70_001], up[123] = 99.0, -99.0
    chosen = kept(across, up)
    assert len(chosen) <= 4 * (COLUMNS + 1)
    assert chosen[0] == 0
    assert chosen[-1] == len(across) - 1
    assert {70_001, 123} <= set(chosen.tolist())
    assert (np.diff(chosen) > 0).all()


def test_a_curve_of_steps_is_off_by_less_than_a_column_between_its_points() -> None:
    across = np.sort(moments(50_000, 5))
    share = np.arange(1, len(across) + 1) / len(across)
    chosen = kept(across, share)
    drawn = share[chosen[np.searchsorted(across[chosen], across, side="right") - 1]]
    column = (across[-1] - across[0]) / COLUMNS
    in_a_column = np.diff(np.searchsorted(across, np.arange(across[0], across[-1] + column, column))).max()
    assert np.abs(drawn - share).max() <= in_a_column / len(across) + 1e-12


def test_points_at_one_place_are_all_kept() -> None:
    assert len(kept(np.zeros(9_000), np.arange(9_000.0))) == 9_000
