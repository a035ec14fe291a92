"""What stands in one column of the live panel at one moment, and the words for it.

``scenarios/ai_live.py`` makes columns while answers arrive, ``views/live_answers.py`` shows them. All times are those
of the client on the lab's thread, never of the screen; the bytes are what the relay has recorded so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Progress(Enum):
    """How far an answer is."""

    WAITING = "waiting"
    WRITING = "writing"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Column:
    """One way's answer so far.

    Attributes:
        way: The way's name.
        stop_does: What Stop does on this way, in words: ``"closes the connection"``.
        progress: How far it is.
        text: What a page would show.
        first_s: When the first piece of text was there, seconds after the question; ``None`` before it.
        done_s: When the answer had ended, or was stopped; ``None`` before that.
        up_bytes: What the client has sent.
        down_bytes: What the server has sent.
        generated: How many tokens the model has generated for this way.
        generated_at_stop: How many it had when Stop was pressed; ``None`` where it was not.
        is_generating: Whether the model goes on.
        failure: Why there is no answer; empty where there is one.
    """

    way: str
    stop_does: str
    progress: Progress = Progress.WAITING
    text: str = ""
    first_s: float | None = None
    done_s: float | None = None
    up_bytes: int = 0
    down_bytes: int = 0
    generated: int = 0
    generated_at_stop: int | None = None
    is_generating: bool = False
    failure: str = ""

    @property
    def can_stop(self) -> bool:
        """Whether there is something to stop."""
        return self.progress in (Progress.WAITING, Progress.WRITING)

    @property
    def generated_after(self) -> int | None:
        """Tokens that the model generated after Stop was pressed; ``None`` where it was not."""
        return None if self.generated_at_stop is None else self.generated - self.generated_at_stop

    @property
    def clock(self) -> str:
        """Its times and bytes, as in "First text after 0.31 s, done after 1.52 s, 3,412 bytes."."""
        total = self.up_bytes + self.down_bytes
        parts = [] if self.first_s is None else [f"first text after {self.first_s:.2f} s"]
        if self.done_s is not None:
            word = {Progress.STOPPED: "stopped", Progress.FAILED: "failed"}.get(self.progress, "done")
            parts.append(f"{word} after {self.done_s:.2f} s")
        parts.append(f"{total:,} bytes{'' if self.done_s is not None else ' so far'}")
        told = ", ".join(parts)
        return f"{told[0].upper()}{told[1:]}."

    @property
    def told(self) -> str:
        """What has become of it, in a sentence or two."""
        match self.progress:
            case Progress.WAITING:
                return "Asked; nothing to read yet."
            case Progress.WRITING:
                return "Being written."
            case Progress.COMPLETE:
                return f"Complete: {_tokens(self.generated)}."
            case Progress.FAILED:
                return self.failure
        after = self.generated_after or 0
        if self.is_generating:
            return f"You stopped it. The model goes on: {_tokens(after)} after your stop so far."
        before = self.generated - after
        return f"You stopped it at {_tokens(before)}. The model generated {after:,} more after that."


def _tokens(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}"
