"""The hops that the relay is measured against, and the server behind them all, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.tools import find_tool

LOOPBACK = "127.0.0.1"

ROOT = Path(__file__).resolve().parents[2]


def find_mitmdump() -> str | None:
    """mitmproxy's command: the program that ``MITMDUMP`` names, or the one on the path."""
    return shutil.which(os.environ.get("MITMDUMP", "mitmdump"))


@contextlib.contextmanager
def started(command: Sequence[str], port_pattern: str = r"^(\d+)$") -> Iterator[int]:
    """Run a program that listens, from when it has printed its port, which is yielded, to the end of the block."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            found = re.search(port_pattern, line)
            if found:
                break
        else:
            raise RuntimeError(f"{os.path.basename(command[0])} ended without a port: {''.join(printed)}")
        # Whatever it prints from here on must not fill the pipe and block it.
        draining = threading.Thread(target=deque, args=(process.stdout, 0), daemon=True)
        draining.start()
        yield int(found[1])
        process.terminate()
        draining.join(10)
    finally:
        process.terminate()
        process.communicate(timeout=10)


@contextlib.contextmanager
def server() -> Iterator[int]:
    """The server behind every hop: see ``server_process.py``."""
    with started([sys.executable, "-m", "tests.bench.server_process"]) as port:
        yield port


@contextlib.contextmanager
def our_relay(upstream_port: int, delay_s: float = 0, rate_bytes_s: float = 0) -> Iterator[int]:
    """Our relay, recording, with the default bound; with a delay and a rate in both directions, if given."""
    words = [str(upstream_port), str(delay_s), str(rate_bytes_s)]
    with started([sys.executable, "-m", "tests.bench.relay_process", *words]) as port:
        yield port


def socat_command(upstream: str) -> list[str]:
    """socat with its default block of 8 KiB. It forks one process for each connection."""
    listen = f"TCP-LISTEN:0,bind={LOOPBACK},reuseaddr,fork,nodelay"
    return ["socat", "-d", "-d", listen, f"TCP:{LOOPBACK}:{upstream},nodelay"]


@contextlib.contextmanager
def socat(upstream_port: int) -> Iterator[int]:
    """The socat of the system; it must be installed."""
    path = find_tool("socat")
    assert path is not None
    with started([path, *socat_command(str(upstream_port))[1:]], r"listening on .*:(\d+)$") as port:
        yield port


def mitmproxy_command(upstream: str) -> list[str]:
    """mitmproxy as a plain TCP hop; flows are not printed."""
    mode = f"reverse:tcp://{LOOPBACK}:{upstream}"
    return ["mitmdump", "--mode", mode, "--listen-host", LOOPBACK, "--listen-port", "0", "--set", "flow_detail=0"]


@contextlib.contextmanager
def mitmproxy(upstream_port: int) -> Iterator[int]:
    """The mitmproxy that :func:`find_mitmdump` finds; there must be one."""
    path = find_mitmdump()
    assert path is not None
    with tempfile.TemporaryDirectory() as directory:
        command = [path, *mitmproxy_command(str(upstream_port))[1:], "--set", f"confdir={directory}"]
        with started(command, r"listening at .*:(\d+)\.?$") as port:
            yield port
