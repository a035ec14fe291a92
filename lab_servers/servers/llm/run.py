"""One answer in the making: a task that generates it in real time, and the log that its readers read. Neighbour: model.

A run generates in a task of its own, as an inference engine does: how fast its readers read does not slow it down, and
whether it stops when they leave is a decision of the server, not a law. ``parts.py`` says what is in the log, and
``timeline.py`` which moments there will be.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ..answer import Mark
from .parts import Cut, End, Failed, Finish, Numbered, Part, Text, ToolArguments, ToolCall, Usage
from .settings import Settings
from .timeline import Moment, count_tokens


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

    @property
    def planned(self) -> int:
        """How many moments are kept because they have not all happened yet: about one for each token."""
        return len(self._moments)

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
        self._moments = ()  # what will not happen any more; of what did, the log has what is to be kept
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
