"""Reads the options of ``claims`` into a frozen command; ``arguments.py`` does so for the other commands."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

CLAIMS_OPTIONS = ("--json",)

_CLAIMS = """\
Put the claims of the course to the test, each on a recording made just now, and tell for each whether it holds, what
was seen, the bytes that decided, and what was seen of its correction or limit.

→ is what the client sent, ← the server; bytes are counted in everything that this side sent on the connection.
✓ is what the claim says, ✗ contradicts it, § is cited from a specification and decides nothing.

Exit status 0 when no claim fails, else 1. A claim that nothing here can show yet is no failure, and is never called
passed."""

_CLAIMS_JSON = """\
print {"claims": [{"id": ..., "verdict": "holds" | "fails" | "not shown yet", "claim": ..., "correction": ...,
"notebook": ..., "why_not": ..., "evidence": [{"sentence": ..., "holds": BOOL, "section": ..., "figures": {...},
"bytes": [{"server": ..., "connection": N, "sender": ..., "range": [START, STOP], "hex": ..., "text": ...}, ...]}, ...],
"evidence_of_correction": [...]}, ...]}, once all are done; lab_servers/proofs/claims.schema.json is the whole of it"""


@dataclass(frozen=True)
class Claims:
    """Put claims to the test.

    Attributes:
        ids: Which; all of them when empty.
        as_json: Whether to print the machine-readable form.
    """

    ids: tuple[str, ...]
    as_json: bool


def add_claims(commands: Any, formatter: type[argparse.HelpFormatter]) -> None:
    """Add the command to argparse's subcommands."""
    claims = commands.add_parser(
        "claims", help="put the claims of the course to the test", description=_CLAIMS, allow_abbrev=False,
        formatter_class=formatter,
    )  # fmt: skip
    claims.add_argument("ids", metavar="ID", nargs="*", help="which claims, such as C01; all of them unless told")
    claims.add_argument("--json", action="store_true", help=_CLAIMS_JSON)


def read_claims(found: argparse.Namespace) -> Claims:
    """The command that was asked for; whether there are such claims is known when their proofs are."""
    return Claims(tuple(found.ids), found.json)
