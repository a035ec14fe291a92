"""Content that lies in pieces, as an event stream does in a chunked body: each piece has other bytes around it."""

from __future__ import annotations

from collections.abc import Iterable

from lab_servers.wire.model import Pieces, within

BEFORE = b"5\r\n"  # stands for the size line of a chunk
AFTER = b"\r\n"


class ChunkedContent:
    """The content of a stream ``wire`` that grows with each call of :meth:`add`."""

    is_one_to_one = True

    def __init__(self) -> None:
        self.data = bytearray()
        self.wire = bytearray()
        self._pieces: list[tuple[int, int]] = []

    def add(self, part: bytes) -> None:
        """One more chunk."""
        start = len(self.wire) + len(BEFORE)
        self.wire += BEFORE + part + AFTER
        self.data += part
        self._pieces.append((start, start + len(part)))

    def pieces(self, start: int, stop: int) -> Pieces:
        return within(tuple(self._pieces), start, stop)

    @property
    def gaps(self) -> Pieces:
        """Where the wire carries no content."""
        edges = [0, *(edge for piece in self._pieces for edge in piece), len(self.wire)]
        return tuple((low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high)


def chunked(parts: Iterable[bytes]) -> ChunkedContent:
    content = ChunkedContent()
    for part in parts:
        content.add(part)
    return content
