r"""Joins the halves of characters that JSON escapes cut apart, so that text never holds half a character.

JSON may write a character beyond U+FFFF as two escapes, ``\ud83d\ude00`` (RFC 8259 §7). A server whose strings
are UTF-16 can cut between the two, and send one in each of two deltas. ``collecting.py`` puts all text through here.
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH = ("\ud800", "\udbff")


class Characters:
    """The text of one answer, or of the arguments of one call, whole character by whole character."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, text: str) -> str:
        """What can be shown once ``text`` has come. A first half at its end is held back; a lone one becomes U+FFFD."""
        text = self._held + text
        self._held = ""
        if not _SURROGATE.search(text):
            return text
        if _HIGH[0] <= text[-1] <= _HIGH[1]:
            self._held = text[-1]
            text = text[:-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def end(self) -> str:
        """What remains when nothing more comes: U+FFFD for a half that was held back, or nothing."""
        rest = "\ufffd" if self._held else ""
        self._held = ""
        return rest
