"""What each single message cost in its own direction, so that a picture can stack it: text, framing, headers.

``accounting.py`` has the sums over connections. Here the same bytes are cut between the messages: what stands before a
message and what closes it is its own. So the first event of a stream has the head of the response, the others have not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.measure.accounting import Bytes
from lab_servers.measure.messages import Passed, Sent, sent_by
from lab_servers.measure.transports import Direction
from lab_servers.wire.conversation import Conversation


@dataclass(frozen=True)
class Share:
    """One message's part.

    Attributes:
        number: Its number, as its text says it; ``None`` where it says none.
        bytes: From after the message before it to the end of what closes it.
    """

    number: int | None
    bytes: Bytes


@dataclass(frozen=True)
class Shares:
    """One direction of some connections, cut between the messages.

    Attributes:
        messages: Each message's part, in the order in which they ended, connection by connection.
        rest: What belongs to none: after the last message of a connection, of connections without one, unrecorded.
    """

    messages: tuple[Share, ...]
    rest: Bytes

    @property
    def total(self) -> Bytes:
        """All of them: what :func:`~lab_servers.measure.accounting.account` says of this direction."""
        return sum((one.bytes for one in self.messages), self.rest)


def shares(captures: Iterable[Capture], direction: Direction = Direction.DOWN) -> Shares:
    """Cut what one side sent between its messages; whatever the bytes are, it raises nothing."""
    side = Side.SERVER if direction is Direction.DOWN else Side.CLIENT
    found: list[Share] = []
    rest = Bytes()
    for capture in captures:
        conversation = conversation_of(capture)
        sent = sent_by(conversation, side.value)
        chunks = capture.chunks_from(side)
        size = chunks[-1].end if chunks else 0
        cuts = [0, *_cuts(conversation, side, sent.messages), size]
        parts = [_part(sent, start, stop) for start, stop in pairwise(cuts)]
        for one, part in zip(sent.messages, parts, strict=False):
            # Of a compressed content all is text already.
            text = 0 if _within(sent.coded_pieces, one.start, one.start + 1) else one.wire_bytes
            found.append(Share(one.number, part + Bytes(text, -text)))
        rest += parts[-1] + Bytes(unrecorded=capture.unrecorded_bytes.get(side, 0))
    return Shares(tuple(found), rest)


def _part(sent: Sent, start: int, stop: int) -> Bytes:
    """A range, its text not told from its framing yet where that can be done."""
    headers, other = _within(sent.header_pieces, start, stop), _within(sent.other_pieces, start, stop)
    coded = _within(sent.coded_pieces, start, stop)
    return Bytes(coded, stop - start - headers - other - coded, headers, other)


def _within(pieces: Sequence[tuple[int, int]], start: int, stop: int) -> int:
    """How many bytes of ascending ranges lie between."""
    at = bisect_left(pieces, start, key=lambda piece: piece[1])
    count = 0
    while at < len(pieces) and pieces[at][0] < stop:
        count += max(min(pieces[at][1], stop) - max(pieces[at][0], start), 0)
        at += 1
    return count


def _cuts(conversation: Conversation, side: Side, messages: Sequence[Passed]) -> list[int]:
    """Where each message's part ends: after its chunk or body, if no other message begins in there."""
    stops = [record.pieces[-1][1] for record in conversation.records(side.value)]
    cuts: list[int] = []
    before = 0
    for place, one in enumerate(messages):
        record = bisect_left(stops, max(one.end, 1))
        cut = stops[record] if record < len(stops) else one.end
        if place + 1 < len(messages) and messages[place + 1].start < cut:
            cut = one.end
        before = max(cut, before)
        cuts.append(before)
    return cuts
