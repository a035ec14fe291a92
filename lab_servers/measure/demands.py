"""Four demands, and whether HTTP, SSE and WebSocket meet each: read from the order of what passed, never from times.

``scenarios/choosing_failures.py`` makes the recording, ``views/looks/choosing_failures.py`` shows it. A demand is met
if the transport itself meets it, with no further connection and no word that an application had to invent.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import COLUMNS, Exhibit, answers, counted, exhibit, requests, sent_bytes
from lab_servers.measure.turns import turns
from lab_servers.recording import Recording
from lab_servers.wire.printable import printable
from lab_servers.wire.websocket.records import FrameRecord


class Demand(enum.Enum):
    """What a job may demand. The value is its name."""

    READ_AGAIN = "read again what has not changed, without its bytes"
    COME_BACK = "come back after a cut, and say where it was"
    SPEAK = "speak while the other one speaks"
    BE_TOLD = "be told without asking"


# The request targets of each.
PATHS = {
    Demand.READ_AGAIN: "/demand/read-again",
    Demand.COME_BACK: "/demand/come-back",
    Demand.SPEAK: "/demand/speak",
    Demand.BE_TOLD: "/demand/be-told",
}


def relay_name_of(column: str) -> str:
    """What recordings call the server of one transport."""
    return f"{column} on demand"


def mark_name(column: str, demand: Demand, what: str) -> str:
    """The name of a series of marks."""
    return f"{column}, {demand.name}: {what}"


@dataclass(frozen=True)
class Verdict:
    """One transport and one demand.

    Attributes:
        demand: What was demanded.
        column: The transport: one of ``evidence.COLUMNS``.
        met: Whether it was met.
        sentence: Why, with the figures of this recording.
        exhibits: The bytes that decide.
    """

    demand: Demand
    column: str
    met: bool
    sentence: str
    exhibits: tuple[Exhibit, ...]


def verdict(recording: Recording, column: str, demand: Demand) -> Verdict:
    """Whether one transport met one demand.

    Raises:
        BadParameter: the recording has no such attempt.
    """
    found = tuple(
        one
        for one in map(dissect, recording.of(relay_name_of(column)))
        if requests(one) and requests(one)[0].target.partition("?")[0] == PATHS[demand]
    )
    if not found:
        raise BadParameter(
            f"This recording has no attempt of {column} to {demand.value!r}: run the scenario EachFails."
        )
    met, sentence, exhibits = _JUDGES[demand](recording, column, found)
    return Verdict(demand, column, met, sentence, exhibits)


def verdicts(recording: Recording) -> tuple[Verdict, ...]:
    """All of them, demand by demand.

    Raises:
        BadParameter: the recording lacks one.
    """
    return tuple(verdict(recording, column, demand) for demand in Demand for column in COLUMNS)


_Found = tuple[Dissection, ...]
_Judged = tuple[bool, str, tuple[Exhibit, ...]]


def _read_again(_: Recording, __: str, found: _Found) -> _Judged:
    """Twice the same question: what came the second time?"""
    sizes, exhibits = [], []
    for one in found:
        frames = [record for record in one.records(Side.SERVER, "websocket") if record.name == "text frame"]
        sizes += [record.stop - record.payload_at for record in frames if isinstance(record, FrameRecord)]
        exhibits += [exhibit(one, record) for record in frames]
        if not frames:
            sizes += [answer.content.length for answer in answers(one)]
            exhibits += [Exhibit(one.capture, Side.SERVER, answer.start, answer.end) for answer in answers(one)]
    if len(sizes) < 2:
        return False, "The second question was not answered.", tuple(exhibits)
    status = [answer.status for one in found for answer in answers(one)][-1]
    told = f"first {sizes[0]:,} bytes of content, then {sizes[1]:,}"
    ended = f"; the status of the second answer is {status}" if status != 101 else '; no frame says "unchanged"'
    return sizes[1] < sizes[0], f"{told[0].upper()}{told[1:]}{ended}.", tuple(exhibits[1:2] or exhibits)


def _come_back(_: Recording, __: str, found: _Found) -> _Judged:
    """The server broke the first connection off: was there a second one, which says where the first had come to?"""
    if len(found) < 2:
        records = found[0].records(Side.SERVER)
        ended = (exhibit(found[0], records[-1]),) if records else ()
        return False, "After the cut came nothing more.", ended
    again = requests(found[1])[0]
    place = next(iter(again.values("Last-Event-ID")), "")
    said = f"with Last-Event-ID: {printable(place, 20)}" if place else "without saying where it was"
    head = Exhibit(found[1].capture, Side.CLIENT, again.start, again.head_end)
    return bool(place), f"The client came back by itself, {said}.", (head,)


def _speak(recording: Recording, column: str, found: _Found) -> _Judged:
    """The client spoke in the midst: did the server's application hear it before the server had finished?"""
    heard = recording.marks_named(mark_name(column, Demand.SPEAK, "heard"))
    said = recording.marks_named(mark_name(column, Demand.SPEAK, "said"))
    ended = recording.marks_named(mark_name(column, Demand.SPEAK, "server finished"))
    if not said or not ended:
        return False, "The client did not speak.", ()
    passed = [turn for turn in turns(found[0]) if turn.side is Side.CLIENT][-1]
    proof = (Exhibit(found[0].capture, Side.CLIENT, passed.start, passed.stop),)
    if not heard:
        return False, "What the client said was never heard.", proof
    met = heard[0].at_ns < ended[0].at_ns
    when = "before" if met else "only after"
    return met, f"Said in the midst, on the same connection, it was heard {when} the server had finished.", proof


def _be_told(recording: Recording, column: str, found: _Found) -> _Judged:
    """Something happened: how many requests did the client send after that, until it knew?"""
    happened = recording.marks_named(mark_name(column, Demand.BE_TOLD, "happened"))
    knew = recording.marks_named(mark_name(column, Demand.BE_TOLD, "knew"))
    if not happened or not knew:
        return False, "The client never knew.", ()
    later = [
        (one, asked)
        for one in found
        for asked in requests(one)
        if happened[0].at_ns < one.capture.time_of(Side.CLIENT, asked.start)
    ]
    if later:
        one, asked = later[0]
        head = Exhibit(one.capture, Side.CLIENT, asked.start, asked.head_end)
        return False, f"The client knew after {counted(len(later), 'further request')} of its own.", (head,)
    size = sent_bytes(found[0], Side.SERVER)
    spoken = [turn for turn in turns(found[0]) if turn.side is Side.SERVER]
    start, stop = (spoken[-1].start, spoken[-1].stop) if spoken else (0, size)
    return True, "The client knew without a further request.", (Exhibit(found[0].capture, Side.SERVER, start, stop),)


_JUDGES: dict[Demand, Callable[[Recording, str, _Found], _Judged]] = {
    Demand.READ_AGAIN: _read_again,
    Demand.COME_BACK: _come_back,
    Demand.SPEAK: _speak,
    Demand.BE_TOLD: _be_told,
}
