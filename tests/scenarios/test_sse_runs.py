"""What the runs of an event stream show on a fresh recording: growth, framing, cuts, lines, a silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.scenarios import CutEverywhere, Heartbeat, OneStream, ParserSteps
from lab_servers.scenarios.sse_cuts import LINE_ENDS, stream_of
from lab_servers.scenarios.sse_parser import SAMPLES
from lab_servers.views.looks.sse import answer_of, content_of, data_of
from lab_servers.views.looks.sse_cuts import BETWEEN, CHARACTER, LINE_END, NAIVE, STANDARD, cuts
from lab_servers.views.looks.sse_heartbeat import WITH, WITHOUT, silences
from lab_servers.views.looks.sse_stream import growth
from lab_servers.wire.http1.message import Framing

TOKENS = ['{"d":"你"}', '{"d":"好"}', '{"d":"世"}', '{"d":"界"}']


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["sse"]) as running:
        yield running


# --- one stream ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("http", "framing"), [("1.1", Framing.CHUNKED), ("1.0", Framing.CLOSE)])
def test_the_same_events_come_one_by_one_in_either_framing(lab: Lab, http: str, framing: Framing) -> None:
    recording = OneStream(interval_s=0.15, http=http).run(lab)
    (capture,) = recording.captures
    answer = answer_of(capture)
    assert answer is not None
    assert (answer.framing, answer.is_complete) == (framing, True)
    grown = growth(recording)
    assert [data for _, _, data in grown.events] == TOKENS
    times = [grown.head_s, *(at_s for at_s, _, _ in grown.events)]
    # On a busy machine two of them may come with one read; never all of them.
    assert times == sorted(times)
    assert times[0] < times[-1]
    assert [mark.detail for mark in recording.marks_named("client: event received")] == TOKENS


# --- cuts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_a_reader_by_the_standard_gets_the_same_events_at_every_cut(lab: Lab, line_end: str) -> None:
    found = cuts(CutEverywhere(line_end=line_end).run(lab))
    assert found.stream == stream_of(line_end)
    assert [cut.offset for cut in found.cuts] == list(range(1, len(found.stream)))
    assert found.events == TOKENS
    assert found.right(STANDARD) == len(found.cuts)


def test_a_reader_that_takes_pieces_for_lines_is_right_by_luck_only(lab: Lab) -> None:
    found = cuts(CutEverywhere(line_end="CRLF").run(lab))
    assert 0 < found.right(NAIVE) < len(found.cuts) / 2
    assert found.right(NAIVE, CHARACTER) == 0
    assert {cut.place for cut in found.cuts} >= {CHARACTER, LINE_END, BETWEEN}
    assert found.right(NAIVE, BETWEEN) == sum(cut.place == BETWEEN for cut in found.cuts) == len(TOKENS) - 1


def test_each_cut_lies_between_two_chunks_of_http(lab: Lab) -> None:
    recording = CutEverywhere().run(lab)
    for capture in recording.captures:
        answer = answer_of(capture)
        assert answer is not None
        assert len(answer.content.all_pieces) == 2
        assert data_of(capture) == TOKENS


# --- the samples ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_what_passes_and_the_client_gets_what_the_dissector_finds(lab: Lab, sample: str) -> None:
    recording = ParserSteps(sample=sample).run(lab)
    (capture,) = recording.captures
    assert content_of(capture) == SAMPLES[sample]
    assert [mark.detail for mark in recording.marks_named("client: event received")] == data_of(capture)


# --- a silence --------------------------------------------------------------------------------------------


def test_comments_carry_a_stream_over_a_silence_that_the_hop_would_cut(lab: Lab) -> None:
    # The silence is many times as long as the limit, and the limit many times as long as the time between comments.
    recording = Heartbeat(quiet_s=1.5, heartbeat_s=0.05, idle_s=0.6).run(lab)
    found = silences(recording)
    assert [data for _, data in found[WITH].events] == ["before the silence", "after the silence"]
    assert [data for _, data in found[WITHOUT].events] == ["before the silence"]
    assert (found[WITH].is_complete, found[WITHOUT].is_complete) == (True, False)
    assert len(found[WITH].comments_s) > 1
    assert found[WITHOUT].comments_s == ()


def test_what_the_application_receives_does_not_tell_that_there_were_comments(lab: Lab) -> None:
    recording = Heartbeat(quiet_s=0.2, heartbeat_s=0.03, idle_s=10).run(lab)
    told = [[mark.detail for mark in recording.marks_named(f"{label}: event received")] for label in (WITH, WITHOUT)]
    assert told[0] == told[1]
    sent = [len(capture.bytes_from(Side.SERVER)) for capture in recording.of("hop")]
    assert sent[0] != sent[1]
