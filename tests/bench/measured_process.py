"""``python -m tests.bench.measured_process COMMAND ...``: run a command and print as JSON what it took.

A process of its own, because on Linux a child's peak memory begins with that of the process it was forked from:
this one is small, while a benchmark may hold hundreds of megabytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

# Linux counts ru_maxrss in KiB, macOS in bytes.
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Run it with its output thrown away, and pass its exit status on."""
    start = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    took = {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * _MAXRSS_BYTES,
    }
    print(json.dumps(took))
    sys.exit(child.returncode)


if __name__ == "__main__":
    main()
