"""The run with a buffering hop: what each client got, on both sides of the hop, in data and order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import get
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import BufferedHop
from lab_servers.views.arrivals import lanes
from lab_servers.views.looks import look_of
from lab_servers.views.looks.side_buffered import STREAMED, THROUGH_HOP, WHOLE, before_hop, waits
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

RUN = BufferedHop(tokens=4, interval_s=0.05)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def run(lab: Lab) -> Recording:
    return RUN.run(lab)


def test_every_reader_sees_the_same_answer_in_the_end(run: Recording) -> None:
    shown = {lane.label: lane.pieces for lane in lanes(run, (WHOLE, STREAMED, THROUGH_HOP))}
    assert shown == {WHOLE: ("你好世界",), STREAMED: tuple("你好世界"), THROUGH_HOP: tuple("你好世界")}


def test_the_hop_changes_no_byte_of_the_answer(run: Recording) -> None:
    behind = waits(run)[THROUGH_HOP].capture
    assert behind.bytes_from(Side.SERVER) == before_hop(run).bytes_from(Side.SERVER)
    assert behind.bytes_from(Side.SERVER) == waits(run)[STREAMED].capture.bytes_from(Side.SERVER)


def test_the_hop_says_in_the_request_that_it_passed_through_it(run: Recording) -> None:
    asked, passed_on = waits(run)[THROUGH_HOP].capture, before_hop(run)
    via = b"Via: 1.1 buffering-hop\r\n"
    assert passed_on.bytes_from(Side.CLIENT).replace(via, b"") == asked.bytes_from(Side.CLIENT)
    assert via not in asked.bytes_from(Side.CLIENT)


def test_it_sends_nothing_before_it_has_everything(run: Recording) -> None:
    behind, before = waits(run)[THROUGH_HOP].capture, before_hop(run)
    assert behind.chunks_from(Side.SERVER)[0].at_ns > before.chunks_from(Side.SERVER)[-1].at_ns


def test_the_longest_answer_runs_too_and_a_longer_one_is_refused(lab: Lab) -> None:
    assert lanes(BufferedHop(tokens=16, interval_s=0.01).run(lab), [WHOLE])[0].pieces == ("你好世界" * 4,)
    with pytest.raises(BadParameter, match="tokens must be a whole number from 2 to 16 tokens, not 17"):
        BufferedHop(tokens=17)


def test_a_request_for_something_else_is_told_so(lab: Lab, run: Recording) -> None:
    assert lab.run(get(lab.url("model", "/favicon.ico"))).status == 404
    assert lab.problems == ()


def test_its_look_has_picture_words_and_table(run: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(run)
    assert_same_again(run)
    assert_refused_with_what_to_run("BufferedHop")
    picture = look_of(run).picture
    assert picture is not None
    assert picture.text.endswith("The body behind the hop has the same bytes as the one without it.")
