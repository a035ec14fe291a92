"""Tells a proof to people, as lines of text, and to programs, as data of the shape in ``claims.schema.json``.

``cli/claims.py`` prints what these functions return. Captured bytes in it are made harmless first.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from lab_servers.proofs.proof import Evidence, Excerpt, Proof, Verdict
from lab_servers.wire.printable import printable

WIDTH = 100
_INDENT = " " * 6
_MOST_CHARACTERS = 400
_SIGNS = {True: "✓", False: "✗"}


def as_text(proof: Proof, width: int = WIDTH) -> str:
    """A proof as lines of at most ``width`` columns: claim, verdict, evidence, deciding bytes, correction."""
    return "\n".join(_lines(proof, width))


def _lines(proof: Proof, width: int) -> Iterator[str]:
    yield f"{proof.claim.id}   {proof.verdict.value.upper()}"
    yield from _wrapped(proof.claim.sentence, "      ", width)
    if proof.why_not:
        yield from _wrapped(proof.why_not, "    → ", width)
    for one in proof.evidence:
        yield from _told(one, width)
    if proof.verdict is not Verdict.NOT_SHOWN_YET:
        yield from _wrapped(f"But: {proof.claim.correction}", "      ", width)
    for one in proof.correction:
        yield from _told(one, width)


def _told(evidence: Evidence, width: int) -> Iterator[str]:
    if evidence.section:
        yield from _wrapped(f"{evidence.sentence} ({evidence.section}: cited, not shown)", "    § ", width)
        return
    yield from _wrapped(evidence.sentence, f"    {_SIGNS[evidence.holds]} ", width)
    for one in evidence.excerpts:
        place = f"{one.server} {one.connection} {_ARROWS[one.sender.value]} bytes {one.start} to {one.stop - 1}:"
        room = width - len(_INDENT) - len(place) - 4
        yield f"{_INDENT}  {place} {_narrow(_content(one), max(room, 16))}"


_ARROWS = {"client": "→", "server": "←"}


def _content(excerpt: Excerpt) -> str:
    """The bytes as text where they are text, else as hex digits."""
    cut = "…" if excerpt.stop - excerpt.start > len(excerpt.data) else ""
    return (_text(excerpt.data) or excerpt.data.hex(" ")) + cut


def _text(data: bytes) -> str:
    """As text on one line; empty where it is none. A character cut at the end is left out."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data" or not error.start:
            return ""
        text = data[: error.start].decode("utf-8")
    if not all(char.isprintable() or char in "\r\n\t" for char in text):
        return ""
    return printable(text, _MOST_CHARACTERS)


def _narrow(text: str, columns: int) -> str:
    return text if _columns(text) <= columns else f"{_cut(text, columns - 1)}…"


def _columns(text: str) -> int:
    """How wide it is in a terminal, in which Chinese characters take two columns."""
    return sum(2 if ord(char) >= 0x1100 and char != "…" else 1 for char in text)


def _cut(text: str, columns: int) -> str:
    end, used = 0, 0
    while end < len(text) and (used := used + _columns(text[end])) <= columns:
        end += 1
    return text[:end]


def _wrapped(text: str, first: str, width: int) -> Iterable[str]:
    safe = printable(text, 4 * _MOST_CHARACTERS)
    # A line of Chinese characters is wider than it is long; sentences have few of them.
    return textwrap.wrap(safe, width - 4, initial_indent=first, subsequent_indent=_INDENT, break_on_hyphens=False)


# --- for programs -----------------------------------------------------------------------------------


def as_data(proof: Proof) -> dict[str, Any]:
    """A proof as data that ``json.dumps`` takes."""
    return {
        "id": proof.claim.id,
        "verdict": proof.verdict.value,
        "claim": proof.claim.sentence,
        "correction": proof.claim.correction,
        "notebook": proof.claim.notebook,
        "why_not": proof.why_not,
        "evidence": [_evidence(one) for one in proof.evidence],
        "evidence_of_correction": [_evidence(one) for one in proof.correction],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "sentence": evidence.sentence,
        "holds": evidence.holds,
        "section": evidence.section,
        "figures": dict(evidence.figures),
        "bytes": [_bytes(one) for one in evidence.excerpts],
    }


def _bytes(excerpt: Excerpt) -> dict[str, Any]:
    return {
        "server": excerpt.server,
        "connection": excerpt.connection,
        "sender": excerpt.sender.value,
        "range": [excerpt.start, excerpt.stop],
        "hex": excerpt.data.hex(),
        "text": _text(excerpt.data),
    }


def summary(proofs: Iterable[Proof]) -> str:
    """How many hold, fail and are not shown yet, in one line."""
    verdicts = [one.verdict for one in proofs]
    told = ", ".join(f"{kind.value}: {verdicts.count(kind)}" for kind in Verdict)
    return f"{len(verdicts)} {'claim' if len(verdicts) == 1 else 'claims'} tried. {told[0].upper()}{told[1:]}."
