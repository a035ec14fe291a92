"""Comparisons see what is there, and do not see what is not: on drawn noise, disturbed as a busy machine disturbs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lab_servers.errors import BadParameter
from lab_servers.measure.statistics import Verdict, compare

Series = NDArray[np.float64]


def disturbed(seed: int, rounds: int = 150) -> tuple[Series, Series]:
    """Two lanes that are the same, measured in turns: noise of their own, and slow and sudden trouble for both."""
    draw = np.random.default_rng(seed)
    slow = np.zeros(rounds)
    for place in range(1, rounds):
        slow[place] = 0.9 * slow[place - 1] + draw.normal(scale=0.35)
    first, second = (draw.lognormal(sigma=0.4, size=rounds) + 0.6 * np.exp(slow) for _ in range(2))
    start, length = draw.integers(rounds), draw.integers(5, 30)
    first[start : start + length] *= 4
    second[start : start + length] *= 4
    return first, second


def test_what_takes_longer_is_said_to_take_more_with_its_ratio() -> None:
    found = compare("slow", [4, 5, 6] * 20, "quick", [1, 2, 3] * 20, "ms")
    assert (found.verdict, found.difference, found.ratio, found.n) == (Verdict.MORE, 3, 2.5, 60)
    assert found.low <= 3 <= found.high
    assert found.sentence().startswith("slow against quick: 3.00 ms more, 2.50 times as much (99 % interval ")


def test_seen_from_the_other_side_it_is_the_same() -> None:
    first, second = disturbed(1)
    one, other = compare("a", first + 5, "b", second), compare("b", second, "a", first + 5)
    assert (one.verdict, other.verdict) == (Verdict.MORE, Verdict.LESS)
    assert one.difference == -other.difference


@pytest.mark.parametrize("seed", range(40))
def test_five_milliseconds_more_are_noticed_every_time(seed: int) -> None:
    first, second = disturbed(seed)
    assert compare("slowed", first + 5, "as it was", second, "ms", seed=seed).verdict is Verdict.MORE


def test_where_nothing_was_added_nothing_is_invented() -> None:
    found = [compare("a", *_named(seed), "ms", seed=seed) for seed in range(100)]
    # The interval alone may be wrong once in a hundred times; the difference must be one that counts as well.
    assert sum(one.is_sure for one in found) <= 6
    assert sum(one.verdict is not Verdict.WITHIN_NOISE for one in found) <= 4
    counted = [compare("a", *_named(seed), "ms", smallest=0.5, seed=seed) for seed in range(100)]
    assert [one.sentence() for one in counted if one.verdict is not Verdict.WITHIN_NOISE] == []


def _named(seed: int) -> tuple[Series, str, Series]:
    first, second = disturbed(seed)
    return first, "b", second


def test_neighbours_that_are_alike_do_not_make_a_comparison_sure() -> None:
    """Ten times the same value is one measurement, not ten: resampling single values would be fooled by that."""
    wrong = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        first, second = (np.repeat(draw.normal(size=20), 8) for _ in range(2))
        wrong += compare("a", first, "b", second, seed=seed).is_sure
    assert wrong <= 6


def test_a_difference_may_be_sure_and_still_too_small_to_count() -> None:
    draw = np.random.default_rng(3)
    first, second = draw.normal(10, 0.01, 100), draw.normal(10.1, 0.01, 100)
    found = compare("a", first, "b", second, "ms")
    assert (found.verdict, found.is_sure) == (Verdict.WITHIN_NOISE, True)
    assert found.words == "0.10 ms less, too little to count"
    assert "below 0.50 ms no difference counts here" in found.sentence()
    assert compare("a", first, "b", second, "ms", smallest=0.05).verdict is Verdict.LESS


def test_equal_series_are_within_the_noise() -> None:
    for values in ([1.0, 1.0], [0.0] * 30, list(range(50))):
        found = compare("a", values, "b", values)
        assert (found.verdict, found.difference, found.ratio) == (Verdict.WITHIN_NOISE, 0, 1)
        assert found.words == "within the noise"


def test_over_zero_the_ratio_is_infinite() -> None:
    assert compare("a", [2.0] * 9, "b", [0.0] * 9).ratio == float("inf")


def test_series_of_different_length_were_measured_apart() -> None:
    draw = np.random.default_rng(4)
    assert compare("a", draw.normal(9, 1, 80), "b", draw.normal(5, 1, 50)).verdict is Verdict.MORE
    assert compare("a", draw.normal(5, 1, 80), "b", draw.normal(5, 1, 50)).verdict is Verdict.WITHIN_NOISE
    assert compare("a", [3.0] * 5, "b", [3.0] * 4).verdict is Verdict.WITHIN_NOISE


def test_the_same_values_and_seed_give_the_same_comparison() -> None:
    assert compare("a", *_named(5), seed=2) == compare("a", *_named(5), seed=2)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, float("nan")]])
def test_too_few_measurements_and_no_numbers_are_refused_by_name(values: list[float]) -> None:
    with pytest.raises(BadParameter, match=r"^quick "):
        compare("slow", [1, 2, 3], "quick", values)


@pytest.mark.parametrize(("first", "second"), [(2, 2), (7, 7), (7, 200)])
def test_of_a_few_rounds_nothing_is_sure_however_clear_it_looks(first: int, second: int) -> None:
    found = compare("a", [1.0] * first, "b", [9.0] * second, "ms")
    assert (found.verdict, found.is_sure) == (Verdict.WITHIN_NOISE, False)
    assert found.sentence().endswith(f"n = {first} is too few to be sure of anything: measure at least 8 times.")
    assert compare("a", [1.0] * 8, "b", [9.0] * max(second, 8), "ms").verdict is Verdict.LESS


@pytest.mark.parametrize("rounds", [2, 5, 8])
def test_few_rounds_of_the_same_thing_are_seldom_told_apart(rounds: int) -> None:
    draw = np.random.default_rng(rounds)
    found = [compare("a", draw.lognormal(size=rounds), "b", draw.lognormal(size=rounds)) for _ in range(40)]
    assert sum(one.is_sure for one in found) <= 3


def test_neighbours_that_are_alike_do_not_fool_a_comparison_of_series_that_were_measured_apart_either() -> None:
    wrong = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        first, second = (np.repeat(draw.normal(size=size), 8) for size in (20, 24))
        wrong += compare("a", first, "b", second, seed=seed).is_sure
    assert wrong <= 6


@pytest.mark.parametrize(("first", "second"), [(3.0, 0.0), (1.0, -1.0)])
def test_no_sentence_speaks_of_so_many_times_nothing(first: float, second: float) -> None:
    said = compare("a", [first] * 9, "b", [second] * 9, "ms").sentence()
    assert said.startswith(f"a against b: {first - second:.2f} ms more (99 % interval ")
