"""Adds up what the JSON texts of an answer say: within bounds, whatever a stranger sends.

The dialects (``openai.py``, ``anthropic.py``, …) call one method for each thing that they find; ``reader.py`` asks
for the pieces and the state. What exceeds a bound is damage, because an answer with a part missing is not complete.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace

from lab_servers.wire.llm.characters import Characters
from lab_servers.wire.llm.pieces import AnswerState, Kind, PassedOver, Piece, ToolCallRead, UsageRead

MOST_CHARACTERS = 4 * 1024 * 1024
"""So many characters of text, thoughts and arguments are kept of one answer."""
MOST_TOOL_CALLS = 256
"""So many tool calls are kept of one answer."""
MOST_WORDS = 1000
"""A name, an id, a finish reason or a message is cut after so many characters."""
MOST_REASONS = 5
"""Of what was passed over, so many reasons are kept."""


class Collected:
    """An answer under way."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._text_characters = Characters()
        self._thought_characters = Characters()
        self._size = 0
        self._state = AnswerState()
        # What changes with each text is kept apart from what changes a few times in an answer.
        self._last_sequence = self._text_pieces = self._tokens = 0
        self._ignored = _Tally()
        self._damaged = _Tally()
        self._sequence: int | None = None

    @property
    def calls(self) -> int:
        """How many tool calls have begun."""
        return len(self._calls)

    @property
    def state(self) -> AnswerState:
        """All that is known so far."""
        return replace(
            self._state,
            text=self._joined(self._texts),
            thought=self._joined(self._thoughts),
            tool_calls=tuple(call.read() for call in self._calls.values()),
            last_sequence=self._last_sequence,
            text_pieces=self._text_pieces,
            tokens=self._tokens,
            ignored=self._ignored.read(),
            damaged=self._damaged.read(),
        )

    @property
    def text(self) -> str:
        """Its text so far."""
        return self._joined(self._texts)

    @property
    def is_terminated(self) -> bool:
        """Whether the dialect's terminator came."""
        return self._state.terminated

    def twin(self) -> Collected:
        """Another one that knows the same, and from here on goes its own way."""
        other = copy(self)
        other._pieces, other._texts, other._thoughts = [*self._pieces], [*self._texts], [*self._thoughts]
        other._calls = {key: call.twin() for key, call in self._calls.items()}
        other._text_characters, other._thought_characters = copy(self._text_characters), copy(self._thought_characters)
        other._ignored, other._damaged = self._ignored.twin(), self._damaged.twin()
        return other

    def take_pieces(self) -> list[Piece]:
        """The pieces since the last call."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def number(self, sequence: int | None) -> None:
        """What follows bears this number, until the next call."""
        self._sequence = sequence
        self._last_sequence = max(self._last_sequence, sequence or 0)

    def name_run(self, run_id: str) -> None:
        """The id of the answer; the first one that comes stays."""
        if run_id and not self._state.run_id:
            self._state = replace(self._state, run_id=_short(run_id))

    def add_text(self, text: str, tokens: int | None = None) -> None:
        """Text of the answer."""
        if not text:
            return
        shown = self._text_characters.add(text)
        self._count(tokens)
        if shown and self._fits(shown):
            self._texts.append(shown)
            self._say(Kind.TEXT, shown, tokens=tokens)

    def add_thought(self, text: str) -> None:
        """Text that is no part of the answer: what the model lets be seen of its reasoning."""
        shown = self._thought_characters.add(text)
        if shown and self._fits(shown):
            self._thoughts.append(shown)
            self._say(Kind.THOUGHT, shown)

    def add_call(self, key: int, call_id: str, name: str, tokens: int | None = None) -> None:
        """A tool call begins, or more is known of it.

        Args:
            key: How the dialect tells its calls apart; calls are numbered from 0 in the order of their beginnings.
            call_id: Its id, or nothing.
            name: The tool, or nothing.
            tokens: How many tokens this says that it holds.
        """
        self._tokens += tokens or 0
        call = self._calls.get(key)
        if call is None:
            if len(self._calls) == MOST_TOOL_CALLS:
                self.damage(f"more than {MOST_TOOL_CALLS} tool calls")
                return
            call = self._calls[key] = _Call(len(self._calls), _short(call_id), _short(name))
        elif call.is_named or not (call_id or name):
            return
        else:
            call.call_id, call.name = call.call_id or _short(call_id), call.name or _short(name)
        self._say(Kind.TOOL_CALL, call.name, index=call.index, call_id=call.call_id)

    def add_arguments(self, key: int, text: str, tokens: int | None = None) -> None:
        """A piece of the arguments of the call ``key``."""
        if not text:
            return
        call = self._calls.get(key)
        if call is None:
            self.damage("arguments of a tool call that never began")
            return
        shown = call.characters.add(text)
        self._count(tokens)
        if shown and self._fits(shown):
            call.arguments.append(shown)
            self._say(Kind.TOOL_ARGUMENTS, shown, index=call.index, tokens=tokens)

    def arguments_of(self, key: int) -> str:
        """The arguments of the call ``key`` so far."""
        call = self._calls.get(key)
        return "".join(call.arguments) if call else ""

    def finish(self, reason: str) -> None:
        """The model stopped, for this reason."""
        reason = _short(reason)
        if reason and reason != self._state.finish_reason:
            self._state = replace(self._state, finish_reason=reason)
            self._say(Kind.FINISH, reason)

    def report_usage(self, usage: UsageRead) -> None:
        """What will be billed; what a later report leaves out stays as the earlier one said it."""
        known = self._state.usage or UsageRead()
        merged = UsageRead(
            known.prompt_tokens if usage.prompt_tokens is None else usage.prompt_tokens,
            known.output_tokens if usage.output_tokens is None else usage.output_tokens,
            known.reasoning_tokens if usage.reasoning_tokens is None else usage.reasoning_tokens,
        )
        if merged != known:
            self._state = replace(self._state, usage=merged)
            self._say(Kind.USAGE)

    def fail(self, message: str) -> None:
        """An error came; the first one stays."""
        if self._state.error is None:
            message = _short(message) or "an error without a message"
            self._state = replace(self._state, error=message)
            self._say(Kind.ERROR, message)

    def terminate(self) -> None:
        """The dialect's terminator came."""
        if not self._state.terminated:
            self._state = replace(self._state, terminated=True)
            self._say(Kind.TERMINATOR)

    def ignore(self, reason: str) -> None:
        """Something came that documents allow and nobody here knows."""
        self._ignored.add(reason)

    def damage(self, reason: str) -> None:
        """Something came that no document allows."""
        self._damaged.add(reason)

    def end(self) -> None:
        """Nothing more will come."""
        self._sequence = None
        if rest := self._text_characters.end():
            self._texts.append(rest)
            self._say(Kind.TEXT, rest)
        if rest := self._thought_characters.end():
            self._thoughts.append(rest)
            self._say(Kind.THOUGHT, rest)
        for call in self._calls.values():
            if rest := call.characters.end():
                call.arguments.append(rest)
                self._say(Kind.TOOL_ARGUMENTS, rest, index=call.index)
        self._state = replace(self._state, has_ended=True)

    def _fits(self, text: str) -> bool:
        if self._size + len(text) > MOST_CHARACTERS:
            self.damage(f"more than {MOST_CHARACTERS:,} characters")
            return False
        self._size += len(text)
        return True

    def _count(self, tokens: int | None) -> None:
        self._text_pieces += 1
        self._tokens += tokens or 0

    def _say(self, kind: Kind, text: str = "", *, index: int = 0, call_id: str = "", tokens: int | None = None) -> None:
        self._pieces.append(Piece(kind, text, index, call_id, tokens, self._sequence))

    @staticmethod
    def _joined(parts: list[str]) -> str:
        # Joined once: the state may be asked for after each piece.
        if len(parts) > 1:
            parts[:] = ["".join(parts)]
        return parts[0] if parts else ""


class _Call:
    """A tool call under way."""

    def __init__(self, index: int, call_id: str, name: str) -> None:
        self.index = index
        self.call_id = call_id
        self.name = name
        self.arguments: list[str] = []
        self.characters = Characters()

    @property
    def is_named(self) -> bool:
        return bool(self.call_id and self.name)

    def twin(self) -> _Call:
        other = copy(self)
        other.arguments, other.characters = [*self.arguments], copy(self.characters)
        return other

    def read(self) -> ToolCallRead:
        return ToolCallRead(self.index, self.call_id, self.name, "".join(self.arguments))


class _Tally:
    """What was passed over, under way."""

    def __init__(self) -> None:
        self._count = 0
        self._first: list[str] = []
        self._last = ""  # a stranger may send the same thing a million times

    def add(self, reason: str) -> None:
        self._count += 1
        if reason != self._last and len(self._first) < MOST_REASONS and _short(reason) not in self._first:
            self._first.append(_short(reason))
        self._last = reason

    def twin(self) -> _Tally:
        other = copy(self)
        other._first = [*self._first]
        return other

    def read(self) -> PassedOver:
        return PassedOver(self._count, tuple(self._first))


def _short(text: str) -> str:
    """Words from a stranger: not too long, and fit to be encoded."""
    return text[:MOST_WORDS].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
