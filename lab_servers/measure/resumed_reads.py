"""What came of readers that came back, read from a recording: connections, cuts, and which parts are missing or twice.

``scenarios/ai_resumed.py`` makes the recording. When a part came and when a reader came back are marks; where a cut
fell and what a reader then asked for is read off the bytes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.measure.cut_places import Place, place_of_cut
from lab_servers.measure.model_marks import ProducedPart, finished, produced
from lab_servers.recording import Recording
from lab_servers.wire.websocket.records import FrameRecord

MODEL = "model"
# What a reader says of a connection that was there for the question alone.
ASKED_APART = "answered with the id of the run"
_BROKEN_OFF = frozenset({"cut", "server stopped", "reader left"})
# Why it does not come back to a server that lives anew.
GONE = "the server that knew this run is gone"


@dataclass(frozen=True)
class CutSeen:
    """A cut.

    Attributes:
        at_byte: So many bytes of the server's had come: after a reset, fewer than were sent, on some systems.
        place: What the last of them belongs to.
        is_reset: Whether it was a RST; else a FIN.
    """

    at_byte: int
    place: Place
    is_reset: bool


@dataclass(frozen=True)
class Link:
    """One connection of a reader.

    Attributes:
        start_ns: When the reader set out.
        end_ns: When it knew that this connection was over.
        asked_for: What it sent that says where it was: a header field, a query or a message, as it stands on the wire.
        received: The number of each part that came, with its time, duplicates included.
        cut: The cut that ended it, or ``None``.
        ended: What the reader says of its end.
    """

    start_ns: int
    end_ns: int
    asked_for: str
    received: tuple[tuple[int, int], ...]
    cut: CutSeen | None
    ended: str


@dataclass(frozen=True)
class ResumedWay:
    """One reader.

    Attributes:
        way: How it reads.
        run_id: Its run; empty when it never learnt of one.
        links: Its connections, in order.
        produced: What the model produced for that run.
        shown: The numbers of the parts that it showed, in order.
        stopped: Why it did not come back.
    """

    way: str
    run_id: str
    links: tuple[Link, ...]
    produced: tuple[ProducedPart, ...]
    shown: tuple[int, ...]
    stopped: str

    @property
    def missing(self) -> tuple[int, ...]:
        """The parts that the model produced and this reader never showed."""
        return tuple(sorted({part.sequence for part in self.produced} - set(self.shown)))

    @property
    def twice(self) -> tuple[int, ...]:
        """The parts that it showed more than once."""
        return tuple(sorted(number for number, times in Counter(self.shown).items() if times > 1))

    @property
    def cuts(self) -> tuple[CutSeen, ...]:
        """The cuts that it met."""
        return tuple(link.cut for link in self.links if link.cut is not None)


@dataclass(frozen=True)
class ResumedReads:
    """The run.

    Attributes:
        ways: The readers.
        unread: What the model produced in runs that no reader knew of.
        restarted_ns: When a new life of the server began, or ``None``.
    """

    ways: tuple[ResumedWay, ...]
    unread: tuple[ProducedPart, ...]
    restarted_ns: int | None

    @property
    def unread_runs(self) -> int:
        """How many answers were generated for nobody."""
        return len({part.run for part in self.unread})


def resumed_reads(recording: Recording) -> ResumedReads:
    """The readers of a run.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    names = [mark.name.removesuffix(": stopped") for mark in recording.marks if mark.name.endswith(": stopped")]
    begun = recording.marks_named(f"{MODEL}: begins")
    if not names or not begun:
        raise BadParameter("This recording has no reader that comes back: run the scenario ResumedAnswer.")
    # A run that breaks off ends with a part that nothing can say: it is no part that a reader lacks.
    broken = {run.run for run in finished(recording) if run.reason in _BROKEN_OFF}
    lasts = {part.run: part.sequence for part in produced(recording)}
    parts = tuple(part for part in produced(recording) if part.run not in broken or part.sequence < lasts[part.run])
    # In the order in which they set out, which is that of the run's ways.
    firsts = {name: recording.marks_named(f"{name}: try")[0].at_ns for name in names}
    ways = tuple(_way(recording, name, parts) for name in sorted(names, key=lambda name: firsts[name]))
    known = {way.run_id for way in ways}
    unread = tuple(part for part in parts if part.run not in known)
    return ResumedReads(ways, unread, begun[1].at_ns if len(begun) > 1 else None)


def _way(recording: Recording, way: str, parts: tuple[ProducedPart, ...]) -> ResumedWay:
    captures = recording.of(way)
    cuts = {}
    for mark in recording.marks_named(f"{way}: cut"):
        number, how = mark.detail.split(" ")
        cuts[int(number)] = how == "reset"
    received: list[tuple[int, int]] = []
    shown: list[int] = []
    links: list[Link] = []
    run_id, stopped, start_ns = "", "", 0
    for mark in recording.marks:
        if not mark.name.startswith(f"{way}: "):
            continue
        what = mark.name.removeprefix(f"{way}: ")
        if what == "try":
            start_ns, received = mark.at_ns, []
        elif what == "run known":
            run_id = mark.detail
        elif what == "received":
            shown.append(int(mark.detail.split(" ")[1]))
            if not received or received[-1][0] != shown[-1]:  # else it was known, and is shown all the same
                received.append((shown[-1], mark.at_ns))
        elif what == "duplicate":
            received.append((int(mark.detail), mark.at_ns))
        elif what == "ended":
            capture = captures[len(links)] if len(links) < len(captures) else None
            came = capture.bytes_from(Side.SERVER) if capture is not None else b""
            is_reset = cuts.get(len(links) + 1)
            seen = CutSeen(len(came), place_of_cut(came), is_reset) if is_reset is not None else None
            asked = _asked_for(capture) if capture is not None else ""
            links.append(Link(start_ns, mark.at_ns, asked, tuple(received), seen, mark.detail))
        elif what == "stopped":
            stopped = mark.detail
    mine = tuple(part for part in parts if part.run == run_id)
    return ResumedWay(way, run_id, tuple(links), mine, tuple(shown), stopped)


def _asked_for(capture: Capture) -> str:
    """What a connection's client says of where it was, or its method and path where it says nothing."""
    found = dissect(capture)
    frames = [one for one in found.records(Side.CLIENT, "websocket") if isinstance(one, FrameRecord)]
    if frames:
        return frames[0].payload(300).decode("utf-8", "replace")
    heads = found.conversation.messages(Side.CLIENT.value)
    if not heads:
        return ""
    ids = heads[0].values("Last-Event-ID")
    keys = heads[0].values("Idempotency-Key")
    # The settings of the model say nothing of where anybody was.
    request = f"{heads[0].method} {heads[0].target.partition('?tokens=')[0]}"
    if ids:
        return f"Last-Event-ID: {ids[0]}"
    return f"Idempotency-Key: {keys[0]}" if keys else request
