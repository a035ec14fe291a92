"""Reads the options of ``run`` into a frozen command; ``arguments.py`` does so for the other commands."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_servers.errors import BadParameter

RUN_OPTIONS = ("--list", "--set", "--seed", "--json", "--save", "--plot")

_RUN = """\
Run one scenario of the course on a lab of its own, and tell what was recorded: its connections, its table, and the
sentence of its picture. It is what the notebooks do with NAME(parameter=value, …).run(lab).

`run --list` names the scenarios with their parameters, bounds and defaults."""

_RUN_JSON = """\
print one line: {"scenario": NAME, "call": PYTHON, "parameters": {...}, "connections": [{"server": ..., "number": ...,
"client_bytes": ..., "server_bytes": ..., "opened_s": ..., "closed_s": ...}, ...], "marks": [{"at_s": ..., "name": ...,
"detail": ...}, ...], "table": {"caption": ..., "columns": [...], "rows": [[...], ...]}, "sentence": ...,
"notices": [...]}; with --list: [{"name": ..., "sentence": ..., "servers": [...], "parameters": [{"name": ...,
"default": ..., "bounds": ..., "sentence": ...}, ...]}, ...]"""


@dataclass(frozen=True)
class Run:
    """Run a scenario, or list them all.

    Attributes:
        name: The scenario; empty to list them.
        settings: What ``--set`` says, as pairs of name and text, in order.
        seed: What ``--seed`` says; ``None`` without.
        as_json: Whether to print the machine-readable form.
        save: The capture file to write, or ``None``.
        plot: The file for the picture, or ``None``.
    """

    name: str
    settings: tuple[tuple[str, str], ...]
    seed: str | None
    as_json: bool
    save: Path | None
    plot: Path | None


def add_run(commands: Any, formatter: type[argparse.HelpFormatter]) -> None:
    """Add the command to argparse's subcommands."""
    run = commands.add_parser(
        "run", help="run one scenario of the course", description=_RUN, allow_abbrev=False, formatter_class=formatter
    )
    run.add_argument("name", metavar="NAME", nargs="?", default="", help="the scenario")
    run.add_argument("--list", action="store_true", help="list the scenarios and what can be set")
    run.add_argument("--set", metavar="PARAMETER=VALUE", action="append", default=[], help="set one parameter")
    run.add_argument("--seed", metavar="N", help="what its random choices are made with, if it makes any")
    run.add_argument("--json", action="store_true", help=_RUN_JSON)
    run.add_argument("--save", metavar="FILE", help="write what was recorded to a pcapng file, for Wireshark")
    run.add_argument("--plot", metavar="FILE", help="write the picture: its ending, .png, .svg or .pdf, is its format")


def read_run(found: argparse.Namespace) -> Run:
    """The command that was asked for.

    Raises:
        BadParameter: it says too little, or contradicts itself.
    """
    if found.list and (found.name or found.set or found.seed or found.save or found.plot):
        raise BadParameter("run --list runs nothing: leave out the other options, or --list.")
    if not found.list and not found.name:
        raise BadParameter("run needs the name of a scenario: run --list tells which there are.")
    settings: list[tuple[str, str]] = []
    for text in found.set:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadParameter(f"--set needs PARAMETER=VALUE, such as delay_s=0.2, not {text!r}.")
        if name in dict(settings) or (name == "seed" and found.seed is not None):
            raise BadParameter(f"{name} is set twice: set it once.")
        settings.append((name, value))
    for option in ("save", "plot"):
        if getattr(found, option) == "":
            raise BadParameter(f"--{option} needs the name of a file.")
    return Run(
        found.name,
        tuple(settings),
        found.seed,
        found.json,
        None if found.save is None else Path(found.save),
        None if found.plot is None else Path(found.plot),
    )
