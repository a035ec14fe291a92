"""The place of conditions: they meet the bytes of their direction, in order, and nothing they hold back is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.capture.conditions import Condition, Stage
from tests.capture.relayed import echo, relay_to, story
from tests.waiting import until


class Upper:
    """A condition for this test: it changes case, so that its place in the chain can be seen."""

    def attach(self, onward: Stage) -> Stage:
        class UpperStage:
            def write(self, data: bytes) -> None:
                onward.write(data.upper())

            def write_eof(self) -> None:
                onward.write_eof()

        return UpperStage()


class Bracket(Upper):
    """Another one, that does not commute with the first."""

    def attach(self, onward: Stage) -> Stage:
        class BracketStage:
            def write(self, data: bytes) -> None:
                onward.write(b"a" + data)

            def write_eof(self) -> None:
                onward.write_eof()

        return BracketStage()


@pytest.mark.parametrize(("order", "expected"), [([Upper(), Bracket()], b"aQ"), ([Bracket(), Upper()], b"AQ")])
def test_conditions_meet_the_bytes_of_their_direction_in_the_listed_order(
    order: list[Condition], expected: bytes
) -> None:
    async def run() -> Capture:
        async with relay_to(echo, conditions={Side.CLIENT: order}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"q")
            writer.write_eof()
            assert await reader.read() == expected
            await relay.settle()
            writer.close()
            return relay.captures()[0]

    capture = asyncio.run(run())
    assert capture.bytes_from(Side.CLIENT) == b"q"
    assert capture.bytes_from(Side.SERVER) == expected


class Late:
    """A condition for this test: it holds everything back, the FIN too, until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    def attach(self, onward: Stage) -> Stage:
        late = self

        class LateStage:
            def __init__(self) -> None:
                self.held: list[Callable[[], None]] = []
                self.task = asyncio.get_running_loop().create_task(self.release())

            async def release(self) -> None:
                await late.let_go.wait()
                for pass_on in self.held:
                    pass_on()

            def write(self, data: bytes) -> None:
                self.held.append(lambda: onward.write(data))

            def write_eof(self) -> None:
                self.held.append(onward.write_eof)

        return LateStage()


def test_what_a_condition_holds_back_still_arrives_after_both_sides_have_said_their_last() -> None:
    async def run() -> bytes:
        late = Late()
        async with relay_to(echo, conditions={Side.SERVER: [late]}) as relay:
            reader, writer = await asyncio.open_connection(*relay.address)
            writer.write(b"answer")
            writer.write_eof()
            ended = [TransitionKind.HALF_CLOSED] * 2
            await until(lambda: [kind for kind, _ in story(relay.captures()[0])][-2:] == ended)
            late.let_go.set()
            received = await reader.read()
            writer.close()
            await relay.settle()
            return received

    assert asyncio.run(run()) == b"answer"
