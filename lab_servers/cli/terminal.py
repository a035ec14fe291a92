"""Makes text from anywhere safe to show in a terminal, and puts numbers into words."""

from __future__ import annotations

import sys

MAX_SENTENCE_CHARACTERS = 1_000


def printable(text: str, limit: int) -> str:
    r"""The text on one line and without anything that a terminal would obey.

    Control characters and what turns the direction of writing appear as escapes such as
    ``\x1b``; a text of more than ``limit`` characters is cut, and says how long it was.
    """
    cut = text[:limit]
    shown = "".join(char if char.isprintable() else _escaped(char) for char in cut)
    return shown if len(text) <= limit else f"{shown}… ({len(text):,} characters)"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def counted(number: int, noun: str) -> str:
    """``1 byte``, ``2,048 bytes``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def lasted(duration_ns: int) -> str:
    """A duration for people: ``1.2 ms`` or ``4.0 s``."""
    milliseconds = max(duration_ns, 0) / 1e6
    # 999.95 ms would be rounded to the odd "1000.0 ms".
    return f"{milliseconds:.1f} ms" if milliseconds < 999.95 else f"{milliseconds / 1e3:,.1f} s"


def complain(sentence: str) -> None:
    """Write one line to standard error, whatever the text in it came from."""
    print(printable(sentence, MAX_SENTENCE_CHARACTERS), file=sys.stderr, flush=True)
