"""One answer on three ways, cut and resumed: what each reader has, and what was paid for it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from lab_servers.clients.failures import require_timeout
from lab_servers.clients.resuming import EVENT_STREAM, LINES, WAYS, WEBSOCKET, ResumedRead, Stopped, read_resuming
from lab_servers.lab import Lab
from lab_servers.measure.cut_places import Place
from lab_servers.measure.resumed_reads import ASKED_APART, GONE, ResumedReads, resumed_reads
from lab_servers.scenarios import ManyAnswers, ResumedAnswer, ai_resumed
from lab_servers.scenarios.ai_model import HostedModel
from lab_servers.scenarios.ai_resumed import BEFORE_ID, WITHIN_CHARACTER


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


def run(lab: Lab, **how: object) -> ResumedReads:
    return resumed_reads(ResumedAnswer(**{"gap_s": 0.005, **how}).run(lab))  # type: ignore[arg-type]


def test_each_reader_has_every_part_once_and_says_in_its_own_way_where_it_was(lab: Lab) -> None:
    found = run(lab)
    assert [way.way for way in found.ways] == list(WAYS)
    for way in found.ways:
        assert (way.missing, way.twice, way.stopped) == ((), (), "the terminator came")
        assert len(way.cuts) == 2
    said = {way.way: way.links[-1].asked_for for way in found.ways}
    last = {way.way: [number for link in way.links[:-1] for number, _ in link.received][-1] for way in found.ways}
    assert said[EVENT_STREAM].endswith(f".{last[EVENT_STREAM]}")
    assert said[EVENT_STREAM].startswith("Last-Event-ID: a1-")
    assert said[LINES].endswith(f"/lines?after={last[LINES]}")
    assert said[WEBSOCKET].endswith(f'"after":{last[WEBSOCKET]}}}')


def test_a_cut_within_a_character_harms_no_text(lab: Lab) -> None:
    found = run(lab, where=WITHIN_CHARACTER)
    assert {cut.place for way in found.ways for cut in way.cuts} == {Place.CHARACTER}
    assert all((way.missing, way.twice) == ((), ()) for way in found.ways)


def test_before_the_first_id_a_key_gets_the_same_run_and_none_pays_a_second(lab: Lab) -> None:
    with_key = run(lab, where=BEFORE_ID, cuts=1)
    without = run(lab, where=BEFORE_ID, cuts=1, key=False)
    assert with_key.unread == ()
    assert without.unread_runs == len(WAYS)
    assert sum(part.tokens for part in without.unread) == len(WAYS) * ResumedAnswer().tokens
    for found in (with_key, without):
        assert all((way.missing, way.twice, way.stopped) == ((), (), "the terminator came") for way in found.ways)


@pytest.mark.parametrize("how", [{}, {"cuts": 1, "seed": 69}, {"cuts": 1, "seed": 0}])
def test_a_restart_falls_into_every_answer_and_the_readers_are_told_that_their_run_is_gone(
    lab: Lab, how: dict[str, object]
) -> None:
    found = run(lab, restart=True, gap_s=0.02, **how)
    assert found.restarted_ns is not None
    for way in found.ways:
        assert way.stopped == "the server that knew this run is gone"
        assert way.shown
        assert way.shown == tuple(range(1, len(way.shown) + 1))
        # What breaks a run off is no part, so nothing is missing but what was on its way.
        assert way.missing == tuple(range(len(way.shown) + 1, len(way.produced) + 1))
        assert all(part.tokens for part in way.produced)


@pytest.mark.parametrize("cuts", [1, 2, 6])
def test_every_reader_is_cut_as_often_as_asked_for_whatever_the_seed(lab: Lab, cuts: int) -> None:
    for seed in range(6):
        assert [len(way.cuts) for way in run(lab, cuts=cuts, seed=seed, gap_s=0).ways] == [cuts] * len(WAYS)


def test_a_restart_in_the_midst_of_which_the_run_is_stopped_leaves_no_life_of_the_server_behind(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives: list[HostedModel] = []
    restart, read = HostedModel.restart, read_resuming
    restarting = asyncio.Event()

    async def noted(model: HostedModel, epoch: str) -> None:
        lives.append(model)
        if len(lives) == 2:
            restarting.set()
        await restart(model, epoch)

    async def failing(url: str, *asked: Any, **how: Any) -> ResumedRead:
        if not lives:  # the rehearsal
            return await read(url, *asked, **how)
        reading = asyncio.create_task(read(url, *asked, **how))
        await restarting.wait()
        reading.cancel()
        raise ConnectionError("this reader fails while the server is restarted")

    monkeypatch.setattr(HostedModel, "restart", noted)
    monkeypatch.setattr(ai_resumed, "read_resuming", failing)
    with pytest.raises(ExceptionGroup):
        run(lab, way=LINES, restart=True, gap_s=0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(lives[0].address)


def test_a_reader_that_trusts_the_end_lacks_the_rest_although_the_model_made_it(lab: Lab) -> None:
    for way in run(lab, client="trusts the end", cuts=1).ways:
        assert way.missing == tuple(range(len(way.shown) + 1, len(way.produced) + 1))
        assert way.missing


def test_a_reader_without_ids_shows_twice_what_it_had(lab: Lab) -> None:
    for way in run(lab, client="without ids", where=WITHIN_CHARACTER, cuts=1).ways:
        first = next(link for link in way.links if link.cut is not None)
        assert way.missing == ()
        assert way.twice == tuple(number for number, _ in first.received)


def test_one_way_alone_can_be_watched_and_the_same_seed_cuts_at_the_same_bytes(lab: Lab) -> None:
    first, second = (run(lab, way=LINES, seed=5).ways for _ in range(2))
    assert len(first) == 1
    assert [cut.at_byte for cut in first[0].cuts] == [cut.at_byte for cut in second[0].cuts]


def test_the_words_of_a_reader_are_those_that_the_reading_of_its_recording_knows(lab: Lab) -> None:
    found = run(lab, way=LINES, cuts=0)
    assert found.ways[0].links[0].ended == ASKED_APART
    assert Stopped.GONE.value == GONE


@pytest.mark.parametrize("scenario", [ResumedAnswer(tokens=2000, gap_s=1), ManyAnswers(tokens=2000, gap_s=1)])
def test_the_slowest_answer_that_may_be_asked_for_is_within_a_time_limit_that_a_reader_takes(
    scenario: ResumedAnswer | ManyAnswers,
) -> None:
    require_timeout(scenario.within_s)
    assert scenario.within_s > 1.5 * scenario.tokens * scenario.gap_s
