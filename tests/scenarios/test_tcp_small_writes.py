"""Two small writes, one write, TCP_NODELAY: the questions are the same, and only the ways of writing differ.

How long anything takes depends on the system, so nothing here asserts a time; that two writes wait where the system has
both algorithms is told by the look, from the recording.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import SmallWrites
from lab_servers.views.looks.tcp_small_writes import WRITERS, waits


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield SmallWrites(exchanges=4, warm_up=2, first_bytes=5, second_bytes=8).run(lab)


def test_every_client_asks_every_question_on_one_connection(recording: Recording) -> None:
    found = waits(recording)
    assert tuple(found) == WRITERS
    for one in found.values():
        assert (len(one.warm_up_s), len(one.counted_s), len(one.apart_s)) == (2, 4, 4)
        assert min(one.counted_s) > 0
        assert min(one.apart_s) >= 0


def test_all_clients_sent_the_same_bytes_and_got_the_same_answers(recording: Recording) -> None:
    captures = recording.of("two parts")
    assert {capture.bytes_from(Side.CLIENT) for capture in captures} == {(b"1" * 5 + b"2" * 8) * 6}
    assert {capture.bytes_from(Side.SERVER) for capture in captures} == {b"answer\n" * 6}


def test_an_answer_comes_only_when_both_parts_have_come(recording: Recording) -> None:
    for capture in recording.of("two parts"):
        for number in range(6):
            second_part = capture.time_of(Side.CLIENT, 13 * number + 12)
            assert capture.time_of(Side.SERVER, 7 * number) >= second_part


def test_one_client_is_done_before_the_next_begins(recording: Recording) -> None:
    first, second, third = recording.of("two parts")
    assert first.chunks[-1].at_ns < second.chunks[0].at_ns
    assert second.chunks[-1].at_ns < third.chunks[0].at_ns


def test_too_few_exchanges_for_quantiles_are_refused() -> None:
    with pytest.raises(BadParameter, match="exchanges must be a whole number from 3 to 200"):
        SmallWrites(exchanges=2)
