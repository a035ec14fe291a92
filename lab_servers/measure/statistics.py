"""What is said of many measurements of one thing: median with its interval, quantiles, the whole distribution.

``comparison.py`` holds two series against each other; ``machine.py`` says on what they were measured. All formulae are
SciPy's and NumPy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab_servers.errors import BadParameter
from lab_servers.measure.comparison import Comparison, Verdict, compare
from lab_servers.measure.machine import Machine, machine

__all__ = ["Comparison", "Machine", "Summary", "Verdict", "compare", "ecdf", "machine", "summarise"]

CONFIDENCE = 0.95
RESAMPLES = 2_000
# Up to so many values the median's interval is found by resampling; of more, by counting, which gives the same.
MOST_RESAMPLED = 3_000


@dataclass(frozen=True)
class Summary:
    """Many measurements of one thing, in the unit in which they came.

    Attributes:
        n: How many count.
        warm_up: How many before them were left out.
        median: Half of them are below it.
        low: The lower end of the 95 % confidence interval of the median.
        high: Its upper end.
        p5: 5 in 100 are below it; ``p25``, ``p75``, ``p95`` and ``p99`` likewise.
        least: The smallest.
        most: The largest.
    """

    n: int
    warm_up: int
    median: float
    low: float
    high: float
    p5: float
    p25: float
    p75: float
    p95: float
    p99: float
    least: float
    most: float


def summarise(values: Sequence[float] | NDArray[np.float64], warm_up: int = 0, seed: int = 0) -> Summary:
    """Summarise measurements in the order in which they were taken.

    Args:
        values: The measurements; the interval takes them as independent of each other.
        warm_up: So many of the first are left out.
        seed: What the resampling draws with: the same values and seed give the same interval.

    Raises:
        BadParameter: no value is left, or one of them is no number, or less than none is to be left out.
    """
    if warm_up < 0:
        raise BadParameter(f"warm_up says how many values are left out: it must be 0 or more, not {warm_up}.")
    series = series_of(values)[warm_up:]
    if not len(series):
        raise BadParameter(f"No value is left after a warm-up of {warm_up}: measure more often, or warm up for less.")
    p5, p25, median, p75, p95, p99 = (float(one) for one in np.quantile(series, (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)))
    low, high = median_interval(series, seed)
    return Summary(
        len(series), warm_up, median, low, high, p5, p25, p75, p95, p99, float(series.min()), float(series.max())
    )


def median_interval(series: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """The 95 % confidence interval of the median of independent values, by the bootstrap of percentiles."""
    # Imported here, for it takes more than a second, and most of what this house does needs no statistics.
    from scipy import stats

    if series.min() == series.max():  # one value, or always the same: there is nothing to resample
        return float(series[0]), float(series[0])
    if len(series) > MOST_RESAMPLED:
        # How many of them lie below the median is binomial: exact, and no slower for a million values.
        found = stats.quantile_test(series, q=float(np.median(series)), p=0.5).confidence_interval(CONFIDENCE)
        return float(found.low), float(found.high)
    drawn = stats.bootstrap(
        (series,), np.median, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile",
        rng=np.random.default_rng(seed), vectorized=True, batch=250,
    )  # fmt: skip
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def ecdf(values: Sequence[float] | NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The whole distribution as steps: each value, and the share of measurements that are not larger.

    Raises:
        BadParameter: there is no value, or one of them is no number.
    """
    from scipy import stats

    series = series_of(values)
    if not len(series):
        raise BadParameter("There is no value, so there is no distribution: measure at least once.")
    found = stats.ecdf(series).cdf
    return np.asarray(found.quantiles, dtype=float), np.asarray(found.probabilities, dtype=float)


def series_of(values: ArrayLike) -> NDArray[np.float64]:
    """Values as an array.

    Raises:
        BadParameter: one of them is no number.
    """
    series = np.asarray(values, dtype=float).ravel()
    if not np.isfinite(series).all():
        raise BadParameter("One of the measurements is no finite number: leave out what was not measured.")
    return series
