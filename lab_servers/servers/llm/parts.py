"""What a model's answer is made of: the parts that may be sent. Neighbours: timeline makes them, model numbers them.

A token is what a model generates: some bytes, perhaps not even a whole character. A part is what can be sent: text of
whole code points, a tool call, the end. So a part may cover several tokens, and a dialect sends each part once.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Finish(enum.Enum):
    """Why an answer ended; each dialect has words of its own for these."""

    STOP = "stop"  # the model had said everything
    LENGTH = "length"  # it reached the number of tokens that the request allowed
    TOOL_CALLS = "tool_calls"  # it waits for what its tools return
    STOPPED = "stopped"  # somebody asked for it by an explicit stop


@dataclass(frozen=True)
class Usage:
    """What is paid for.

    Attributes:
        prompt_tokens: Tokens of the prompt.
        output_tokens: Tokens generated, those of reasoning and of tool calls included.
        reasoning_tokens: Those of them that nobody saw.
    """

    prompt_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0


@dataclass(frozen=True)
class Text:
    """A piece of the answer's text.

    Attributes:
        text: One code point or more, all of them whole.
        tokens: How many tokens it took; more than one where a token ended within a character.
    """

    text: str
    tokens: int = 1


@dataclass(frozen=True)
class ToolCall:
    """The model begins to call a tool.

    Attributes:
        index: Its place among the calls of this answer, from 0.
        call_id: What the tool's result has to name.
        name: The tool.
    """

    index: int
    call_id: str
    name: str


@dataclass(frozen=True)
class ToolArguments:
    """A piece of a call's arguments: text that is JSON only when all of it is there.

    Attributes:
        index: Which call.
        text: The piece.
        tokens: How many tokens it took.
    """

    index: int
    text: str
    tokens: int = 1


@dataclass(frozen=True)
class End:
    """The answer is complete."""

    finish: Finish
    usage: Usage


@dataclass(frozen=True)
class Failed:
    """The model failed in the midst of its answer: a sentence for the client."""

    message: str


@dataclass(frozen=True)
class Cut:
    """The connection breaks here, without a word."""


Part = Text | ToolCall | ToolArguments | End | Failed | Cut


@dataclass(frozen=True)
class Numbered:
    """A part with its place in its run: 1, 2, 3, …, without holes."""

    sequence: int
    part: Part
