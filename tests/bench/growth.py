"""growth: the full sweeps of ``Growth``, two runs of each: what a unit costs on each transport, and do both agree?"""

from __future__ import annotations

import time

from lab_servers.lab import Lab
from lab_servers.measure.growth import Trend
from lab_servers.measure.growth_found import Found, growth_found
from lab_servers.measure.growth_steps import CLIENTS, RATE, SIZE
from lab_servers.scenarios import Growth
from tests.bench.report import Result

RUNS = 2
SWEEPS = (
    Growth(axis=CLIENTS, most=1_000, steps=10, repeats=1),
    Growth(axis=RATE, most=1_000, steps=7, repeats=2),
    Growth(axis=SIZE, most=1024 * 1024, steps=11, repeats=2),
)


def run() -> Result:
    """Run every sweep, one run of all after the other."""
    calls = "\n".join(f"  {sweep.call()}" for sweep in SWEEPS)
    result = Result(
        "growth",
        f"{RUNS} runs of each sweep, in turn; costs are slopes of straight lines, of the server's thread where they "
        f"are processor time.\n{calls}",
    )
    with Lab([]) as lab:
        taken: dict[str, list[float]] = {sweep.axis: [] for sweep in SWEEPS}
        found: dict[str, list[dict[str, Found]]] = {sweep.axis: [] for sweep in SWEEPS}
        for _ in range(RUNS):
            for sweep in SWEEPS:
                began_s = time.perf_counter()
                recording = sweep.run(lab)
                taken[sweep.axis].append(time.perf_counter() - began_s)
                found[sweep.axis].append(growth_found(recording))
    for sweep in SWEEPS:
        spread = " and ".join(f"{one:.1f}" for one in taken[sweep.axis])
        result.add(
            f"{sweep.axis}: time of a sweep", min(taken[sweep.axis]), "s", f"{spread}; about_s {sweep.about_s:.0f}"
        )
        _add(result, sweep.axis, found[sweep.axis])
    return result


def _add(result: Result, axis: str, runs: list[dict[str, Found]]) -> None:
    per = {CLIENTS: "client and message", RATE: "message", SIZE: "MiB of message"}[axis]
    factor = 1024 * 1024 if axis == SIZE else 1
    for name in runs[0]:
        both = [one[name] for one in runs if name in one]
        _slope(
            result, f"{axis}: {name}, processor per {per}", [one.processor.trend for one in both], 1e6 * factor, "µs"
        )
        _slope(result, f"{axis}: {name}, bytes per {per}", [one.size.trend for one in both], factor, "bytes")
        if axis == CLIENTS:
            _slope(result, f"{axis}: {name}, until the last has it", [one.waiting.trend for one in both], 1e6, "µs")
            _slope(
                result, f"{axis}: {name}, memory per connection", [one.memory.trend for one in both], 1 / 1024, "KiB"
            )
        limits = [f"{limit.units:,}: {limit.because}" for one in both for limit in one.growth.limits]
        if limits:
            result.missing(f"{axis}: {name}, limit", "; ".join(limits))


def _slope(result: Result, name: str, trends: list[Trend | None], factor: float, unit: str) -> None:
    found = [one for one in trends if one is not None]
    each = "; ".join(f"{one.per_unit * factor:,.1f} ({one.shape.value}{_bend(one)})" for one in found)
    lines = [one.per_unit * factor for one in found if one.is_line]
    if lines:
        result.add(name, lines[0], unit, each)
    else:
        result.missing(name, f"{each or 'no step was measured'}: run it again on a machine with less to do")


def _bend(trend: Trend) -> str:
    if trend.bend_at is None or trend.beyond is None or not trend.per_unit:
        return ""
    return f" at {trend.bend_at:,.0f}, beyond it {trend.beyond / trend.per_unit:.1f} times as much"
