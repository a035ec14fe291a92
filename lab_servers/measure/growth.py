"""How a cost grows with the work: whether it is flat, a straight line, or a line with a bend, and how sure that is.

Pure functions of numbers; ``growth_steps.py`` finds the numbers in a recording. The fits are NumPy's least squares, the
intervals and the test SciPy's distributions. These are imported inside: ``scipy.stats`` takes 1.5 s to import.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Each side of a bend needs this many steps of its own: two fix a line, and the third could contradict it.
STEPS_EACH_SIDE = 3
# A bend is named only if a line without one is this unlikely. Every step inside is tried as the place of the bend, so
# the bound is divided by how many were tried (Bonferroni).
BEND_P = 0.001
# ... and if beyond it the cost of a unit differs by this factor at least: smaller ones are of no use to anybody.
LEAST_BEND = 1.5
# Measured values that a line meets this closely lie on it, whatever a test says: bytes have no noise to test against.
EXACT = 0.001
# A cost grows if a flat one would look as steep in one of so many runs.
SURE = 0.999
# A growth over the whole range that is smaller than this share of the cost is none that anybody would notice.
LEAST_GROWTH = 0.1
# A cost is called flat if growth by this share of it would have been seen.
SEEN_GROWTH = 1.0
# A line that misses measured values by this much, in the middle, describes nothing.
WORST_FIT = 0.5


class Shape(enum.Enum):
    """How a cost grows."""

    FLAT = "flat"
    STRAIGHT = "straight line"
    BENT = "straight line with a bend"
    NOISE = "not told from noise"
    UNCLEAR = "neither flat nor a line"


@dataclass(frozen=True)
class Words:
    """How a sentence speaks of the work.

    Attributes:
        unit: One unit of it: ``"client"``, ``"message a second"``.
        each: What a cost is paid for, after "per"; the same unless told.
        base: What stands behind the cost of no unit at all: ``" a second"``.
        per: How many units a cost is given for: 1,024 where ``unit`` is a byte and ``each`` a KiB.
    """

    unit: str
    each: str = ""
    base: str = ""
    per: float = 1.0

    def count(self, units: float) -> str:
        """``"1 client"``, ``"20 clients"``, ``"20 messages a second"``."""
        first, *rest = self.unit.split(" ")
        return f"{units:,.0f} " + (self.unit if round(units) == 1 else " ".join((f"{first}s", *rest)))


@dataclass(frozen=True)
class Trend:
    """A cost over a number of units: ``fixed + per_unit * units``, up to a bend if there is one.

    Attributes:
        shape: What was found.
        fixed: The cost of no unit at all, by the line; of a flat cost, and of one lost in noise, its median.
        per_unit: The cost of each further unit; 0 for a flat one.
        low: The lower end of its 95 % interval.
        high: The upper end.
        bend_at: At how many units the cost of a further one changes; ``None`` without a bend.
        beyond: The cost of each further unit from there on; ``None`` without a bend.
        measured_from: The fewest units measured.
        measured_to: The most.
        steps: How many different numbers of units were measured.
    """

    shape: Shape
    fixed: float
    per_unit: float
    low: float
    high: float
    bend_at: float | None
    beyond: float | None
    measured_from: float
    measured_to: float
    steps: int

    def at(self, units: float) -> float:
        """The cost by this trend; a value outside of what was measured is a guess."""
        if self.bend_at is None or self.beyond is None:
            return self.fixed + self.per_unit * units
        before = min(units, self.bend_at)
        return self.fixed + self.per_unit * before + self.beyond * max(0.0, units - self.bend_at)

    @property
    def is_line(self) -> bool:
        """Whether it has a line that can be drawn."""
        return self.shape in (Shape.FLAT, Shape.STRAIGHT, Shape.BENT)

    def brief(self, shown: Callable[[float], str], words: Words, *, sure: bool = True) -> str:
        """The trend in a few words, for a table.

        Args:
            shown: Writes a cost with its unit: ``"12.5 µs"``.
            words: How to speak of the work.
            sure: Whether the interval is given.
        """
        if self.shape is Shape.FLAT:
            return f"flat, {shown(self.fixed)}{words.base}"
        if self.shape is Shape.NOISE:
            return f"about {shown(self.fixed)}{words.base}, its growth lost in noise"
        if self.shape is Shape.UNCLEAR:
            return str(self.shape.value)

        def cost(per_unit: float) -> str:
            return shown(per_unit * words.per)

        is_exact = self.high - self.low <= 2 * EXACT * abs(self.per_unit)
        interval = "" if is_exact or not sure else f" (95 % interval {cost(self.low)} to {cost(self.high)})"
        # No work at all costs no less than nothing: a line that begins below it has no base to tell of.
        has_base = self.fixed > LEAST_GROWTH * abs(self.per_unit) * self.measured_from
        base = f"{shown(self.fixed)}{words.base} and " if has_base else ""
        line = f"{base}{cost(self.per_unit)} per {words.each or words.unit}{interval}"
        if self.bend_at is None or self.beyond is None:
            return line
        return f"{line}, beyond a bend at about {words.count(self.bend_at)} {cost(self.beyond)}"

    def sentence(self, what: str, shown: Callable[[float], str], words: Words, *, sure: bool = True) -> str:
        """The trend as a sentence.

        Args:
            what: What grows, as the sentence begins: ``"Processor time"``.
            shown: Writes a cost with its unit: ``"12.5 µs"``.
            words: How to speak of the work.
            sure: Whether the interval is given.
        """
        kind = {Shape.STRAIGHT: "a straight line, ", Shape.BENT: "a line with a bend, "}.get(self.shape, "")
        span = f"from {self.measured_from:,.0f} to {words.count(self.measured_to)}"
        needed = 2 * STEPS_EACH_SIDE
        few = (
            f"; {self.steps} steps are too few to look for a bend, which takes {needed}" if self.steps < needed else ""
        )
        return f"{what}, {span}: {kind}{self.brief(shown, words, sure=sure)}{few if kind else ''}."


def trend(units: Sequence[float], costs: Sequence[float]) -> Trend:
    """What growth the measured costs show; a number of units may occur several times.

    The errors of costs are taken to be in proportion to the costs: a measurement that is off by a tenth counts the
    same at 10 clients and at 1,000. A bend is looked for only where there are three steps on each side of it.

    Args:
        units: How much work there was, at each measurement.
        costs: What it cost, in one unit of one's own.

    Raises:
        ValueError: fewer than two different numbers of units, or the two are not equally many.
    """
    x, y = np.asarray(units, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    places = np.unique(x)
    if x.shape != y.shape or len(places) < 2:
        raise ValueError("a trend needs a cost for each of at least two different numbers of units")
    sizes = _sizes(x, y, places)
    straight = _fit((np.ones_like(x), x), y, sizes)
    bent = _best_bend(x, y, sizes, places, straight)
    fit, at = bent if bent else (straight, None)
    low, high = fit.interval(1)
    flat_low, flat_high = fit.interval(1, SURE)
    middle, span = float(np.median(y)), float(places[-1] - places[0])
    # Bytes have no noise: where the line meets every one of them, its interval is a point.
    grows = straight.is_exact or not flat_low <= 0 <= flat_high
    fixed, per_unit = fit.values[:2]
    if bent:
        shape = Shape.BENT
    elif not grows or abs(per_unit) * span <= LEAST_GROWTH * middle:
        # That no growth is seen shows that there is none only if the noise would have left it to be seen.
        is_flat = max(abs(low), abs(high)) * span <= SEEN_GROWTH * middle
        shape, fixed, per_unit = Shape.FLAT if is_flat else Shape.NOISE, middle, 0.0
    else:
        shape = Shape.STRAIGHT if straight.typical_miss <= WORST_FIT else Shape.UNCLEAR
    beyond = fit.values[2] if bent else None
    return Trend(shape, fixed, per_unit, low, high, at, beyond, float(places[0]), float(places[-1]), len(places))


# --- fitting ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fit:
    """Coefficients found by least squares, with errors in proportion to the costs.

    Attributes:
        values: The coefficients.
        errors: The standard error of each.
        misfit: The sum of the squared relative errors.
        freedom: How many measurements there are more than coefficients.
        largest_miss: The largest relative error.
        typical_miss: The median one.
    """

    values: tuple[float, ...]
    errors: tuple[float, ...]
    misfit: float
    freedom: int
    largest_miss: float
    typical_miss: float

    @property
    def is_exact(self) -> bool:
        """Whether it meets every measurement."""
        return self.freedom > 0 and self.largest_miss <= EXACT

    def interval(self, place: int, level: float = 0.95) -> tuple[float, float]:
        """The interval of a coefficient; without any freedom left, nothing is known of it."""
        if self.freedom < 1:
            return float("-inf"), float("inf")
        from scipy import stats

        reach = float(stats.t.ppf((1 + level) / 2, self.freedom)) * self.errors[place]
        return self.values[place] - reach, self.values[place] + reach


def _sizes(x: Floats, y: Floats, places: Floats) -> Floats:
    """For each measurement, the median of those of the same step: what its error is in proportion to."""
    medians = np.array([np.median(np.abs(y[x == place])) for place in places])
    # A clock that advances in coarse steps may measure 0.
    least = float(np.max(medians)) * float(np.min(places)) / float(np.max(places)) * 0.01
    sizes: Floats = np.maximum(medians[np.searchsorted(places, x)], max(least, 1e-12))
    return sizes


def _fit(columns: tuple[Floats, ...], y: Floats, sizes: Floats) -> _Fit:
    weighted = np.stack(columns, axis=1) / sizes[:, np.newaxis]
    values, *_ = np.linalg.lstsq(weighted, y / sizes, rcond=None)
    misses = y / sizes - weighted @ values
    freedom = len(y) - len(columns)
    misfit = float(misses @ misses)
    inverse = np.linalg.pinv(weighted.T @ weighted)
    errors = np.sqrt(np.maximum(np.diag(inverse), 0.0) * misfit / max(freedom, 1))
    return _Fit(
        tuple(float(value) for value in values),
        tuple(float(error) for error in errors),
        misfit,
        freedom,
        float(np.max(np.abs(misses))),
        float(np.median(np.abs(misses))),
    )


def _best_bend(x: Floats, y: Floats, sizes: Floats, places: Floats, straight: _Fit) -> tuple[_Fit, float] | None:
    """The bend that explains most, if it explains far more than noise would; ``None`` where there is none to name."""
    tried = places[STEPS_EACH_SIDE - 1 : len(places) - STEPS_EACH_SIDE + 1]
    if len(places) < 2 * STEPS_EACH_SIDE or straight.largest_miss <= EXACT:
        return None
    fits = [(_fit((np.ones_like(x), np.minimum(x, at), np.maximum(x - at, 0.0)), y, sizes), float(at)) for at in tried]
    best, at = min(fits, key=lambda fit: fit[0].misfit)
    _, before, beyond = best.values
    if best.freedom < 1 or max(abs(before), abs(beyond)) < LEAST_BEND * min(abs(before), abs(beyond)):
        return None
    from scipy import stats

    # The bend itself and its place are two things more that were chosen to fit.
    freedom = best.freedom - 1
    explained = max(straight.misfit - best.misfit, 0.0) / 2
    if freedom < 1 or explained <= 0:
        return None
    unlikely = float(stats.f.sf(explained / max(best.misfit / freedom, 1e-24), 2, freedom))
    return (best, at) if unlikely < BEND_P / len(tried) else None
