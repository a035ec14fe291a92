"""Closing a stream, asking to stop, coming back: three words, and each does another thing to the run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import StopOrLeave
from lab_servers.scenarios.ai_model import HostedModel
from lab_servers.scenarios.ai_stop_or_leave import KEPT_CLOSE, KEPT_RESUME, KEPT_STOP, SOCKET_STOP, TIED_CLOSE
from lab_servers.views.looks.ai_stop_or_leave import acted

TOKENS = 30


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def words(lab: Lab) -> Recording:
    return StopOrLeave(tokens=TOKENS, after_tokens=8, away_s=0.1).run(lab)


def test_closing_the_stream_ends_a_run_that_is_tied_to_it(words: Recording) -> None:
    one = acted(words)[TIED_CLOSE]
    assert one.reason == "reader left"
    assert len(one.tokens_ns) < TOKENS


def test_closing_the_stream_of_a_kept_run_stops_nothing(words: Recording) -> None:
    one = acted(words)[KEPT_CLOSE]
    assert (one.reason, len(one.tokens_ns), one.finish) == ("complete", TOKENS, "")
    assert one.generated_after > 0


@pytest.mark.parametrize("lane", [KEPT_STOP, SOCKET_STOP])
def test_a_stop_stops_a_kept_run_and_its_reader_is_told(words: Recording, lane: str) -> None:
    one = acted(words)[lane]
    assert (one.reason, one.finish) == ("stopped", "stopped")
    assert len(one.tokens_ns) < TOKENS
    assert one.has_all


def test_who_comes_back_has_each_part_once_and_the_end(words: Recording) -> None:
    one = acted(words)[KEPT_RESUME]
    assert (one.reason, one.finish, len(one.tokens_ns)) == ("complete", "stop", TOKENS)
    assert one.has_all


def test_the_stop_is_a_request_of_its_own(words: Recording) -> None:
    said = [capture.bytes_from(Side.CLIENT).split(b"\r\n", 1)[0] for capture in words.of(KEPT_STOP)]
    assert [line for line in said if line.startswith(b"POST") and line.split()[1].endswith(b"/stop")]
    assert not any(b"/stop" in line for capture in words.of(KEPT_CLOSE) for line in [capture.bytes_from(Side.CLIENT)])


def test_a_kept_run_without_a_reader_ends_when_its_time_is_over(lab: Lab) -> None:
    short = StopOrLeave(tokens=60, after_tokens=8, linger_s=0.1, away_s=0.02).run(lab)
    assert acted(short)[KEPT_CLOSE].reason == "nobody listened"


def test_a_reader_whose_answer_ends_early_acts_then_and_waits_for_no_token_that_never_comes() -> None:
    """So it is when a run lingers for less than its reader takes to come."""

    async def main() -> None:
        silent = HostedModel(handler_cancellation=True)
        async with asyncio.timeout(10):
            await StopOrLeave()._until_time(silent, asyncio.create_task(asyncio.sleep(0)))

    asyncio.run(main())


def test_acting_behind_the_end_is_refused() -> None:
    with pytest.raises(BadParameter, match="after_tokens must be less than 10"):
        StopOrLeave(tokens=10, after_tokens=10)
