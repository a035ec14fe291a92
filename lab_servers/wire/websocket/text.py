"""Whether the text of one message is UTF-8, checked as a strict receiver does: as soon as each byte arrives."""

from __future__ import annotations

import codecs
from typing import NamedTuple

# So much is decoded at once: the decoded text takes up to four times that, and is thrown away.
_STEP_BYTES = 1 << 18


class BrokenText(NamedTuple):
    """The first bytes of a message that are not UTF-8.

    Attributes:
        start: Where they begin, counted in bytes of the text from its beginning.
        stop: Where they end.
        is_cut: Whether the text ended in the middle of a character.
    """

    start: int
    stop: int
    is_cut: bool


class Utf8Check:
    """Checks one text that arrives in parts, and remembers the beginning of a character that is not complete yet.

    Attributes:
        length: So many bytes have come so far.
    """

    __slots__ = ("_pending", "length")

    def __init__(self) -> None:
        self.length = 0
        self._pending = b""

    def feed(self, data: bytes, *, is_last: bool = False) -> BrokenText | None:
        """What is wrong with the text once ``data`` has come, or ``None`` if nothing is."""
        for at in range(0, len(data), _STEP_BYTES):
            broken = self._decode(data[at : at + _STEP_BYTES])
            if broken:
                return broken
        if is_last and self._pending:
            return BrokenText(self.length - len(self._pending), self.length, True)
        return None

    def _decode(self, data: bytes) -> BrokenText | None:
        start = self.length - len(self._pending)
        data = self._pending + data
        try:
            _, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError as error:
            return BrokenText(start + error.start, start + error.end, False)
        self._pending = data[used:]
        self.length = start + len(data)
        return None
