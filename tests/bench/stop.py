"""stop: how long a lab takes to stop while many streams are open."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from lab_servers import Lab
from tests.bench import peers
from tests.bench.report import Result
from tests.bench.statistics import Goal, summary

ROUNDS = 5
WARM_UPS = 1
STREAMS = 200

# What is opened in each case: path of a server → how many. A room takes 50 members.
CASES: dict[str, tuple[str, str, Mapping[str, int]]] = {
    "event streams": ("sse", "raw", {"/api/build/log": STREAMS}),
    "sockets, clients answer the close": ("websocket", "websocket", {"/ws/room": 50, "/ws/chat": STREAMS - 50}),
    "sockets, clients answer nothing": ("websocket", "raw", {"/ws/room": 50, "/ws/chat": STREAMS - 50}),
}


def run() -> Result:
    """Stop a lab five times in each case."""
    result = Result(
        "stop",
        f"{STREAMS} streams opened by another process through the relay, each having received its first bytes, then "
        f"lab.stop(); {ROUNDS} rounds of each case after {WARM_UPS} of warm-up.",
    )
    for name, (server, kind, wanted) in CASES.items():
        times = summary([_stop_s(server, kind, wanted) for _ in range(WARM_UPS + ROUNDS)][WARM_UPS:])
        result.add(f"{STREAMS} {name}: median", times.median, "s", f"n={times.n}, least {times.low:.3f}")
        result.add(f"{STREAMS} {name}: longest", times.high, "s", f"n={times.n}", Goal(1))
    return result


def _stop_s(server: str, kind: str, wanted: Mapping[str, int]) -> float:
    with Lab([server]) as lab, contextlib.ExitStack() as stack:
        for path, count in wanted.items():
            address = urlsplit(lab.url(server)).netloc
            command = [sys.executable, "-m", "tests.bench.clients_process", kind, address, path, str(count)]
            # It prints how many are open, which takes the place of a port.
            assert stack.enter_context(peers.started(command)) == count
        start = time.perf_counter()
        lab.stop()
        return time.perf_counter() - start
