"""Each run shows on a fresh recording what its notebook says, in data and order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import FourWays, OneExchange
from lab_servers.scenarios.four_ways import LABELS
from lab_servers.views.arrivals import lanes
from lab_servers.views.heads import heads
from lab_servers.wire.http1.message import Framing

# OneExchange allows as many parts as this document has bytes.
BODY = '{"name": "张三", "age": 25}'.encode()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def four_ways(lab: Lab) -> Recording:
    return FourWays(interval_s=0.3, poll_every_s=0.35).run(lab)


# --- one answer in four ways (C06, C08) -----------------------------------------------------


def test_every_way_shows_the_same_answer(four_ways: Recording) -> None:
    drawn = lanes(four_ways, tuple(LABELS.values()))
    assert ["".join(lane.pieces) for lane in drawn] == ["你好世界"] * 4
    assert [len(lane.pieces) for lane in drawn] == [1, 4, 4, 4]


def test_a_stream_shows_its_first_piece_before_its_last_is_produced_and_a_whole_response_does_not(
    four_ways: Recording,
) -> None:
    whole, polling, sse, websocket = lanes(four_ways, tuple(LABELS.values()))
    for streamed in (sse, websocket):
        for number in range(3):
            assert streamed.produced_s[number] < streamed.shown_s[number] < streamed.produced_s[number + 1]
    assert whole.shown_s[0] > whole.produced_s[-1]
    assert polling.shown_s[0] > polling.produced_s[0]


def test_streaming_does_not_make_the_model_finish_sooner(four_ways: Recording) -> None:
    for lane in lanes(four_ways, tuple(LABELS.values())):
        assert lane.shown_s[-1] > lane.produced_s[-1]
        assert len(lane.produced_s) == 4


def test_the_events_stand_in_the_bytes_of_one_http_response_that_ends(four_ways: Recording) -> None:
    (capture,) = four_ways.of("sse")
    (response,) = heads(capture, Side.SERVER)
    stream = capture.bytes_from(Side.SERVER)
    body = b"".join(stream[start:stop] for start, stop in response.content.all_pieces)
    assert body == "".join(f'data: {{"d":"{token}"}}\n\n' for token in "你好世界").encode()
    assert response.values("Content-Type") == ["text/event-stream"]
    assert (response.framing, response.is_complete) == (Framing.CHUNKED, True)


def test_polling_costs_more_connections_and_requests_the_more_often_it_asks(lab: Lab, four_ways: Recording) -> None:
    hasty = FourWays(interval_s=0.2, poll_every_s=0.05).run(lab)
    asked = [
        sum(len(heads(capture, Side.CLIENT)) for capture in recording.of("polling")) for recording in (four_ways, hasty)
    ]
    assert asked[0] < asked[1]
    assert len(four_ways.of("sse")) == len(four_ways.of("websocket")) == len(four_ways.of("http")) == 1


def test_it_can_be_awaited(lab: Lab) -> None:
    recording = asyncio.run(FourWays(interval_s=0.02, poll_every_s=0.05).run_async(lab))
    assert "".join(lanes(recording, ["SSE"])[0].pieces) == "你好世界"


# --- one exchange (C02) ---------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["content-length", "chunked", "close"])
@pytest.mark.parametrize("parts", [1, 3, 29])
def test_each_framing_carries_the_same_document(lab: Lab, framing: str, parts: int) -> None:
    recording = OneExchange(framing=framing, parts=parts).run(lab)
    (capture,) = recording.captures
    (response,) = heads(capture, Side.SERVER)
    stream = capture.bytes_from(Side.SERVER)
    assert b"".join(stream[start:stop] for start, stop in response.content.all_pieces) == BODY
    assert (response.framing.value, response.is_complete) == (framing, True)
    assert len(BODY) == 29
    assert json.loads(BODY) == {"name": "张三", "age": 25}


def test_a_delay_lies_between_the_request_and_the_head(lab: Lab) -> None:
    recording = OneExchange(framing="chunked", delay_s=0.05, parts=2, part_delay_s=0.05).run(lab)
    (capture,) = recording.captures
    (response,) = heads(capture, Side.SERVER)
    asked = capture.time_of(Side.CLIENT, 0)
    first, last = (capture.time_of(Side.SERVER, offset) for offset in (0, response.end - 1))
    # Lower bounds only, and with room for a coarse clock: a machine may be slow, never too fast.
    assert first - asked > 25_000_000
    assert last - first > 25_000_000
    assert [mark.name for mark in recording.marks] == [
        "client: request started",
        "client: head received",
        "client: first body bytes",
        "client: body complete",
    ]


# --- parameters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: FourWays(interval_s=0), "interval_s must be a number from 0.02 to 5 seconds, not 0."),
        (
            lambda: FourWays(poll_every_s=99),
            "poll_every_s must be a number from 0.02 to 10 seconds, not 99.",
        ),
        (lambda: OneExchange(framing="magic"), "framing must be one of content-length, chunked, close, not 'magic'."),
        (lambda: OneExchange(parts=0), "parts must be a whole number from 1 to 29, not 0."),
        (lambda: OneExchange(parts=2.5), "parts must be a whole number from 1 to 29, not 2.5."),  # type: ignore[arg-type]
        (lambda: OneExchange(delay_s=float("nan")), "delay_s must be a number from 0 to 30 seconds, not nan."),
    ],
)
def test_a_bad_parameter_is_named_with_its_bounds(make: object, sentence: str) -> None:
    assert callable(make)
    with pytest.raises(BadParameter) as error:
        make()
    assert str(error.value) == sentence


def test_a_recording_says_with_which_parameters_it_was_made(four_ways: Recording) -> None:
    assert four_ways.comment == "FourWays(interval_s=0.3, poll_every_s=0.35)"
