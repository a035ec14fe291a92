"""Two series of measurements held against each other: less, more, or within the noise, and how sure that is.

It is slow to say that there is a difference. Series that were measured in turns, round by round, are resampled in
blocks of rounds, for neighbours are not independent: what disturbs a machine lasts longer than one message.
``statistics.py`` gives these names out.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab_servers.errors import BadParameter

# A table makes many comparisons at once, and each may be wrong: so 99 %, and not the usual 95.
CONFIDENCE = 0.99
RESAMPLES = 2_000
# So many rounds in a row are drawn together, fewer where that would leave less than MOST_BLOCKS blocks of them.
BLOCK_ROUNDS = 8
LEAST_BLOCKS = 12
# Of fewer rounds nothing is sure: that the same series is ahead in all of them happens by chance more than once in a
# hundred times, 2 in 2**7. Resampling would not notice, for it only knows the values that there are.
LEAST_ROUNDS = 8
# A difference below this share of the smaller median is none that counts, however sure it is.
SMALLEST_SHARE = 0.05


class Verdict(enum.Enum):
    """What a comparison says of the first series. Its value is the word for it in tables."""

    LESS = "less"
    MORE = "more"
    WITHIN_NOISE = "within the noise"


@dataclass(frozen=True)
class Comparison:
    """The first series, ``a``, against the second, ``b``.

    Attributes:
        name_a: What the first is called.
        name_b: What the second is called.
        unit: The unit of both, as a sentence shows it.
        n: How many measurements each has, the smaller of the two numbers; of fewer than 8, nothing is sure.
        verdict: What is said of ``a``; ``WITHIN_NOISE`` also of a difference that is sure and too small to count.
        ratio: Median of ``a`` over median of ``b``; infinite where that is 0.
        difference: Median of ``a`` minus median of ``b``.
        low: The lower end of the 99 % confidence interval of the difference; without bounds if ``n`` is too small.
        high: Its upper end.
        smallest: The smallest difference that counts here.
    """

    name_a: str
    name_b: str
    unit: str
    n: int
    verdict: Verdict
    ratio: float
    difference: float
    low: float
    high: float
    smallest: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves zero out: there is a difference, be it as small as it may."""
        return not self.low <= 0 <= self.high

    @property
    def words(self) -> str:
        """The verdict as a table's cell says it."""
        size = f"{abs(self.difference):.2f}{self._unit} {'less' if self.difference < 0 else 'more'}"
        if self.verdict is not Verdict.WITHIN_NOISE:
            return size
        return f"{size}, too little to count" if self.is_sure and self.difference else self.verdict.value

    def sentence(self) -> str:
        """The verdict with the figures that it rests on."""
        unit = self._unit
        said = f"{self.name_a} against {self.name_b}: {self.words}"
        apart = f"The medians differ by {_signed(self.difference)}{unit}"
        if self.n < LEAST_ROUNDS:
            few = f"n = {self.n} is too few to be sure of anything: measure at least {LEAST_ROUNDS} times."
            return f"{said}. {apart}, and {few}"
        interval = f"99 % interval {_signed(self.low)} to {_signed(self.high)}{unit}, n = {self.n:,}"
        if self.verdict is not Verdict.WITHIN_NOISE:
            # Of nothing, or of what is below nothing, there is no "times as much".
            times = f", {self.ratio:.2f} times as much" if 0 <= self.ratio < float("inf") else ""
            return f"{said}{times} ({interval})."
        counts = f"below {self.smallest:.2f}{unit} no difference counts here"
        if self.is_sure and self.difference:
            return f"{said} ({interval}; {counts})."
        return f"{said}. {apart} ({interval}; {counts})."

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


def _signed(value: float) -> str:
    """With its sign and two digits, and without a sign where these are zeros."""
    shown = f"{value:+.2f}"
    return shown if float(shown) else "0.00"


def compare(
    name_a: str,
    a: Sequence[float] | NDArray[np.float64],
    name_b: str,
    b: Sequence[float] | NDArray[np.float64],
    unit: str = "",
    *,
    smallest: float | None = None,
    seed: int = 0,
) -> Comparison:
    """Hold the medians of two series against each other.

    A difference is only said to be there when the 99 % interval of the difference of the medians leaves zero out, and
    the difference is larger than ``smallest``. Series of equal length are taken as measured in turns: the first of both
    belong to one round, and so on. Series of different length are resampled each by itself, in blocks as well.

    Args:
        name_a: What the first is called in a sentence.
        a: Its measurements, in the order in which they were taken.
        name_b: What the second is called.
        b: Its measurements.
        unit: The unit of both, for the sentence.
        smallest: The smallest difference that counts, in that unit. Unless told, the largest of these: 5 % of the
            smaller median, and by how much the odd and the even measurements of each series differ.
        seed: What the resampling draws with.

    Raises:
        BadParameter: a series has less than two measurements, or one of them is no number.
    """
    first, second = _series(name_a, a), _series(name_b, b)
    median_a, median_b = float(np.median(first)), float(np.median(second))
    difference = median_a - median_b
    if smallest is None:
        smallest = max(SMALLEST_SHARE * min(abs(median_a), abs(median_b)), own_noise(first), own_noise(second))
    low, high = _interval(first, second, seed)
    counts = abs(difference) > smallest and not low <= 0 <= high
    verdict = Verdict.WITHIN_NOISE if not counts else Verdict.LESS if difference < 0 else Verdict.MORE
    ratio = median_a / median_b if median_b else float("inf") if median_a else 1.0
    return Comparison(
        name_a, name_b, unit, min(len(first), len(second)), verdict, ratio, difference, low, high, smallest
    )


def own_noise(series: NDArray[np.float64]) -> float:
    """By how much a series differs from itself: the medians of its odd and of its even measurements."""
    return abs(float(np.median(series[::2])) - float(np.median(series[1::2])))


def _series(name: str, values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    series = np.asarray(values, dtype=float).ravel()
    if len(series) < 2:
        raise BadParameter(f"{name} was measured less than twice, which says nothing of its noise: measure more often.")
    if not np.isfinite(series).all():
        raise BadParameter(f"{name} has a measurement that is no finite number: leave out what was not measured.")
    return series


def _interval(a: NDArray[np.float64], b: NDArray[np.float64], seed: int) -> tuple[float, float]:
    if min(len(a), len(b)) < LEAST_ROUNDS:
        return -math.inf, math.inf
    if len(a) == len(b):
        return block_interval(
            lambda rounds: np.median(a[rounds], axis=-1) - np.median(b[rounds], axis=-1), len(a), seed=seed
        )
    return block_interval(
        lambda of_a, of_b: np.median(a[of_a], axis=-1) - np.median(b[of_b], axis=-1), len(a), len(b), seed=seed
    )


def block_interval(statistic: Callable[..., NDArray[np.float64]], *rounds: int, seed: int = 0) -> tuple[float, float]:
    """The 99 % interval of what is computed from rounds, by resampling blocks of rounds that followed each other.

    Args:
        statistic: Computes it: takes the numbers of rounds, from 0, along the last axis of an array; one array for
            each of ``rounds``.
        rounds: How many rounds there were; several numbers for series that were measured apart.
        seed: What the resampling draws with.
    """
    # Imported here, for it takes more than a second, and most of what this house does needs no statistics.
    from scipy import stats

    def of_blocks(*starts: NDArray[np.int_], axis: int = -1) -> NDArray[np.float64]:
        return statistic(*(_following(drawn, count) for drawn, count in zip(starts, rounds, strict=True)))

    drawn = stats.bootstrap(
        [np.arange(count) for count in rounds], of_blocks, confidence_level=CONFIDENCE, n_resamples=RESAMPLES,
        method="percentile", rng=np.random.default_rng(seed), vectorized=True, batch=250,
    )  # fmt: skip
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def _following(starts: NDArray[np.int_], rounds: int) -> NDArray[np.int_]:
    """The rounds of blocks that begin at these, as many rounds as there were."""
    size = max(1, min(BLOCK_ROUNDS, rounds // LEAST_BLOCKS))
    # Blocks may begin anywhere and overlap; the last ones go on at the first round, so that each round counts the same.
    wanted = -(-rounds // size)
    drawn = (starts[..., :wanted, None] + np.arange(size)) % rounds
    return drawn.reshape(*drawn.shape[:-2], -1)[..., :rounds]
