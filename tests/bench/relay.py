"""relay: what a hop adds to a round trip and leaves of the throughput: our relay, socat, mitmproxy, and no hop.

The hops take turns, so that a change of the machine's load meets all of them; every comparison
is made between medians of the same run.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping

from tests.bench import peers
from tests.bench.report import Result
from tests.bench.server_process import HEADER
from tests.bench.statistics import Goal, ratio, summary
from tests.tools import find_tool

MESSAGE = b"x" * 64
ROUNDS = 11
TRIPS = 2_000
WARM_UP_TRIPS = 500

MIB = 1024 * 1024
TRANSFER_ROUNDS = 7
# The relay records 64 MiB, what its objects cost included: the short transfer is recorded whole,
# of the long one three quarters pass unrecorded.
SHORT_MIB = 48
LONG_MIB = 256
WARM_UP_MIB = 1
BLOCK = bytes(256 * 1024)

BARE, RELAY, SOCAT, MITMPROXY = "bare", "our relay", "socat", "mitmproxy"

Hop = Callable[[int], contextlib.AbstractContextManager[int]]


@contextlib.contextmanager
def _no_hop(server_port: int) -> Iterator[int]:
    yield server_port


def run() -> Result:
    """Measure whichever hops are installed."""
    result = Result(
        "relay",
        f"{BARE}, {RELAY} (recording, default bound) and peers take turns, each hop and the server in a process of its "
        f"own, blocking client sockets, TCP_NODELAY.\n"
        f"  round trip: {ROUNDS} rounds of {TRIPS:,} trips of {len(MESSAGE)} bytes on one connection, each after "
        f"{WARM_UP_TRIPS} trips of warm-up.\n"
        f"  throughput: {TRANSFER_ROUNDS} rounds, one direction, {len(BLOCK) // 1024} KiB per send, after "
        f"{WARM_UP_MIB} MiB of warm-up on another connection; our relay is a fresh process each time.\n"
        f"  {' '.join(peers.socat_command('PORT'))}\n"
        f"  {' '.join(peers.mitmproxy_command('PORT'))}",
    )
    hops: dict[str, Hop] = {BARE: _no_hop, RELAY: peers.our_relay}
    if find_tool("socat"):
        hops[SOCAT] = peers.socat
    else:
        result.missing(f"against {SOCAT}", "install socat")
    if peers.find_mitmdump():
        hops[MITMPROXY] = peers.mitmproxy
    else:
        result.missing(f"against {MITMPROXY}", "install mitmproxy, or name its mitmdump in MITMDUMP")

    with peers.server() as server_port:
        _report_round_trips(result, _measure_round_trips(hops, server_port))
        for amount_mib, what in (
            (SHORT_MIB, f"{SHORT_MIB} MiB, all recorded"),
            (LONG_MIB, f"{LONG_MIB} MiB, past the bound"),
        ):
            _report_throughput(result, what, _measure_throughput(hops, server_port, amount_mib))
    return result


# --- round trips ------------------------------------------------------------------------


def _measure_round_trips(hops: Mapping[str, Hop], server_port: int) -> dict[str, list[list[float]]]:
    """For each hop and round, the times in microseconds."""
    times_us: dict[str, list[list[float]]] = {name: [] for name in hops}
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(hop(server_port)) for name, hop in hops.items()}
        for _ in range(ROUNDS):
            for name, port in ports.items():
                times_us[name].append(_round_trips_us(port))
    return times_us


def _round_trips_us(port: int) -> list[float]:
    times_us = []
    with socket.create_connection((peers.LOOPBACK, port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(HEADER.pack(0))
        for _ in range(WARM_UP_TRIPS + TRIPS):
            start_ns = time.perf_counter_ns()
            sock.sendall(MESSAGE)
            missing = len(MESSAGE)
            while missing:
                missing -= len(sock.recv(missing))
            times_us.append((time.perf_counter_ns() - start_ns) / 1000)
    return times_us[WARM_UP_TRIPS:]


def _report_round_trips(result: Result, times_us: Mapping[str, list[list[float]]]) -> None:
    medians = {name: [summary(one).median for one in rounds] for name, rounds in times_us.items()}
    added = {
        name: [hop - bare for hop, bare in zip(medians[name], medians[BARE], strict=True)]
        for name in times_us
        if name != BARE
    }
    for name, rounds in times_us.items():
        all_us = summary([one for times in rounds for one in times])
        how = f"n={all_us.n:,}, p5 {all_us.p5:.1f}, p95 {all_us.p95:.1f}, p99 {all_us.p99:.1f}"
        result.add(f"round trip, {name}", all_us.median, "µs", how)
    for name, per_round in added.items():
        spread = summary(per_round)
        how = f"median of {spread.n} rounds, {spread.low:.1f} to {spread.high:.1f}"
        result.add(f"added by {name}", spread.median, "µs", how)
    for peer, goal in ((SOCAT, Goal(2)), (MITMPROXY, Goal(1 / 3))):
        if peer in added:
            ratios = ratio(added[RELAY], added[peer])
            how = f"of the medians of {ratios.n} rounds, 90% interval {ratios.low:.2f} to {ratios.high:.2f}"
            result.add(f"added, ours over {peer}'s", ratios.median, "times", how, goal, ratios)


# --- throughput -------------------------------------------------------------------------


def _measure_throughput(hops: Mapping[str, Hop], server_port: int, amount_mib: int) -> dict[str, list[float]]:
    """For each hop, MB/s (10**6 bytes) by round."""
    rates: dict[str, list[float]] = {name: [] for name in hops}
    with contextlib.ExitStack() as stack:
        # A relay that has recorded up to its bound would be measured without recording.
        ports = {name: stack.enter_context(hop(server_port)) for name, hop in hops.items() if name != RELAY}
        for _ in range(TRANSFER_ROUNDS):
            for name in hops:
                with hops[RELAY](server_port) if name == RELAY else contextlib.nullcontext(ports[name]) as port:
                    _transfer_s(port, WARM_UP_MIB)
                    rates[name].append(amount_mib * MIB / _transfer_s(port, amount_mib) / 1e6)
    return rates


def _transfer_s(port: int, amount_mib: int) -> float:
    """How long it takes until the server has read the whole transfer, its answer included."""
    with socket.create_connection((peers.LOOPBACK, port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        sock.sendall(HEADER.pack(amount_mib * MIB))
        for _ in range(amount_mib * MIB // len(BLOCK)):
            sock.sendall(BLOCK)
        if sock.recv(1) != b"!":
            raise RuntimeError("the transfer did not arrive")
        return time.perf_counter() - start


def _report_throughput(result: Result, what: str, rates: Mapping[str, list[float]]) -> None:
    for name, per_round in rates.items():
        spread = summary(per_round)
        how = f"median of {spread.n} rounds, {spread.low:,.0f} to {spread.high:,.0f}"
        result.add(f"{what}, {name}", spread.median, "MB/s", how)
    for peer, goal in ((SOCAT, Goal(1, at_most=False)), (MITMPROXY, Goal(5, at_most=False))):
        if peer in rates:
            ratios = ratio(rates[RELAY], rates[peer])
            how = f"of the medians of {ratios.n} rounds, 90% interval {ratios.low:.2f} to {ratios.high:.2f}"
            result.add(f"{what}, ours over {peer}'s", ratios.median, "times", how, goal, ratios)
