"""cycles: what a thousand started and stopped labs leave behind: threads, descriptors, tasks, objects, memory."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
import time

import psutil

from lab_servers import Lab, converse, get
from tests.bench.peers import ROOT
from tests.bench.report import Result
from tests.bench.statistics import Goal, slope

CYCLES = 1_000
EVERY = 100  # the first sample, after so many cycles, is also the end of the warm-up

KIB = 1024

# A leak leaves at least one thing for each cycle; a cache that fills up once leaves less and less.
LEAK_GOAL = Goal(0.5)

# Resident memory moves with the allocator's pages, so the exact figures above are the ones that find a small leak.
# A connection that stayed would cost more than this, a lab more than twenty times as much.
MEMORY_GOAL = Goal(1.0)

_EXACT = ("threads", "descriptors", "sockets", "tasks", "event loops")


def run() -> Result:
    """Measure in a fresh process, whose memory holds nothing but this."""
    command = [sys.executable, "-m", "tests.bench.cycles"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    samples: list[dict[str, float]] = json.loads(done.stdout)
    first, last = samples[0], samples[-1]
    cycles = [sample["cycle"] for sample in samples]
    result = Result(
        "cycles",
        f"{CYCLES:,} cycles in a fresh process: start all servers, one exchange with each, stop. Sampled after every "
        f"{EVERY} cycles and a full garbage collection; growth is from cycle {EVERY} (warm-up) to cycle {CYCLES:,}.",
    )
    for name in _EXACT:
        at = " ".join(f"{sample[name]:.0f}" for sample in samples)
        result.add(f"growth in {name}", last[name] - first[name], "", f"samples {at}", Goal(0))
    # Containers, which are where a leak begins, and every small piece of memory that Python holds.
    for name in ("objects", "blocks"):
        at = " ".join(f"{sample[name] - first[name]:+.0f}" for sample in samples[1:])
        per_cycle = slope(cycles, [sample[name] for sample in samples])
        result.add(f"growth in Python's {name} per cycle", per_cycle, "", f"against the first sample {at}", LEAK_GOAL)
    at = " ".join(f"{sample['rss'] / KIB / KIB:.1f}" for sample in samples)
    per_cycle = slope(cycles, [sample["rss"] / KIB for sample in samples])
    result.add("growth in memory per cycle", per_cycle, "KiB", f"least squares; resident MiB {at}", MEMORY_GOAL)
    seconds = last["seconds"] / CYCLES
    result.add("one cycle", seconds * 1000, "ms", f"mean of {CYCLES:,}")
    return result


def _sample(cycle: int, seconds: float) -> dict[str, float]:
    gc.collect()
    process = psutil.Process()
    objects = gc.get_objects()
    return {
        "cycle": cycle,
        "seconds": seconds,
        "threads": threading.active_count(),
        # Windows counts handles instead of descriptors.
        "descriptors": process.num_fds() if hasattr(process, "num_fds") else process.num_handles(),
        "sockets": len(process.net_connections("all")),
        "tasks": sum(isinstance(one, asyncio.Task) for one in objects),
        "event loops": sum(isinstance(one, asyncio.AbstractEventLoop) for one in objects),
        "objects": len(objects),
        "blocks": sys.getallocatedblocks(),
        "rss": process.memory_info().rss,
    }


def main() -> None:
    """Print the samples as JSON."""
    samples = []
    start = time.perf_counter()
    for cycle in range(1, CYCLES + 1):
        with Lab() as lab:
            for server, path in (
                ("http", "/api/user/info"),
                ("polling", "/api/jobs"),
                ("sse", "/api/stream?interval_s=0"),
            ):
                lab.run(get(lab.url(server, path)))
            lab.run(converse(lab.url("websocket", "/ws/chat"), ["hello"], expect=1))
        if cycle % EVERY == 0:
            samples.append(_sample(cycle, time.perf_counter() - start))
    print(json.dumps(samples))


if __name__ == "__main__":
    main()
