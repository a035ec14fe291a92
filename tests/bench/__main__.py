"""``python -m tests.bench [NAME ...] [--json FILE]``: run benchmarks and print their figures.

Figures are reported and never judged by the exit status, which is 0 even when a goal is not met:
a busy machine must not look like a broken program. What holds whatever the machine is in the tests.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from tests.bench import (
    answers,
    clock,
    conditions,
    cycles,
    explain,
    growth,
    notebooks,
    pictures,
    relay,
    report,
    startup,
    stop,
    wire,
)

BENCHMARKS = {
    "relay": relay.run,
    "conditions": conditions.run,
    "clock": clock.run,
    "startup": startup.run,
    "cycles": cycles.run,
    "stop": stop.run,
    "wire": wire.run,
    "explain": explain.run,
    "notebooks": notebooks.run,
    "pictures": pictures.run,
    "growth": growth.run,
    "answers": answers.run,
}


def main(words: Sequence[str] | None = None) -> None:
    """Run what the command line names, or everything; ``words`` stand in for the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure, and compare with peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; all without one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same figures to a file")
    arguments = parser.parse_args(words)
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {sorted(unknown)[0]!r}: choose from {', '.join(BENCHMARKS)}")

    facts = report.machine()
    print("machine: " + "; ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    results = []
    for name in arguments.names or BENCHMARKS:
        results.append(BENCHMARKS[name]())
        print("\n" + report.text(results[-1]), flush=True)
    if arguments.json:
        written = json.dumps(report.as_json(facts, results), ensure_ascii=False, indent=1)
        arguments.json.write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
