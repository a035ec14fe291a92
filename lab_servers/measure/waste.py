"""What a model generated for nobody: the tokens of a run behind the moment at which its only reader left.

The tokens are the model's own marks (``model_marks.py``), the leaving is a mark of the reader, and what passed of it is
in the capture. One lane is one reader with a relay and a model of its own; its marks begin with its name.

What lies at the edges: a token that was generated before the reader left is not counted, even if it was still on its
way and nobody read it. A token between the leaving and the moment at which the goodbye passed the relay is for nobody,
but no server could have known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.dissection import dissect
from lab_servers.measure.model_marks import finished, generated
from lab_servers.recording import Recording

LEFT = "left"


@dataclass(frozen=True)
class Waste:
    """One lane, in nanoseconds on the clock of the recording.

    Attributes:
        lane: Its name.
        tokens_ns: When each token was generated.
        left_ns: When the reader left, by its own account.
        goodbye_ns: When the first sign of that passed the relay, a Close frame, a FIN or a RST; ``None`` without one.
        gone_ns: When the reader's FIN or RST passed; ``None`` without one.
        finished_ns: When the model stopped generating; ``None`` if it never did.
        reason: Why, in the model's words; empty if it never did.
        bytes_after: How many bytes the server sent behind the goodbye; all behind the leaving where there was none.
        writes_after: How many writes succeeded behind the goodbye, where the server counted them; else ``None``.
    """

    lane: str
    tokens_ns: tuple[int, ...]
    left_ns: int
    goodbye_ns: int | None
    gone_ns: int | None
    finished_ns: int | None
    reason: str
    bytes_after: int
    writes_after: int | None

    @property
    def generated(self) -> int:
        """How many tokens were generated in all."""
        return len(self.tokens_ns)

    @property
    def for_nobody(self) -> int:
        """How many of them after the reader had left."""
        return sum(at_ns > self.left_ns for at_ns in self.tokens_ns)

    @property
    def after_goodbye(self) -> int | None:
        """How many of them after the goodbye had passed the relay: what the server is to blame for."""
        return None if self.goodbye_ns is None else sum(at_ns > self.goodbye_ns for at_ns in self.tokens_ns)

    @property
    def was_over(self) -> bool:
        """Whether the model had finished before the reader left: then there was nothing to notice."""
        return self.finished_ns is not None and self.finished_ns <= self.left_ns

    @property
    def was_noticed(self) -> bool:
        """Whether the model stopped because the reader had left."""
        return not self.was_over and self.reason in ("reader left", "nobody listened")

    @property
    def noticed_s(self) -> float | None:
        """How long after the leaving the model stopped because of it, in seconds; ``None`` if it did not."""
        if self.finished_ns is None or not self.was_noticed:
            return None
        return (self.finished_ns - self.left_ns) / 1e9


def lane_of(recording: Recording, lane: str) -> Recording:
    """The captures and marks of one lane, its name taken off the marks."""
    prefix = f"{lane}: "
    marks = tuple(
        replace(mark, name=mark.name.removeprefix(prefix)) for mark in recording.marks if mark.name.startswith(prefix)
    )
    return replace(recording, captures=recording.of(lane), marks=marks)


def waste(recording: Recording, lane: str) -> Waste | None:
    """What one lane wasted; ``None`` if there is no such lane, or nobody left in it."""
    found = lane_of(recording, lane)
    left = found.marks_named(LEFT)
    tokens = generated(found)
    if not left or not found.captures:
        return None
    left_ns = left[0].at_ns
    ends = finished(found)
    # The last connection is the one that the reader left; long polling has one before it that began the run.
    capture = found.captures[-1]
    gone_ns = next(
        (
            one.at_ns
            for one in capture.transitions
            if one.by is Side.CLIENT and one.kind in (TransitionKind.HALF_CLOSED, TransitionKind.RESET)
        ),
        None,
    )
    # A reader that is still there when the model has finished, and goes then, has not said goodbye.
    if gone_ns is not None and (gone_ns < left_ns or (ends and gone_ns > ends[-1].at_ns)):
        gone_ns = None
    signs = [at_ns for at_ns in (_close_frame_ns(capture), gone_ns) if at_ns is not None]
    goodbye_ns = min((at_ns for at_ns in signs if not ends or at_ns <= ends[-1].at_ns), default=None)
    since_ns = left_ns if goodbye_ns is None else goodbye_ns
    wrote = found.marks_named("wrote by llm")
    return Waste(
        lane,
        tuple(one.at_ns for one in tokens),
        left_ns,
        goodbye_ns,
        gone_ns,
        ends[-1].at_ns if ends else None,
        ends[-1].reason if ends else "",
        sum(len(chunk.data) for chunk in capture.chunks_from(Side.SERVER) if chunk.at_ns > since_ns),
        sum(mark.at_ns > since_ns for mark in wrote) if wrote else None,
    )


def _close_frame_ns(capture: Capture) -> int | None:
    """When the reader's Close frame passed. Its other bytes say nothing: a request or a Pong may pass late, too."""
    found = dissect(capture)
    frames = found.records(Side.CLIENT, "websocket")
    return next((found.passed_ns(one) for one in frames if one.name == "close frame"), None)
