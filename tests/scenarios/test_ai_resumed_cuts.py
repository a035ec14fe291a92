"""A thousand seeded cuts on each transport, really on sockets: no part of an answer is missing and none comes twice.

The wire is cut by a reset or by a FIN, at any byte of what the server sends: in heads, sizes of chunks, ids, characters
and heads of frames. The same cuts are given to two clients that resume badly, so that this can fail.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from lab_servers.clients.resuming import EVENT_STREAM, LINES, WAYS, WEBSOCKET, Habit, Stopped
from lab_servers.measure.cut_places import Place, place_of_cut
from tests.scenarios.seeded_cuts import CUTS, outcomes, whole_answer

# On HTTP the heads, sizes and lines; on WebSocket the handshake and the frames. In every answer, characters and texts.
PLACES = {
    EVENT_STREAM: {Place.HEAD, Place.CHUNK_SIZE, Place.CHUNK_END, Place.ID, Place.CHARACTER, Place.JSON},
    LINES: {Place.HEAD, Place.CHUNK_SIZE, Place.CHUNK_END, Place.CHARACTER, Place.JSON},
    WEBSOCKET: {Place.HEAD, Place.FRAME_HEAD, Place.CHARACTER, Place.JSON},
}


@pytest.mark.slow
@pytest.mark.timeout(600)  # some 10 s on a quiet machine, and three times that on a busy one
@pytest.mark.parametrize("way", WAYS)
def test_after_each_of_a_thousand_cuts_every_part_is_there_once(way: str) -> None:
    expected = asyncio.run(whole_answer(way))
    found = asyncio.run(outcomes(way, CUTS))
    assert sum(len(one.cuts) for one in found) == CUTS
    assert [one for one in found if one.read.sequences != expected.sequences] == []
    assert [one for one in found if one.read.text != expected.text] == []
    assert {one.read.stopped for one in found} == {Stopped.COMPLETE}
    assert sum(one.read.gaps for one in found) == sum(one.read.duplicates for one in found) == 0
    places = Counter(place_of_cut(bytes(passage.passed)) for one in found for passage in one.cuts)
    assert PLACES[way] <= set(places), f"the cuts fell on {places}"


@pytest.mark.parametrize("way", WAYS)
def test_under_the_same_cuts_a_client_that_trusts_the_end_lacks_parts(way: str) -> None:
    expected = asyncio.run(whole_answer(way))
    found = asyncio.run(outcomes(way, 40, Habit.TRUSTS_THE_END))
    short = [one for one in found if one.read.stopped is Stopped.TRUSTED]
    assert len(short) >= 20
    assert all(len(one.read.parts) < len(expected.parts) for one in short)
    assert all(expected.text.startswith(one.read.text) for one in short)


@pytest.mark.parametrize("way", WAYS)
def test_under_the_same_cuts_a_client_without_ids_shows_parts_twice(way: str) -> None:
    expected = asyncio.run(whole_answer(way))
    found = asyncio.run(outcomes(way, 40, Habit.WITHOUT_IDS))
    wrong = [one for one in found if one.read.sequences != expected.sequences]
    assert len(wrong) >= 10
    assert all(one.read.duplicates for one in wrong)
    assert all(set(one.read.sequences) == set(expected.sequences) for one in found)
