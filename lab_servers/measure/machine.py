"""On what was measured: cores, system, versions, the clock's step and the load, in one sentence beside every figure."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

# What the times of a comparison depend on.
LIBRARIES = ("aiohttp", "websockets", "httpx", "httpx-sse", "numpy", "scipy")


@dataclass(frozen=True)
class Machine:
    """The machine of a run. It has no name here, and no paths.

    Attributes:
        cores: How many processors this process may use.
        python: Implementation and version.
        system: Operating system, its release and the processor's kind.
        libraries: Each library with its version.
        timer_step_s: The step of the clock with which all times are taken, in seconds.
        load: How many processes wanted to run in the last minute, on average; ``None`` where the system does not tell.
    """

    cores: int
    python: str
    system: str
    libraries: tuple[tuple[str, str], ...]
    timer_step_s: float
    load: float | None

    def sentence(self) -> str:
        """What stands beside a picture or table of times."""
        named = ", ".join(f"{name} {number}" for name, number in self.libraries)
        load = "" if self.load is None else f" Load in the minute before: {self.load:.1f}."
        return (
            f"Measured on {self.cores} {'core' if self.cores == 1 else 'cores'}, {self.system}, {self.python}, with "
            f"{named}; the clock's step is {self.timer_step_s * 1e9:.0f} ns.{load}"
        )


def machine() -> Machine:
    """This machine, now."""
    return Machine(
        _cores(),
        f"{platform.python_implementation()} {platform.python_version()}",
        " ".join(part for part in (platform.system(), _release(), platform.machine()) if part),
        tuple((name, found) for name in LIBRARIES if (found := _version(name))),
        timer_step_s(),
        _load(),
    )


def timer_step_s() -> float:
    """The smallest step that the clock of all recordings was seen to make, in seconds."""
    steps = []
    for _ in range(200):
        before = time.perf_counter_ns()
        while (after := time.perf_counter_ns()) == before:
            pass
        steps.append(after - before)
    return min(steps) / 1e9


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _release() -> str:
    """The release by its leading number: a whole one may carry the name that somebody gave to a build."""
    return ".".join(platform.release().split("-")[0].split(".")[:2])


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has none
        return None
