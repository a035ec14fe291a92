"""One capture with its conversation: the one place where a record meets the time at which it passed.

The dissectors (``wire/``) know offsets and never time, a capture (``capture/``) knows time and never
meaning. Views and the command line read both from here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.wire.conversation import Conversation, Protocol
from lab_servers.wire.model import Record

LAYERS = ("http", "sse", "websocket")

# After these no more bytes come, FIN or not.
_BROKEN_OR_CLOSED = frozenset({TransitionKind.CLOSED, TransitionKind.RESET})


@dataclass(frozen=True)
class Dissection:
    """A connection, byte by byte.

    Attributes:
        capture: What was recorded, and when.
        conversation: What it means.
        is_timed: Whether the capture's times and addresses are real; a bare file of bytes has none.
    """

    capture: Capture
    conversation: Conversation
    is_timed: bool = True

    def records(self, side: Side, layer: str | None = None) -> list[Record]:
        """The records of one side, as :meth:`Conversation.records` gives them."""
        return self.conversation.records(side.value, layer)

    def passed_ns(self, record: Record) -> int:
        """When the last byte of a record, as far as it was seen, passed; on the clock of the capture."""
        return self.capture.time_of(Side(record.sender), record.pieces[-1][1] - 1)

    def begun_ns(self, record: Record) -> int:
        """When the first byte of a record passed."""
        return self.capture.time_of(Side(record.sender), record.pieces[0][0])

    def passed_s(self, record: Record) -> float:
        """When the last byte of a record passed, in seconds since the connection was opened."""
        return (self.passed_ns(record) - self.capture.opened_ns) / 1e9

    @property
    def came_with_upgrade(self) -> int:
        """How many bytes of the new protocol came in the same read as the end of the 101."""
        http_end = self.conversation.http_end
        if not http_end or not http_end[Side.SERVER.value]:
            return 0
        last = http_end[Side.SERVER.value] - 1
        chunk = next(one for one in self.capture.chunks_from(Side.SERVER) if one.offset <= last < one.end)
        return chunk.end - 1 - last

    def timeline(self, layer: str | None = None) -> Iterator[Record]:
        """The records of all layers, or of one, from both sides, in the order in which they became complete.

        Records that became complete with the same read stand in the order of their bytes: a chunk
        before the events that it completes, and what the client sent before what the server sent.
        """
        return (record for _, record in self.timed(layer))

    def timed(self, layer: str | None = None) -> Iterator[tuple[int, Record]]:
        """The same, each after the time at which it became complete, which is that of :meth:`passed_ns`."""
        runs = []
        for place, side in enumerate(Side):
            for depth, kind in enumerate(LAYERS):
                if layer in (None, kind):
                    runs.append(self._run(side, kind, (depth == 1, place)))
        # A layer's records end one after the other, so the runs are in order and merging them is cheap.
        return ((key[0], record) for key, record in heapq.merge(*runs, key=itemgetter(0)))

    def _run(self, side: Side, layer: str, place: tuple[bool, int]) -> Iterator[tuple[tuple[int, ...], Record]]:
        inner, which = place
        chunks, at = self.capture.chunks_from(side), 0
        for record in self.records(side, layer):
            start, stop = record.pieces[-1]
            # As passed_ns() does it, but since each ends after the one before, without a search.
            while chunks[at].end < stop:
                at += 1
            yield (chunks[at].at_ns, which, start, inner), record


def dissect(capture: Capture) -> Dissection:
    """Find everything that is in a capture."""
    return Dissection(capture, conversation_of(capture))


def conversation_of(capture: Capture) -> Conversation:
    """What a capture's bytes say.

    Of a side that may have sent more than was recorded, nothing is said to be missing that may
    have come later.
    """
    found = Conversation()
    ended = ended_sides(capture)
    for side in Side:
        found.feed(side.value, capture.bytes_from(side))
    for side in ended:
        if side in capture.finished:
            found.finish(side.value)
        else:
            found.end(side.value)
    found.settle()
    return found


def ended_sides(capture: Capture) -> frozenset[Side]:
    """The sides that have sent no more than what is recorded, whether by their FIN or because the connection broke."""
    kinds = {one.kind for one in capture.transitions}
    # Where the relay itself was stopped, nobody knows what a side had still to say.
    is_over = bool(kinds & _BROKEN_OR_CLOSED) and TransitionKind.ABANDONED not in kinds
    ended = set(Side) if is_over else set(capture.finished)
    return frozenset(side for side in ended if not capture.unrecorded_bytes.get(side))


def dissect_alone(protocol: Protocol, data: bytes, name: str) -> Dissection:
    """Find everything in bytes of one direction of which neither time nor peer is known.

    Args:
        protocol: What the bytes are.
        data: All of them.
        name: What to call them, for example the name of their file.
    """
    side = Side(protocol.sender)
    nowhere = ("", 0)
    opened = Transition(0, TransitionKind.OPENED, Side.CLIENT)
    chunks = (Chunk(0, side, 0, data),) if data else ()
    capture = Capture(name, 1, nowhere, nowhere, chunks, (opened,), dict.fromkeys(Side, 0))
    return Dissection(capture, Conversation.raw(protocol, data), is_timed=False)
