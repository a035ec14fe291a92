"""Takes an answer as it comes, in bytes or messages, and notes when each piece of it could be shown.

``answers.py`` feeds it. All pieces of one read have the time of that read: that is when a program could show them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab_servers.clients.ending import Ending
from lab_servers.marks import Mark, now_ns
from lab_servers.wire.llm.pieces import AnswerState, Kind, Piece
from lab_servers.wire.llm.reader import AnswerReader
from lab_servers.wire.llm.ways import Way

OnPiece = Callable[[Piece], object]


@dataclass(frozen=True, repr=False)
class AnswerRead:
    """An answer as far as it came.

    Attributes:
        way: How it was asked for.
        pieces: What came, in order.
        state: What the pieces add up to.
        ending: Why no more came.
        marks: "asked" (detail: method and URL), on HTTP "head received" (its status), on a WebSocket "open", "run" (the
            run's id), "shown" for each piece of text (detail: the text), the kind's name for every other piece, and
            "ended" (why).
    """

    way: Way
    pieces: tuple[Piece, ...]
    state: AnswerState
    ending: Ending
    marks: tuple[Mark, ...]

    @property
    def text(self) -> str:
        """The answer's text."""
        return self.state.text

    @property
    def run_id(self) -> str:
        """The id of the run, from its header or its JSON; empty where neither came."""
        return next((mark.detail for mark in self.marks if mark.name == "run"), "")

    def __repr__(self) -> str:
        complete = "complete" if self.state.is_complete else "incomplete"
        return f"<AnswerRead {self.way.value}: {len(self.text)} characters, {complete}; {self.ending.value}>"


class Listener:
    """One answer under way.

    Args:
        way: How it travels.
        leave_after_parts: So many pieces of text are enough; ``None`` reads to the end.
        on_piece: Called with each piece.

    Attributes:
        leaves: Whether enough has come.
    """

    def __init__(self, way: Way, leave_after_parts: int | None, on_piece: OnPiece | None) -> None:
        self.leaves = False
        self._way = way
        self._reader = AnswerReader(way.dialect, way.carried)
        self._enough = leave_after_parts
        self._on_piece = on_piece
        self._texts = 0
        self._run_id = ""
        self._pieces: list[Piece] = []
        self._marks: list[Mark] = []

    @property
    def state(self) -> AnswerState:
        """What has come, added up."""
        return self._reader.state

    @property
    def is_over(self) -> bool:
        """Whether the server has said that nothing follows."""
        return self.state.terminated or self.state.error is not None

    def note(self, name: str, detail: str = "") -> None:
        """Keep a moment of this client's own."""
        self._marks.append(Mark(now_ns(), name, detail))

    def note_run(self, run_id: str) -> None:
        """Keep the id of the run that answers, once it is known."""
        if run_id and not self._run_id:
            self._run_id = run_id
            self.note("run", run_id)

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; tell whether this client now leaves."""
        at_ns = now_ns()
        return self._take(self._reader.feed(data), at_ns)

    def feed_messages(self, texts: Sequence[str], at_ns: int) -> bool:
        """Take messages that came at one moment; tell whether this client now leaves."""
        for text in texts:
            self._take(self._reader.feed_message(text), at_ns)
        return self.leaves

    def end(self) -> None:
        """Take note that the server will send no more."""
        at_ns = now_ns()
        self._take(self._reader.end(), at_ns)

    def finished(self, ending: Ending) -> AnswerRead:
        """All that came."""
        self.note("ended", ending.value)
        return AnswerRead(self._way, tuple(self._pieces), self.state, ending, tuple(self._marks))

    def _take(self, pieces: Sequence[Piece], at_ns: int) -> bool:
        self.note_run(self.state.run_id)
        for piece in pieces:
            self._pieces.append(piece)
            is_text = piece.kind is Kind.TEXT
            self._marks.append(Mark(at_ns, "shown" if is_text else piece.kind.value, piece.text))
            self._texts += is_text
            if self._on_piece is not None:
                self._on_piece(piece)
        self.leaves = self.leaves or (self._enough is not None and self._texts >= self._enough)
        return self.leaves
