"""An event loop whose time hardly moves while anything can be done, and jumps to the next timer when nothing can."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

NS_PER_S = 1_000_000_000


# What a turn of the loop takes, so that time also passes for somebody who waits by taking turns.
TURN_NS = 20_000


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits: the time that it was to wait is added to the clock."""

    now_ns = NS_PER_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now_ns += max(TURN_NS, math.ceil((timeout or 0) * NS_PER_S))
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; what reads its clock is told by :func:`run_in_virtual_time`."""

    def __init__(self) -> None:
        self.clock = _JumpingSelector()
        super().__init__(self.clock)

    def now_ns(self) -> int:
        """The virtual time, in nanoseconds."""
        return self.clock.now_ns

    def time(self) -> float:
        """The same in seconds, as asyncio asks for it."""
        return self.clock.now_ns / NS_PER_S


def run_in_virtual_time(work: Coroutine[Any, Any, T], *modules: str) -> T:
    """Run it on such a loop; the ``now_ns`` that these modules have imported reads the same clock."""
    loop = VirtualLoop()
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            patch.setattr(f"{module}.now_ns", loop.now_ns)
        try:
            return loop.run_until_complete(work)
        finally:
            loop.close()
