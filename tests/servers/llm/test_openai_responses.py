"""Responses as OpenAI documents them: typed events, numbered from 0, in their order, whole objects at each done."""

from __future__ import annotations

import json

import pytest
from openai.types.responses import Response, ResponseCompletedEvent, ResponseStreamEvent

from lab_servers.servers.llm.parts import Text, ToolArguments
from tests.servers.llm.asked import PROMPT, RESPONSES, Answer, ask, parts, texts
from tests.servers.llm.sdk_oracle import judged

STREAM = {"stream": True}
TOOL = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}}


def events(answer: Answer) -> list[dict]:
    """The data of each event, once the SDK's types have taken it, its name its type, and its number the next."""
    found = []
    for number, (name, data) in enumerate(answer.events()):
        value = json.loads(data)
        assert (value["type"], value["sequence_number"]) == (name, number)
        if name != "keepalive":
            judged(ResponseStreamEvent, value)
        found.append(value)
    return found


def names(found: list[dict]) -> list[str]:
    """The types in order, deltas of one kind that follow each other only once."""
    types = [value["type"].removeprefix("response.") for value in found]
    return [name for name, before in zip(types, ["", *types], strict=False) if name != before]


MESSAGE = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]
CALL = [
    "output_item.added",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "output_item.done",
]


def test_the_events_come_in_their_documented_order() -> None:
    found = events(ask(RESPONSES, STREAM, tool_calls=2))
    # The end of one item and the beginning of the next are two events of different types, so none is hidden here.
    assert names(found) == ["created", "in_progress", *MESSAGE, *CALL, *CALL, "completed"]


def test_the_deltas_are_the_texts_and_each_done_has_all_of_them() -> None:
    found = events(ask(RESPONSES, STREAM))
    assert [one["delta"] for one in found if one["type"] == "response.output_text.delta"] == texts()
    by_type = {one["type"]: one for one in found}
    whole = "".join(texts())
    assert by_type["response.output_text.done"]["text"] == whole
    assert by_type["response.content_part.done"]["part"]["text"] == whole
    assert by_type["response.output_item.done"]["item"]["content"][0]["text"] == whole
    last = judged(ResponseCompletedEvent, found[-1])
    assert isinstance(last, ResponseCompletedEvent)
    assert last.response.output_text == whole
    assert last.response.status == "completed"
    assert last.response.output[0].to_dict() == by_type["response.output_item.done"]["item"]


def test_each_event_of_an_item_names_it_and_its_place() -> None:
    found = events(ask(RESPONSES, STREAM, tool_calls=2))
    ids = [one["item"]["id"] for one in found if one["type"] == "response.output_item.added"]
    assert len(set(ids)) == 3
    for one in found:
        if "item_id" in one:
            assert ids[one["output_index"]] == one["item_id"]
        if "item" in one:
            assert ids[one["output_index"]] == one["item"]["id"]
    assert [item["id"] for item in found[-1]["response"]["output"]] == ids


def test_arguments_come_in_pieces_and_whole_when_they_are_done() -> None:
    found = events(ask(RESPONSES, {**STREAM, "tools": [TOOL]}, tool_calls=1))
    pieces = [one["delta"] for one in found if one["type"] == "response.function_call_arguments.delta"]
    assert pieces == [part.text for part in parts(tool_calls=1) if isinstance(part, ToolArguments)]
    [done] = [one for one in found if one["type"] == "response.function_call_arguments.done"]
    assert (done["name"], done["arguments"]) == ("look_up", "".join(pieces))
    call = found[-1]["response"]["output"][1]
    assert (call["type"], call["status"], call["arguments"]) == ("function_call", "completed", "".join(pieces))
    assert [tool["name"] for tool in found[0]["response"]["tools"]] == ["look_up"]


@pytest.mark.parametrize("limit", [16, 44])
def test_a_limit_of_tokens_ends_with_incomplete(limit: int) -> None:
    found = events(ask(RESPONSES, {**STREAM, "max_output_tokens": limit}, tool_calls=1))
    last = found[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["response"]["usage"]["output_tokens"] == limit
    # What the limit cut is done as well, and says of itself that it is not complete.
    assert [item["status"] for item in last["response"]["output"]] == ["completed"] * (limit // 40) + ["incomplete"]


def test_a_failure_is_an_error_event_and_then_a_failed_response_with_what_there_was() -> None:
    answer = ask(RESPONSES, STREAM, fail="error", fail_after=10)
    *_, error, failed = events(answer)
    assert (answer.status, answer.is_whole) == (200, True)
    assert (error["type"], error["code"], error["param"]) == ("error", "server_error", None)
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    assert failed["response"]["error"] == {"code": "server_error", "message": error["message"]}
    [item] = failed["response"]["output"]
    assert item["status"] == "incomplete"
    assert item["content"][0]["text"] == "".join(texts(fail="error", fail_after=10))


def test_a_failure_within_a_call_keeps_the_message_and_the_pieces_of_the_call() -> None:
    failed = events(ask(RESPONSES, STREAM, fail="error", fail_after=44, tool_calls=1))[-1]
    message, call = failed["response"]["output"]
    pieces = [part.text for part in parts(fail="error", fail_after=44, tool_calls=1) if isinstance(part, ToolArguments)]
    assert (message["status"], call["status"], call["arguments"]) == ("completed", "incomplete", "".join(pieces))


def test_a_cut_leaves_the_body_unfinished() -> None:
    answer = ask(RESPONSES, STREAM, fail="cut", fail_after=10)
    assert not answer.is_whole
    assert events(answer)[-1]["type"] == "response.output_text.delta"


def test_before_the_first_token_an_overload_is_a_503() -> None:
    assert ask(RESPONSES, STREAM, fail="error").status == 503


def test_silence_is_filled_with_keepalives_that_have_a_number() -> None:
    found = events(ask(RESPONSES, STREAM, tokens=1, ttft_s=0.3, heartbeat_s=0.02))
    assert names(found)[:3] == ["created", "in_progress", "keepalive"]


@pytest.mark.parametrize("more", [{}, {"max_output_tokens": 44}])
def test_a_whole_response_is_the_object_of_the_last_event(more: dict) -> None:
    whole = ask(RESPONSES, more, tool_calls=2).json()
    judged(Response, whole)
    last = events(ask(RESPONSES, {**more, **STREAM}, tool_calls=2))[-1]["response"]
    assert {**whole, "created_at": 0, "completed_at": 0} == {**last, "created_at": 0, "completed_at": 0}


def test_usage_counts_reasoning_among_the_output() -> None:
    usage = ask(RESPONSES, reasoning_tokens=7).json()["usage"]
    assert usage["output_tokens_details"] == {"reasoning_tokens": 7}
    assert usage["output_tokens"] == 7 + sum(
        part.tokens for part in parts(reasoning_tokens=7) if isinstance(part, Text)
    )


def test_instructions_and_items_are_part_of_the_prompt() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": PROMPT}]},
        {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    ]
    more = ask(RESPONSES, {"input": items, "instructions": "Be brief."}).json()
    assert more["instructions"] == "Be brief."
    assert more["usage"]["input_tokens"] > ask(RESPONSES).json()["usage"]["input_tokens"]
