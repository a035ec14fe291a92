"""The command line: ``python -m lab_servers`` with ``doctor``, ``serve``, ``run``, ``explain`` or ``claims``.

``arguments.py`` reads what was typed, and the module that is called like the command does it. Standard output carries
results only; whatever else there is to say goes to standard error.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from lab_servers.cli.arguments import Doctor, Explain, Serve, parse
from lab_servers.cli.claims_arguments import Claims
from lab_servers.cli.run_arguments import Run
from lab_servers.cli.terminal import complain
from lab_servers.errors import LabError

EXIT_PROBLEM = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130  # what a shell reports for a program that SIGINT ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: The arguments, without the program's name; ``None`` takes those of the process.

    Returns:
        0 when all went well, 1 when the command found or met a problem, 2 when it was asked for
        something that cannot be done, 130 when it was interrupted before it had begun.
    """
    _prepare_streams()
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output (`| head`) has enough. Python would complain once more when it
        # flushes standard output at its end, so that goes nowhere from here on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller, as `>&-` does
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (stays open to the end)
        elif isinstance(stream, io.TextIOWrapper):
            # A terminal or a pipe in an old 8-bit encoding has no "→" and no "收到".
            stream.reconfigure(errors="backslashreplace")


def _run(argv: Sequence[str]) -> int:
    try:
        command = parse(argv)
        match command:
            case Doctor():
                return _doctor(command)
            case Serve():
                return _serve(command)
            case Run():
                return _run_scenario(command)
            case Explain():
                return _explain(command)
            case Claims():
                return _claims(command)
    except LabError as error:
        complain(str(error))
        return EXIT_BAD_INPUT


def _doctor(command: Doctor) -> int:
    from lab_servers.cli.doctor import examine

    report = examine()
    print(report.as_json() if command.as_json else report, flush=True)
    return EXIT_PROBLEM if report.has_problem else 0


def _serve(command: Serve) -> int:
    # Not at the top: help and doctor must work where what the servers need is not installed.
    try:
        from lab_servers.cli.serve import serve
    except ModuleNotFoundError as error:
        return _lacks(error)
    return serve(command)


def _run_scenario(command: Run) -> int:
    try:
        from lab_servers.cli.run import run
    except ModuleNotFoundError as error:
        return _lacks(error)
    return run(command)


def _claims(command: Claims) -> int:
    try:
        from lab_servers.cli.claims import claims
    except ModuleNotFoundError as error:
        return _lacks(error)
    return claims(command)


def _lacks(error: ModuleNotFoundError) -> int:
    complain(f"{error.name} is not installed: python -m lab_servers doctor says what else is missing.")
    return EXIT_PROBLEM


def _explain(command: Explain) -> int:
    from lab_servers.cli.explain import explain

    return explain(command)
