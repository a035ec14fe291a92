"""Messages as Anthropic documents them: named events, blocks that open and close, pings, and the stop at the end."""

from __future__ import annotations

import json

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse

from lab_servers.servers.llm.parts import Text
from tests.servers.llm.asked import MESSAGES, PROMPT, Answer, ask, parts, texts
from tests.servers.llm.sdk_oracle import judged

STREAM = {"stream": True}


def events(answer: Answer) -> list[dict]:
    """The data of each event, once the SDK's types have taken it, and its name is its type."""
    found = []
    for name, data in answer.events():
        value = json.loads(data)
        assert value["type"] == name
        if name == "error":
            judged(ErrorResponse, value)
        elif name == "ping":
            assert value == {"type": "ping"}
        else:
            judged(RawMessageStreamEvent, value)
        found.append(value)
    return found


def names(found: list[dict]) -> list[str]:
    types = [value["type"] for value in found]
    return [name for name, before in zip(types, ["", *types], strict=False) if name != before]


BLOCK = ["content_block_start", "content_block_delta", "content_block_stop"]


def test_the_events_come_in_their_documented_order() -> None:
    found = events(ask(MESSAGES, STREAM, tool_calls=2))
    first = ["content_block_start", "ping", "content_block_delta", "content_block_stop"]
    assert names(found) == ["message_start", *first, *BLOCK, *BLOCK, "message_delta", "message_stop"]


def test_the_deltas_are_the_texts() -> None:
    answer = ask(MESSAGES, STREAM)
    assert answer.header("Content-Type") == "text/event-stream; charset=utf-8"
    assert (answer.header("request-id") or "").startswith("req_")
    deltas = [one["delta"] for one in events(answer) if one["type"] == "content_block_delta"]
    assert deltas == [{"type": "text_delta", "text": text} for text in texts()]


def test_the_message_starts_empty_with_the_prompts_tokens_and_ends_with_all_that_was_used() -> None:
    start, *_, delta, _ = events(ask(MESSAGES, STREAM, reasoning_tokens=7))
    message = start["message"]
    assert (message["id"], message["content"], message["stop_reason"]) == ("msg_k3f9-1", [], None)
    assert message["usage"]["output_tokens"] == 0
    assert delta["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert delta["usage"]["input_tokens"] == message["usage"]["input_tokens"] > 0
    said = sum(part.tokens for part in parts(reasoning_tokens=7) if isinstance(part, Text))
    assert delta["usage"]["output_tokens"] == 7 + said
    assert delta["usage"]["output_tokens_details"] == {"thinking_tokens": 7}


def test_a_tool_call_is_a_block_whose_input_is_text_until_it_closes() -> None:
    found = events(ask(MESSAGES, {**STREAM, "tools": [{"name": "look_up", "input_schema": {}}]}, tool_calls=2))
    starts = [one for one in found if one["type"] == "content_block_start"]
    assert [one["index"] for one in starts] == [0, 1, 2]
    assert [one["content_block"]["type"] for one in starts] == ["text", "tool_use", "tool_use"]
    assert [one["content_block"]["input"] for one in starts[1:]] == [{}, {}]
    for index in (1, 2):
        deltas = [one["delta"] for one in found if one["type"] == "content_block_delta" and one["index"] == index]
        assert {one["type"] for one in deltas} == {"input_json_delta"}
        assert set(json.loads("".join(one["partial_json"] for one in deltas))) == {"city", "days"}
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


def test_every_block_that_opens_closes_before_the_next() -> None:
    is_open = None
    for one in events(ask(MESSAGES, STREAM, tool_calls=3)):
        if one["type"] == "content_block_start":
            assert is_open is None
            is_open = one["index"]
        elif one["type"] == "content_block_delta":
            assert one["index"] == is_open
        elif one["type"] == "content_block_stop":
            assert one["index"] == is_open
            is_open = None
    assert is_open is None


def test_a_limit_of_tokens_ends_with_max_tokens() -> None:
    found = events(ask(MESSAGES, {**STREAM, "max_tokens": 5}))
    assert found[-2]["delta"]["stop_reason"] == "max_tokens"
    assert found[-2]["usage"]["output_tokens"] == 5


def test_an_error_in_mid_stream_is_an_event_and_nothing_follows() -> None:
    answer = ask(MESSAGES, STREAM, fail="error", fail_after=10)
    found = events(answer)
    assert (answer.status, answer.is_whole) == (200, True)
    assert found[-1]["error"]["type"] == "overloaded_error"
    assert not {"message_delta", "message_stop"} & {one["type"] for one in found}


def test_before_the_first_token_an_overload_is_a_529() -> None:
    answer = ask(MESSAGES, STREAM, fail="error")
    judged(ErrorResponse, answer.json())
    assert (answer.status, answer.json()["error"]["type"]) == (529, "overloaded_error")
    assert answer.json()["request_id"] == answer.header("request-id")


def test_a_whole_message_that_fails_is_a_529_as_well() -> None:
    assert ask(MESSAGES, fail="error", fail_after=5).status == 529


def test_a_cut_leaves_the_body_unfinished() -> None:
    answer = ask(MESSAGES, STREAM, fail="cut", fail_after=10)
    assert not answer.is_whole
    assert events(answer)[-1]["type"] == "content_block_delta"


def test_silence_is_filled_with_pings() -> None:
    found = events(ask(MESSAGES, STREAM, tokens=1, ttft_s=0.3, heartbeat_s=0.02))
    assert names(found)[:3] == ["message_start", "ping", "content_block_start"]


def test_a_whole_message_says_the_same() -> None:
    whole = ask(MESSAGES, tool_calls=1).json()
    judged(Message, whole)
    text, call = whole["content"]
    assert text == {"type": "text", "text": "".join(texts(tool_calls=1))}
    assert (call["type"], set(call["input"]), whole["stop_reason"]) == ("tool_use", {"city", "days"}, "tool_use")


def test_arguments_that_the_limit_cut_leave_a_block_without_input() -> None:
    whole = ask(MESSAGES, {"max_tokens": 44}, tool_calls=1).json()
    judged(Message, whole)
    assert (whole["content"][1]["input"], whole["stop_reason"]) == ({}, "max_tokens")


@pytest.mark.parametrize("content", [PROMPT, [{"type": "text", "text": PROMPT}]])
def test_content_is_a_text_or_blocks(content: object) -> None:
    asked = {"messages": [{"role": "user", "content": content}]}
    assert ask(MESSAGES, asked).json()["content"] == ask(MESSAGES).json()["content"]


def test_what_a_tool_returned_is_part_of_the_prompt() -> None:
    block = {"type": "tool_result", "tool_use_id": "call_1", "content": "It is sunny there."}
    said = [{"role": "user", "content": PROMPT}, {"role": "user", "content": [block]}]
    longer = ask(MESSAGES, {"messages": said}).json()
    assert longer["usage"]["input_tokens"] > ask(MESSAGES).json()["usage"]["input_tokens"]
