"""A POST that is repeated begins a run more, unless a key says that it is the same request."""

from __future__ import annotations

from collections.abc import Iterator

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
)
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
    assert [why for _, why in one.failed] == ["time limit", "connection closed", "connection closed"]


def test_without_retries_one_attempt_is_paid_for(lab: Lab) -> None:
    one = asked(AskedTwice(tokens=30, time_limit_s=0.3, retries=0).run(lab))[IMPATIENT]
    assert (len(one.asked_ns), one.paid) == (1, 30)


def test_a_run_whose_client_gave_up_before_the_first_token_is_waited_for_and_counted(lab: Lab) -> None:
    found = asked(AskedTwice(tokens=4, gap_s=0.1, time_limit_s=0.05, retries=1, backoff_s=0).run(lab))
    assert (len(found[IMPATIENT].runs), found[IMPATIENT].paid) == (2, 8)
    assert (len(found[IMPATIENT_KEY].runs), found[IMPATIENT_KEY].paid) == (1, 4)
    # A server that watches has stopped them before they came to anything: begun, and free.
    assert (len(found[WATCHED].runs), found[WATCHED].paid) == (2, 0)


def test_a_time_limit_that_is_long_enough_is_refused() -> None:
    with pytest.raises(BadParameter, match="time_limit_s must be at most"):
        AskedTwice(tokens=10, gap_s=0.02, time_limit_s=5)
