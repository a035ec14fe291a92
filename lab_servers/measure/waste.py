"""What a model generated for nobody: the tokens of a run behind the moment at which its only reader left.

The tokens are the model's own marks (``model_marks.py``), the leaving is a mark of the reader, and what passed of it is
in the capture. One lane is one reader with a relay and a model of its own; its marks begin with its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.measure.model_marks import finished, generated
from lab_servers.recording import Recording

LEFT = "left"


@dataclass(frozen=True)
class Waste:
    """One lane, in nanoseconds on the clock of the recording.

    Attributes:
        lane: Its name.
        begun_ns: When the lane's first byte passed, or its first token was generated.
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
    begun_ns: int
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
        """How many of them after the relay had seen the reader leave: what the server is to blame for."""
        return None if self.goodbye_ns is None else sum(at_ns > self.goodbye_ns for at_ns in self.tokens_ns)

    @property
    def was_noticed(self) -> bool:
        """Whether the model stopped because nobody was there."""
        return self.reason in ("reader left", "nobody listened")

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
    said = [chunk.at_ns for chunk in capture.chunks_from(Side.CLIENT) if chunk.at_ns >= left_ns]
    goodbyes = [at_ns for at_ns in (*said, gone_ns) if at_ns is not None and (not ends or at_ns <= ends[-1].at_ns)]
    goodbye_ns = min(goodbyes, default=None)
    since_ns = left_ns if goodbye_ns is None else goodbye_ns
    wrote = found.marks_named("wrote by llm")
    return Waste(
        lane,
        min((capture.opened_ns for capture in found.captures), default=left_ns),
        tuple(one.at_ns for one in tokens),
        left_ns,
        goodbye_ns,
        gone_ns,
        ends[-1].at_ns if ends else None,
        ends[-1].reason if ends else "",
        sum(len(chunk.data) for chunk in capture.chunks_from(Side.SERVER) if chunk.at_ns > since_ns),
        sum(mark.at_ns > since_ns for mark in wrote) if wrote else None,
    )
