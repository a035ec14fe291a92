"""explain: what it costs to have a capture file explained to the byte, beside tshark's ``-T pdml`` of the same file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import explain_capture
from tests.bench.peers import ROOT
from tests.bench.report import Result
from tests.bench.statistics import Goal, ratio, summary
from tests.tools import find_tool

PACKETS = 20_000
ROUNDS = 9
WARM_UPS = 1

MIB = 1024 * 1024
OURS, TSHARK = "explain", "tshark"

GOAL = Goal(1)


@dataclass(frozen=True)
class Took:
    """What one run of a program took.

    Attributes:
        wall_s: From its start to its end.
        cpu_s: In the program and in the system on its behalf.
        peak_bytes: The most memory that was resident.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int


def our_command(file: str) -> list[str]:
    """Everything that we can say about a file, as JSON."""
    return [sys.executable, "-m", "lab_servers", "explain", file, "--json"]


def tshark_command(file: str) -> list[str]:
    """Everything that Wireshark can say about a file, as XML, with HTTP at the port where it is."""
    port = explain_capture.SERVER_ADDRESS[1]
    return ["tshark", "-r", file, "-T", "pdml", "-d", f"tcp.port=={port},http"]


def run() -> Result:
    """Let both explain the same file in turns."""
    path = find_tool("tshark")
    commands = {OURS: our_command("FILE")}
    if path is not None:
        commands[TSHARK] = tshark_command("FILE")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "mixed.pcapng")
        explain_capture.write(file, PACKETS)
        result = Result(
            "explain",
            f"one file of {PACKETS:,} packets at most ({file.stat().st_size / MIB:.1f} MiB): HTTP exchanges, event "
            f"streams in chunks, WebSocket; whole processes take turns, {ROUNDS} of each after {WARM_UPS} of warm-up, "
            "output to /dev/null.\n" + "\n".join(f"  {' '.join(_shown(command))}" for command in commands.values()),
        )
        rounds = [
            {name: measure(_of(command, str(file), path), directory) for name, command in commands.items()}
            for _ in range(WARM_UPS + ROUNDS)
        ][WARM_UPS:]
    took = {name: [one[name] for one in rounds] for name in commands}
    for name, runs in took.items():
        _report(result, name, runs)
    if path is None:
        result.missing(f"over {TSHARK}'s", "install tshark")
    else:
        _report_ratios(result, took)
    return result


def _shown(command: Sequence[str]) -> list[str]:
    return ["python" if word == sys.executable else word for word in command]


def _of(command: Sequence[str], file: str, tshark: str | None) -> list[str]:
    return [{"FILE": file, "tshark": tshark or ""}.get(word, word) for word in command]


def measure(command: Sequence[str], directory: str) -> Took:
    """Run a command to its end, with ``directory`` as its home: a Wireshark's preferences of its user do not count.

    Raises:
        CalledProcessError: it failed.
    """
    environment = {**os.environ, "HOME": directory, "WIRESHARK_CONFIG_DIR": directory}
    whole = [sys.executable, "-m", "tests.bench.measured_process", *command]
    done = subprocess.run(whole, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    return Took(**json.loads(done.stdout))


def _report(result: Result, name: str, runs: Sequence[Took]) -> None:
    for what, unit, values in (
        ("wall time", "s", [one.wall_s for one in runs]),
        ("CPU time", "s", [one.cpu_s for one in runs]),
        ("peak memory", "MiB", [one.peak_bytes / MIB for one in runs]),
    ):
        spread = summary(values)
        how = f"median of {spread.n}, {spread.low:.2f} to {spread.high:.2f}"
        result.add(f"{name}, {what}", spread.median, unit, how)


def _report_ratios(result: Result, took: Mapping[str, Sequence[Took]]) -> None:
    ours, theirs = took[OURS], took[TSHARK]
    for what, goal, ratios in (
        ("wall time", GOAL, ratio([one.wall_s for one in ours], [one.wall_s for one in theirs])),
        ("CPU time", None, ratio([one.cpu_s for one in ours], [one.cpu_s for one in theirs])),
        ("peak memory", GOAL, ratio([one.peak_bytes for one in ours], [one.peak_bytes for one in theirs])),
    ):
        how = f"of the medians of {ratios.n} rounds, 90% interval {ratios.low:.2f} to {ratios.high:.2f}"
        result.add(f"{what}, ours over {TSHARK}'s", ratios.median, "times", how, goal, ratios)
