"""A line, a bend or a flat cost is named where the measurements show one, and noise is called noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lab_servers.measure.growth import Shape, Trend, Words, trend

STEPS = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000], dtype=float)
CLIENTS = Words("client")


def measured(costs: NDArray[np.float64], noise: float, seed: int, repeats: int = 3) -> tuple[list[float], list[float]]:
    """The costs at each step, each measured several times with errors in proportion to it."""
    random = np.random.default_rng(seed)
    units = np.repeat(STEPS, repeats)
    return list(units), list(np.repeat(costs, repeats) * random.lognormal(0, noise, len(units)))


def knee(at: float, before: float, beyond: float) -> NDArray[np.float64]:
    """What costs ``beyond`` for each unit after the first ``at``."""
    return 100 + before * np.minimum(STEPS, at) + beyond * np.maximum(STEPS - at, 0)


# --- exact values ---------------------------------------------------------------------------


def test_values_on_a_line_are_that_line_to_the_last_digit() -> None:
    found = trend(list(STEPS), list(230 + 148 * STEPS))
    assert (found.shape, found.bend_at) == (Shape.STRAIGHT, None)
    assert found.fixed == pytest.approx(230)
    assert found.per_unit == pytest.approx(148)
    assert found.low == pytest.approx(148)
    assert found.high == pytest.approx(148)


def test_values_that_are_all_the_same_are_flat() -> None:
    found = trend(list(STEPS), [84.0] * len(STEPS))
    assert (found.shape, found.fixed, found.per_unit) == (Shape.FLAT, 84.0, 0.0)


def test_an_exact_knee_is_found_where_it_is() -> None:
    found = trend(list(STEPS), list(knee(100, 12, 60)))
    assert (found.shape, found.bend_at) == (Shape.BENT, 100)
    assert found.per_unit == pytest.approx(12)
    assert found.beyond == pytest.approx(60)
    assert found.at(50) == pytest.approx(100 + 12 * 50)
    assert found.at(500) == pytest.approx(100 + 12 * 100 + 60 * 400)


# --- noisy values ---------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("fixed", [0, 500])
def test_a_noisy_line_has_no_bend(noise: float, fixed: float) -> None:
    shapes = [trend(*measured(fixed + 12 * STEPS, noise, seed)).shape for seed in range(40)]
    assert Shape.BENT not in shapes
    assert shapes.count(Shape.STRAIGHT) >= 38


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_the_interval_of_a_noisy_line_has_the_true_cost_in_it_as_often_as_it_says(noise: float) -> None:
    found = [trend(*measured(500 + 12 * STEPS, noise, seed)) for seed in range(40)]
    assert sum(one.low <= 12 <= one.high for one in found) >= 34


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("beyond", [3, 60])
def test_a_real_knee_is_found_in_noise_whichever_way_it_turns(noise: float, beyond: float) -> None:
    found = [trend(*measured(knee(100, 15, beyond), noise, seed)) for seed in range(20)]
    assert sum(one.shape is Shape.BENT for one in found) >= 18
    places = [one.bend_at for one in found if one.bend_at is not None]
    assert sum(50 <= place <= 200 for place in places) == len(places)


def test_a_knee_that_is_too_small_to_matter_is_not_named() -> None:
    shapes = [trend(*measured(knee(100, 12, 14), 0.05, seed)).shape for seed in range(20)]
    assert Shape.BENT not in shapes


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_what_does_not_grow_is_flat_however_it_jitters(noise: float) -> None:
    shapes = [trend(*measured(np.full(len(STEPS), 300.0), noise, seed)).shape for seed in range(40)]
    assert set(shapes) == {Shape.FLAT}


def test_growth_that_noise_would_hide_is_not_called_flat() -> None:
    shapes = [trend(*measured(300 + 0.3 * STEPS, 0.9, seed, repeats=1)).shape for seed in range(20)]
    assert Shape.FLAT not in shapes
    assert Shape.NOISE in shapes


def test_a_parabola_is_no_straight_line() -> None:
    assert trend(list(STEPS), list(1 + STEPS**2)).shape is not Shape.STRAIGHT


# --- too little to say anything -------------------------------------------------------------


def test_two_measurements_tell_nothing_about_noise() -> None:
    assert trend([1, 100], [5, 500]).shape is Shape.NOISE


def test_fewer_than_six_steps_are_said_to_be_too_few_for_a_bend() -> None:
    found = trend([1, 2, 5, 10], [130, 160, 250, 400])
    assert found.shape is Shape.STRAIGHT
    assert "4 steps are too few to look for a bend, which takes 6" in found.sentence("Bytes", str, CLIENTS)


@pytest.mark.parametrize(("units", "costs"), [([], []), ([3, 3], [1, 2]), ([1, 2, 3], [1, 2])])
def test_a_trend_needs_two_steps_with_their_costs(units: list[float], costs: list[float]) -> None:
    with pytest.raises(ValueError, match="two different numbers of units"):
        trend(units, costs)


def test_a_clock_with_coarse_steps_may_measure_nothing_at_all() -> None:
    assert trend([1, 2, 5, 10, 20, 50], [0, 0, 0, 0, 0, 0]).shape is Shape.FLAT


# --- words ----------------------------------------------------------------------------------


def in_bytes(count: float) -> str:
    return f"{count:,.0f} bytes"


def test_a_sentence_says_line_span_and_cost() -> None:
    found = trend(list(STEPS), list(230 + 148 * STEPS))
    told = found.sentence("Bytes", in_bytes, CLIENTS)
    assert told == "Bytes, from 1 to 1,000 clients: a straight line, 230 bytes and 148 bytes per client."


def test_a_sentence_names_the_bend_and_what_is_beyond_it() -> None:
    told = trend(list(STEPS), list(knee(100, 12, 60))).sentence("Bytes", in_bytes, CLIENTS)
    assert told == (
        "Bytes, from 1 to 1,000 clients: a line with a bend, 100 bytes and 12 bytes per client, beyond a bend at "
        "about 100 clients 60 bytes."
    )


def test_costs_may_be_told_for_many_units_at_once() -> None:
    kib = Words("byte", each="KiB", per=1024)
    told = trend([10, 1_000, 100_000, 200_000], [12, 1_002, 100_002, 200_002]).brief(in_bytes, kib)
    assert told == "2 bytes and 1,024 bytes per KiB"


def test_the_interval_is_told_where_there_is_one() -> None:
    found = Trend(Shape.STRAIGHT, 0, 12, 11, 13, None, None, 1, 1_000, 10)
    assert found.brief(in_bytes, CLIENTS) == "12 bytes per client (95 % interval 11 bytes to 13 bytes)"
    assert found.brief(in_bytes, CLIENTS, sure=False) == "12 bytes per client"


def test_a_line_that_begins_below_nothing_has_no_base() -> None:
    found = Trend(Shape.STRAIGHT, -61, 230, 200, 260, None, None, 1, 1_000, 10)
    assert found.brief(in_bytes, CLIENTS, sure=False) == "230 bytes per client"
