"""One way of a live run: asked, read, stopped as that way stops, and what there is to see of it at any moment.

``ai_live.py`` runs several of them at once, ``ai_live_readers.py`` has the readers that can say stop.
"""

from __future__ import annotations

import asyncio
from typing import Any

from lab_servers.clients.answer_reading import Listener
from lab_servers.clients.answers import read_answer
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.live_column import Column, Progress
from lab_servers.scenarios.ai_live_readers import read_socket, read_stream
from lab_servers.scenarios.ai_model import SERVER, HostedModel, host_model
from lab_servers.wire.llm.pieces import Kind, Piece
from lab_servers.wire.llm.ways import Way

PROMPT = "Say hello to the world."
POLL_EVERY_S = 0.25
# Beyond what the model itself needs for the longest answer, and a network with it.
SPARE_S = 30.0
# How long a request and its connection may take on the slowest network, beside the model's own time.
BEGINS_WITHIN_S = 3.0

ENDED_BEFORE = "The run was ended before the answer was."
NO_LAST_WORD = "What came ended without the answer's last word."

CLOSES, POSTS, SAYS, ASKS_NO_MORE = (
    "closes the connection",
    "POSTs a stop; the server ends the stream",
    "sends a message; the server ends the run",
    "asks no more; nobody tells the model",
)
_STOPS = {
    Way.EVENT_STREAM: POSTS, Way.WEBSOCKET: SAYS, Way.SHORT_POLLING: ASKS_NO_MORE, Way.LONG_POLLING: ASKS_NO_MORE,
}  # fmt: skip


def stop_of(way: Way) -> str:
    """What Stop does on a way, in words."""
    return _STOPS.get(way, CLOSES)


class Lane:
    """One way under way, on the lab's loop.

    Attributes:
        way: The way.
        marks: What its client noted.
    """

    def __init__(self, way: Way, place: int) -> None:
        self.way = way
        self.marks: list[Mark] = []
        self._epoch = f"live{place}"
        self._model: HostedModel | None = None
        self._seen = 0  # marks of the model
        self._generated = 0
        self._finished = False
        self._may_begin_ns = 0  # until then, a model that has said nothing may still begin
        self._latest_begin_ns = 0
        self._asked_ns = self._first_ns = self._done_ns = self._stopped_ns = 0
        self._at_stop: int | None = None
        self._text: list[str] = []
        self._failure = ""
        self._reading: asyncio.Future[None] | None = None
        self._stop = asyncio.Event()

    async def host(self, lab: Lab) -> None:
        """Start its model."""
        self._model = await host_model(lab, [self.way.value], epoch=self._epoch)

    @property
    def model_marks(self) -> list[Mark]:
        """What its model said of itself."""
        return [] if self._model is None else self._model.marks

    @property
    def is_generating(self) -> bool:
        """Whether its model has begun and not ended, or may still begin."""
        self._count()
        return not self._finished and (bool(self._seen) or now_ns() < self._may_begin_ns)

    async def read(self, settings: dict[str, Any]) -> None:
        """Ask, and read until it has ended or was stopped."""
        assert self._model is not None
        self._asked_ns = self._note("asked")
        self._latest_begin_ns = self._asked_ns + int(1e9 * (settings["ttft_s"] + BEGINS_WITHIN_S))
        self._reading = asyncio.ensure_future(self._ask(self._model.urls[self.way.value], settings))
        try:
            await self._reading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._stopped_ns or (task is not None and task.cancelling()):
                self._failure = ENDED_BEFORE
                raise
        except ExchangeFailed as error:
            self._failure = str(error)
            self._may_begin_ns = 0
        finally:
            self._reading.cancel()
            self._done_ns = self._note("ended")

    async def _ask(self, url: str, settings: dict[str, Any]) -> None:
        longest_s = SPARE_S + 4 * settings["tokens"] * settings["gap_s"]
        if self.way in (Way.EVENT_STREAM, Way.WEBSOCKET):
            listener = Listener(self.way, None, self._take)
            read = read_stream if self.way is Way.EVENT_STREAM else read_socket
            await read(url, PROMPT, settings, listener, self._stop, longest_s)
            state = listener.state
        else:
            answer = await read_answer(
                url, self.way, PROMPT, settings, on_piece=self._take, poll_every_s=POLL_EVERY_S, timeout_s=longest_s
            )
            state = answer.state
        if not state.is_complete:
            # A connection that ends in good order ends no answer: only its last word does.
            self._failure = state.error or NO_LAST_WORD

    def _take(self, piece: Piece) -> None:
        if piece.kind is Kind.TEXT and piece.text:
            at_ns = self._note("shown", piece.text)
            self._first_ns = self._first_ns or at_ns
            self._text.append(piece.text)

    def stop(self) -> None:
        """Do what stopping is on this way; once, and only while there is an answer under way."""
        if self._stopped_ns or self._done_ns or self._reading is None:
            return
        self._count()
        self._stopped_ns, self._at_stop = self._note("stop pressed"), self._generated
        if stop_of(self.way) in (POSTS, SAYS):
            self._stop.set()
        else:
            # Its question may still be under way, and the model hears of the leaving as late as of the question.
            self._may_begin_ns = self._latest_begin_ns
            self._reading.cancel()

    def close(self) -> None:
        """The run is over: what has not ended by itself will not end any more."""
        if not self._done_ns:
            self._failure = ENDED_BEFORE
        self._may_begin_ns = 0

    def _note(self, name: str, detail: str = "") -> int:
        self.marks.append(Mark(now_ns(), name, detail))
        return self.marks[-1].at_ns

    def _count(self) -> None:
        marks = self.model_marks
        for mark in marks[self._seen :]:
            self._generated += mark.name == f"token by {SERVER}"
            self._finished = self._finished or mark.name == f"finished by {SERVER}"
        self._seen = len(marks)

    def column(self, passed: tuple[int, int]) -> Column:
        """What there is to see now."""
        self._count()
        return Column(
            self.way.value,
            stop_of(self.way),
            self._progress(),
            "".join(self._text),
            self._since(self._first_ns),
            self._since(self._done_ns),
            *passed,
            self._generated,
            self._at_stop,
            self.is_generating,
            self._failure,
        )

    def _progress(self) -> Progress:
        if self._stopped_ns and self._done_ns:
            return Progress.STOPPED
        if self._failure:
            return Progress.FAILED
        if self._done_ns:
            return Progress.COMPLETE
        return Progress.WRITING if self._first_ns else Progress.WAITING

    def _since(self, at_ns: int) -> float | None:
        return (at_ns - self._asked_ns) / 1e9 if at_ns else None
