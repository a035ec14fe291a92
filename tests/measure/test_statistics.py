"""Summaries and distributions: SciPy's figures, with intervals that hold what they promise."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from scipy import stats

from lab_servers.errors import BadParameter
from lab_servers.measure import statistics as measured
from lab_servers.measure.statistics import ecdf, machine, median_interval, summarise


def test_a_summary_says_what_the_values_are() -> None:
    found = summarise([3, 1, 2, 5, 4])
    assert (found.n, found.warm_up, found.median, found.least, found.most) == (5, 0, 3, 1, 5)
    assert (found.p25, found.p75) == (2, 4)
    assert found.least <= found.low <= found.median <= found.high <= found.most


def test_quantiles_are_those_of_the_standard_library_too() -> None:
    values = list(np.random.default_rng(1).lognormal(size=501))
    found = summarise(values)
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    assert [found.p5, found.p25, found.median, found.p95, found.p99] == pytest.approx(
        [cuts[4], cuts[24], cuts[49], cuts[94], cuts[98]]
    )


def test_the_warm_up_is_left_out_and_said() -> None:
    found = summarise([1_000, 900, 1, 2, 3], warm_up=2)
    assert (found.n, found.warm_up, found.most) == (3, 2, 3)


def test_one_value_and_equal_values_have_an_interval_of_no_width() -> None:
    for values in ([7.0], [7.0] * 40):
        found = summarise(values)
        assert (found.low, found.median, found.high) == (7, 7, 7)


def test_the_same_values_and_seed_give_the_same_interval() -> None:
    values = np.random.default_rng(2).normal(size=80)
    assert summarise(values, seed=1) == summarise(values, seed=1)
    assert summarise(values, seed=1) != summarise(values, seed=2)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_nothing_and_no_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(BadParameter):
        summarise(values)
    with pytest.raises(BadParameter):
        ecdf(values)
    with pytest.raises(BadParameter, match="warm-up of 3"):
        summarise([1, 2, 3], warm_up=3)


def test_nineteen_of_twenty_intervals_hold_the_true_median() -> None:
    draw = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        low, high = median_interval(draw.lognormal(size=60))
        held += low <= 1 <= high  # the median of this distribution is 1
    # 190 are expected; fewer than 178 or 200 of 200 come about once in ten thousand times.
    assert 178 <= held < 200


def test_the_interval_of_many_values_is_found_otherwise_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(6).lognormal(size=2_500)
    resampled = median_interval(values)
    monkeypatch.setattr(measured, "MOST_RESAMPLED", 100)
    counted = median_interval(values)
    width = resampled[1] - resampled[0]
    assert counted == pytest.approx(resampled, abs=0.35 * width)
    assert counted != resampled


def test_the_distribution_rises_at_each_value_by_its_share() -> None:
    values, shares = ecdf([3, 1, 3, 2])
    assert list(values) == [1, 2, 3]
    assert list(shares) == [0.25, 0.5, 1]
    drawn = np.random.default_rng(7).normal(size=1_000)
    values, shares = ecdf(drawn)
    assert list(values) == sorted(drawn)
    assert np.abs(shares - stats.norm.cdf(values)).max() < 0.1


def test_the_machine_is_told_in_one_sentence_without_names() -> None:
    import getpass
    import platform

    said = machine().sentence()
    assert machine().cores >= 1
    assert 0 < machine().timer_step_s < 0.001
    assert f"Python {platform.python_version()}" in said
    assert "aiohttp " in said
    assert "/" not in said
    if len(platform.node()) > 4:
        assert platform.node() not in said
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in said


def test_a_warm_up_of_less_than_none_is_refused() -> None:
    with pytest.raises(BadParameter, match="warm_up"):
        summarise([1.0, 2.0], warm_up=-1)
