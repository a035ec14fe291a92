"""Medians, quantiles and slopes, and the honest way to hold one against a goal. Used by every benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Summary:
    """What is said of many measurements of one thing, in the unit they came in."""

    n: int
    median: float
    low: float  # the smallest
    high: float  # the largest
    p5: float
    p95: float
    p99: float


def summary(values: Sequence[float]) -> Summary:
    """Summarise one measurement or more."""
    p5, median, p95, p99 = (float(one) for one in np.quantile(values, (0.05, 0.5, 0.95, 0.99)))
    return Summary(len(values), median, float(min(values)), float(max(values)), p5, p95, p99)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """By how much y grows per unit of x: the line of least squares through the points."""
    # Imported here and below, for it takes more than a second, and most benchmarks need none of it.
    from scipy import stats

    return float(stats.linregress(xs, ys).slope)


RESAMPLINGS = 2_000


def ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Summary:
    """Median of ``tops`` over median of ``bottoms``, which were measured in turns, and how sure that is.

    ``median`` is the ratio; ``low`` and ``high`` bound nine in ten of the ratios found when rounds are drawn
    anew from those measured (bootstrap). Not the ratio of each round: one disturbed round can make a small
    difference zero or negative, and its ratio meaningless.
    """
    from scipy import stats

    def of_medians(top: NDArray[np.float64], bottom: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        over, under = np.median(top, axis=axis), np.median(bottom, axis=axis)
        return np.divide(over, under, out=np.full(np.shape(over), np.inf), where=under > 0)

    pair = np.asarray(tops, dtype=float), np.asarray(bottoms, dtype=float)
    value = float(np.median(pair[0]) / np.median(pair[1]))
    if len(tops) == 1:
        return Summary(1, value, value, value, value, value, value)
    with np.errstate(invalid="ignore"):  # infinite ratios have no standard error, which is not asked for here
        drawn = stats.bootstrap(
            pair, of_medians, paired=True, n_resamples=RESAMPLINGS, method="percentile", rng=np.random.default_rng(1),
            vectorized=True,
        )  # fmt: skip
        spread = summary(drawn.bootstrap_distribution)
    return Summary(len(tops), value, spread.p5, spread.p95, spread.p5, spread.p95, spread.p99)


@dataclass(frozen=True)
class Goal:
    """A bound that a figure shall keep."""

    limit: float
    at_most: bool = True  # False: at least

    def is_met(self, value: float) -> bool:
        """Whether the value keeps the bound."""
        return value <= self.limit if self.at_most else value >= self.limit

    def verdict(self, value: float, low: float | None = None, high: float | None = None) -> str:
        """``met`` or ``not met``; where repetitions from ``low`` to ``high`` disagree about it, that is said too."""
        met = self.is_met(value)
        ends = [end for end in (low, high) if end is not None]
        unsure = any(self.is_met(end) is not met for end in ends)
        return ("met" if met else "not met") + (", within noise" if unsure else "")

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:.3g}"
