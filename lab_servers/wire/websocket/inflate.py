"""permessage-deflate as a receiver undoes it (RFC 7692 §7.2.2), for one direction and in small steps.

``reception.py`` feeds it the unmasked payloads and sets the bounds; ``handshake.py`` finds out what was negotiated.
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

# Every message ends in an empty block whose last four bytes the sender leaves out (§7.2.1).
TAIL = b"\x00\x00\xff\xff"
# An empty block with BFINAL = 1: it ends the stream, but only where a block may begin.
_LAST_BLOCK = b"\x01\x00\x00\xff\xff"
_MAX_WINDOW_BYTES = 1 << 15
_INPUT_STEP_BYTES = 1 << 16
_OUTPUT_STEP_BYTES = 1 << 20
# A block with BFINAL = 1 ends a DEFLATE stream. Beginning the next costs a copy of the window, so that
# only so many are followed in one message.
_MAX_STREAMS = 16


@dataclass(frozen=True)
class Deflate:
    """permessage-deflate as negotiated for one direction (RFC 7692 §7.1).

    Attributes:
        no_context_takeover: Whether each message is compressed on its own.
        window_bits: The base-2 logarithm of the sender's window in bytes, 8 to 15.
    """

    no_context_takeover: bool
    window_bits: int


class Ending(enum.Enum):
    """How the compressed bytes of a message end."""

    PROPER = enum.auto()  # as it should: the tail is missing, and was put back
    EMPTY = enum.auto()  # there are none, not even the header of an empty block
    TAIL_KEPT = enum.auto()  # in the four bytes that the sender should have left out


class Inflater:
    """Inflates the messages of one direction, one after the other: ``begin``, ``feed`` for each frame, ``end``.

    Attributes:
        streams: How many DEFLATE streams the message is made of: each block with BFINAL = 1 ends one.
        ending: How the bytes of the message end, once :meth:`end` is through.
    """

    __slots__ = ("_deflate", "_last_bytes", "_window", "_zlib", "ending", "streams")

    def __init__(self, deflate: Deflate) -> None:
        self._deflate = deflate
        self._zlib = zlib.decompressobj(-deflate.window_bits)
        # The end of what came out, at most twice as long as a window so that it need not be cut each time.
        self._window = bytearray()
        self.begin()

    def begin(self) -> None:
        """The bytes of a new message come next."""
        self._last_bytes = b""
        self.streams = 1
        self.ending = Ending.PROPER
        if self._deflate.no_context_takeover:
            self._zlib = zlib.decompressobj(-self._deflate.window_bits)
            self._window.clear()

    def feed(self, payload: bytes) -> Iterator[bytes]:
        """What the payload of the message's next frame inflates to, in parts of at most 1 MiB.

        Raises:
            zlib.error: These bytes are not DEFLATE (RFC 1951).
        """
        self._last_bytes = (self._last_bytes + payload[-len(TAIL) :])[-len(TAIL) :]
        return self._inflate(payload)

    def end(self) -> Iterator[bytes]:
        """Put the tail back that the sender left out; what comes out of that, and :attr:`ending`.

        Where the sender forgot to leave it out, one more would spoil the next message.

        Raises:
            zlib.error: With the tail, these bytes are not DEFLATE.
        """
        if not self._last_bytes:
            self.ending = Ending.EMPTY
            return
        if self._last_bytes == TAIL:
            self.ending = Ending.TAIL_KEPT
        else:
            yield from self._inflate(TAIL)

    def is_between_blocks(self) -> bool:
        """Whether the next bits begin a block, as they must between two messages. This costs a copy of the state."""
        if self._zlib.eof:
            return True
        trial = self._zlib.copy()
        try:
            trial.decompress(_LAST_BLOCK)
        except zlib.error:
            return False
        return trial.eof and not trial.unused_data

    def copy(self) -> Inflater:
        """One more, which goes on from the end of this message by itself."""
        twin = Inflater(self._deflate)
        twin._zlib, twin._window = self._zlib.copy(), self._window.copy()
        return twin

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _INPUT_STEP_BYTES):
            rest = data[at : at + _INPUT_STEP_BYTES]
            while rest:
                if self._zlib.eof:
                    self._begin_stream()
                yield from self._inflate_step(rest)
                rest = self._zlib.unused_data

    def _inflate_step(self, data: bytes) -> Iterator[bytes]:
        while True:
            part = self._zlib.decompress(data, _OUTPUT_STEP_BYTES)
            if part:
                self._window += part[-_MAX_WINDOW_BYTES:]
                if len(self._window) > 2 * _MAX_WINDOW_BYTES:
                    del self._window[:-_MAX_WINDOW_BYTES]
                yield part
            data = self._zlib.unconsumed_tail
            if self._zlib.eof or (not data and len(part) < _OUTPUT_STEP_BYTES):
                return

    def _begin_stream(self) -> None:
        """After a block with BFINAL = 1: the next block may refer to the window all the same (RFC 7692 §7.2.3.4)."""
        self.streams += 1
        if self.streams > _MAX_STREAMS:
            raise zlib.error("too many blocks with BFINAL = 1")
        self._zlib = zlib.decompressobj(-self._deflate.window_bits, zdict=self._window[-_MAX_WINDOW_BYTES:])
