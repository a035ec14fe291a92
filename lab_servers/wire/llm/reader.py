"""Reads a language model's answer in any dialect, from bytes that come cut anywhere: pieces as they come, and a state.

It finds the JSON texts as they are carried (``splitting.py``, ``wire/sse/decoder.py``) and gives each to its dialect
(``openai.py``, ``anthropic.py``, ``gemini.py``, ``ollama.py``, ``ours.py``). It knows nothing of HTTP: its input is a
body, or messages of a WebSocket. It never raises on what a stranger sends, and never keeps more than its bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace

from lab_servers.wire.llm import anthropic, gemini, ollama, openai, ours
from lab_servers.wire.llm.collecting import Collected
from lab_servers.wire.llm.dialects import CARRIED, Carried, Dialect, terminator_of
from lab_servers.wire.llm.json_text import BadJson, read_object
from lab_servers.wire.llm.pieces import AnswerState, Kind, PassedOver, Piece, ToolCallRead, UsageRead
from lab_servers.wire.llm.splitting import DEFAULT_LIMIT_BYTES, JsonSplitter, LineSplitter
from lab_servers.wire.sse.decoder import EventStreamDecoder

__all__ = [
    "AnswerReader", "AnswerState", "Carried", "Dialect", "Kind", "PassedOver", "Piece", "ToolCallRead", "UsageRead",
    "terminator_of",
]  # fmt: skip

_TAKE: dict[Dialect, Callable[[Mapping[str, object], Collected], None]] = {
    Dialect.CHAT: openai.take_chat,
    Dialect.RESPONSES: openai.take_response,
    Dialect.MESSAGES: anthropic.take_message,
    Dialect.GEMINI: gemini.take_content,
    Dialect.OLLAMA: ollama.take_line,
    Dialect.OURS: ours.take_part,
}


class AnswerReader:
    """Reads one answer.

    Args:
        dialect: Whose words it is written in.
        carried: How its JSON texts are told apart.
        limit_bytes: The longest JSON text that is read; a longer one is damage.

    Raises:
        ValueError: ``carried`` is none of the four.
    """

    def __init__(
        self, dialect: Dialect, carried: Carried = "event stream", *, limit_bytes: int = DEFAULT_LIMIT_BYTES
    ) -> None:
        if carried not in CARRIED:
            raise ValueError(f"carried must be one of {', '.join(map(repr, CARRIED))}, not {carried!r}")
        self.dialect = dialect
        self.carried = carried
        self._take = _TAKE[dialect]
        self._answer = Collected()
        self._events = EventStreamDecoder(limit_bytes=limit_bytes)
        self._lines = LineSplitter(limit_bytes)
        self._json = JsonSplitter(limit_bytes)
        self._limit_bytes = limit_bytes
        self._has_ended = False

    @property
    def state(self) -> AnswerState:
        """All that is known of the answer so far."""
        state = self._answer.state
        oversized = self._events.oversized + self._lines.oversized + self._json.oversized
        losses = (
            (oversized, f"a JSON text of more than {self._limit_bytes:,} bytes"),
            (self._json.strays, "bytes where JSON allows none"),
        )
        damaged = state.damaged
        for count, reason in losses:
            if count:
                damaged = PassedOver(damaged.count + count, (*damaged.first, reason))
        return replace(state, damaged=damaged)

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes of the body; return the pieces that they complete.

        Raises:
            RuntimeError: ``end`` was called before.
        """
        if self._has_ended:
            raise RuntimeError("this answer has ended: a new one needs a new reader")
        for text in self._texts(data):
            self._take_text(text)
        if self.carried == "json" and self._json.is_closed:
            self._answer.terminate()
        return self._answer.take_pieces()

    def feed_message(self, text: str) -> list[Piece]:
        """Take one message: a JSON text that the transport has told apart already."""
        if self._has_ended:
            raise RuntimeError("this answer has ended: a new one needs a new reader")
        if len(text) > self._limit_bytes:
            self._answer.damage(f"a JSON text of more than {self._limit_bytes:,} characters")
        else:
            self._take_text(text)
        return self._answer.take_pieces()

    def state_if_ended(self) -> AnswerState:
        """What would be known if no byte followed; the answer goes on."""
        other = copy(self)
        other._answer, other._lines = self._answer.twin(), self._lines.twin()  # the rest does not change at an end
        other.end()
        return other.state

    def end(self) -> list[Piece]:
        """Take note that no byte follows, however that came about; return what only this shows.

        That the body ended well is for who reads HTTP to know: a cut one ends too.
        """
        if self._has_ended:
            return []
        self._has_ended = True
        if self.carried == "lines":
            for line in self._lines.end():
                # A line without its end may hold a whole object. One that holds none was cut, which is no damage.
                self._take_text(line.decode("utf-8", "replace"), may_be_cut=True)
        if self.dialect is Dialect.GEMINI and self.carried != "json" and self._answer.state.finish_reason is not None:
            self._answer.terminate()
        self._answer.end()
        return self._answer.take_pieces()

    def _texts(self, data: bytes) -> list[str]:
        if self.carried == "event stream":
            return [event.data for event in self._events.feed(data)]
        split = self._lines if self.carried == "lines" else self._json
        return [text.decode("utf-8", "replace") for text in split.feed(data)]

    def _take_text(self, text: str, *, may_be_cut: bool = False) -> None:
        self._answer.number(None)
        if self._answer.is_terminated:
            self._answer.ignore("something after the terminator")
        elif text.strip() == openai.DONE and self.dialect is Dialect.CHAT:
            self._answer.terminate()
        else:
            try:
                self._take(read_object(text), self._answer)
            except BadJson as reason:
                if not may_be_cut:
                    self._answer.damage(str(reason))
