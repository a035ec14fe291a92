"""Answers that are watched while they arrive, and stopped on each way as that way stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.live_column import Column, Progress
from lab_servers.measure.model_marks import finished
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_live import LiveAnswers, LiveRun
from lab_servers.scenarios.ai_live_lane import ASKS_NO_MORE, CLOSES, ENDED_BEFORE, POSTS, SAYS, stop_of
from lab_servers.wire.llm.ways import Way
from tests.waiting import until_sync


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


def column(run: LiveRun, way: Way) -> Column:
    return next(one for one in run.columns if one.way == way.value)


def stopped_in_the_midst(lab: Lab, *ways: Way) -> tuple[LiveRun, Recording]:
    run = LiveAnswers(tokens=60, ttft_s=0.05, gap_s=0.02, ways=tuple(way.value for way in ways)).begin(lab)
    writing: Callable[[], bool] = lambda: all(len(one.text) > 3 for one in run.columns)  # noqa: E731
    until_sync(writing)
    run.stop()
    return run, run.job.result(30)


def test_every_way_brings_the_same_text_and_counts_what_the_relay_saw(lab: Lab) -> None:
    run = LiveAnswers(tokens=20, ttft_s=0.05, gap_s=0.01, ways=LiveAnswers.all_ways()).begin(lab)
    recording = run.job.result(30)
    assert [one.way for one in run.columns] == list(LiveAnswers.all_ways())
    assert {one.progress for one in run.columns} == {Progress.COMPLETE}, [one.told for one in run.columns]
    assert len({one.text for one in run.columns}) == 1
    assert {one.generated for one in run.columns} == {20}
    for one in run.columns:
        captures = recording.of(one.way)
        assert one.up_bytes == sum(len(capture.bytes_from(Side.CLIENT)) for capture in captures)
        assert 0 < one.down_bytes <= sum(len(capture.bytes_from(Side.SERVER)) for capture in captures)
        assert len(recording.marks_named(f"{one.way}: asked")) == 1
        assert one.first_s is not None
        assert one.done_s is not None
        assert one.first_s <= one.done_s


def test_text_is_there_before_the_answer_has_ended(lab: Lab) -> None:
    run = LiveAnswers(tokens=30, ttft_s=0.05, gap_s=0.02, ways=("NDJSON", "whole JSON")).begin(lab)
    until_sync(lambda: column(run, Way.NDJSON).text)
    assert column(run, Way.NDJSON).progress is Progress.WRITING
    assert column(run, Way.WHOLE).text == ""
    early = column(run, Way.NDJSON).text
    run.job.result(30)
    assert column(run, Way.WHOLE).text == column(run, Way.NDJSON).text
    assert len(early) < len(column(run, Way.WHOLE).text)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        (Way.NDJSON, "reader left"),
        (Way.CHAT, "reader left"),
        (Way.EVENT_STREAM, "stopped"),
        (Way.WEBSOCKET, "stopped"),
        (Way.SHORT_POLLING, "complete"),
        (Way.LONG_POLLING, "complete"),
    ],
)
def test_stop_is_what_stopping_is_on_that_way(lab: Lab, way: Way, reason: str) -> None:
    run, recording = stopped_in_the_midst(lab, way)
    (one,) = run.columns
    (ended,) = finished(recording)
    assert ended.reason == reason
    assert one.progress is Progress.STOPPED
    assert one.generated == ended.generated
    assert one.generated_after is not None
    if reason == "complete":
        assert one.generated == 60
        assert one.generated_after > 0
    else:
        assert one.generated < 60


def test_the_stop_of_an_event_stream_is_a_request_and_that_of_a_websocket_a_message(lab: Lab) -> None:
    _, recording = stopped_in_the_midst(lab, Way.EVENT_STREAM, Way.WEBSOCKET, Way.NDJSON)
    up = {way: b"".join(one.bytes_from(Side.CLIENT) for one in recording.of(way.value))
          for way in (Way.EVENT_STREAM, Way.WEBSOCKET, Way.NDJSON)}  # fmt: skip
    assert up[Way.EVENT_STREAM].count(b"POST ") == 2
    assert b"/stop HTTP/1.1" in up[Way.EVENT_STREAM]
    assert up[Way.NDJSON].count(b"POST ") == 1
    down = b"".join(one.bytes_from(Side.SERVER) for one in recording.of(Way.EVENT_STREAM.value))
    assert b'"finish":"stopped"' in down


def test_what_was_not_yet_begun_to_be_read_can_be_stopped_too(lab: Lab) -> None:
    run = LiveAnswers(tokens=5, ttft_s=0.3, gap_s=0.01, ways=("whole JSON", "WebSocket", "short polling")).begin(lab)
    until_sync(lambda: all(one.down_bytes or (one.way == "whole JSON" and one.up_bytes) for one in run.columns))
    run.stop("whole JSON")
    run.stop("WebSocket")
    run.job.result(30)
    assert [one.progress.value for one in run.columns] == ["stopped", "stopped", "complete"]
    assert [one.generated for one in run.columns] == [0, 0, 5]


def test_a_run_that_nobody_waits_for_is_cancelled_and_the_next_one_begins(lab: Lab) -> None:
    first = LiveAnswers(tokens=400, gap_s=1.0, ways=("NDJSON",)).begin(lab)
    until_sync(lambda: first.columns[0].up_bytes)
    first.job.cancel()
    second = LiveAnswers(tokens=3, ttft_s=0.01, gap_s=0.01, ways=("NDJSON",)).begin(lab)
    second.job.result(30)
    assert first.job.done()
    assert (first.columns[0].progress, first.columns[0].told) == (Progress.FAILED, ENDED_BEFORE)
    assert second.columns[0].progress is Progress.COMPLETE


def test_an_answer_is_complete_by_its_last_word_alone(lab: Lab) -> None:
    ways = tuple(LiveAnswers.all_ways())
    run = LiveAnswers(tokens=400, ttft_s=0.01, gap_s=1.0, ways=ways).begin(lab)
    until_sync(lambda: all(one.down_bytes or (one.way == "whole JSON" and one.up_bytes) for one in run.columns))
    run.job.cancel()
    until_sync(run.job.done)
    assert {one.progress for one in run.columns} == {Progress.FAILED}


def test_a_run_that_is_ended_while_it_waits_for_its_turn_has_nothing_to_stop(lab: Lab) -> None:
    first = LiveAnswers(tokens=400, gap_s=1.0, ways=("NDJSON",)).begin(lab)
    until_sync(lambda: first.columns[0].up_bytes)
    second = LiveAnswers(ways=("NDJSON",)).begin(lab)
    lab.run(asyncio.sleep(0))  # it has begun to wait
    second.job.cancel()
    until_sync(second.job.done)
    assert (second.columns[0].told, second.columns[0].can_stop) == (ENDED_BEFORE, False)
    first.job.cancel()
    until_sync(first.job.done)


def test_what_a_model_generates_while_the_leaving_is_under_way_is_counted(lab: Lab) -> None:
    # The question and the leaving take 0.3 s each to a satellite's other end; a model that is left needs no reader.
    run = LiveAnswers(tokens=60, ttft_s=0.0, gap_s=0.02, network="satellite", ways=("NDJSON",)).begin(lab)
    until_sync(lambda: run.columns[0].up_bytes)
    run.stop()
    recording = run.job.result(30)
    (ended,) = finished(recording)
    assert run.columns[0].generated == ended.generated


def test_every_way_has_a_stop_of_one_of_four_kinds() -> None:
    assert {stop_of(way) for way in Way} == {CLOSES, POSTS, SAYS, ASKS_NO_MORE}


def test_what_cannot_be_asked_is_refused_in_one_sentence() -> None:
    with pytest.raises(BadParameter, match="There is no way 'telegraph'"):
        LiveAnswers(ways=("telegraph",))
    with pytest.raises(BadParameter, match="choose at least one"):
        LiveAnswers(ways=())
    with pytest.raises(BadParameter, match="tokens must be"):
        LiveAnswers(tokens=0)
