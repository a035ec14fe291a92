"""What a connection is in the midst of its life: a response that has not ended, frames, or complete responses.

Two connections may be open for equally long and still differ in kind. ``evidence_probes.py`` measures how long they
were open; this module looks at one moment.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.measure.evidence import counted
from lab_servers.wire.websocket.records import FrameRecord


class Kind(enum.Enum):
    """What is open. The value is its name."""

    RESPONSE = "one response that has not ended"
    FRAMES = "a framed two-way stream"
    COMPLETE = "complete responses, one after the other"
    NOTHING = "nothing that was answered yet"


@dataclass(frozen=True)
class Holding:
    """A connection at one moment.

    Attributes:
        kind: What it is.
        at_ns: The moment, on the clock of the capture.
        requests: HTTP requests so far, an opening handshake included.
        complete_responses: HTTP responses of which the end was seen, a 101 included.
        frames_up: Frames from the client so far.
        frames_down: Frames from the server so far.
        masked_up: How many of the client's are masked, as RFC 6455 §5.3 wants.
        open_after_s: How long the connection stayed open after this moment, in seconds.
    """

    kind: Kind
    at_ns: int
    requests: int
    complete_responses: int
    frames_up: int
    frames_down: int
    masked_up: int
    open_after_s: float

    @property
    def sentence(self) -> str:
        """What it is, with its figures."""
        told = {
            Kind.RESPONSE: f"{self.complete_responses} of {self.requests} responses had ended; until this one has, "
            "nothing that the client sends here is answered",
            Kind.FRAMES: f"HTTP had ended; {counted(self.frames_up, 'frame')} had come from the client and "
            f"{self.frames_down} from the server, each with its own length",
            Kind.COMPLETE: f"{self.complete_responses} of {self.requests} responses had ended, and none was under way",
            Kind.NOTHING: "no response had begun",
        }
        return f"In the midst of its life it was {self.kind.value}: {told[self.kind]}."


def as_of(capture: Capture, at_ns: int) -> Capture:
    """What a relay had recorded on a connection up to a moment."""
    return replace(
        capture,
        chunks=tuple(one for one in capture.chunks if one.at_ns <= at_ns),
        transitions=tuple(one for one in capture.transitions if one.at_ns <= at_ns) or capture.transitions[:1],
    )


def holding(capture: Capture) -> Holding:
    """What a connection was halfway between the server's first byte and its last."""
    times = [one.at_ns for one in capture.chunks_from(Side.SERVER)]
    at_ns = (times[0] + times[-1]) // 2 if times else capture.opened_ns
    found = dissect(as_of(capture, at_ns))
    messages = found.conversation.messages()
    frames = {side: [one for one in found.records(side, "websocket") if one.is_complete] for side in Side}
    end_ns = capture.closed_ns if capture.closed_ns is not None else max(times, default=at_ns)
    return Holding(
        _kind_of(found),
        at_ns,
        sum(one.sender == Side.CLIENT.value for one in messages),
        sum(one.sender == Side.SERVER.value and one.is_complete for one in messages),
        len(frames[Side.CLIENT]),
        len(frames[Side.SERVER]),
        sum(isinstance(one, FrameRecord) and bool(one.is_masked) for one in frames[Side.CLIENT]),
        (end_ns - at_ns) / 1e9,
    )


def _kind_of(found: Dissection) -> Kind:
    if found.conversation.upgraded_to == "websocket":
        return Kind.FRAMES
    responses = found.conversation.messages(Side.SERVER.value)
    if not responses:
        return Kind.NOTHING
    return Kind.COMPLETE if responses[-1].is_complete else Kind.RESPONSE
