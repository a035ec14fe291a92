"""Waiting for a thing to be so, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

GIVE_UP_S = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Return once ``condition()`` is true, letting the loop run meanwhile; fail if it never is."""
    give_up = time.monotonic() + GIVE_UP_S
    while not condition():
        assert time.monotonic() < give_up, "the awaited condition never came true"
        await asyncio.sleep(0.001)


def until_sync(condition: Callable[[], object]) -> None:
    """The same for a test without an event loop."""
    give_up = time.monotonic() + GIVE_UP_S
    while not condition():
        assert time.monotonic() < give_up, "the awaited condition never came true"
        time.sleep(0.001)
