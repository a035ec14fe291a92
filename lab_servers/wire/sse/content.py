"""What the dissector of event streams reads: growing bytes, and where each of them lies on the wire.

``stream.py`` finds blocks in it. The body of an HTTP message is one such content; bytes that are an
event stream from the outset are another.
"""

from __future__ import annotations

from typing import Protocol

from lab_servers.wire.model import Pieces


class Content(Protocol):
    """The bytes of one event stream.

    Attributes:
        data: All that came so far. Its owner appends to it, and never shortens or changes it.
    """

    data: bytearray

    @property
    def is_one_to_one(self) -> bool:
        """Whether each byte has one of its own on the wire, as inflated bytes have not."""

    def pieces(self, start: int, stop: int) -> Pieces:
        """Where the bytes ``start`` to ``stop`` of ``data`` lie in what their sender sent."""


class PlainContent:
    """An event stream with nothing around it: ``data`` begins at offset ``start`` of what its sender sent."""

    is_one_to_one = True

    def __init__(self, data: bytearray, start: int = 0) -> None:
        self.data = data
        self._start = start

    def pieces(self, start: int, stop: int) -> Pieces:
        """Where the bytes ``start`` to ``stop`` of ``data`` lie in what their sender sent."""
        return ((self._start + start, self._start + stop),) if start < stop else ()
