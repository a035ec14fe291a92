"""pictures: how long the pictures of a comparison take to draw, of 24 messages on each lane and of 100,000 in all."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.latency import latency_curves
from lab_servers.views.side.raster import arrival_raster
from lab_servers.views.side.reading import read_so_far
from tests.bench.report import Result
from tests.bench.statistics import Goal, summary
from tests.views.side_lanes import every_lane

LANES = 11
MANY = 100_000 // LANES + 1
ROUNDS = 5

PICTURES: dict[str, Callable[[Recording], Picture]] = {
    "arrival raster": arrival_raster,
    "read so far": read_so_far,
    "latency curves": latency_curves,
}


def run() -> Result:
    """Draw each picture to the page that a reader gets, several times."""
    result = Result(
        "pictures",
        f"from a recording to the HTML of a page, its marks read anew each time; {LANES} lanes; {ROUNDS} rounds after "
        f"one of warm-up, a garbage collection before each. Seconds are those of the CPU: nothing waits here.",
    )
    for count in (24, MANY):
        recording = every_lane(count, interval_ms=50 if count < 100 else 0.5)
        for name, draw in PICTURES.items():
            taken = [_seconds(draw, recording) for _ in range(1 + ROUNDS)][1:]
            spread = summary(taken)
            how = f"median of {spread.n}, {spread.low:.2f} to {spread.high:.2f}"
            result.add(f"{name}, {count * LANES:,} messages", spread.median, "s", how, Goal(1.0), spread)
    return result


def _seconds(draw: Callable[[Recording], Picture], recording: Recording) -> float:
    gc.collect()
    start = time.process_time()
    draw(recording)._repr_html_()
    return time.process_time() - start
