"""Frames that come with the 101 are lost on who forgets what was read too much, and on nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.scenarios import EarlyFrame
from lab_servers.scenarios.handshake_early import MESSAGES, careful_head, naive_head
from lab_servers.views.looks.handshake_early import connection_of, got, lost, sent_messages, with_the_101
from lab_servers.wire.model import Severity


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.mark.parametrize("early", range(len(MESSAGES) + 1))
def test_the_naive_client_loses_just_what_came_with_the_101(lab: Lab, early: int) -> None:
    recording = EarlyFrame(early=early).run(lab)
    for who in ("naive", "careful"):
        assert sent_messages(recording, who) == list(MESSAGES)
    assert lost(recording, "naive") == list(MESSAGES[:early])
    assert got(recording, "careful") == list(MESSAGES)
    assert (with_the_101(recording, "naive") > 0) is (early > 0)


def test_the_bytes_that_came_with_the_101_are_whole_frames_of_the_server(lab: Lab) -> None:
    recording = EarlyFrame(early=2).run(lab)
    found = dissect(connection_of(recording, "naive"))
    first, second, *_ = found.records(Side.SERVER, "websocket")
    assert found.came_with_upgrade == second.pieces[-1][1] - first.pieces[0][0]


def test_neither_side_breaks_a_rule(lab: Lab) -> None:
    recording = EarlyFrame().run(lab)
    for who in ("naive", "careful"):
        found = dissect(connection_of(recording, who))
        notes = [note for side in Side for one in found.records(side) for note in one.notes]
        assert [note for note in notes if note.severity is Severity.FORBIDDEN] == []
    assert lab.problems == ()


def test_the_two_readers_differ_in_what_they_leave_behind() -> None:
    async def left_behind(careful: bool) -> bytes:
        reader = asyncio.StreamReader()
        reader.feed_data(b"HTTP/1.1 101 Switching Protocols\r\n\r\nframe")
        reader.feed_eof()
        await (careful_head if careful else naive_head)(reader)
        return await reader.read()

    assert asyncio.run(left_behind(careful=True)) == b"frame"
    assert asyncio.run(left_behind(careful=False)) == b""
