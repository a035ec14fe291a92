"""notebooks: how long each notebook takes as a *Run All* in a fresh kernel, on an idle and on a busy machine."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.bench.report import Result
from tests.bench.statistics import Goal, summary
from tests.notebooks.kernel import NOTEBOOKS, code_cells, running_kernel
from tests.notebooks.load import busy_machine

ROUNDS = 3

GOAL = Goal(20)


def run() -> Result:
    """Queue all cells of each notebook at once in a fresh kernel, and wait for the last answer."""
    result = Result(
        "notebooks",
        f"every cell queued at once in a fresh kernel that has started; {ROUNDS} rounds, no warm-up, the notebooks in\n"
        "  turns. Busy: one process for each core computes all the while.",
    )
    idle: dict[str, list[float]] = {notebook.stem: [] for notebook in NOTEBOOKS}
    busy: dict[str, list[float]] = {notebook.stem: [] for notebook in NOTEBOOKS}
    for _ in range(ROUNDS):
        for notebook in NOTEBOOKS:
            idle[notebook.stem].append(_seconds(notebook))
            with busy_machine():
                busy[notebook.stem].append(_seconds(notebook))
    for name in idle:
        for kind, times in (("idle", summary(idle[name])), ("busy", summary(busy[name]))):
            how = f"median of {times.n}, {times.low:.1f} to {times.high:.1f}"
            result.add(f"{name}, {kind}", times.median, "s", how, GOAL, times)
    return result


def _seconds(notebook: Path) -> float:
    with tempfile.TemporaryDirectory() as folder, running_kernel(Path(folder)) as kernel:
        begun = time.perf_counter()
        answers = kernel.run_all(code_cells(notebook))
        took = time.perf_counter() - begun
    failed = [answer.source for answer in answers if answer.status != "ok"]
    if failed:
        raise RuntimeError(f"{notebook.stem} failed in a cell: {failed[0]}")
    return took
