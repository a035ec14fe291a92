"""startup: what ``import lab_servers`` and ``start_lab()`` cost beyond the libraries that a notebook imports anyway."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.peers import ROOT
from tests.bench.report import Result
from tests.bench.statistics import Goal, summary

ROUNDS = 11
WARM_UPS = 2

# Each prints seconds, read inside the process: the interpreter's own start is in neither.
_PROGRAM = "import time; start = time.perf_counter(); {work}; print(time.perf_counter() - start, flush=True)"
_IMPORTS = "import aiohttp, websockets, matplotlib, ipywidgets"
_START = "import lab_servers; lab_servers.start_lab()"

# After the imports, in the same process: a module that both need is not counted as ours.
_AFTER = f"{_IMPORTS}; {_PROGRAM.format(work=_START)}"

GOAL = Goal(0.25)


def run() -> Result:
    """Start fresh processes of each kind in turn."""
    programs = [_PROGRAM.format(work=_IMPORTS), _PROGRAM.format(work=_START), _AFTER]
    rounds = [[_seconds(program) for program in programs] for _ in range(WARM_UPS + ROUNDS)][WARM_UPS:]
    imports, start, after = (summary(column) for column in zip(*rounds, strict=True))
    over = summary([one_start - one_imports for one_imports, one_start, _ in rounds])

    result = Result(
        "startup",
        f"fresh processes of three kinds take turns, {ROUNDS} of each after {WARM_UPS} of warm-up.\n"
        f"  imports: {_IMPORTS}\n"
        f"  start: {_START}",
    )
    for name, times in (("imports", imports), ("start", start)):
        result.add(name, times.median, "s", f"median of {times.n}, {times.low:.3f} to {times.high:.3f}")
    how = f"median of {over.n} differences, {over.low:.3f} to {over.high:.3f}"
    result.add("start less imports", over.median, "s", how, GOAL, over)
    how = f"median of {after.n}, {after.low:.3f} to {after.high:.3f}"
    result.add("start after imports, one process", after.median, "s", how, GOAL, after)
    return result


def _seconds(program: str) -> float:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(done.stdout)
