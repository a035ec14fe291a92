"""The model: generates answers in real time, counts every token, and keeps a log of each run. Neighbour: timeline.

A run generates in a task of its own, as an inference engine does: how fast its readers read does not slow it down, and
whether it stops when they leave is a decision of the server, not a law. ``parts.py`` says what is in the log.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ..answer import Mark, no_mark
from ..query import BadValue
from .parts import Cut, End, Failed, Finish, Numbered, Part, Text, ToolArguments, ToolCall, Usage
from .settings import Settings
from .timeline import FAILURE, Moment, count_tokens, moments_of

MOST_RUNNING = 2_000
MOST_KEPT_PARTS = 500_000
MOST_PROMPT_CHARACTERS = 100_000


class Overloaded(Exception):
    """No answer begins: the request is to be refused with a status (RFC 9110 §15.6.4: 503)."""

    def __init__(self, message: str = FAILURE) -> None:
        super().__init__(message)


class UnknownRun(Exception):
    """This server never had such a run, or has forgotten it."""


class GoneEpoch(UnknownRun):
    """The run belongs to an earlier life of the server: its log went with it."""


class KeyReused(BadValue):
    """The same Idempotency-Key came with another request."""


@dataclass
class Meter:
    """What the model has done since its server started.

    Attributes:
        runs: How many answers were begun.
        tokens: How many tokens were generated, whether anybody read them or not.
    """

    runs: int = 0
    tokens: int = 0


class Run:
    """One answer: its log, and the task that generates it.

    Whoever reads says so: :meth:`enter` counts a reader in, :meth:`leave` counts it out. A run that is not kept is
    begun with its reader counted in.
    """

    def __init__(
        self, run_id: str, prompt: str, settings: Settings, moments: Sequence[Moment], meter: Meter, mark: Mark,
        *, kept: bool,
    ) -> None:  # fmt: skip
        self.run_id = run_id
        self.prompt = prompt
        self.settings = settings
        self.kept = kept
        self.generated = 0
        self.readers = 0
        self.is_done = False
        self._moments = moments
        self._meter = meter
        self._mark = mark
        self._log: list[Numbered] = []
        self._grew = asyncio.Event()
        self._lingering: asyncio.TimerHandle | None = None
        self._task = asyncio.get_running_loop().create_task(self._generate())
        self._linger()

    # --- reading ------------------------------------------------------------------------

    def after(self, sequence: int) -> list[Numbered]:
        """The parts behind that number which exist now."""
        return self._log[max(sequence, 0) :]

    async def next_after(self, sequence: int) -> list[Numbered]:
        """The parts behind that number, as soon as there is one; empty only if there will never be one."""
        while not (new := self.after(sequence)) and not self.is_done:
            await self._grew.wait()
        return new

    async def wait_after(self, sequence: int, most_s: float) -> list[Numbered]:
        """The same, but after ``most_s`` seconds what there is: perhaps nothing."""
        try:
            async with asyncio.timeout(most_s):
                return await self.next_after(sequence)
        except TimeoutError:
            return self.after(sequence)

    async def parts(self, after: int = 0) -> AsyncIterator[Numbered]:
        """Each part behind that number: those of the log at once, the others when they exist, up to the end."""
        async for numbered in self.parts_or_silence(after, None):
            if numbered is not None:
                yield numbered

    async def parts_or_silence(self, after: int, quiet_s: float | None) -> AsyncIterator[Numbered | None]:
        """The same, with a ``None`` after each ``quiet_s`` seconds in which nothing came."""
        while True:
            try:
                async with asyncio.timeout(quiet_s):
                    new = await self.next_after(after)
            except TimeoutError:
                yield None
                continue
            if not new:
                return
            for numbered in new:
                after = numbered.sequence
                yield numbered

    def enter(self) -> None:
        """Count a reader in."""
        self.readers += 1
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def leave(self) -> None:
        """Count a reader out: a run that is not kept ends with its last reader, another goes on for ``linger_s``."""
        self.readers = max(self.readers - 1, 0)
        if self.is_done or self.readers:
            return
        if self.kept:
            self._linger()
        else:
            self._break_off(Cut(), "reader left")

    def stop(self) -> None:
        """End the answer on purpose. Its readers get an ``End`` that says so; of a run that is done nothing changes."""
        if not self.is_done:
            self._break_off(End(Finish.STOPPED, self.usage), "stopped")

    def close(self) -> None:
        """End it because its server ends."""
        if not self.is_done:
            self._break_off(Cut(), "server stopped")

    @property
    def usage(self) -> Usage:
        """What was generated so far."""
        # Whatever it thinks comes before whatever it says.
        reasoned = min(self.generated, self.settings.reasoning_tokens)
        return Usage(count_tokens(self.prompt), self.generated, reasoned)

    @property
    def size(self) -> int:
        """How many parts are in the log."""
        return len(self._log)

    # --- generating ---------------------------------------------------------------------

    async def _generate(self) -> None:
        clock = asyncio.get_running_loop()
        begun_s = clock.time()
        for moment in self._moments:
            # Counted from the beginning: what the rest of the program takes does not add up.
            await asyncio.sleep(max(begun_s + moment.due_s - clock.time(), 0))
            for _ in range(moment.tokens):
                self.generated += 1
                self._meter.tokens += 1
                self._mark("token", f"{self.run_id} {self.generated}")
            for part in moment.parts:
                self._append(part)
        # The last moment always holds an end.
        self._finish(_reason(self._log[-1].part))

    def _append(self, part: Part) -> None:
        numbered = Numbered(len(self._log) + 1, part)
        self._log.append(numbered)
        tokens = part.tokens if isinstance(part, (Text, ToolArguments)) else int(isinstance(part, ToolCall))
        text = part.text if isinstance(part, (Text, ToolArguments)) else ""
        self._mark("produced", f"{self.run_id} {numbered.sequence} {tokens} {text}")
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()

    def _break_off(self, part: Part, reason: str) -> None:
        self._task.cancel()
        self._append(part)
        self._finish(reason)

    def _finish(self, reason: str) -> None:
        self.is_done = True
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        self._mark("finished", f"{self.run_id} {self.generated} {reason}")
        self._grew.set()

    def _linger(self) -> None:
        if self.kept and not self.is_done:
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(self.settings.linger_s, self._nobody_listened)

    def _nobody_listened(self) -> None:
        self._break_off(End(Finish.STOPPED, self.usage), "nobody listened")


def _reason(part: Part) -> str:
    if isinstance(part, End):
        return "length" if part.finish is Finish.LENGTH else "complete"
    return "failed" if isinstance(part, Failed) else "cut"


class Model:
    """All runs of one life of a server.

    Args:
        mark: Told of each token ("token"), each part ("produced") and each end ("finished").
        epoch: The name of this life, part of every run's id; empty: a random one.
    """

    def __init__(self, mark: Mark = no_mark, epoch: str = "") -> None:
        self.epoch = epoch or secrets.token_hex(3)
        self.meter = Meter()
        self._mark = mark
        self._runs: dict[str, Run] = {}
        self._keys: dict[str, tuple[object, Run]] = {}

    def begin(
        self,
        prompt: str,
        settings: Settings,
        *,
        kept: bool = False,
        most_tokens: int | None = None,
        tools: Sequence[str] = (),
        key: str = "",
    ) -> Run:
        """Begin to answer a prompt; of a run that is not kept, the caller is a reader, and says when it leaves.

        Args:
            prompt: The prompt, at most ``MOST_PROMPT_CHARACTERS``.
            settings: How to behave.
            kept: Whether the run goes on without readers, so that one can come back to it.
            most_tokens: How many tokens it may generate.
            tools: Names of tools that it may call.
            key: An Idempotency-Key: a repeated request with the same key gets the run that the first one began.

        Raises:
            Overloaded: the settings say so, or too much is going on.
            BadValue: the prompt is too long.
            KeyReused: the key came with another prompt or other settings.
        """
        if len(prompt) > MOST_PROMPT_CHARACTERS:
            raise BadValue(f"The prompt must not be longer than {MOST_PROMPT_CHARACTERS} characters.")
        fingerprint = (prompt, settings, kept, most_tokens, tuple(tools))
        if key in self._keys:
            before, run = self._keys[key]
            if before != fingerprint:
                raise KeyReused("This Idempotency-Key was used for another request: take a new one.")
            if not kept:
                run.enter()
            return run
        if settings.fails_before_head or sum(not run.is_done for run in self._runs.values()) >= MOST_RUNNING:
            raise Overloaded
        self._forget_oldest()
        self.meter.runs += 1
        moments = moments_of(prompt, settings, most_tokens=most_tokens, tools=tools)
        run = Run(f"{self.epoch}-{self.meter.runs}", prompt, settings, moments, self.meter, self._mark, kept=kept)
        self._runs[run.run_id] = run
        if not kept:
            run.enter()
        if key:
            self._keys[key] = (fingerprint, run)
        return run

    def run(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            GoneEpoch: it was begun in an earlier life of this server.
            UnknownRun: there is none, or it was forgotten.
        """
        if run_id in self._runs:
            return self._runs[run_id]
        epoch, _, number = run_id.rpartition("-")
        if epoch and epoch != self.epoch and number.isascii() and number.isdigit():
            raise GoneEpoch(f"This server is {self.epoch}; the run {run_id[:40]} was of an earlier one.")
        raise UnknownRun(f"There is no run {run_id[:40]!r}.")

    def close(self) -> None:
        """End every run."""
        for run in self._runs.values():
            run.close()

    def _forget_oldest(self) -> None:
        """Drop finished runs, oldest first, once their logs are too long together."""
        size = sum(run.size + 16 for run in self._runs.values())
        for run_id, run in list(self._runs.items()):
            if size <= MOST_KEPT_PARTS:
                break
            if run.is_done:
                size -= run.size + 16
                del self._runs[run_id]
                self._keys = {key: kept for key, kept in self._keys.items() if kept[1] is not run}
