"""A reader that comes back: it reads one kept run of a model server to its end, on as many connections as that takes.

Three ways to say where it was: the id of an event (``Last-Event-ID``), a number in the query (``?after=17``), a message
on a WebSocket (``{"type":"resume",…}``). ``resuming_ways.py`` opens the connections; what is decided between two of
them stands here, once for all three: what to show, what to drop, when to come back, when to stop.
``resumed.py`` holds what comes of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from lab_servers.clients.failures import require_field_value, require_timeout, require_url
from lab_servers.clients.resumed import Backoff, Habit, ReadPart, ResumedRead, Stopped, Try
from lab_servers.clients.resuming_ways import (
    EVENT_STREAM,
    LINES,
    OPENERS,
    WAYS,
    WEBSOCKET,
    Asked,
    Broken,
    Opener,
    Refused,
)
from lab_servers.errors import require_between, require_one_of
from lab_servers.marks import Mark, now_ns
from lab_servers.wire.llm.json_text import BadJson, read_object, text_in, whole_in

__all__ = [
    "EVENT_STREAM",
    "LINES",
    "WAYS",
    "WEBSOCKET",
    "Backoff",
    "Habit",
    "ReadPart",
    "ResumedRead",
    "Stopped",
    "Try",
    "read_resuming",
]

MOST_PARTS = 100_000


async def read_resuming(
    url: str,
    way: str,
    prompt: str,
    settings: Mapping[str, object] | None = None,
    *,
    key: str = "",
    asks_again: bool = False,
    habit: Habit = Habit.BY_NUMBER,
    backoff: Backoff | None = None,
    quiet_s: float = 30,
    timeout_s: float = 60,
    seed: int = 0,
) -> ResumedRead:
    """Ask a model server for a kept answer, and read it to its end whatever happens to the connections.

    A connection that is cut before it has brought the id of the run leaves nothing to resume from. Asking again then
    generates, and costs, a second answer, unless the first question had a key (``Idempotency-Key``) by which the server
    knows it again. So without a key the reader stops there, unless ``asks_again`` is true.

    Args:
        url: Where the server is: an ``http`` URL without a path, also for the way over WebSocket.
        way: ``"event stream"``, ``"NDJSON"`` or ``"WebSocket"``.
        prompt: The question.
        settings: How the model shall behave, by name.
        key: A text of the reader's own that names this question; empty for none.
        asks_again: Whether to ask again, and pay again, when no id is known and there was no key.
        habit: What it does when a connection ends.
        backoff: How long it waits between tries, and how many there are.
        quiet_s: A connection on which nothing at all came for so long counts as cut, 0.001 to 3,600 seconds.
        timeout_s: The longest that all of it may take, 0.001 to 3,600 seconds.
        seed: Draws the waits.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """
    require_url(url, "http", "https")
    require_one_of("way", way, WAYS)
    require_field_value("key", key)
    require_between("quiet_s", quiet_s, 0.001, 3600, "seconds")
    require_timeout(timeout_s)
    opened = OPENERS[way](url, Asked(prompt, dict(settings or {}), key), quiet_s)
    reader = _Reader(opened, asks_again or bool(key), habit, backoff or Backoff(), random.Random(seed))
    try:
        async with asyncio.timeout(timeout_s):
            stopped = await reader.read()
    except TimeoutError:
        stopped = Stopped.TIMEOUT
    return reader.told(stopped)


@dataclass
class _Current:
    """The try under way."""

    asked: bool
    after: int
    brought: int = 0


class _Reader:
    """What the reader has, and what it knows of its run."""

    def __init__(self, way: Opener, may_ask_again: bool, habit: Habit, backoff: Backoff, chance: random.Random) -> None:
        self._way = way
        self._may_ask_again = may_ask_again
        self._habit = habit
        self._backoff = backoff
        self._chance = chance
        self._run_id = ""
        self._last = 0  # the number of the last part that is shown
        self._parts: list[ReadPart] = []
        self._tries: list[Try] = []
        self._current: _Current | None = None
        self._duplicates = self._gaps = self._strays = 0
        self._epoch = ""
        self._marks: list[Mark] = []

    async def read(self) -> Stopped:
        """Connection after connection, until there is a reason to stop."""
        fruitless = 0
        while True:
            if fruitless:
                await self._wait(fruitless - 1)
            knew, had = self._run_id, self._last
            stopped = await self._try()
            if stopped is not None:
                return stopped
            # News is a part or the id of the run; each makes the reader patient again.
            fruitless = 1 if (self._run_id, self._last) != (knew, had) else fruitless + 1
            if fruitless > self._backoff.most_tries:
                return Stopped.GAVE_UP

    async def _wait(self, fruitless: int) -> None:
        wait_s = self._backoff.wait_s(fruitless, self._chance)
        self._mark("waits", f"{wait_s:.3f}")
        await asyncio.sleep(wait_s)

    async def _try(self) -> Stopped | None:
        """One connection; why it was the last, or ``None``."""
        after = 0 if self._habit is Habit.WITHOUT_IDS else self._last
        self._current = _Current(not self._run_id, after)
        self._mark("try", "ask" if not self._run_id else str(after))
        try:
            async with aclosing(self._texts(after)) as texts:
                async for text in texts:
                    stopped = self._take(text)
                    if stopped is not None:
                        self._end_try(stopped.value)
                        return stopped
            ended = "the connection ended in good order"
            was_heard = True
        except Broken as broken:
            ended, was_heard = str(broken), broken.was_sent
        except Refused as refused:
            self._epoch = refused.epoch
            self._end_try(f"status {refused.status}")
            return Stopped.GONE if refused.status == 410 else Stopped.REFUSED
        self._end_try(ended)
        if self._habit is Habit.TRUSTS_THE_END and self._run_id:
            return Stopped.TRUSTED
        if not self._run_id and was_heard and not self._may_ask_again:
            return Stopped.NOTHING_TO_RESUME
        return None

    async def _texts(self, after: int) -> AsyncGenerator[str]:
        """The JSON texts of one connection: of a new answer, or of the rest of one."""
        if not self._run_id and self._way.asks_apart:
            self._know(await self._way.ask())
            # The question and the answer have a connection each: this one is over, and has brought the id.
            self._end_try("answered with the id of the run")
            self._current = _Current(False, 0)
            self._mark("try", "0")
        async with aclosing(self._way.read(self._run_id, after)) as texts:
            async for text in texts:
                yield text

    def _take(self, text: str) -> Stopped | None:
        """One JSON text that came: shown, dropped or the last."""
        try:
            part = read_object(text)
        except BadJson:
            part = {}
        kind, run_id, sequence = text_in(part, "type"), text_in(part, "run"), whole_in(part, "n")
        if kind == "gone" and run_id == self._run_id:
            self._epoch = text_in(part, "epoch")
            return Stopped.GONE
        if kind == "refused":
            return Stopped.REFUSED
        is_ours = bool(run_id) and run_id == (self._run_id or run_id)
        if kind == "run" and is_ours:  # the id alone, before there is any part
            self._know(run_id)
            return None
        if not is_ours or not sequence:
            self._strays += 1
            return None
        self._know(run_id)
        if sequence <= self._last:
            self._duplicates += 1
            self._mark("duplicate", str(sequence))
            if self._habit is not Habit.WITHOUT_IDS:
                return None
        elif sequence > self._last + 1:
            self._gaps += sequence - self._last - 1
            self._mark("gap", f"{self._last + 1} to {sequence - 1}")
        self._show(sequence, kind, text_in(part, "text"))
        if kind == "end":
            return Stopped.COMPLETE
        if kind == "error":
            return Stopped.FAILED
        return Stopped.GAVE_UP if len(self._parts) >= MOST_PARTS else None

    def _show(self, sequence: int, kind: str, text: str) -> None:
        assert self._current is not None
        self._current.brought += sequence > self._last
        self._last = max(sequence, self._last)
        self._parts.append(ReadPart(sequence, kind, text, len(self._tries) + 1, now_ns()))
        self._mark("received", f"{self._run_id} {sequence} {text}")

    def _know(self, run_id: str) -> None:
        if run_id != self._run_id:
            self._run_id = run_id
            self._mark("run known", run_id)

    def _end_try(self, ended: str) -> None:
        assert self._current is not None
        self._tries.append(Try(self._current.asked, self._current.after, self._current.brought, ended))
        self._current = None
        self._mark("ended", ended)

    def _mark(self, name: str, detail: str) -> None:
        self._marks.append(Mark(now_ns(), name, detail))

    def told(self, stopped: Stopped) -> ResumedRead:
        """What became of it."""
        if self._current is not None:
            self._end_try("this reader left")
        self._mark("stopped", stopped.value)
        return ResumedRead(
            self._run_id, tuple(self._parts), tuple(self._tries), stopped, self._duplicates, self._gaps, self._strays,
            self._epoch, tuple(self._marks),
        )  # fmt: skip
