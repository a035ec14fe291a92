"""What a benchmark returns, and how it is printed: an aligned table for people, JSON for whoever compares runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.statistics import Goal, Summary


@dataclass(frozen=True)
class Figure:
    """One measured value, or the reason why there is none.

    Attributes:
        name: What was measured.
        value: The value; ``None`` when it could not be measured.
        unit: The value's unit.
        goal: The bound it shall keep, if there is one.
        verdict: Whether it does, or what is missing.
        how: Number of measurements, spread, and anything else that a reader needs to judge it.
    """

    name: str
    value: float | None
    unit: str = ""
    goal: str = ""
    verdict: str = ""
    how: str = ""


@dataclass
class Result:
    """What one benchmark found.

    Attributes:
        name: The benchmark's name.
        setup: What was done, with every number that a repetition needs: n, warm-up, order, commands.
        figures: The values.
    """

    name: str
    setup: str
    figures: list[Figure] = field(default_factory=list)

    def add(
        self, name: str, value: float, unit: str, how: str, goal: Goal | None = None, spread: Summary | None = None
    ) -> None:
        """Add a measured value; ``spread`` holds the repetitions that may make the verdict unsure."""
        verdict = ""
        if goal is not None:
            verdict = goal.verdict(value, spread.low, spread.high) if spread else goal.verdict(value)
        self.figures.append(Figure(name, value, unit, f"{goal} {unit}".strip() if goal else "", verdict, how))

    def missing(self, name: str, remedy: str) -> None:
        """Add a figure that cannot be measured here, with what to do about it."""
        self.figures.append(Figure(name, None, verdict="missing", how=remedy))


def machine() -> dict[str, str]:
    """What a reader must know of the machine, and no more than that."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load average at start": load,
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def text(result: Result) -> str:
    """A result as an aligned table below its set-up."""
    rows = [("figure", "value", "goal", "verdict", "measured how")]
    rows += [(one.name, _value(one), one.goal, one.verdict, one.how) for one in result.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [f"{result.name}: {result.setup}"]
    for name, value, goal, verdict, how in rows:
        cells = [name.ljust(widths[0]), value.rjust(widths[1]), goal.ljust(widths[2]), verdict.ljust(widths[3]), how]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def as_json(machine_facts: dict[str, str], results: Iterable[Result]) -> dict[str, object]:
    """The same for a program."""
    return {"machine": machine_facts, "benchmarks": [asdict(result) for result in results]}


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    number = f"{figure.value:,.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.3g}"
    return f"{number} {figure.unit}".strip()
