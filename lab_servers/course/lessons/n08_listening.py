"""The exercise of ``08_ai_streaming`` on leaving: a handler that stops the model when nobody listens any more.

The learner's coroutine runs on an event loop whose clock is not the wall's: it jumps to the next moment at which
something is due. So a run takes no time, and what is counted is exact. ``n08_text.py`` and ``n08_endings.py`` have the
other exercises, ``n08_ai_streaming.py`` joins all to the objectives.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording

_GAP_S = 1.0

_STOPS = "When its only reader has left, the model stops: at most one token is generated after that."
_SILENT = "A model that thinks sends nothing, so no write can fail: leaving must be watched for, not met by chance."
_GOES_ON = "As long as one reader is left, the model goes on, and that reader gets every token."
_TO_THE_END = "Readers who stay get every token, in order, to the last one."
_SEEDED = "made with a seed"


class NothingHappens(Exception):
    """All wait, and nothing is ever going to happen."""


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing: it tells its loop how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if timeout is None and not ready:
            raise NothingHappens("everything in it waits, and nothing is going to happen any more")
        self.now_s += 0.0 if ready else max(timeout or 0.0, 0.0)
        return list(ready)


class _JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        # A task whose exception nobody looks at is the learner's to leave; asyncio would print it.
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        return self._jumping.now_s


@dataclass(eq=False)
class Reader:
    """Somebody who asked for the answer.

    Attributes:
        leaves_s: When it leaves; ``None`` if it stays.
        got: What it received.
    """

    leaves_s: float | None
    got: list[str] = field(default_factory=list)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, token: str) -> None:
        """Send a token.

        Raises:
            ConnectionResetError: it has left.
        """
        await asyncio.sleep(0)
        if self._gone.is_set():
            raise ConnectionResetError("the reader has left")
        self.got.append(token)

    async def left(self) -> None:
        """Returns when it has left; as an end-of-file watch on its connection would."""
        await self._gone.wait()

    def leave(self) -> None:
        """Close the connection."""
        self._gone.set()


class Run:
    """A model at work on one answer. It generates in a task of its own, whoever reads.

    Attributes:
        readers: For the handlers: who reads it.
        generated: How many tokens were generated.
    """

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self.readers: set[Reader] = set()
        self.generated = 0
        self._tokens, self._news = tokens, asyncio.Condition()
        self._is_over = self._is_stopped = False

    async def generate(self) -> None:
        """A token each second of the loop's clock, until the last one or until it is stopped."""
        for _ in self._tokens:
            await asyncio.sleep(_GAP_S)
            if self._is_stopped:
                break
            async with self._news:
                self.generated += 1
                self._news.notify_all()
        async with self._news:
            self._is_over = True
            self._news.notify_all()

    async def tokens(self) -> AsyncIterator[str]:
        """What can be sent: all tokens from the first, as they come; those that are only thought are left out."""
        place = 0
        while True:
            async with self._news:
                while self.generated == place and not self._is_over:
                    await self._news.wait()
            while place < self.generated:
                place += 1
                if self._tokens[place - 1]:
                    yield self._tokens[place - 1]
            if self._is_over:
                return

    def stop(self) -> None:
        """Generate no more."""
        self._is_stopped = True


def _run(
    answer: Callable[[Run, Reader], Awaitable[None]], tokens: tuple[str, ...], leaves: tuple[float | None, ...]
) -> tuple[str, list[str]]:
    """What came of it: how many tokens were for nobody, and what each reader got."""
    loop = _JumpingLoop()
    try:
        return loop.run_until_complete(_read(loop, answer, tokens, leaves))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _read(
    loop: asyncio.AbstractEventLoop,
    answer: Callable[[Run, Reader], Awaitable[None]],
    tokens: tuple[str, ...],
    leaves: tuple[float | None, ...],
) -> tuple[str, list[str]]:
    run, readers = Run(tokens), [Reader(leaves_s) for leaves_s in leaves]
    for reader in readers:
        if reader.leaves_s is not None:
            loop.call_at(reader.leaves_s, reader.leave)
    generating = asyncio.create_task(run.generate())
    handlers = [asyncio.create_task(_handled(answer, run, reader)) for reader in readers]
    raised = [error for error in await asyncio.gather(*handlers) if error is not None]
    await generating
    if raised:
        raise raised[0]
    stay = any(leaves_s is None for leaves_s in leaves)
    listened = len(tokens) if stay else int(max(leaves_s for leaves_s in leaves if leaves_s is not None) / _GAP_S)
    return _for_nobody(run.generated - listened), ["".join(reader.got) for reader in readers]


async def _handled(answer: Callable[[Run, Reader], Awaitable[None]], run: Run, reader: Reader) -> Exception | None:
    try:
        await answer(run, reader)
    except ConnectionResetError:
        return None  # as of a real handler whose reader has left: the server notes it, and goes on
    except Exception as error:
        return error
    return None


def _for_nobody(tokens: int) -> str:
    if tokens < 0:
        return f"stopped {-tokens} {'token' if tokens == -1 else 'tokens'} too early"
    return "at most 1 token for nobody" if tokens <= 1 else f"{tokens} tokens for nobody"


# --- cases ----------------------------------------------------------------------------------------------


def _cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    for _ in range(3):
        tokens = tuple(random.choice("世界你好abc") for _ in range(random.randint(12, 30)))
        left = random.randint(3, 8) + 0.5
        yield _case(tokens, (left,), _STOPS)
        yield _case(("",) * len(tokens) + tokens, (left,), _SILENT)
        yield _case((*tokens[:2], *("",) * len(tokens), *tokens[2:]), (left,), _SILENT)
        yield _case(tokens, (None,), _TO_THE_END)
        yield _case(("", "", *tokens), (None, None), _TO_THE_END)
        yield _case(tokens, (left, None), _GOES_ON)
        yield _case(tokens, (None, left), _GOES_ON)
        yield _case(tokens, (left, left + 2), _STOPS)


def _case(tokens: tuple[str, ...], leaves: tuple[float | None, ...], rule: str) -> Case:
    got = ["".join(tokens if leaves_s is None else tokens[: int(leaves_s / _GAP_S)]) for leaves_s in leaves]
    return Case((tokens, leaves), (_for_nobody(0), got), rule, source=_SEEDED)


LISTENING = Exercise(
    "08-listening",
    "serve(run, reader) sends a run's tokens to one reader, and stops the run when nobody listens any more. It is "
    "tried with the tokens of a run (an empty one is only thought) and the moments at which readers leave.",
    "serve",
    _cases,
    (
        "Two things must be waited for at once: the tokens, and that the reader leaves. Make a task of each, and let "
        "asyncio.wait return when the first of them is done.",
        "Put the reader into run.readers before you begin, and take it out when you are through, whatever happened. "
        "Only who leaves an empty set behind calls run.stop().",
    ),
    """\
import asyncio

async def carry(run, reader):
    async for token in run.tokens():
        await reader.send(token)

async def serve(run, reader):
    run.readers.add(reader)
    tasks = [asyncio.create_task(carry(run, reader)), asyncio.create_task(reader.left())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    run.readers.discard(reader)
    if not run.readers:
        run.stop()
""",
    call=lambda answer, tokens, leaves: _run(answer, tokens, leaves),
)
