"""Values in a verdict: any Python value as a short literal on one line, bytes as hexadecimal too, where two differ.

Values come from a learner's code, so nothing here trusts them: a ``repr`` that raises or never ends is the concern of
``trying.py``, which calls these functions inside its bounds.
"""

from __future__ import annotations

import reprlib
from typing import Any

from lab_servers.course.trying import TimeIsUp
from lab_servers.wire.printable import printable

MAX_CHARACTERS = 600

# Of more bytes than these, both ends are shown: what was cut off or left over is at the end as a rule.
MAX_BYTES, BEGINNING, END = 100, 50, 40
MAX_HEX_BYTES, HEX_END = 48, 16


class _Short(reprlib.Repr):
    """Python's own abbreviating repr, which knows nothing of bytes, with bounds that fit a wire."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxdict, self.maxset = 5, 16, 16, 16, 16
        self.maxstring, self.maxlong, self.maxother = 200, 60, 400

    def repr_bytes(self, value: bytes, level: int) -> str:
        if len(value) <= MAX_BYTES:
            return repr(value)
        return f"{value[:BEGINNING]!r} … {value[-END:]!r} ({len(value):,} bytes)"

    def repr_bytearray(self, value: bytearray, level: int) -> str:
        return f"bytearray({self.repr_bytes(bytes(value), level)})"


_SHORT = _Short()


def literal(value: Any) -> str:
    """A value as Python writes it, on one line, cut where it is long."""
    return printable(_SHORT.repr(value), MAX_CHARACTERS)


def hexadecimal(value: Any) -> str:
    """The bytes of bytes, two digits each; empty for anything else and for no bytes."""
    if not isinstance(value, bytes | bytearray) or not value:
        return ""
    data = bytes(value)
    if len(data) <= MAX_HEX_BYTES:
        return data.hex(" ")
    return f"{data[:HEX_END].hex(' ')} … {data[-HEX_END:].hex(' ')}"


def words_of(error: BaseException) -> str:
    """What was raised, on one line."""
    try:
        said = str(error)
    except TimeIsUp:
        raise
    except BaseException:  # its own class may not manage that
        said = ""
    return printable(f"{type(error).__name__}: {said}".removesuffix(": "), 300)


def size(value: Any) -> int:
    """How much there is to read in a value, so that the smallest of several inputs can be shown."""
    if isinstance(value, bytes | bytearray | str):
        return len(value)
    if isinstance(value, dict):
        return sum(1 + size(key) + size(item) for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return sum(1 + size(item) for item in value)
    return len(_SHORT.repr(value))


def given_text(given: Any, expected: Any) -> str:
    """What an answer gave instead of what was expected, with the hint that its type allows."""
    if given is None and expected is not None:
        return "None: is there a return statement on every way through?"
    if given is Ellipsis:
        return "… (the three dots of the starter still stand there)"
    shown = literal(given)
    if type(given) is type(expected) or (isinstance(given, int | float) and isinstance(expected, int | float)):
        return shown
    kind = printable(type(given).__name__, 60)
    return f"{shown}, which is of type {kind}, not {type(expected).__name__}"


def first_difference(given: Any, expected: Any) -> str:
    """Where two sequences of one type part, in a sentence; empty for anything else, and for short ones."""
    if type(given) is not type(expected) or not isinstance(given, bytes | str | list | tuple):
        return ""
    if max(len(given), len(expected)) <= 1:
        return ""
    where = "byte" if isinstance(given, bytes) else "character" if isinstance(given, str) else "item"
    for position, (mine, theirs) in enumerate(zip(given, expected, strict=False)):
        if mine != theirs:
            if isinstance(given, bytes):
                return f"byte {position}: {theirs:02x} expected, {mine:02x} given"
            inside = first_difference(mine, theirs)
            return f"{where} {position}, {inside}" if inside else _at(where, position, theirs, mine)
    if len(given) == len(expected):
        return ""
    return f"length: {len(expected):,} {where}s expected, {len(given):,} given; they agree as far as the shorter goes"


def _at(where: str, position: int, expected: Any, given: Any) -> str:
    return f"{where} {position}: {literal(expected)} expected, {literal(given)} given"
