"""What a reader of an answer gives out: the pieces as they come, and the state that they add up to.

``collecting.py`` adds them up, ``reader.py`` is what a client calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a piece is."""

    TEXT = "text"
    THOUGHT = "thought"
    TOOL_CALL = "tool call"
    TOOL_ARGUMENTS = "tool arguments"
    FINISH = "finish reason"
    USAGE = "usage"
    ERROR = "error"
    TERMINATOR = "terminator"


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that one JSON text of an answer said.

    Attributes:
        kind: What it is.
        text: Text or arguments to be added, the name of the tool, the finish reason, or the error's message.
        index: Of a tool call and its arguments: which call, from 0.
        call_id: Of a tool call: its id; empty where the dialect gives it none.
        tokens: So many tokens are in it, where the dialect says so.
        sequence: The number that the server gave it, where the dialect numbers.
    """

    kind: Kind
    text: str = ""
    index: int = 0
    call_id: str = ""
    tokens: int | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCallRead:
    """A tool call as far as it came.

    Attributes:
        index: Which call, from 0.
        call_id: Its id; empty where the dialect gives it none.
        name: The tool.
        arguments: JSON, as text; an unfinished one until all has come.
    """

    index: int
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class UsageRead:
    """What the server says it will bill. ``None`` where it said nothing.

    Attributes:
        prompt_tokens: Tokens of the question.
        output_tokens: Tokens generated, those of reasoning included (Gemini reports the two apart; they are added).
        reasoning_tokens: Of these, tokens thought.
    """

    prompt_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What a reader could not use.

    Attributes:
        count: How often.
        first: Why, of the first few.
    """

    count: int = 0
    first: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True, slots=True)
class AnswerState:
    """All that is known of an answer.

    Attributes:
        text: Its text so far. Never holds half a character.
        thought: What the model said of its reasoning.
        tool_calls: The tools that it calls, in order.
        finish_reason: Why the model stopped, in the vendor's own word; ``None`` while it did not say.
        terminated: Whether the dialect's terminator came: the server says that nothing follows.
        usage: What the server says it generated, if it did.
        error: The message of an error that came instead of the rest.
        run_id: The id of the answer without the vendor's prefix; empty while none came.
        last_sequence: The highest number that came; 0 where the dialect has none.
        text_pieces: How many pieces of text and of arguments came.
        tokens: How many tokens the pieces say that they hold; 0 where the dialect does not say.
        ignored: What documents allow to come and this reader does not know.
        damaged: What no document allows. An answer with damage is not complete.
        has_ended: Whether the reader was told that no byte follows.
    """

    text: str = ""
    thought: str = ""
    tool_calls: tuple[ToolCallRead, ...] = ()
    finish_reason: str | None = None
    terminated: bool = False
    usage: UsageRead | None = None
    error: str | None = None
    run_id: str = ""
    last_sequence: int = 0
    text_pieces: int = 0
    tokens: int = 0
    ignored: PassedOver = PassedOver()
    damaged: PassedOver = PassedOver()
    has_ended: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether this is the whole answer: terminator and finish reason came, no error, and nothing damaged."""
        return self.terminated and self.finish_reason is not None and self.error is None and not self.damaged
