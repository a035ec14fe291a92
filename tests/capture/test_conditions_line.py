"""The line lets each piece pass at its time, in order, with one timer and a bound on what it holds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions import Bandwidth, Condition, Delay, Ending, Jitter, Line, Passage, Pause, Slicing
from lab_servers.capture.conditions.line import HELD_COST_BYTES, MOST_AT_ONCE, MOST_HELD_BYTES, QUEUE_BYTES
from tests.capture.virtual_time import run_in_virtual_time

LINE = "lab_servers.capture.conditions.line"
MS = 1_000_000

Scene = Callable[[], Awaitable[None]]


class Arrivals:
    """A stage that notes what arrives and when; like a full socket, it may block the line that writes to it."""

    def __init__(self, *conditions: Condition) -> None:
        self.all: list[tuple[float, bytes | Ending]] = []
        self.room: list[bool] = []  # what the line said of it, each time that it changed
        self.blocks_at_bytes: int | None = None
        self.is_lost = False  # like a socket whose other end has reset it
        self.start_ns = now_ns()
        self.line = Line(self, conditions, passage(), lambda: self.room.append(self.line.has_room))

    def write(self, data: bytes) -> None:
        self._add(data)
        if self.blocks_at_bytes is not None and len(self.data) >= self.blocks_at_bytes:
            self.line.block()

    def write_eof(self) -> None:
        self._add(Ending.FIN)

    def reset(self) -> None:
        self._add(Ending.RESET)

    def is_closing(self) -> bool:
        return self.is_lost

    def _add(self, what: bytes | Ending) -> None:
        # To a tenth of a millisecond: a turn of the loop takes a fifth of that.
        self.all.append((round((now_ns() - self.start_ns) / MS, 1), what))

    @property
    def data(self) -> bytes:
        return b"".join(what for _, what in self.all if isinstance(what, bytes))


def now_ns() -> int:
    loop: Any = asyncio.get_running_loop()
    now: int = loop.now_ns()
    return now


def passage() -> Passage:
    return Passage(1, Side.SERVER, now_ns())


def play(scene: Scene) -> None:
    """Run a scene in virtual time, and see that it leaves nothing behind that would still run."""

    async def all_of_it() -> None:
        await scene()
        loop: Any = asyncio.get_running_loop()
        assert [timer for timer in (*loop._scheduled, *loop._ready) if not timer.cancelled()] == []

    run_in_virtual_time(all_of_it(), LINE)


def test_each_piece_arrives_at_its_time_and_the_end_after_all_of_them() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.05))
        arrivals.line.write(b"one")
        await asyncio.sleep(0.02)
        arrivals.line.write(b"two")
        arrivals.line.write_eof()
        assert arrivals.all == []
        await asyncio.sleep(1)
        assert arrivals.all == [(50, b"one"), (70, b"two"), (70, Ending.FIN)]
        assert arrivals.line.held_bytes == 0

    play(scene)


def test_a_rate_releases_a_large_write_little_by_little() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(1_000))
        arrivals.line.write(b"x" * 100)
        await asyncio.sleep(1)
        assert [at_ms for at_ms, _ in arrivals.all] == [4 * step for step in range(1, 26)]

    play(scene)


def test_a_late_timer_makes_one_piece_late_and_no_other() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(1_000))
        arrivals.line.write(b"x" * 12)
        loop: Any = asyncio.get_running_loop()
        await asyncio.sleep(0)
        loop.clock.now_ns += 5 * MS  # the machine was busy when the first piece had its time
        await asyncio.sleep(1)
        assert [at_ms for at_ms, _ in arrivals.all] == [5, 8, 12]

    play(scene)


def test_what_a_busy_machine_is_late_with_goes_out_in_one_write_so_that_it_can_catch_up() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(1_000))
        arrivals.line.write(b"abcdefghijkl")
        arrivals.line.write_eof()
        loop: Any = asyncio.get_running_loop()
        await asyncio.sleep(0)
        loop.clock.now_ns += 9 * MS  # the first two pieces have had their times by now, the third has not
        await asyncio.sleep(1)
        assert arrivals.all == [(9, b"abcdefgh"), (12, b"ijkl"), (12, Ending.FIN)]
        assert arrivals.line.held_bytes == 0

    play(scene)


def test_slices_stay_apart_even_then_also_those_of_conditions_that_were_there_before() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Slicing(2, gap_s=0.01))
        arrivals.line.write(b"abcdef")
        arrivals.line.meet([Bandwidth(1_000)], passage())
        arrivals.line.write(b"ghijkl")
        loop: Any = asyncio.get_running_loop()
        loop.clock.now_ns += 100 * MS
        await asyncio.sleep(1)
        assert [what for _, what in arrivals.all] == [b"ab", b"cd", b"ef", b"ghijkl"]

    play(scene)


def test_slices_are_written_one_by_one() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Slicing(2))
        arrivals.line.write(b"abcde")
        assert arrivals.all == [(0, b"ab"), (0, b"cd"), (0, b"e")]

    play(scene)


def test_a_line_that_has_much_to_release_at_once_lets_others_have_their_turn() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Slicing(1))
        arrivals.line.write(b"x" * 1_000)
        assert len(arrivals.all) == MOST_AT_ONCE
        await asyncio.sleep(0)
        assert len(arrivals.all) == 2 * MOST_AT_ONCE
        await asyncio.sleep(1)
        assert arrivals.data == b"x" * 1_000

    play(scene)


def test_what_is_held_keeps_its_time_when_conditions_change_and_nothing_overtakes_it() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1))
        arrivals.line.write(b"slow")
        arrivals.line.meet([Delay(0.02)], passage())
        arrivals.line.write(b"fast")
        await asyncio.sleep(0.2)
        arrivals.line.write(b"later")
        await asyncio.sleep(0.2)
        assert arrivals.all == [(100, b"slow"), (100, b"fast"), (220, b"later")]

    play(scene)


def test_a_line_that_lost_its_conditions_passes_everything_on_at_once_when_it_is_empty() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1))
        arrivals.line.write(b"slow")
        arrivals.line.meet([], passage())
        assert not arrivals.line.is_empty
        await asyncio.sleep(0.1)
        assert arrivals.line.is_empty
        arrivals.line.write(b"now")
        assert arrivals.all == [(100, b"slow"), (100, b"now")]

    play(scene)


def test_a_pause_that_is_set_later_counts_from_then() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0))
        await asyncio.sleep(5)
        arrivals.line.meet([Pause(0, 0.1)], passage())
        arrivals.line.write(b"held")
        await asyncio.sleep(1)
        assert arrivals.all == [(5_100, b"held")]

    play(scene)


# --- bounds -------------------------------------------------------------------------------


def test_a_line_has_no_more_room_when_its_queue_is_full_and_room_again_when_half_of_it_is_gone() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(1_000_000))
        arrivals.line.write(b"x" * QUEUE_BYTES)
        assert arrivals.room == [False]
        await asyncio.sleep(QUEUE_BYTES / 2 / 1_000_000 - 0.005)
        assert arrivals.room == [False]
        await asyncio.sleep(0.01)
        assert arrivals.room == [False, True]
        assert arrivals.line.held_bytes <= QUEUE_BYTES / 2
        await asyncio.sleep(1)

    play(scene)


def test_a_full_line_that_becomes_longer_has_room_again_at_once() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(1))
        while arrivals.line.has_room:
            arrivals.line.write(b"x" * 1_000)
        arrivals.line.meet([Delay(60)], passage())
        assert arrivals.room == [False, True]
        arrivals.line.discard()

    play(scene)


def test_a_long_fast_line_holds_what_is_on_its_way_so_that_its_delay_does_not_lower_its_rate() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(2_000_000), Delay(0.3))
        arrivals.line.write(b"x" * 600_000)  # 2 MB/s times 0.3 s
        assert arrivals.room == []
        arrivals.line.discard()

    play(scene)


def test_no_line_holds_more_than_its_bound_however_long_it_is() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(60))
        while arrivals.line.has_room:
            arrivals.line.write(b"x" * 1_000)
        assert arrivals.line.held_bytes < MOST_HELD_BYTES + 1_000 + HELD_COST_BYTES
        arrivals.line.discard()

    play(scene)


def test_many_small_writes_count_as_what_they_cost() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Bandwidth(1))
        for _ in range(QUEUE_BYTES // HELD_COST_BYTES + 2):
            arrivals.line.write(b"x")
        assert arrivals.room == [False]
        arrivals.line.discard()

    play(scene)


# --- a receiver that reads too slowly ------------------------------------------------------


def test_a_blocked_line_holds_everything_and_goes_on_where_it_stopped() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Slicing(2))
        arrivals.blocks_at_bytes = 4
        arrivals.line.write(b"abcdefgh")
        arrivals.line.write_eof()
        await asyncio.sleep(10)
        assert arrivals.data == b"abcd"
        arrivals.blocks_at_bytes = None
        arrivals.line.unblock()
        assert arrivals.data == b"abcdefgh"
        assert arrivals.all[-1] == (10_000, Ending.FIN)

    play(scene)


# --- ends ---------------------------------------------------------------------------------


def test_a_reset_travels_behind_the_bytes_that_were_sent_before_it() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1))
        arrivals.line.write(b"last words")
        await asyncio.sleep(0.05)
        arrivals.line.reset()
        await asyncio.sleep(1)
        assert arrivals.all == [(100, b"last words"), (150, Ending.RESET)]

    play(scene)


def test_a_reset_does_not_wait_for_a_receiver_that_does_not_read() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1))
        arrivals.line.write(b"never read")
        arrivals.line.block()
        arrivals.line.reset()
        assert arrivals.all == [(0, Ending.RESET)]

    play(scene)


def test_nor_for_one_that_stops_reading_while_the_reset_is_under_way() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1), Slicing(2))
        arrivals.blocks_at_bytes = 2
        arrivals.line.write(b"abcd")
        arrivals.line.reset()
        await asyncio.sleep(1)
        assert arrivals.all == [(100, b"ab"), (100, Ending.RESET)]

    play(scene)


def test_a_line_that_is_discarded_drops_what_it_holds_and_all_that_still_comes() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1))
        arrivals.line.write(b"held")
        arrivals.line.discard()
        arrivals.line.write(b"more")
        arrivals.line.write_eof()
        arrivals.line.reset()
        await asyncio.sleep(1)
        assert arrivals.all == []

    play(scene)


def test_nothing_is_written_to_a_socket_that_is_lost_even_before_it_tells_of_that() -> None:
    async def scene() -> None:
        arrivals = Arrivals(Delay(0.1), Slicing(2))
        arrivals.line.write(b"abcd")
        arrivals.is_lost = True
        await asyncio.sleep(1)
        assert arrivals.all == []
        arrivals.line.discard()

    play(scene)


# --- whatever is composed ------------------------------------------------------------------

CONDITIONS = st.lists(
    st.one_of(
        st.builds(Delay, st.floats(0, 1)),
        st.builds(Jitter, st.floats(0, 1), st.integers(0, 100)),
        st.builds(Bandwidth, st.floats(100, 1e6)),
        st.builds(Slicing, st.integers(1, 50), st.floats(0, 0.01)),
        st.builds(Pause, st.floats(0, 1), st.floats(0, 1)),
    ),
    max_size=3,
)


@settings(max_examples=40)
@given(chains=st.lists(CONDITIONS, min_size=1, max_size=4), seed=st.integers(0, 2**32))
def test_every_byte_arrives_unchanged_and_in_order_while_conditions_change_and_the_receiver_stutters(
    chains: list[list[Condition]], seed: int
) -> None:
    draw = random.Random(seed)

    async def scene() -> None:
        arrivals = Arrivals(*chains[0])
        sent = b""
        for _ in range(30):
            step = draw.randrange(6)
            if step == 0:
                arrivals.line.meet(draw.choice(chains), passage())
            elif step == 1:
                arrivals.line.block()
            elif step == 2:
                arrivals.line.unblock()
            else:
                data = draw.randbytes(draw.randrange(1, 300))
                arrivals.line.write(data)
                sent += data
            await asyncio.sleep(draw.choice((0, 0.001, 0.3)))
        arrivals.line.write_eof()
        arrivals.line.unblock()
        await asyncio.sleep(1_000)
        assert arrivals.data == sent
        assert [what for _, what in arrivals.all if isinstance(what, Ending)] == [Ending.FIN]
        assert arrivals.all[-1][1] is Ending.FIN
        assert all(earlier <= later for (earlier, _), (later, _) in pairwise(arrivals.all))
        assert arrivals.line.held_bytes == 0
        assert arrivals.line.has_room

    play(scene)


@pytest.mark.parametrize("conditions", [(), (Delay(0),)])
def test_a_line_that_holds_nothing_back_passes_bytes_on_within_the_call(conditions: tuple[Condition, ...]) -> None:
    async def scene() -> None:
        arrivals = Arrivals(*conditions)
        arrivals.line.write(b"x")
        assert arrivals.all == [(0, b"x")]

    play(scene)
