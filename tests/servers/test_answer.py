"""The model keeps its pace, whatever its readers do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine

import pytest

from lab_servers.servers.answer import TOKENS, no_mark, produce


class VirtualClock(asyncio.SelectorEventLoop):
    """A loop on which waiting takes no time: its clock jumps to whatever is due next."""

    def __init__(self) -> None:
        selector = selectors.DefaultSelector()
        really_select = selector.select
        self._now = 0.0

        def jump(timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            self._now += timeout or 0.0
            return really_select(0)

        selector.select = jump  # type: ignore[method-assign]
        super().__init__(selector)

    def time(self) -> float:
        return self._now


def run_virtually(work: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        runner.run(work)


@pytest.mark.parametrize("reader_takes_s", [0.0, 0.1, 0.29])
def test_each_token_comes_at_its_multiple_of_the_interval_even_for_a_reader_that_takes_time(
    reader_takes_s: float,
) -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop()
        seen = []
        async for token in produce(0.3, no_mark):
            seen.append((round(clock.time(), 6), token))
            await asyncio.sleep(reader_takes_s)
        assert seen == [(0.3, "你"), (0.6, "好"), (0.9, "世"), (1.2, "界")]

    run_virtually(main())


def test_after_a_late_token_the_next_one_is_on_time_again() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop()
        times = []
        async for token in produce(0.3, no_mark):
            times.append(round(clock.time(), 6))
            await asyncio.sleep(0.5 if token == TOKENS[0] else 0.0)
        assert times == [0.3, 0.8, 0.9, 1.2]

    run_virtually(main())


def test_a_token_is_marked_before_anybody_has_it() -> None:
    async def main() -> None:
        story = []
        async for token in produce(0, lambda name, detail: story.append((name, detail))):
            story.append(("received", token))
        assert story == [(name, token) for token in TOKENS for name in ("produced", "received")]

    run_virtually(main())
