"""The anthropic SDK streams messages from the model, collected or event by event, and what its users see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest

from tests.servers.llm.hosted import BREAKS, ENDLESS, FAILS, HALVES, PROMPT, REFUSES, Hosted, bodies, hosted, requests

KEY = "not-needed"

STREAM, EVENTS = "messages.stream", "create(stream=True)"
WAYS = pytest.mark.parametrize("way", [STREAM, EVENTS])
LIBRARIES = pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "async"])


@pytest.fixture
def model() -> Iterator[Hosted]:
    with hosted() as running:
        yield running


def question(settings: dict[str, object]) -> dict[str, Any]:
    messages = [{"role": "user", "content": PROMPT}]
    return {"model": "lab-model-1", "max_tokens": 8192, "messages": messages, "extra_query": settings}


def text_of(event: Any) -> str:
    """The text in an event of the wire; empty if it has none. The SDK's own events repeat it."""
    is_text = event.type == "content_block_delta" and event.delta.type == "text_delta"
    return event.delta.text if is_text else ""


def read(
    model: Hosted, way: str, settings: dict[str, object], is_async: bool, *, leave_after: int = 0, max_retries: int = 2
) -> Any:
    """Stream one answer; return the message as far as it was collected, or the last event."""
    if is_async:
        return asyncio.run(read_async(model, way, settings, leave_after, max_retries))
    http_client = httpx2.Client(trust_env=False)
    with anthropic.Anthropic(
        base_url=model.url, api_key=KEY, http_client=http_client, max_retries=max_retries
    ) as client:  # fmt: skip
        if way == STREAM:
            with client.messages.stream(**question(settings)) as stream:
                for text in stream.text_stream:
                    model.sees(text)
                    if len(model.seen) == leave_after:
                        return None
                return stream.get_final_message()
        last = None
        with client.messages.create(**question(settings), stream=True) as events:
            for event in events:
                last = event
                if text_of(event):
                    model.sees(text_of(event))
                if leave_after and len(model.seen) == leave_after:
                    return None
        return last


async def read_async(
    model: Hosted, way: str, settings: dict[str, object], leave_after: int, max_retries: int
) -> Any:  # fmt: skip
    http_client = httpx2.AsyncClient(trust_env=False)
    async with anthropic.AsyncAnthropic(
        base_url=model.url, api_key=KEY, http_client=http_client, max_retries=max_retries
    ) as client:
        if way == STREAM:
            async with client.messages.stream(**question(settings)) as stream:
                async for text in stream.text_stream:
                    model.sees(text)
                    if len(model.seen) == leave_after:
                        return None
                return await stream.get_final_message()
        last = None
        async with await client.messages.create(**question(settings), stream=True) as events:
            async for event in events:
                last = event
                if text_of(event):
                    model.sees(text_of(event))
                if leave_after and len(model.seen) == leave_after:
                    return None
        return last


@LIBRARIES
@WAYS
def test_the_sdk_shows_each_piece_when_the_model_makes_it(model: Hosted, way: str, is_async: bool) -> None:
    with model.lab.record("anthropic") as take:
        last = read(model, way, HALVES, is_async)
    model.assert_token_by_token()
    (body,) = bodies(take.recording)
    assert body.count("event: content_block_delta\n") == len(model.seen)
    if way == STREAM:
        assert last.stop_reason == "end_turn"
        assert "".join(block.text for block in last.content) == model.text
        assert last.usage.output_tokens == HALVES["tokens"]
    else:
        assert last.type == "message_stop"


@LIBRARIES
@WAYS
def test_a_user_who_leaves_the_loop_stops_the_model(model: Hosted, way: str, is_async: bool) -> None:
    read(model, way, ENDLESS, is_async, leave_after=5)
    assert len(model.seen) == 5
    model.assert_stopped_in_the_middle()


@LIBRARIES
@WAYS
def test_an_error_before_the_head_is_tried_three_times_and_then_raised(
    model: Hosted, way: str, is_async: bool
) -> None:  # fmt: skip
    with model.lab.record("anthropic") as take, pytest.raises(anthropic.APIStatusError) as raised:
        read(model, way, REFUSES, is_async)
    assert raised.value.status_code == 529
    asked = requests(take.recording)
    assert [request.values("X-Stainless-Retry-Count") for request in asked] == [["0"], ["1"], ["2"]]


@WAYS
def test_without_retries_it_is_tried_once(model: Hosted, way: str) -> None:
    with model.lab.record("anthropic") as take, pytest.raises(anthropic.APIStatusError):
        read(model, way, REFUSES, is_async=False, max_retries=0)
    assert len(requests(take.recording)) == 1


@LIBRARIES
@WAYS
def test_an_error_in_mid_stream_is_raised_with_the_status_200_that_it_came_behind(
    model: Hosted, way: str, is_async: bool
) -> None:
    with model.lab.record("anthropic") as take, pytest.raises(anthropic.APIStatusError, match="overloaded") as raised:
        read(model, way, FAILS, is_async)
    assert raised.value.status_code == 200
    assert "event: error\n" in bodies(take.recording)[0]
    assert model.text == "".join(model.made()), "what came before it was shown"
    assert len(requests(take.recording)) == 1, "what has begun is not tried again"


@LIBRARIES
@WAYS
def test_a_cut_raises_an_error_of_the_http_library_and_none_of_the_sdk(
    model: Hosted, way: str, is_async: bool
) -> None:  # fmt: skip
    """So `except anthropic.AnthropicError` does not catch it."""
    with pytest.raises(httpx2.RemoteProtocolError, match="incomplete chunked read") as raised:
        read(model, way, BREAKS, is_async)
    assert not isinstance(raised.value, anthropic.AnthropicError)
    assert model.text == "".join(model.made())


@LIBRARIES
@WAYS
def test_a_cut_that_a_proxy_hides_ends_the_loop_as_if_all_had_come(model: Hosted, way: str, is_async: bool) -> None:
    """Nothing is raised, though message_stop never came; the message that was collected has no stop reason."""
    model.hide_cuts()
    last = read(model, way, BREAKS, is_async)
    assert model.text == "".join(model.made())
    assert model.finished() == ["cut"]
    if way == STREAM:
        assert last.stop_reason is None
    else:
        assert last.type == "content_block_delta"
