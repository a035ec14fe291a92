"""Reads the command line into a frozen command; bad input becomes one sentence instead of a usage dump."""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from lab_servers.capture.conditions import LOOPBACK_NETWORK, PRESETS
from lab_servers.cli.claims_arguments import CLAIMS_OPTIONS, Claims, add_claims, read_claims
from lab_servers.cli.run_arguments import RUN_OPTIONS, Run, add_run, read_run
from lab_servers.dissection import LAYERS
from lab_servers.errors import BadParameter, require_one_of
from lab_servers.wire.conversation import Protocol

PROGRAM = "python -m lab_servers"
COMMANDS = ("doctor", "serve", "run", "explain", "claims")
SERVERS = ("http", "polling", "sse", "websocket", "llm")
PROTOCOLS = tuple(protocol.value for protocol in Protocol)
MAX_PORT = 65_535

_OPTIONS = {
    "doctor": ("--json",),
    "serve": ("--json", "--save", "--network", *(f"--{name}" for name in SERVERS)),
    "run": RUN_OPTIONS,
    "explain": ("--json", "--only", "--notes", "--raw", "--protocol"),
    "claims": CLAIMS_OPTIONS,
}

_DESCRIPTION = """\
HTTP, polling, SSE and WebSocket servers on this machine's loopback address, each behind a relay
that records every byte."""

_SERVE = """\
Start the five servers, each behind a recording relay on 127.0.0.1, until SIGINT (Ctrl-C) or SIGTERM ends them.
A second SIGINT ends everything at once, without saving.

Without --json: a table of the servers, then one line for each exchange as it happens. The number after a
server's name is that of the connection."""

_SERVE_JSON = """\
print one line, once all servers are ready, and nothing after it:
{"http": {"url": "http://127.0.0.1:PORT", "port": PORT, "endpoints": [PATH, ...], "curl": COMMAND},
"polling": {...}, "sse": {...}, "websocket": {"url": "ws://127.0.0.1:PORT", ...}, "llm": {...}}"""

_EXPLAIN = """\
Explain every byte of a capture file (pcapng, or classic pcap) that tcpdump, Wireshark or `serve --save` wrote:
each record of HTTP/1.1, Server-Sent Events and WebSocket with its fields, its notes and the sections of the
specifications. With --raw the file is no capture, but the bytes that one side sent.

→ is what the client sent, ← the server. Numbers in brackets are offsets in everything that this side sent.
A note is ✗ forbidden, ! odd but legal, or i worth knowing.

Memory: at most three times the file for reading it, then one connection after the other: twice its bytes, and
about 250 bytes for each of its records. Files of more than 256 MiB are refused."""

_EXPLAIN_JSON = """\
print {"connections": [{"client": "ip:port", "server": "ip:port", "complete": BOOL, "records": [{"direction": ...,
"layer": ..., "name": ..., "pieces": [[START, STOP], ...], "at_s": SECONDS, "fields": [...], "notes": [...]}, ...]},
...]};
lab_servers/views/explanation.schema.json is the whole of it"""

_DOCTOR = """\
Check what the servers and the notebooks need, and say what to do where something is missing.
Exit status 0 when nothing is worse than a warning, else 1."""

_DOCTOR_JSON = """\
print one line: {"status": STATUS, "checks": [{"name": ..., "status": STATUS, "found": ..., "remedy": ...}, ...]};
STATUS is ok, warning or problem"""


@dataclass(frozen=True)
class Doctor:
    """Check the environment.

    Attributes:
        as_json: Whether to print the machine-readable form.
    """

    as_json: bool


@dataclass(frozen=True)
class Serve:
    """Run the servers until a signal.

    Attributes:
        as_json: Whether to print the machine-readable line, and nothing else.
        ports: The relay's port of each server; 0 stands for any free one.
        save: Where to write one pcapng file per server at the end.
        network: The network between each server and its clients, by its name.
    """

    as_json: bool
    ports: Mapping[str, int]
    save: Path | None
    network: str = LOOPBACK_NETWORK.name


@dataclass(frozen=True)
class Explain:
    """Explain a file of captured bytes.

    Attributes:
        file: The capture file, or with ``protocol`` a bare file of bytes.
        as_json: Whether to print the machine-readable form.
        only: The one layer to tell of.
        notes_only: Whether to leave out what has no note.
        protocol: What a bare file of bytes is; ``None`` for a capture file.
    """

    file: Path
    as_json: bool
    only: str | None
    notes_only: bool
    protocol: str | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadParameter(f"{message[:1].upper()}{message[1:]}: see {self.prog} --help.")


def parse(argv: Sequence[str]) -> Doctor | Serve | Run | Explain | Claims:
    """What was asked for.

    Raises:
        BadParameter: an unknown command or option, or a value out of its bounds.
        SystemExit: after ``--help`` and ``--version`` with status 0; without any argument, after
            the help, with status 2.
    """
    parser = _parser()
    if not argv:
        # Not status 0: a script whose variable for the command is empty must not seem to succeed.
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    if not argv[0].startswith("-") and argv[0] not in COMMANDS:
        raise BadParameter(f"There is no command {argv[0]!r}: {_choose(argv[0], COMMANDS)}.")
    found, unknown = parser.parse_known_args(argv)
    if unknown:
        raise BadParameter(_unknown_sentence(found.command, unknown[0]))
    if found.command == "doctor":
        return Doctor(found.json)
    if found.command == "explain":
        return _explain(found)
    if found.command == "run":
        return read_run(found)
    if found.command == "claims":
        return read_claims(found)
    ports = {name: _port(f"--{name}", getattr(found, name)) for name in SERVERS}
    _require_different(ports)
    if found.save == "":
        raise BadParameter("--save needs the name of a folder: '.' is the one you are in.")
    require_one_of("--network", found.network, tuple(PRESETS))
    return Serve(found.json, ports, None if found.save is None else Path(found.save), found.network)


def _parser() -> argparse.ArgumentParser:
    # Abbreviated options would stop working on the day a longer one that begins alike is added.
    parser = _Parser(prog=PROGRAM, description=_DESCRIPTION, allow_abbrev=False, formatter_class=_AsWritten)
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    doctor = commands.add_parser(
        "doctor", help="check what is installed here", description=_DOCTOR, allow_abbrev=False,
        formatter_class=_AsWritten,
    )  # fmt: skip
    doctor.add_argument("--json", action="store_true", help=_DOCTOR_JSON)

    serve = commands.add_parser(
        "serve", help="run the servers until Ctrl-C", description=_SERVE, allow_abbrev=False,
        formatter_class=_AsWritten,
    )  # fmt: skip
    serve.add_argument("--json", action="store_true", help=_SERVE_JSON)
    for name in SERVERS:
        # The text is checked by _port(): argparse's own messages differ between Python versions.
        serve.add_argument(f"--{name}", metavar="PORT", default="0", help=f"port of {name}; 0, the default: a free one")
    serve.add_argument(
        "--save", metavar="DIR",
        help="at the end, write DIR/http.pcapng and so on, one file per server, for Wireshark; "
        "DIR is created, files of an earlier run are replaced",
    )  # fmt: skip
    serve.add_argument(
        "--network", metavar="NAME", default=LOOPBACK_NETWORK.name,
        help=f"what lies between the servers and their clients: {', '.join(PRESETS)}; the default is loopback",
    )  # fmt: skip

    add_run(commands, _AsWritten)

    explain = commands.add_parser(
        "explain", help="explain every byte of a capture file", description=_EXPLAIN, allow_abbrev=False,
        formatter_class=_AsWritten,
    )  # fmt: skip
    explain.add_argument("file", metavar="FILE", nargs="?", default="", help="the file")
    explain.add_argument("--json", action="store_true", help=_EXPLAIN_JSON)
    explain.add_argument("--only", metavar="LAYER", help=f"tell of one layer alone: {', '.join(LAYERS)}")
    explain.add_argument("--notes", action="store_true", help="leave out fields, and what has no note")
    explain.add_argument("--raw", action="store_true", help="the file is what one side sent; needs --protocol")
    explain.add_argument("--protocol", metavar="NAME", help=f"what a raw file holds: {', '.join(PROTOCOLS)}")

    add_claims(commands, _AsWritten)
    return parser


def _explain(found: argparse.Namespace) -> Explain:
    if not found.file:
        raise BadParameter(f"explain needs the name of a file: see {PROGRAM} explain --help.")
    if found.only is not None:
        require_one_of("--only", found.only, LAYERS)
    if found.protocol is not None:
        require_one_of("--protocol", found.protocol, PROTOCOLS)
    if found.raw and found.protocol is None:
        raise BadParameter(f"--raw needs --protocol, to say what the bytes are: one of {', '.join(PROTOCOLS)}.")
    if found.protocol is not None and not found.raw:
        raise BadParameter("--protocol is for bare files of bytes: add --raw, or leave --protocol out.")
    return Explain(Path(found.file), found.json, found.only, found.notes, found.protocol)


class _AsWritten(argparse.RawDescriptionHelpFormatter):
    """Keeps the line ends of a command's description."""


def _version() -> str:
    try:
        ours = importlib.metadata.version("lab_servers")
    except importlib.metadata.PackageNotFoundError:
        ours = "(not installed: run from its source folder)"
    return f"lab_servers {ours}, Python {platform.python_version()}"


def _port(option: str, text: str) -> int:
    # int() also takes " 80", "8_0" and digits of other scripts; a port is plain digits.
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= MAX_PORT):
        raise BadParameter(f"{option} must be a port from 0 to {MAX_PORT} (0: any free one), not {text!r}.")
    return int(text)


def _require_different(ports: Mapping[str, int]) -> None:
    first: dict[int, str] = {}
    for name, port in ports.items():
        if port and port in first:
            raise BadParameter(f"--{first[port]} and --{name} both ask for port {port}: give each its own, or 0.")
        first[port] = name


def _unknown_sentence(command: str, argument: str) -> str:
    known = _OPTIONS[command]
    if not argument.startswith("-"):
        return f"{command} takes no argument {argument!r}: see {PROGRAM} {command} --help."
    return f"{command} has no option {argument.partition('=')[0]!r}: {_choose(argument, known)}."


def _choose(typed: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(typed, known, n=1)
    return f"the nearest is {near[0]}" if near else f"choose from {', '.join(known)}"
