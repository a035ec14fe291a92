"""The state of an event stream between its blocks: last event ID and reconnection time, worked out when asked for.

``stream.py`` only notes which blocks may change it; a block (``block.py``) asks for the state before it.
"""

from __future__ import annotations

import re

from lab_servers.wire.sse.content import Content
from lab_servers.wire.sse.interpreter import Interpreter, StreamState

# The lines whose effect outlasts their block.
_LASTING_LINE = re.compile(rb"[\r\n]((?:id|retry)(?::[^\r\n]*+)?)(?=[\r\n])")
_LASTING_FIRST_LINE = re.compile(rb"(?:\xef\xbb\xbf)?((?:id|retry)(?::[^\r\n]*+)?)(?=[\r\n])")


class States:
    """The states that one event stream goes through.

    Args:
        content: Its bytes.

    Attributes:
        changes: Of each complete block with a line that begins like ``id`` or ``retry``: the offset of the line
            end before the first such line, and the offset at which the block ends.
    """

    def __init__(self, content: Content) -> None:
        self.changes: list[tuple[int, int]] = []
        self._content = content
        self._interpreter = Interpreter()  # is given the lasting lines only
        self._states = [StreamState()]

    def after(self, count: int) -> StreamState:
        """The state after the first ``count`` of :attr:`changes`."""
        states = self._states
        while len(states) <= count:
            state = self._apply(*self.changes[len(states) - 1])
            states.append(states[-1] if state == states[-1] else state)
        return states[count]

    def _apply(self, start: int, stop: int) -> StreamState:
        data, interpreter = self._content.data, self._interpreter
        if start == 0 and (first := _LASTING_FIRST_LINE.match(data, 0, stop)):
            interpreter.take(bytes(first[1]))
        for line in _LASTING_LINE.finditer(data, start, stop):
            interpreter.take(bytes(line[1]))
        interpreter.dispatch()
        return interpreter.state
