"""Chat completions as OpenAI documents them: every chunk is one of its SDK's, in the documented order."""

from __future__ import annotations

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from lab_servers.servers.llm.openai_chat import ChatStream
from lab_servers.servers.llm.parts import End, Finish, Text, Usage
from tests.servers.llm.asked import CHAT, PROMPT, Answer, ask, parts, texts
from tests.servers.llm.sdk_oracle import judged

STREAM = {"stream": True}
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


def chunks(answer: Answer) -> list[ChatCompletionChunk]:
    events = answer.events()
    assert {name for name, _ in events} == {""}
    assert [data for _, data in events].count("[DONE]") == 1
    assert events[-1] == ("", "[DONE]")
    found = [judged(ChatCompletionChunk, json.loads(data)) for _, data in events[:-1]]
    return [chunk for chunk in found if isinstance(chunk, ChatCompletionChunk)]


def test_a_stream_is_a_role_then_each_text_then_the_reason_and_done() -> None:
    answer = ask(CHAT, STREAM)
    assert (answer.status, answer.header("Content-Type"), answer.is_whole) == (200, "text/event-stream", True)
    role, *deltas, last = chunks(answer)
    assert role.choices[0].delta.to_dict() == {"role": "assistant", "content": ""}
    assert [chunk.choices[0].delta.content for chunk in deltas] == texts()
    assert last.choices[0].delta.to_dict() == {}
    assert [chunk.choices[0].finish_reason for chunk in [role, *deltas, last]] == [None] * (len(deltas) + 1) + ["stop"]
    assert {(chunk.id, chunk.created) for chunk in [role, *deltas, last]} == {("chatcmpl-k3f9-1", role.created)}


def test_the_head_names_the_run_and_the_request() -> None:
    answer = ask(CHAT, STREAM)
    assert answer.header("Run-Id") == "k3f9-1"
    assert (answer.header("x-request-id") or "").startswith("req_")


def test_usage_comes_only_if_asked_for_as_a_chunk_without_choices_and_is_null_before() -> None:
    assert b'"usage"' not in ask(CHAT, STREAM).body
    answer = ask(CHAT, WITH_USAGE, reasoning_tokens=7)
    *others, last = chunks(answer)
    assert last.choices == []
    assert last.usage is not None
    [end] = [part for part in parts(reasoning_tokens=7) if isinstance(part, End)]
    assert last.usage.prompt_tokens == end.usage.prompt_tokens
    assert last.usage.completion_tokens == end.usage.output_tokens
    assert last.usage.total_tokens == end.usage.prompt_tokens + end.usage.output_tokens
    assert last.usage.completion_tokens_details is not None
    assert last.usage.completion_tokens_details.reasoning_tokens == 7
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in others)


def test_a_tool_call_has_its_id_and_name_once_and_its_arguments_in_pieces_by_index() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("look_up", "send")]
    found: dict[int, dict[str, str]] = {}
    for chunk in chunks(ask(CHAT, {**STREAM, "tools": tools}, tool_calls=2)):
        for call in chunk.choices[0].delta.tool_calls or []:
            assert call.function is not None
            if call.id:
                assert (call.type, call.function.arguments) == ("function", "")
                found[call.index] = {"id": call.id, "name": call.function.name or "", "arguments": ""}
            else:
                assert call.function.name is None
                found[call.index]["arguments"] += call.function.arguments or ""
    assert [call["name"] for call in found.values()] == ["look_up", "send"]
    assert [set(json.loads(call["arguments"])) for call in found.values()] == [{"city", "days"}] * 2


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_of_tokens_ends_with_length(name: str) -> None:
    answer = ask(CHAT, {**STREAM, name: 5})
    *_, last = chunks(answer)
    assert last.choices[0].finish_reason == "length"
    said = [chunk.choices[0].delta.content for chunk in chunks(answer)[1:-1]]
    assert said == [part.text for part in parts(most_tokens=5) if isinstance(part, Text)]


def test_an_error_in_mid_stream_is_one_event_and_no_done() -> None:
    answer = ask(CHAT, STREAM, fail="error", fail_after=10)
    assert (answer.status, answer.is_whole) == (200, True)
    name, data = answer.events()[-1]
    error = json.loads(data)["error"]
    assert (name, set(error), error["type"]) == ("", {"message", "type", "param", "code"}, "server_error")
    assert b"[DONE]" not in answer.body
    assert b'"finish_reason":"' not in answer.body


def test_a_cut_leaves_the_body_unfinished() -> None:
    answer = ask(CHAT, STREAM, fail="cut", fail_after=10)
    assert (answer.status, answer.is_whole) == (200, False)
    assert len(answer.events()) == 1 + len(texts(fail="cut", fail_after=10))


def test_before_the_first_token_an_overload_is_a_503() -> None:
    answer = ask(CHAT, STREAM, fail="error")
    assert answer.status == 503
    assert answer.json()["error"]["code"] == "server_is_overloaded"


def test_a_whole_completion_says_the_same() -> None:
    completion = judged(ChatCompletion, ask(CHAT, tool_calls=1).json())
    assert isinstance(completion, ChatCompletion)
    [choice] = completion.choices
    assert (choice.message.content, choice.finish_reason) == ("".join(texts(tool_calls=1)), "tool_calls")
    assert choice.message.tool_calls is not None
    assert [call.type for call in choice.message.tool_calls] == ["function"]


def test_a_whole_completion_that_fails_has_a_status() -> None:
    failed = ask(CHAT, fail="error", fail_after=5)
    assert (failed.status, failed.json()["error"]["type"]) == (500, "server_error")


def test_deltas_are_padded_to_hide_their_length_unless_that_is_switched_off() -> None:
    padded = [chunk for chunk in chunks(ask(CHAT, STREAM)) if chunk.choices[0].delta.content]
    sizes = {len((chunk.choices[0].delta.content or "").encode()) + len(chunk.obfuscation or "") for chunk in padded}
    assert sizes == {16}
    assert b"obfuscation" not in ask(CHAT, {"stream": True, "stream_options": {"include_obfuscation": False}}).body


def test_silence_is_filled_with_comments() -> None:
    answer = ask(CHAT, STREAM, tokens=1, ttft_s=0.3, heartbeat_s=0.02)
    names = [name for name, _ in answer.events()]
    assert names[0] == ""
    assert names[1:-3] == [":"] * (len(names) - 4)
    assert ":" in names


def test_an_encoder_is_a_function_of_its_parts() -> None:
    def encoded() -> bytes:
        stream = ChatStream("k3f9-1", 1, with_usage=True)
        end = End(Finish.STOP, Usage(2, 1))
        return stream.begin() + stream.part(Text("世界", 2)) + stream.part(end) + stream.silence()

    assert encoded() == encoded()
    assert "世界".encode() in encoded()


def test_the_prompt_is_what_was_said_in_order_whichever_shape_it_has() -> None:
    asked = {"role": "user", "content": [{"type": "text", "text": PROMPT}]}
    assert ask(CHAT, {"messages": [asked]}).json()["choices"] == ask(CHAT).json()["choices"]
    longer = ask(CHAT, {"messages": [{"role": "system", "content": "Be brief."}, asked]}).json()
    assert longer["usage"]["prompt_tokens"] > ask(CHAT).json()["usage"]["prompt_tokens"]
