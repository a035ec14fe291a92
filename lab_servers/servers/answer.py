"""The model of the first lessons: four tokens at a fixed pace; http, polling, sse and websocket all carry it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

TOKENS = ("你", "好", "世", "界")

Mark = Callable[[str, str], None]
"""Told of an application's moment: its name, and what it happened to."""


def no_mark(name: str, detail: str = "") -> None:
    """Ignore a mark. The default wherever nobody is recording."""


async def produce(interval_s: float, mark: Mark = no_mark) -> AsyncIterator[str]:
    """Yield each token of the answer, the first after ``interval_s`` seconds.

    Calls ``mark("produced", token)`` at the moment a token exists, before anybody carries it.
    """
    clock = asyncio.get_running_loop()
    started = clock.time()
    for number, token in enumerate(TOKENS, start=1):
        # Every token is due at a time counted from the start: sleeping a full interval after
        # each one would add the time that its reader took to all the tokens behind it.
        await asyncio.sleep(started + number * interval_s - clock.time())
        mark("produced", token)
        yield token
