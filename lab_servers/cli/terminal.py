"""Puts numbers into words, and complaints on standard error. ``wire/printable.py`` makes captured text safe."""

from __future__ import annotations

import sys

from lab_servers.wire.printable import printable

MAX_SENTENCE_CHARACTERS = 1_000


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
