"""Ollama's lines: a JSON object for each text, the last with done, its reason and the counts."""

from __future__ import annotations

import re

import pytest

from lab_servers.servers.llm.asking import MODEL_NAME
from lab_servers.servers.llm.ollama import Kind, OllamaStream, timestamp
from lab_servers.servers.llm.parts import End, Text, ToolCall
from tests.servers.llm.asked import OLLAMA_CHAT, OLLAMA_GENERATE, PROMPT, answers, ask, parts, post, texts

BOTH = pytest.mark.parametrize("path", [OLLAMA_CHAT, OLLAMA_GENERATE])

# The JSON names in api/types.go: ChatResponse, GenerateResponse, Message, Metrics.
METRICS = {
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
}


def text_of(path: str, line: dict) -> str:
    return str(line["message"]["content"] if path == OLLAMA_CHAT else line["response"])


@BOTH
def test_a_stream_is_a_line_for_each_text_and_a_last_one_that_is_done(path: str) -> None:
    answer = ask(path)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/x-ndjson")
    *lines, last = answer.lines()
    assert [text_of(path, line) for line in lines] == texts()
    own = "message" if path == OLLAMA_CHAT else "response"
    assert all(set(line) == {"model", "created_at", own, "done"} and line["done"] is False for line in lines)
    assert set(last) == {"model", "created_at", own, "done", "done_reason"} | METRICS
    assert (last["done"], last["done_reason"], text_of(path, last)) == (True, "stop", "")


@BOTH
def test_the_last_line_counts(path: str) -> None:
    last = ask(path, reasoning_tokens=7).lines()[-1]
    [end] = [part for part in parts(reasoning_tokens=7) if isinstance(part, End)]
    assert (last["prompt_eval_count"], last["eval_count"]) == (end.usage.prompt_tokens, end.usage.output_tokens)
    assert last["total_duration"] == last["prompt_eval_duration"] + last["eval_duration"]


def test_a_request_streams_unless_it_says_no() -> None:
    assert ask(OLLAMA_CHAT, {"stream": True}).header("Content-Type") == "application/x-ndjson"
    assert ask(OLLAMA_CHAT, {"stream": False}).header("Content-Type") == "application/json; charset=utf-8"


@BOTH
def test_a_whole_answer_is_the_last_line_with_all_of_the_text(path: str) -> None:
    whole = ask(path, {"stream": False}, tool_calls=1).json()
    assert text_of(path, whole) == "".join(texts(tool_calls=1))
    assert set(whole) > METRICS
    assert whole["eval_duration"] >= 0


@BOTH
def test_a_tool_call_is_one_line_with_an_object_of_arguments(path: str) -> None:
    tools = [{"type": "function", "function": {"name": "look_up"}}]
    lines = ask(path, {"tools": tools}, tool_calls=2).lines()
    calls = [line["message"] if path == OLLAMA_CHAT else line for line in lines]
    found = [one for call in calls for one in call.get("tool_calls", [])]
    ids = [part.call_id for part in parts(tool_calls=2) if isinstance(part, ToolCall)]
    assert [call["id"] for call in found] == ids
    assert [(call["function"]["index"], call["function"]["name"]) for call in found] == [(0, "look_up"), (1, "look_up")]
    assert all(set(call["function"]["arguments"]) == {"city", "days"} for call in found)


def test_num_predict_ends_with_length_and_minus_one_is_no_limit() -> None:
    lines = ask(OLLAMA_CHAT, {"options": {"num_predict": 5}}).lines()
    assert lines[-1]["done_reason"] == "length"
    said = [text_of(OLLAMA_CHAT, line) for line in lines[:-1]]
    assert said == [part.text for part in parts(most_tokens=5) if isinstance(part, Text)]
    assert ask(OLLAMA_CHAT, {"options": {"num_predict": -1}}).lines()[-1]["done_reason"] == "stop"


def test_an_error_in_mid_stream_is_a_last_line_of_its_own_shape() -> None:
    answer = ask(OLLAMA_CHAT, fail="error", fail_after=10)
    *lines, last = answer.lines()
    assert (answer.status, answer.is_whole, set(last)) == (200, True, {"error"})
    assert not any(line["done"] for line in lines)


def test_the_head_goes_out_with_the_first_line_so_a_failure_before_it_has_a_status() -> None:
    answer = ask(OLLAMA_CHAT, reasoning_tokens=9, fail="error", fail_after=5)
    assert (answer.status, set(answer.json())) == (500, {"error"})
    assert ask(OLLAMA_CHAT, fail="error").status == 503


def test_a_cut_leaves_the_body_unfinished() -> None:
    answer = ask(OLLAMA_CHAT, fail="cut", fail_after=10)
    assert not answer.is_whole
    assert answer.lines()[-1]["done"] is False


def test_silence_stays_silent() -> None:
    assert len(ask(OLLAMA_CHAT, tokens=1, ttft_s=0.1, heartbeat_s=0.01).lines()) == 2


@BOTH
def test_without_a_prompt_the_model_is_loaded_and_says_nothing(path: str) -> None:
    [answer] = answers(post(path, {"model": MODEL_NAME}))
    assert (answer.status, answer.json()["done"], answer.json()["done_reason"]) == (200, True, "load")


def test_any_content_type_will_do_and_so_will_the_tag_latest() -> None:
    body = f'{{"model":"{MODEL_NAME}:latest","prompt":"{PROMPT}"}}'.encode()
    [answer] = answers(post(OLLAMA_GENERATE, body, "Content-Type: application/x-www-form-urlencoded"))
    assert answer.lines()[-1]["done"] is True
    assert answer.lines()[0]["model"] == f"{MODEL_NAME}:latest"


def test_times_are_rfc_3339_to_the_nanosecond() -> None:
    assert timestamp(1_700_000_000_000_000_001) == "2023-11-14T22:13:20.000000001Z"
    line = OllamaStream(Kind.CHAT, "m", lambda: 0).part(Text("世"))
    assert re.search(rb'"created_at":"1970-01-01T00:00:00\.000000000Z"', line)
