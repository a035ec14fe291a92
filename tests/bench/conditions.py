"""conditions: how exactly the relay keeps delays and rates, beside no hop at all and beside the kernel's own shapers.

The kernel's are ``tc``'s netem (delays) and tbf (rates), on the loopback interface of a network namespace that lives as
long as the measuring process in it. Where this machine does not permit one of them, the report says what is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import peers
from tests.bench.report import Result
from tests.bench.statistics import summary
from tests.tools import find_tool

# One way, in seconds, and how many round trips are measured in a round.
DELAYS = ((0.00025, 200), (0.005, 60), (0.025, 20), (0.1, 5))
# In bytes per second: 1, 10 and 100 Mbit/s; a transfer takes about TRANSFER_S.
RATES = (125_000, 1_250_000, 12_500_000)
TRANSFER_S = 0.8
ROUNDS = 5

BARE, RELAY, NETEM, TBF = "no hop", "our relay", "tc netem", "tc tbf"

MEASURE = (sys.executable, "-m", "tests.bench.conditions_process")
GIVE_UP_S = 60

# tbf lets this much pass at once before it counts; a packet of loopback's own size would never fit into it.
BURST_BYTES = 16_000
MTU_BYTES = 1500
# On Ethernet, IP and TCP a packet of that size carries so many bytes; tbf counts all of it.
PAYLOAD_SHARE = 1448 / 1514


@dataclass(frozen=True)
class Shaper:
    """One of the kernel's shapers, as ``tc`` calls it.

    Attributes:
        name: What the report calls it.
        words: What stands behind ``tc qdisc add dev lo root``.
    """

    name: str
    words: tuple[str, ...]


def netem(delay_s: float) -> Shaper:
    """A delay of each packet, in both directions: both cross the same loopback interface."""
    return Shaper(NETEM, ("netem", "delay", f"{delay_s * 1e6:.0f}us", "limit", "10000"))


def tbf(rate_bytes_s: float) -> Shaper:
    """A rate for all packets of the loopback interface, acknowledgements included."""
    rate = f"{rate_bytes_s * 8:.0f}bit"
    return Shaper(TBF, ("tbf", "rate", rate, "burst", str(BURST_BYTES), "latency", "400ms"))


def in_namespace(shaper: Shaper, command: Sequence[str]) -> list[str]:
    """A command line that runs ``command`` in a network namespace of its own with this shaper on its loopback.

    The namespace ends with the command, and so does everything in it.
    """
    # A user who is not root becomes it within a namespace of users; where root is one already, none is needed.
    as_root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--map-root-user"]
    shape = f'ip link set lo mtu {MTU_BYTES} up && tc qdisc add dev lo root {" ".join(shaper.words)} && exec "$@"'
    return ["unshare", "--net", *as_root, "sh", "-c", shape, "sh", *command]


def why_not(shaper: Shaper) -> str:
    """Why this machine does not permit a shaper, in a sentence; empty where it does."""
    for tool in ("unshare", "ip", "tc"):
        if not find_tool(tool):
            return f"install {tool} (Linux: util-linux and iproute2)"
    try:
        tried = subprocess.run(
            in_namespace(shaper, ["true"]), capture_output=True, text=True, timeout=GIVE_UP_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{shaper.name} cannot be tried here: {error}"
    if not tried.returncode:
        return ""
    said = " ".join(tried.stderr.split()) or f"exit status {tried.returncode}"
    return f"this kernel or user has no {shaper.name} ({said.rstrip('.')}): load sch_{shaper.words[0]}, or be root"


@dataclass(frozen=True)
class Measured:
    """What one round measured.

    Attributes:
        trips_s: Round trips, in seconds.
        transfer_s: How long the transfer took, in seconds; 0 without one.
    """

    trips_s: tuple[float, ...]
    transfer_s: float


def measure(prefix: Sequence[str], port: int, trips: int, size_bytes: int) -> Measured:
    """Run the measuring process, behind ``prefix``; port 0 brings its own server."""
    command = [*prefix, *MEASURE, str(port), str(trips), str(size_bytes)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=GIVE_UP_S, check=True, cwd=peers.ROOT)
    found = json.loads(ran.stdout)
    return Measured(tuple(found["trips_s"]), found["transfer_s"] or 0.0)


def run() -> Result:
    """Measure ours, and those of the kernel's shapers that there are."""
    result = Result(
        "conditions",
        f"client, relay and server in a process each, blocking sockets, TCP_NODELAY; the ways take turns in "
        f"{ROUNDS} rounds.\n"
        f"  delays: round trips of 64 bytes on one connection; the error is what a trip took beyond twice the delay.\n"
        f"  rates: one transfer of about {TRANSFER_S} s; the error is against the rate asked. {TBF} lets "
        f"{BURST_BYTES:,} bytes pass at once, and\n"
        f"  counts the heads of packets of {MTU_BYTES} bytes ({100 * PAYLOAD_SHARE - 100:.1f} %) and the ACKs.\n"
        f"  {' '.join(in_namespace(netem(0.005), ['COMMAND']))}\n"
        f"  {' '.join(in_namespace(tbf(1_250_000), ['COMMAND']))}",
    )
    with peers.server() as server_port:
        _report_delays(result, server_port)
        _report_rates(result, server_port)
    return result


def _report_delays(result: Result, server_port: int) -> None:
    missing = why_not(netem(0.001))
    if missing:
        result.missing(f"delays of {NETEM}", missing)
    for delay_s, trips in DELAYS:
        errors_ms: dict[str, list[float]] = {}
        with peers.our_relay(server_port, delay_s=delay_s) as relay_port:
            for _ in range(ROUNDS):
                bare = measure((), server_port, trips, 0)
                errors_ms.setdefault(BARE, []).extend(trip * 1e3 for trip in bare.trips_s)
                ours = measure((), relay_port, trips, 0)
                errors_ms.setdefault(RELAY, []).extend((trip - 2 * delay_s) * 1e3 for trip in ours.trips_s)
                if not missing:
                    kernels = measure(in_namespace(netem(delay_s), ()), 0, trips, 0)
                    errors_ms.setdefault(NETEM, []).extend((trip - 2 * delay_s) * 1e3 for trip in kernels.trips_s)
        for name, found in errors_ms.items():
            spread = summary(found)
            how = (
                f"n={spread.n}, p5 {spread.p5:.3f}, p95 {spread.p95:.3f}, p99 {spread.p99:.3f}, most {spread.high:.3f}"
            )
            what = "trip" if name == BARE else f"error of a trip of 2 × {delay_s * 1e3:g} ms"
            result.add(f"{what}, {name}", spread.median, "ms", how)


def _report_rates(result: Result, server_port: int) -> None:
    missing = why_not(tbf(1_000_000))
    if missing:
        result.missing(f"rates of {TBF}", missing)
    for rate in RATES:
        size_bytes = int(rate * TRANSFER_S)
        errors: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            # A relay that has recorded up to its bound would be measured without recording.
            with peers.our_relay(server_port, rate_bytes_s=rate) as relay_port:
                ours = measure((), relay_port, 0, size_bytes)
            errors.setdefault(RELAY, []).append(100 * (size_bytes / ours.transfer_s / rate - 1))
            if not missing:
                kernels = measure(in_namespace(tbf(rate), ()), 0, 0, size_bytes)
                errors.setdefault(TBF, []).append(100 * (size_bytes / kernels.transfer_s / rate - 1))
        for name, found in errors.items():
            spread = summary(found)
            how = f"median of {spread.n} transfers of {size_bytes:,} bytes, {spread.low:+.2f} to {spread.high:+.2f}"
            result.add(f"error of {rate * 8 / 1e6:g} Mbit/s, {name}", spread.median, "%", how)
