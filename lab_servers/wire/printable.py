"""Makes text from anywhere safe to show: in a terminal, in a picture, on one line of a page."""

from __future__ import annotations


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
