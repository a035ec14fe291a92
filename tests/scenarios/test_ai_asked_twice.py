"""A POST that is repeated begins a run more, unless a key says that it is the same request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import AskedTwice
from lab_servers.scenarios.ai_asked_twice import (
    HOP,
    IMPATIENT,
    IMPATIENT_KEY,
    KEY,
    LOST,
    LOST_KEY,
    WATCHED,
    WATCHED_KEY,
    _all_finished,
)
from lab_servers.scenarios.ai_model import HostedModel
from lab_servers.views.looks.ai_asked_twice import asked

TOKENS = 40


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def twice(lab: Lab) -> Recording:
    return AskedTwice(tokens=TOKENS).run(lab)


def test_without_a_key_a_lost_answer_is_generated_and_paid_twice(twice: Recording) -> None:
    one = asked(twice)[LOST]
    assert (len(one.asked_ns), len(one.runs), one.paid, one.had) == (2, 2, 2 * TOKENS, TOKENS)


def test_with_a_key_it_is_generated_once(twice: Recording) -> None:
    one = asked(twice)[LOST_KEY]
    assert (len(one.asked_ns), len(one.runs), one.paid, one.had) == (2, 1, TOKENS, TOKENS)


def test_the_server_had_answered_before_the_answer_was_lost(twice: Recording) -> None:
    client, server = twice.of(LOST)[0], twice.of(LOST + HOP)[0]
    assert client.bytes_from(Side.SERVER) == b""
    assert server.bytes_from(Side.SERVER).startswith(b"HTTP/1.1 201")


def test_a_time_limit_below_the_answers_time_pays_for_every_attempt_and_has_nothing(twice: Recording) -> None:
    one = asked(twice)[IMPATIENT]
    assert (len(one.asked_ns), len(one.runs), one.paid, one.had) == (3, 3, 3 * TOKENS, 0)
    assert [why for _, why in one.failed] == ["time limit"] * 3


def test_with_a_key_the_attempts_share_one_run(twice: Recording) -> None:
    one = asked(twice)[IMPATIENT_KEY]
    assert (len(one.runs), one.paid) == (1, TOKENS)
    assert set(one.keys) == {KEY}


def test_a_server_that_watches_stops_each_attempt_and_still_nobody_has_an_answer(twice: Recording) -> None:
    one = asked(twice)[WATCHED]
    assert len(one.runs) == 3
    assert set(one.reasons.values()) == {"reader left"}
    assert one.had == 0
    assert one.paid < 3 * TOKENS


def test_a_key_for_a_run_that_was_broken_off_gives_the_broken_run(twice: Recording) -> None:
    one = asked(twice)[WATCHED_KEY]
    assert (len(one.runs), one.had) == (1, 0)
    first, *others = (why for _, why in one.failed)
    # On a busy machine that, too, may take longer than the client waits.
    assert (first, len(others)) == ("time limit", 2)
    assert set(others) <= {"connection closed", "time limit"}


def test_without_retries_one_attempt_is_paid_for(lab: Lab) -> None:
    one = asked(AskedTwice(tokens=30, time_limit_s=0.3, retries=0).run(lab))[IMPATIENT]
    assert (len(one.asked_ns), one.paid) == (1, 30)


def test_a_run_whose_client_gave_up_before_the_first_token_is_waited_for() -> None:
    async def main() -> list[str]:
        model = HostedModel(handler_cancellation=False)
        await model.start("e1")
        try:
            async with asyncio.timeout(30), aiohttp.ClientSession(trust_env=False) as session:
                url = "http://{}:{}/api".format(*model.address)
                query = {"tokens": "3", "ttft_s": "0.5", "gap_s": "0.01"}
                asking = asyncio.create_task(session.post(f"{url}/answer/whole", params=query, json={"prompt": "x"}))
                while not await _runs(session, url):
                    assert not asking.done()
                asking.cancel()
                await _all_finished(model)
        finally:
            await model.stop()
        return [mark.detail for mark in model.marks if mark.name == "finished by llm"]

    assert asyncio.run(main()) == ["e1-1 3 complete"]


async def _runs(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(f"{url}/meter") as answer:
        return int((await answer.json())["runs"])


def test_a_run_that_ended_before_its_first_token_was_begun(twice: Recording) -> None:
    name = f"{WATCHED}: token by llm"
    silent = asked(replace(twice, marks=tuple(mark for mark in twice.marks if mark.name != name)))[WATCHED]
    assert (len(silent.runs), silent.paid) == (len(asked(twice)[WATCHED].runs), 0)


def test_a_time_limit_that_is_long_enough_is_refused() -> None:
    with pytest.raises(BadParameter, match="time_limit_s must be at most"):
        AskedTwice(tokens=10, gap_s=0.02, time_limit_s=5)
