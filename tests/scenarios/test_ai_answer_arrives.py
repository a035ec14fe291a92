"""One answer on every way: the same text, bytes that add up to what the relay counted, and waits in the right order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions.presets import PRESETS
from lab_servers.clients import Ending
from lab_servers.clients.answers import OURS, VENDORS, AnswerRead, Way
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.answer_bytes import AnswerBytes, answer_bytes
from lab_servers.measure.answer_times import AnswerTimes, answer_times
from lab_servers.measure.batching import Batch, batches
from lab_servers.recording import Recording
from lab_servers.scenarios import AnswerArrives, AnswerThroughNetworks, Batching
from lab_servers.scenarios.ai_answer_arrives import require_same_text
from lab_servers.scenarios.ai_model import HostedModel
from lab_servers.servers.llm.texts import LANGUAGES
from lab_servers.views.looks.ai_through_networks import through
from lab_servers.wire.llm.pieces import AnswerState, ToolCallRead

GROWING = [way for way in Way if way not in (Way.WHOLE, Way.SHORT_POLLING)]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return AnswerArrives(tokens=30, gap_s=0.02, ttft_s=0.1, poll_every_s=0.3).run(lab)


@pytest.fixture(scope="module")
def times(recording: Recording) -> dict[str, AnswerTimes]:
    return answer_times(recording)


@pytest.fixture(scope="module")
def counted(recording: Recording) -> dict[str, AnswerBytes]:
    return answer_bytes(recording)


@pytest.fixture(scope="module")
def batched(lab: Lab) -> tuple[Batch, ...]:
    return batches(Batching(tokens=40, gap_s=0.01, late_s=0.2).run(lab))


# --- the same answer --------------------------------------------------------------------------


def test_every_way_brings_the_same_text_to_the_last_code_point(times: dict[str, AnswerTimes]) -> None:
    assert list(times) == [way.value for way in Way]
    assert len({one.text for one in times.values()}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_does_so_in_every_language(lab: Lab, language: str) -> None:
    found = answer_times(AnswerArrives(language=language, tokens=25, gap_s=0.002, ttft_s=0.01).run(lab))
    assert len(found) == len(Way)
    assert len({one.text for one in found.values()}) == 1


def test_bursts_stalls_reasoning_tools_and_batches_change_nothing_of_the_text(lab: Lab) -> None:
    plain = answer_times(AnswerArrives(tokens=25, gap_s=0.002, ttft_s=0.01, seed=3).run(lab))
    run = AnswerArrives(
        tokens=25, gap_s=0.002, ttft_s=0.01, seed=3, burst=4, reasoning_tokens=5, tool_calls=1, batch_s=0.01,
        stall_every=15,
    )  # fmt: skip
    recording = run.run(lab)
    found = answer_times(recording)
    assert len({one.text for one in found.values()}) == 1
    assert {len(one.tokens) for one in (*plain.values(), *found.values())} == {25}
    arguments = [
        json.loads("".join(mark.detail for mark in recording.marks_named(f"{way.value}: tool arguments")))
        for way in Way
    ]
    assert arguments == [arguments[0]] * len(Way)


@pytest.mark.parametrize(
    ("text", "arguments", "wrong"),
    [("Hi", '{"a":1}', ""), ("Ho", '{"a": 1}', "2 of 2 characters"), ("Hi", '{"a":2}', "arguments of 1 tool calls"),
     ("Hi", "", "arguments of 1 tool calls")],
)  # fmt: skip
def test_a_run_fails_if_a_way_does_not_bring_what_the_model_said(text: str, arguments: str, wrong: str) -> None:
    model = HostedModel(handler_cancellation=True)
    said = ("e1-1 1 1 Hi", "e1-1 2 1 ", 'e1-1 3 4 {"a": 1}', "e1-1 4 0 ")
    model.marks += [Mark(at_ns, "produced by llm", detail) for at_ns, detail in enumerate(said)]
    calls = (ToolCallRead(0, "c1", "weather", arguments),)
    state = AnswerState(text=text, tool_calls=calls, finish_reason="tool_calls", terminated=True)
    read = AnswerRead(Way.NDJSON, (), state, Ending.SERVER, (Mark(0, "run", "e1-1"),))
    with pytest.raises(ExchangeFailed, match=wrong) if wrong else nullcontext():
        require_same_text(model, [read])


@pytest.mark.parametrize(("ways", "names"), [("ours", OURS), ("vendors", VENDORS)])
def test_a_run_may_ask_on_some_ways_only(lab: Lab, ways: str, names: tuple[Way, ...]) -> None:
    found = answer_times(AnswerArrives(ways=ways, tokens=5, gap_s=0.001, ttft_s=0.01).run(lab))
    assert list(found) == [way.value for way in names]


# --- what the reader felt -----------------------------------------------------------------------


@pytest.mark.parametrize("way", GROWING, ids=lambda way: way.value)
def test_a_growing_answer_shows_text_before_the_model_has_made_its_last_token(
    times: dict[str, AnswerTimes], way: Way
) -> None:
    one = times[way.value]
    assert one.first_s < one.tokens[-1].made_s
    assert one.gaps.n > 5


def test_a_whole_answer_shows_nothing_before_the_model_has_made_all_of_it(times: dict[str, AnswerTimes]) -> None:
    whole = times[Way.WHOLE.value]
    assert whole.first_s > whole.tokens[-1].made_s
    assert whole.gaps.n == 0
    assert whole.first_s == whole.last_s


def test_no_token_is_there_before_it_was_made(times: dict[str, AnswerTimes]) -> None:
    for one in times.values():
        assert len(one.tokens) == 30
        assert all(token.shown_s is not None and token.shown_s > token.made_s for token in one.tokens)


def test_short_polling_has_fewer_moments_than_the_stream_and_is_later(times: dict[str, AnswerTimes]) -> None:
    polled, streamed = times[Way.SHORT_POLLING.value], times[Way.EVENT_STREAM.value]
    assert len(polled.moments_s) < len(streamed.moments_s) / 2
    assert polled.lateness.median_s is not None
    assert streamed.lateness.median_s is not None
    assert polled.lateness.median_s > streamed.lateness.median_s


# --- what the bytes were for ----------------------------------------------------------------------


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value)
def test_the_kinds_add_up_to_what_the_relay_counted(
    recording: Recording, counted: dict[str, AnswerBytes], way: Way
) -> None:
    captures = recording.of(way.value)
    assert counted[way.value].down.total == sum(len(one.bytes_from(Side.SERVER)) for one in captures)
    assert counted[way.value].up.total == sum(len(one.bytes_from(Side.CLIENT)) for one in captures)
    assert counted[way.value].both.other == 0


def test_the_text_has_the_same_bytes_on_every_way(
    times: dict[str, AnswerTimes], counted: dict[str, AnswerBytes]
) -> None:
    size = len(times[Way.WHOLE.value].text.encode())
    assert {one.down.text for one in counted.values()} == {size}


def test_the_json_of_lines_is_what_another_reader_of_them_finds(
    recording: Recording, counted: dict[str, AnswerBytes]
) -> None:
    (capture,) = recording.of(Way.NDJSON.value)
    stream = capture.bytes_from(Side.SERVER)
    lines = [line for line in stream.split(b"\r\n") if line.startswith(b"{")]
    parts = [json.loads(line) for line in lines]
    with_text = sum(len(line) - 1 for line, part in zip(lines, parts, strict=True) if part["type"] == "text")
    text = sum(len(part["text"].encode()) for part in parts if part["type"] == "text")
    others = sum(len(line) - 1 for line, part in zip(lines, parts, strict=True) if part["type"] != "text")
    down = counted[Way.NDJSON.value].down
    assert (down.text, down.around, down.alone) == (text, with_text - text, others)
    assert down.headers == stream.index(b"\r\n\r\n") + 4


def test_our_stream_and_lines_differ_by_framing_and_headers_alone(counted: dict[str, AnswerBytes]) -> None:
    stream, lines = counted[Way.EVENT_STREAM.value].down, counted[Way.NDJSON.value].down
    assert (stream.text, stream.around, stream.alone) == (lines.text, lines.around, lines.alone)
    assert stream.framing > lines.framing


def test_responses_says_its_text_again(times: dict[str, AnswerTimes], counted: dict[str, AnswerBytes]) -> None:
    text = len(times[Way.RESPONSES.value].text.encode())
    assert counted[Way.RESPONSES.value].down.alone > 2 * text


def test_polling_pays_a_head_for_each_question(counted: dict[str, AnswerBytes]) -> None:
    polled, streamed = counted[Way.LONG_POLLING.value], counted[Way.EVENT_STREAM.value]
    assert streamed.requests == 1
    assert polled.requests > 2
    assert polled.down.headers > polled.requests * streamed.down.headers / 2


# --- batches ----------------------------------------------------------------------------------------


def test_larger_batches_have_fewer_messages_and_bytes(batched: tuple[Batch, ...]) -> None:
    windows = [one for one in batched if not one.is_late]
    assert [one.label for one in windows] == ["0 ms", "20 ms", "50 ms", "100 ms", "250 ms", "500 ms"]
    assert [one.messages for one in windows] == sorted((one.messages for one in windows), reverse=True)
    assert windows[-1].down.total < windows[0].down.total / 2
    assert {one.down.text for one in batched} == {windows[0].down.text}


def test_the_delay_is_what_pays_for_it(batched: tuple[Batch, ...]) -> None:
    first, largest = batched[0], batched[-2]
    assert first.lateness.median_s is not None
    assert largest.lateness.median_s is not None
    assert largest.lateness.median_s > 2 * first.lateness.median_s


def test_a_buffer_that_is_emptied_late_has_the_delay_and_every_byte(batched: tuple[Batch, ...]) -> None:
    first, late = batched[0], batched[-1]
    assert late.is_late
    assert late.moments < first.moments / 2
    assert (late.messages, late.down) == (first.messages, first.down)


# --- networks -----------------------------------------------------------------------------------------


def test_a_network_adds_its_round_trips_to_the_first_text_and_none_to_the_gaps_of_a_stream(lab: Lab) -> None:
    found = through(AnswerThroughNetworks(tokens=12, ttft_s=0.05, gap_s=0.02).run(lab))
    assert list(found) == ["loopback", "4G", "café Wi-Fi", "satellite"]
    near, far = found["loopback"], found["satellite"]
    half_s = PRESETS["satellite"].round_trip_s / 2  # the other half is for a busy machine
    assert far["event stream"].first_s > near["event stream"].first_s + half_s
    # A WebSocket's handshake is a round trip before the question.
    assert far["WebSocket"].first_s > far["event stream"].first_s + half_s
    # Between the moments of a stream nothing waits for a round trip; between those of polling something always does.
    assert far["event stream"].gaps.n > 2 * far["long polling"].gaps.n


def test_a_network_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BadParameter, match="satellite"):
        AnswerArrives(network="the moon")
