"""One model's answer as it stood on the wire, and what its reader knows if the wire is cut at any byte of it. Pure.

``truncation.py`` asks six client strategies what they say of such a cut.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache

from lab_servers.wire.conversation import Conversation
from lab_servers.wire.http1.message import Framing, Message
from lab_servers.wire.llm.reader import AnswerReader, AnswerState, Carried, Dialect
from lab_servers.wire.model import CLIENT, SERVER

# Nothing ends, be it an event, a line or a JSON text, at any other byte than these.
_TO_AN_END = re.compile(rb"[^\r\n}\]]*+[\r\n}\]]|[^\r\n}\]]++")
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True)
class TruncatedAnswer:
    """A whole answer, to be cut in thought.

    Attributes:
        name: The way on which it travelled.
        dialect: Whose words it is in.
        carried: How its JSON texts are told apart.
        wire: The response from its status line to its last byte, framing included.
    """

    name: str
    dialect: Dialect
    carried: Carried
    wire: bytes

    @cached_property
    def head_end(self) -> int:
        """The offset of the first byte behind the head."""
        return self._message.head_end

    @property
    def framing(self) -> Framing:
        """How the response says where its body ends."""
        return self._message.framing

    @property
    def framing_end(self) -> int | None:
        """The offset at which its framing is complete; ``None`` where only the close says that."""
        return None if self.framing is Framing.CLOSE else self._message.end

    @cached_property
    def content(self) -> bytes:
        """Its body without the framing of chunks."""
        return b"".join(self.wire[start:stop] for start, stop in self._message.content.all_pieces)

    @cached_property
    def full(self) -> AnswerState:
        """What a reader knows when nothing is cut."""
        return self.state_at(len(self.wire))

    @cached_property
    def text_end(self) -> int:
        """The first offset at which nothing is missing of what a reader is shown: text and tool calls."""
        return next(at for at in self.turns if self.shows_all_at(at))

    def content_bytes_at(self, cut: int) -> int:
        """How many bytes of the content have come at ``cut``."""
        index = bisect_right(self._starts, cut) - 1
        if index < 0:
            return 0
        start, stop = self._message.content.all_pieces[index]
        return self._before[index] + min(cut, stop) - start

    def state_at(self, cut: int) -> AnswerState:
        """What a reader knows that got the first ``cut`` bytes and then the end, however that came about."""
        return self._steps[1][self._step_at(cut)]

    def shows_all_at(self, cut: int) -> bool:
        """Whether nothing is missing of what a reader is shown."""
        return self._shows_all[self._step_at(cut)]

    @cached_property
    def turns(self) -> tuple[int, ...]:
        """The offsets of the wire at which anything changes for a reader or for HTTP, in order; 0 is the first."""
        found = {0, self.head_end, len(self.wire), *([] if self.framing_end is None else [self.framing_end])}
        for offset in self._steps[0][1:]:
            # The step is done once its last byte has come.
            index = bisect_right(self._before, offset - 1) - 1
            found.add(self._starts[index] + offset - self._before[index])
        return tuple(sorted(found))

    def _step_at(self, cut: int) -> int:
        return bisect_right(self._steps[0], self.content_bytes_at(cut)) - 1

    @cached_property
    def _shows_all(self) -> list[bool]:
        """Of each step, whether nothing is missing of what a reader is shown."""
        full = self._steps[1][-1]
        return [(state.text, state.tool_calls) == (full.text, full.tool_calls) for state in self._steps[1]]

    @cached_property
    def _message(self) -> Message:
        conversation = Conversation()
        conversation.feed(CLIENT, _REQUEST)
        conversation.feed(SERVER, self.wire)
        return conversation.messages(SERVER)[0]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self._message.content.all_pieces]

    @cached_property
    def _before(self) -> list[int]:
        """How much of the content lies before each of its pieces."""
        before, total = [], 0
        for start, stop in self._message.content.all_pieces:
            before.append(total)
            total += stop - start
        return before

    @cached_property
    def _steps(self) -> tuple[list[int], list[AnswerState]]:
        return _steps_of(self.dialect, self.carried, self.content)


# One answer is asked about in both framings, and again for each picture, table and slider.
@lru_cache(maxsize=32)
def _steps_of(dialect: Dialect, carried: Carried, content: bytes) -> tuple[list[int], list[AnswerState]]:
    """The sizes of content at which a reader learns something, and what it knows if nothing follows."""
    reader = AnswerReader(dialect, carried)
    offsets, states = [0], [reader.state_if_ended()]
    at = 0
    for part in _TO_AN_END.findall(content):
        pieces = reader.feed(part)
        at += len(part)
        # A line that has no end yet may hold a whole object.
        if pieces or (carried == "lines" and part.endswith(b"}")):
            state = reader.state_if_ended()
            if state != states[-1]:
                offsets.append(at)
                states.append(state)
    return offsets, states
