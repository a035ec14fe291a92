"""Where things stand in the sequence picture: a scale of time with long gaps folded, and rows that never overlap.

Pure geometry, in points downward from the top; ``sequence.py`` draws it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

FOLD_PT = 44.0

# A gap is folded only if it is so many times as long as the longest that is not, and as high as so many folds.
_STANDS_OUT = 3.0

# So many more gaps must become high enough for a row, for each one that is folded.
_WORTH = 1.5

_LEAST_TICK_PT = 46.0


@dataclass(frozen=True)
class Fold:
    """A gap that is drawn shorter than it was.

    Attributes:
        start_s: Where it begins, in seconds.
        stop_s: Where it ends.
        y: Its middle on the scale, in points.
    """

    start_s: float
    stop_s: float
    y: float

    @property
    def lasted_s(self) -> float:
        """How long it was."""
        return self.stop_s - self.start_s


class Scale:
    """From seconds to points: one and the same scale everywhere, except in the folds.

    Args:
        times_s: Every time that something is drawn at, in any order.
        height_pt: The height of all that is not folded.
        row_pt: How far apart two steps must be to stand at their true places.
        busy_s: Times between which much happened; these are never folded.

    Attributes:
        pt_per_s: Points for each second outside of folds.
        folds: The folded gaps, in order.
    """

    def __init__(
        self, times_s: Sequence[float], height_pt: float, row_pt: float, busy_s: Collection[tuple[float, float]] = ()
    ) -> None:
        self._times = sorted(set(times_s)) or [0.0]
        gaps = [stop - start for start, stop in pairwise(self._times)]
        quiet = [index for index, gap in enumerate(pairwise(self._times)) if gap not in busy_s]
        folded = _folded(gaps, quiet, height_pt, row_pt)
        rest_s = sum(gap for index, gap in enumerate(gaps) if index not in folded)
        self.pt_per_s = height_pt / rest_s if rest_s > 0 else 0.0
        heights = [FOLD_PT if index in folded else gap * self.pt_per_s for index, gap in enumerate(gaps)]
        self._ys = list(accumulate(heights, initial=0.0))
        self.folds = tuple(
            Fold(self._times[index], self._times[index + 1], self._ys[index] + FOLD_PT / 2) for index in sorted(folded)
        )

    @property
    def bottom(self) -> float:
        """The place of the last time."""
        return self._ys[-1]

    def y(self, at_s: float) -> float:
        """The place of a time; of one inside a fold, somewhere in it."""
        index = min(max(bisect_right(self._times, at_s) - 1, 0), max(len(self._times) - 2, 0))
        if len(self._times) < 2:
            return 0.0
        first, last = self._times[index], self._times[index + 1]
        share = (at_s - first) / (last - first)
        return self._ys[index] + share * (self._ys[index + 1] - self._ys[index])

    @property
    def stretches(self) -> tuple[tuple[float, float], ...]:
        """The times between which the scale is true, from fold to fold."""
        starts = [self._times[0], *(fold.stop_s for fold in self.folds)]
        stops = [*(fold.start_s for fold in self.folds), self._times[-1]]
        return tuple(zip(starts, stops, strict=True))

    def ticks(self) -> tuple[float, list[float]]:
        """Round times to write beside the scale, and the step between them, both in seconds.

        A stretch too short to hold a round time has its beginning instead.
        """
        if not self.pt_per_s:
            return 1.0, [self._times[0]]
        step = round_step(_LEAST_TICK_PT / self.pt_per_s)
        found: list[float] = []
        for start, stop in self.stretches:
            first, last = math.ceil(start / step - 1e-9), math.floor(stop / step + 1e-9)
            found += [number * step for number in range(first, last + 1)] or [start]
        return step, found


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _folded(gaps: Sequence[float], quiet: Sequence[int], height_pt: float, row_pt: float) -> frozenset[int]:
    """Which of the quiet gaps to fold: some of the longest, if that lets enough of the others be as high as a row."""
    order = sorted(quiet, key=lambda index: gaps[index])
    ascending = [gaps[index] for index in order]
    busy_s = sum(gaps) - sum(ascending) if len(quiet) < len(gaps) else 0.0
    rest_s = list(accumulate(ascending, initial=max(busy_s, 0.0)))  # rest_s[n]: all busy ones, and the n shortest quiet
    best, best_score = len(order), -math.inf
    for kept in range(len(order), -1, -1):
        if rest_s[kept] <= 0:
            break
        pt_per_s = height_pt / rest_s[kept]
        if kept < len(order):
            shortest_folded = ascending[kept]
            next_s = ascending[kept - 1] if kept else 0.0
            if shortest_folded < _STANDS_OUT * next_s or shortest_folded * pt_per_s < _STANDS_OUT * FOLD_PT:
                continue
        high_enough = kept - bisect_left(ascending, row_pt / pt_per_s, 0, kept)
        score = high_enough - (_WORTH - 1) * (len(order) - kept)
        if score > best_score:
            best, best_score = kept, score
    return frozenset(order[best:])


def spread(wanted: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """Places in the same order that leave each its height, and are moved as little as possible.

    The sum of the squares of the moves is the least that there is: with the heights taken off, this is
    isotonic regression, solved by pooling adjacent violators.

    Args:
        wanted: Where the middles should be, ascending.
        heights: How high each is.
        top: No middle is above this.
    """
    taken = list(accumulate(((one + other) / 2 for one, other in pairwise(heights)), initial=0.0))
    pools: list[tuple[float, int]] = []  # the sum and the number of neighbours that move together
    for place, offset in zip(wanted, taken, strict=False):
        total, count = place - offset, 1
        while pools and pools[-1][0] * count >= total * pools[-1][1]:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    levels = [max(total / count, top) for total, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, taken, strict=False)]
