"""The openai SDK streams chat completions and responses from the model, blocking and async, and what its users see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.servers.llm.hosted import BREAKS, ENDLESS, FAILS, HALVES, PROMPT, REFUSES, Hosted, bodies, hosted, requests

KEY = "not-needed"
MODEL = "lab-model-1"

CHAT, RESPONSES = "chat completions", "responses"
DIALECTS = pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
LIBRARIES = pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "async"])


@pytest.fixture
def model() -> Iterator[Hosted]:
    with hosted() as running:
        yield running


def blocking_client(model: Hosted, max_retries: int = 2) -> openai.OpenAI:
    http_client = httpx2.Client(trust_env=False)
    return openai.OpenAI(base_url=f"{model.url}/v1", api_key=KEY, http_client=http_client, max_retries=max_retries)


def async_client(model: Hosted, max_retries: int = 2) -> openai.AsyncOpenAI:
    http_client = httpx2.AsyncClient(trust_env=False)
    return openai.AsyncOpenAI(base_url=f"{model.url}/v1", api_key=KEY, http_client=http_client, max_retries=max_retries)


def question(dialect: str, settings: dict[str, object]) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": MODEL, "stream": True, "extra_query": settings}
    if dialect == CHAT:
        return asked | {"messages": [{"role": "user", "content": PROMPT}], "stream_options": {"include_usage": True}}
    return asked | {"input": PROMPT}


def text_of(event: Any) -> str:
    """The text in one chunk or event; empty if it has none."""
    if hasattr(event, "choices"):
        return "".join(choice.delta.content or "" for choice in event.choices)
    return event.delta if event.type == "response.output_text.delta" else ""


def read(model: Hosted, dialect: str, settings: dict[str, object], is_async: bool, **options: int) -> list[Any]:
    """Stream one answer, and return all chunks or events."""
    if is_async:
        return asyncio.run(read_async(model, dialect, settings, **options))
    events: list[Any] = []
    with blocking_client(model, options.get("max_retries", 2)) as client:
        create: Callable[..., Any] = client.chat.completions.create if dialect == CHAT else client.responses.create
        with create(**question(dialect, settings)) as stream:
            for event in stream:
                events.append(event)
                if text_of(event):
                    model.sees(text_of(event))
                if len(model.seen) == options.get("leave_after"):
                    break
    return events


async def read_async(model: Hosted, dialect: str, settings: dict[str, object], **options: int) -> list[Any]:
    events: list[Any] = []
    async with async_client(model, options.get("max_retries", 2)) as client:
        create: Callable[..., Any] = client.chat.completions.create if dialect == CHAT else client.responses.create
        async with await create(**question(dialect, settings)) as stream:
            followed: AsyncIterator[Any] = stream
            async for event in followed:
                events.append(event)
                if text_of(event):
                    model.sees(text_of(event))
                if len(model.seen) == options.get("leave_after"):
                    break
    return events


@LIBRARIES
@DIALECTS
def test_the_sdk_shows_each_piece_when_the_model_makes_it(model: Hosted, dialect: str, is_async: bool) -> None:
    with model.lab.record("openai") as take:
        events = read(model, dialect, HALVES, is_async)
    model.assert_token_by_token()
    (body,) = bodies(take.recording)
    assert body.count("\ndata:") + body.startswith("data:") >= len(model.seen)
    if dialect == CHAT:
        assert [choice.finish_reason for event in events for choice in event.choices][-1] == "stop"
        assert events[-1].usage.completion_tokens == HALVES["tokens"]
    else:
        assert events[-1].type == "response.completed"
        assert events[-1].response.output_text == model.text
        assert events[-1].response.usage.output_tokens == HALVES["tokens"]
        assert [event.sequence_number for event in events] == list(range(len(events)))


@LIBRARIES
@DIALECTS
def test_a_user_who_leaves_the_loop_stops_the_model(model: Hosted, dialect: str, is_async: bool) -> None:
    read(model, dialect, ENDLESS, is_async, leave_after=5)
    model.assert_stopped_in_the_middle()


@LIBRARIES
@DIALECTS
def test_an_error_before_the_head_is_tried_three_times_and_then_raised(
    model: Hosted, dialect: str, is_async: bool
) -> None:
    with model.lab.record("openai") as take, pytest.raises(openai.InternalServerError) as raised:
        read(model, dialect, REFUSES, is_async)
    assert raised.value.status_code == 503
    asked = requests(take.recording)
    assert [request.values("X-Stainless-Retry-Count") for request in asked] == [["0"], ["1"], ["2"]]
    # Nothing tells the server that the three are one: a key would, and this SDK sends none by itself.
    assert [request.values("Idempotency-Key") for request in asked] == [[], [], []]


@DIALECTS
def test_without_retries_it_is_tried_once(model: Hosted, dialect: str) -> None:
    with model.lab.record("openai") as take, pytest.raises(openai.InternalServerError):
        read(model, dialect, REFUSES, is_async=False, max_retries=0)
    assert len(requests(take.recording)) == 1


@LIBRARIES
def test_an_error_in_mid_stream_of_responses_is_an_event_that_nothing_raises(model: Hosted, is_async: bool) -> None:
    events = read(model, RESPONSES, FAILS, is_async)
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.message
    assert model.text == "".join(model.made())


@LIBRARIES
def test_an_error_in_mid_stream_is_raised_in_the_midst_of_the_loop(model: Hosted, is_async: bool) -> None:
    with model.lab.record("openai") as take, pytest.raises(openai.APIError) as raised:
        read(model, CHAT, FAILS, is_async)
    assert type(raised.value) is openai.APIError, "it has no status: that was 200"
    assert raised.value.message in bodies(take.recording)[0]
    assert model.text == "".join(model.made()), "what came before it was shown"
    assert len(requests(take.recording)) == 1, "what has begun is not tried again"


@LIBRARIES
@DIALECTS
def test_a_cut_is_raised_as_a_connection_error_whose_reason_is_in_its_cause(
    model: Hosted, dialect: str, is_async: bool
) -> None:
    with (
        model.lab.record("openai") as take,
        pytest.raises(openai.APIConnectionError, match="Connection error") as raised,
    ):
        read(model, dialect, BREAKS, is_async)
    assert isinstance(raised.value.__cause__, httpx2.RemoteProtocolError)
    assert "incomplete chunked read" in str(raised.value.__cause__)
    assert model.text == "".join(model.made())
    assert len(requests(take.recording)) == 1, "what has begun is not tried again"


@LIBRARIES
@DIALECTS
def test_a_cut_that_a_proxy_hides_ends_the_loop_as_if_all_had_come(model: Hosted, dialect: str, is_async: bool) -> None:
    """Nothing is raised, though [DONE] or response.completed never came: only a finish reason tells."""
    model.hide_cuts()
    events = read(model, dialect, BREAKS, is_async)
    assert model.text == "".join(model.made())
    assert model.finished() == ["cut"]
    if dialect == CHAT:
        assert {choice.finish_reason for event in events for choice in event.choices} == {None}
    else:
        assert events[-1].type == "response.output_text.delta"
