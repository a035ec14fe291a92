"""clock: the times that the relay writes down, against tcpdump's times of the same bytes in the same run."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lab_servers import Lab, Side
from lab_servers.capture.capture import Capture
from tests.bench.report import Result
from tests.bench.statistics import Goal, summary
from tests.tools import find_tool

EXCHANGES = 2_000
WARM_UP = 200

GOAL = Goal(1.0)

INTERFACE = "lo" if sys.platform == "linux" else "lo0"


@dataclass(frozen=True)
class Segment:
    """A TCP segment with data, as tcpdump saw it: Unix time in nanoseconds, ports, and where it lies in its stream."""

    at_ns: int
    source: int
    destination: int
    offset: int
    length: int


def run() -> Result:
    """Capture one keep-alive conversation twice: with the relay and with tcpdump."""
    result = Result(
        "clock",
        f"{EXCHANGES:,} small HTTP exchanges on one connection after {WARM_UP} of warm-up, client and lab in one "
        "process. Each relay chunk is held against the segment that brought its last byte.\n"
        f"  tcpdump -i {INTERFACE} --immediate-mode --time-stamp-precision=nano -s 128",
    )
    tcpdump, tshark = find_tool("tcpdump"), find_tool("tshark")
    if tcpdump is None or tshark is None:
        result.missing("recorded times", f"install {'tcpdump' if tcpdump is None else 'tshark'}")
        return result
    with Lab(["http"]) as lab, tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "lo.pcap")
        relay = lab.hosted[0].relay
        ports = relay.address[1], relay.upstream[1]
        try:
            with _tcpdump(tcpdump, file, ports) as said:
                _talk(urlsplit(lab.url("http")).netloc)
        except PermissionError as error:
            result.missing("recorded times", f"run as root or give tcpdump the right to capture: {error}")
            return result
        recording = lab.recording("clock")
        segments = list(_read(tshark, file))
    (capture,) = recording.captures
    signed: list[float] = []
    for side, matches in (
        (Side.CLIENT, lambda segment: segment.destination == ports[0]),
        (Side.SERVER, lambda segment: segment.source == ports[1]),
    ):
        found = differences_ms(capture, side, filter(matches, segments), recording.wall_clock_offset_ns)[WARM_UP:]
        signed += found
        _report(result, f"bytes from the {side.value}", found)
    distances = summary([abs(one) for one in signed])
    how = f"n={distances.n:,}, median {distances.median:.4f}, p95 {distances.p95:.4f}, largest {distances.high:.3f}"
    result.add("distance, 99th percentile", distances.p99, "ms", how, GOAL)
    chunks = len(capture.chunks) - 2 * WARM_UP
    result.add("chunks without their segment", chunks - len(signed), "", f"of {chunks:,}; tcpdump: {said[-1]}", Goal(0))
    return result


def differences_ms(
    capture: Capture, sender: Side, segments: Iterable[Segment], wall_clock_offset_ns: int
) -> list[float]:
    """Relay time less tcpdump time in milliseconds, for every chunk whose last byte a segment brought."""
    arrived: dict[int, int] = {}
    for segment in segments:
        # A byte that is sent again arrived the first time.
        arrived.setdefault(segment.offset + segment.length, segment.at_ns)
    return [
        (chunk.at_ns + wall_clock_offset_ns - arrived[chunk.end]) / 1e6
        for chunk in capture.chunks_from(sender)
        if chunk.end in arrived
    ]


def _report(result: Result, name: str, signed_ms: list[float]) -> None:
    spread = summary(signed_ms)
    how = f"n={spread.n:,}, p5 {spread.p5:.4f}, p95 {spread.p95:.4f}, p99 {spread.p99:.4f}"
    result.add(f"{name}: relay less tcpdump, median", spread.median, "ms", how)


def _talk(address: str) -> None:
    client = http.client.HTTPConnection(address)
    for _ in range(WARM_UP + EXCHANGES):
        client.request("GET", "/api/user/info")
        client.getresponse().read()
    client.close()


@contextmanager
def _tcpdump(path: str, file: Path, ports: tuple[int, int]) -> Iterator[list[str]]:
    """Capture during the block; afterwards the yielded list holds what tcpdump said.

    Raises:
        PermissionError: tcpdump may not capture here.
    """
    options = ["-i", INTERFACE, "-n", "--immediate-mode", "--time-stamp-precision=nano", "-s", "128", "-B", "16384"]
    said: list[str] = []
    # Written by us and not with -w FILE: started by root, tcpdump becomes a user who may not write there.
    with file.open("wb") as stream:
        command = [path, *options, "-U", "-w", "-", f"tcp port {ports[0]} or tcp port {ports[1]}"]
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        try:
            for line in process.stderr:
                said.append(line.strip())
                if "listening on" in line:
                    break
            else:
                raise PermissionError(said[-1] if said else os.strerror(1))
            yield said
        finally:
            process.terminate()
            said += [line.strip() for line in process.stderr]
            process.wait(10)


def _read(tshark: str, file: Path) -> Iterator[Segment]:
    fields = ["frame.time_epoch", "tcp.srcport", "tcp.dstport", "tcp.seq", "tcp.len"]
    command = [tshark, "-r", str(file), "-n", "-Y", "tcp.len > 0", "-T", "fields"]
    command += [word for field in fields for word in ("-e", field)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        seconds, source, destination, sequence, length = line.split("\t")
        whole, _, fraction = seconds.partition(".")
        at_ns = int(whole) * 10**9 + int(fraction.ljust(9, "0"))
        # tshark counts relative to the SYN, which takes the number 0.
        yield Segment(at_ns, int(source), int(destination), int(sequence) - 1, int(length))
