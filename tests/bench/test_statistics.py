from __future__ import annotations

import pytest

from tests.bench.statistics import Goal, ratio, slope, summary


def test_a_quantile_lies_between_its_neighbours() -> None:
    found = summary([10, 20, 30, 40])
    assert (found.p5, found.median, found.p95) == pytest.approx((11.5, 25, 38.5))


def test_a_summary_does_not_need_sorted_values() -> None:
    found = summary([3, 1, 2])
    assert (found.n, found.low, found.median, found.high) == (3, 1, 2, 3)


def test_one_measurement_is_its_own_median() -> None:
    assert summary([7]).p99 == 7


def test_the_slope_of_a_line_is_found_and_that_of_a_constant_is_zero() -> None:
    assert slope([100, 200, 300], [5, 7, 9]) == pytest.approx(0.02)
    assert slope([100, 200, 300], [5, 5, 5]) == 0


def test_one_disturbed_round_does_not_move_a_ratio() -> None:
    found = ratio([40, 40, 42, 38, 40, 41, 39], [20, 20, 21, 19, -11, 20, 20])
    assert found.median == 2
    assert 1.8 < found.low <= 2 <= found.high < 2.3


def test_a_ratio_of_equal_rounds_is_certain_and_the_same_each_time() -> None:
    found = ratio([6, 6, 6], [3, 3, 3])
    assert (found.low, found.median, found.high) == (2, 2, 2)


def test_one_round_has_a_ratio_and_no_spread() -> None:
    assert (ratio([6], [3]).low, ratio([6], [3]).high) == (2, 2)


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (1.5, None, None, "met"),
        (2.5, None, None, "not met"),
        (1.5, 1.2, 1.9, "met"),
        (1.5, 1.2, 2.1, "met, within noise"),
        (2.5, 1.9, 3.0, "not met, within noise"),
    ],
)
def test_repetitions_on_both_sides_of_a_goal_are_called_noise(
    value: float, low: float | None, high: float | None, verdict: str
) -> None:
    assert Goal(2).verdict(value, low, high) == verdict


def test_a_goal_may_be_a_least_value() -> None:
    assert Goal(5, at_most=False).verdict(7.9) == "met"
    assert Goal(5, at_most=False).verdict(4.8) == "not met"
