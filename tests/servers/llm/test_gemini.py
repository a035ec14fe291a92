"""Gemini's responses: chunks that are responses, in events or in an array, with calls whole and usage of all so far."""

from __future__ import annotations

import json

import pytest

from lab_servers.servers.llm.parts import End, Text
from tests.servers.llm.asked import GEMINI, GEMINI_STREAM, PROMPT, Answer, ask, parts, texts

EVENTS = f"{GEMINI_STREAM}?alt=sse"

# google-genai's types.py (GenerateContentResponse, Candidate, Part, FunctionCall, UsageMetadata): field → its fields;
# () has none below it. A FunctionCall's partialArgs and willContinue "are not supported in Gemini API".
FIELDS = {
    "candidates": {
        "content": {"parts": {"text": (), "functionCall": {"id": (), "name": (), "args": None}}, "role": ()},
        "finishReason": (),
        "index": (),
    },
    "usageMetadata": {
        "promptTokenCount": (),
        "candidatesTokenCount": (),
        "thoughtsTokenCount": (),
        "totalTokenCount": (),
        "promptTokensDetails": {"modality": (), "tokenCount": ()},
    },
    "modelVersion": (),
    "responseId": (),
}


def check(value: object, fields: object, path: str = "") -> None:
    """Every field is one of Google's types."""
    if isinstance(value, list):
        for one in value:
            check(one, fields, path)
    elif isinstance(value, dict) and fields is not None:
        assert isinstance(fields, dict), path
        for name, inner in value.items():
            assert name in fields, f"{path}.{name}"
            check(inner, fields[name], f"{path}.{name}")


def chunks_of(answer: Answer) -> list[dict]:
    if answer.header("Content-Type") == "text/event-stream":
        assert {name for name, _ in answer.events()} == {""}
        found = [json.loads(data) for _, data in answer.events()]
    else:
        found = json.loads(answer.body)
    for chunk in found:
        if "error" not in chunk:
            check(chunk, FIELDS)
    return found


def parts_of(chunk: dict) -> list[dict]:
    [candidate] = chunk["candidates"]
    assert (candidate["index"], candidate["content"]["role"]) == (0, "model")
    return list(candidate["content"]["parts"])


BOTH = pytest.mark.parametrize("path", [EVENTS, GEMINI_STREAM], ids=["events", "array"])


@BOTH
def test_a_stream_is_a_chunk_for_each_text_and_a_last_one_with_the_reason(path: str) -> None:
    answer = ask(path)
    assert (answer.status, answer.is_whole) == (200, True)
    *chunks, last = chunks_of(answer)
    assert [parts_of(chunk) for chunk in chunks] == [[{"text": text}] for text in texts()]
    assert all("finishReason" not in chunk["candidates"][0] for chunk in chunks)
    assert (parts_of(last), last["candidates"][0]["finishReason"]) == ([{"text": ""}], "STOP")
    assert {chunk["responseId"] for chunk in [*chunks, last]} == {"k3f9-1"}


def test_events_end_with_cr_lf_and_nothing_says_done() -> None:
    body = ask(EVENTS).body
    assert body.count(b"\n") == body.count(b"\r\n")
    assert body.endswith(b"}\r\n\r\n")
    assert b"DONE" not in body


def test_the_array_is_json_only_when_all_of_it_is_there() -> None:
    answer = ask(GEMINI_STREAM)
    assert answer.header("Content-Type") == "application/json; charset=UTF-8"
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.body[:-1])
    assert json.loads(answer.body[:-1] + b"]")


def test_usage_is_that_of_all_so_far_and_thoughts_are_counted_beside_the_candidate() -> None:
    chunks = chunks_of(ask(EVENTS, reasoning_tokens=7))
    counts = [chunk["usageMetadata"]["candidatesTokenCount"] for chunk in chunks]
    assert counts == sorted(counts)
    # All thoughts come before the first text, so each chunk has them.
    for usage in (chunk["usageMetadata"] for chunk in chunks):
        assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"] + 7
    last = chunks[-1]["usageMetadata"]
    [end] = [part for part in parts(reasoning_tokens=7) if isinstance(part, End)]
    assert last["thoughtsTokenCount"] == 7
    assert last["candidatesTokenCount"] == end.usage.output_tokens - 7
    assert last["totalTokenCount"] == end.usage.prompt_tokens + end.usage.output_tokens


@BOTH
def test_a_function_call_comes_whole(path: str) -> None:
    declared = [{"functionDeclarations": [{"name": "look_up"}, {"name": "send"}]}]
    chunks = chunks_of(ask(path, {"tools": declared}, tool_calls=2))
    calls = [part["functionCall"] for chunk in chunks for part in parts_of(chunk) if "functionCall" in part]
    assert [call["name"] for call in calls] == ["look_up", "send"]
    assert [set(call["args"]) for call in calls] == [{"city", "days"}] * 2
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


@BOTH
def test_a_limit_of_tokens_ends_with_max_tokens(path: str) -> None:
    *chunks, last = chunks_of(ask(path, {"generationConfig": {"maxOutputTokens": 5}}))
    assert last["candidates"][0]["finishReason"] == "MAX_TOKENS"
    said = [parts_of(chunk)[0]["text"] for chunk in chunks]
    assert said == [part.text for part in parts(most_tokens=5) if isinstance(part, Text)]


@BOTH
def test_an_error_in_mid_stream_is_a_status_as_one_element_more(path: str) -> None:
    answer = ask(path, fail="error", fail_after=10)
    *chunks, last = chunks_of(answer)
    assert (answer.status, answer.is_whole) == (200, True)
    assert (set(last["error"]), last["error"]["code"]) == ({"code", "message", "status"}, 503)
    assert last["error"]["status"] == "UNAVAILABLE"
    assert all("finishReason" not in chunk["candidates"][0] for chunk in chunks)


@BOTH
def test_a_cut_leaves_the_body_unfinished(path: str) -> None:
    answer = ask(path, fail="cut", fail_after=10)
    assert not answer.is_whole
    assert not answer.body.endswith(b"]")


@pytest.mark.parametrize("path", [EVENTS, GEMINI])
def test_before_the_first_token_an_overload_is_a_503(path: str) -> None:
    answer = ask(path, fail="error")
    assert (answer.status, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")


def test_a_client_that_expects_an_array_gets_its_error_in_one() -> None:
    answer = ask(GEMINI_STREAM, fail="error")
    [element] = json.loads(answer.body)
    assert (answer.status, element["error"]["code"]) == (503, 503)


def test_silence_stays_silent() -> None:
    answer = ask(EVENTS, tokens=1, ttft_s=0.1, heartbeat_s=0.01)
    assert len(chunks_of(answer)) == 2


def test_a_whole_response_says_the_same() -> None:
    whole = ask(GEMINI, tool_calls=1).json()
    check(whole, FIELDS)
    text, call = parts_of(whole)
    assert text == {"text": "".join(texts(tool_calls=1))}
    assert set(call["functionCall"]["args"]) == {"city", "days"}


def test_fields_may_be_written_as_protobuf_or_as_json_does() -> None:
    config = {"generation_config": {"max_output_tokens": 5}, "system_instruction": {"parts": [{"text": "Be brief."}]}}
    whole = ask(GEMINI, config).json()
    assert whole["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert whole["usageMetadata"]["promptTokenCount"] > ask(GEMINI).json()["usageMetadata"]["promptTokenCount"]


def test_what_a_function_returned_is_part_of_the_prompt() -> None:
    returned = {"functionResponse": {"name": "look_up", "response": {"weather": "sunny"}}}
    contents = [{"parts": [{"text": PROMPT}]}, {"role": "user", "parts": [returned]}]
    longer = ask(GEMINI, {"contents": contents}).json()["usageMetadata"]["promptTokenCount"]
    assert longer > ask(GEMINI).json()["usageMetadata"]["promptTokenCount"]
