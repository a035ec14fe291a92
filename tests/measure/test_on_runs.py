"""Accounts of real runs of the course: every byte that the relay passed has its kind, whatever the run is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.measure.accounting import account, accounts
from lab_servers.measure.shares import shares
from lab_servers.measure.timing import message_times
from lab_servers.measure.transports import Direction
from lab_servers.scenarios import (
    AskAgain,
    BothWays,
    CutShort,
    ForbiddenFrames,
    FourWays,
    Heartbeat,
    OneStream,
    Scenario,
    SideBySide,
    TokenCompression,
    WrongAnswers,
)

RUNS: tuple[Scenario, ...] = (
    FourWays(),
    AskAgain(duration_s=0.4),
    OneStream(),
    Heartbeat(),
    BothWays(),
    CutShort(),
    ForbiddenFrames(),
    WrongAnswers(),
    TokenCompression(),
    SideBySide(messages=6, interval_s=0.01, direction="both ways", libraries=True),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.mark.parametrize("run", RUNS, ids=lambda run: type(run).__name__)
def test_the_kinds_of_every_run_add_up_to_what_the_relay_passed(lab: Lab, run: Scenario) -> None:
    recording = run.run(lab)
    assert recording.captures
    for capture in recording:
        found = account([capture])
        for side, sent, direction in ((Side.CLIENT, found.up, Direction.UP), (Side.SERVER, found.down, Direction.DOWN)):
            assert sent.total == len(capture.bytes_from(side))
            assert min(sent.payload, sent.framing, sent.headers, sent.other) >= 0
            assert shares([capture], direction).total == sent


def test_all_lanes_carry_the_same_messages_and_differ_in_what_is_around_them(lab: Lab) -> None:
    recording = RUNS[-1].run(lab)
    found = accounts(recording)
    assert len(found) == 11
    for direction, sent in ((Direction.DOWN, "down"), (Direction.UP, "up")):
        assert len({getattr(one, sent).payload for one in found.values()}) == 1
        numbers = {name: [one.number for one in message_times(recording, name, direction)] for name in found}
        assert numbers == {name: [1, 2, 3, 4, 5, 6] for name in found}
    assert {one.message_count for one in found.values()} == {12}
    assert len({one.both.total for one in found.values()}) > 6
