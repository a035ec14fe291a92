"""Medians, quantiles and slopes, and the honest way to hold one against a goal. Used by every benchmark."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


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
    ordered = sorted(values)
    p5, median, p95, p99 = (quantile(ordered, share) for share in (0.05, 0.5, 0.95, 0.99))
    return Summary(len(ordered), median, ordered[0], ordered[-1], p5, p95, p99)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a ``share`` (0 to 1) of sorted measurements lies, interpolated between neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """By how much y grows per unit of x: the line of least squares through the points."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return covariance / sum((x - mean_x) ** 2 for x in xs)


RESAMPLINGS = 2_000


def ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Summary:
    """Median of ``tops`` over median of ``bottoms``, which were measured in turns, and how sure that is.

    ``median`` is the ratio; ``low`` and ``high`` bound nine in ten of the ratios found when rounds are drawn
    anew from those measured (bootstrap). Not the ratio of each round: one disturbed round can make a small
    difference zero or negative, and its ratio meaningless.
    """
    draw = random.Random(1)
    rounds = list(zip(tops, bottoms, strict=True))
    found = []
    for _ in range(RESAMPLINGS):
        sample = draw.choices(rounds, k=len(rounds))
        bottom = summary([bottom for _, bottom in sample]).median
        found.append(summary([top for top, _ in sample]).median / bottom if bottom > 0 else float("inf"))
    spread = summary(found)
    value = summary(tops).median / summary(bottoms).median
    return Summary(len(rounds), value, spread.p5, spread.p95, spread.p5, spread.p95, spread.p99)


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
