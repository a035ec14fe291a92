"""What a client did after its connection was cut, counted and read: the row "automatic reconnection".

``evidence_probes.py`` beside it has the rows that look at one connection alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection
from lab_servers.measure.evidence import (
    EVENT_STREAM,
    Cell,
    Dimension,
    Part,
    answers,
    connections,
    counted,
    exhibit,
    field_line_of,
    first,
    head_of,
    requests,
    required,
)
from lab_servers.recording import Recording
from lab_servers.wire.printable import printable

NO, BUILT_IN, BY_HAND = "no", "built into EventSource", "by hand"

_MOST_CHARACTERS = 60


def reconnection(recording: Recording, column: str) -> Cell:
    """What the client did after its connection was cut: the connections that followed, counted and read."""
    found = required(recording, column, Part.CUT)
    came_back = len(found) - 1
    if came_back:
        return _came_back(column, found)
    by_hand = connections(recording, column, Part.BY_HAND)
    head = (exhibit(found[0], found[0].records(Side.SERVER)[-1]),) if found[0].records(Side.SERVER) else ()
    sentence = "After the cut the client opened no further connection."
    if len(by_hand) < 2:
        return Cell(Dimension.RECONNECTION, column, NO, sentence, head)
    again, word = by_hand[1], first(by_hand[1].records(Side.CLIENT, "websocket"), "text frame")
    opened = " An application that opened a second one itself"
    if word is not None:
        said = printable(word.summary, _MOST_CHARACTERS)
        return Cell(
            Dimension.RECONNECTION, column, BY_HAND,
            f"{sentence}{opened} had to say in words of its own where it was: {said}.",
            (exhibit(again, word), *head), "No part of the protocol says where a conversation was cut.",
            "RFC 6455 §7.2.3",
        )  # fmt: skip
    same = by_hand[0].capture.bytes_from(Side.CLIENT) == again.capture.bytes_from(Side.CLIENT)
    how = "with the very same bytes" if same else "in another way"
    return Cell(
        Dimension.RECONNECTION, column, NO, f"{sentence}{opened} asked again {how}.",
        (head_of(again, requests(again)[0]), *head),
        "A client may repeat a GET by itself, because a GET is idempotent; many do not.", "RFC 9110 §9.2.2",
    )  # fmt: skip


def _came_back(column: str, found: Sequence[Dissection]) -> Cell:
    """The client came back by itself: with which place, after which ends, and what stopped it."""
    places = [next(iter(requests(one)[0].values("Last-Event-ID")), "") for one in found[1:]]
    told = ", ".join(printable(place, 20) or "none" for place in places)
    wants_events = EVENT_STREAM in requests(found[0])[0].tokens("Accept")
    clean = sum(bool(answers(one)) and answers(one)[0].is_complete for one in found[:-1])
    answered = answers(found[-1])[:1]
    last = answered[0].status if answered else None
    correction = f"It also came back after {counted(clean, 'clean end')}." if clean else ""
    if last is not None and last != 200:
        correction += f" What stopped it for good was an answer with the status {last}."
    return Cell(
        Dimension.RECONNECTION, column, BUILT_IN if wants_events else "built in",
        f"The client came back {counted(len(found) - 1, 'time')} by itself; Last-Event-ID: {told}.",
        (
            *(field_line_of(one, requests(one)[0], "Last-Event-ID") for one in found[1:]),
            *(head_of(found[-1], one) for one in answered),
        ),
        f"{correction} It is without loss only if the server gives ids and keeps a log.".strip(), "HTML §9.2.3",
    )  # fmt: skip
