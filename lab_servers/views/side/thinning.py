"""Fewer strokes for more points than a picture has columns, so that what is drawn is still true.

Ticks are counted per column and none is left out; a curve keeps the first, last, lowest and highest point of each
column. ``raster.py`` draws the ticks, ``reading.py`` and ``latency.py`` the curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# About as many as a picture of this room has pixels across when it is projected.
COLUMNS = 700

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ticks:
    """Moments, joined where one column of the picture holds several.

    Attributes:
        first_s: The earliest moment of each tick, in seconds.
        last_s: Its latest.
        counts: How many moments it stands for.
    """

    first_s: Floats
    last_s: Floats
    counts: Whole

    @property
    def most(self) -> int:
        """How many moments one tick stands for, at most."""
        return int(self.counts.max(initial=0))


def ticks(moments_s: Floats, width_s: float, columns: int = COLUMNS) -> Ticks:
    """Moments joined into ticks, one for each column in use of a picture ``width_s`` wide."""
    ordered = np.sort(moments_s)
    if len(ordered) == 0 or width_s <= 0:
        return Ticks(ordered, ordered, np.ones(len(ordered), dtype=np.int64))
    column = np.floor((ordered - ordered[0]) * (columns / width_s)).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(starts[1:], len(ordered))
    return Ticks(ordered[starts], ordered[ends - 1], ends - starts)


def kept(across: Floats, up: Floats, columns: int = COLUMNS) -> Whole:
    """Which points of a curve to draw, by position: all of a short one; of each column those that set its outline.

    Args:
        across: Where each point lies across, never falling, in the units of the picture (for a logarithmic axis the
            logarithm).
        up: Where it lies up.
        columns: How many columns the picture has.
    """
    if len(across) <= 4 * columns or across[-1] <= across[0]:
        return np.arange(len(across), dtype=np.int64)
    column = np.floor((across - across[0]) * (columns / (across[-1] - across[0]))).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(across))
    chosen = {0, len(across) - 1}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        part = up[start:end]
        chosen |= {start, end - 1, start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(chosen), dtype=np.int64)
