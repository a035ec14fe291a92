"""Bad requests, in every dialect: the vendor's status and body, one sentence, and never a traceback."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab_servers.servers.llm.app import MAX_BODY_BYTES
from lab_servers.servers.llm.asking import MODEL_NAME
from lab_servers.servers.llm.model import MOST_PROMPT_CHARACTERS
from tests.servers.llm.asked import (
    BODIES,
    CHAT,
    GEMINI,
    GEMINI_STREAM,
    MESSAGES,
    OLLAMA_CHAT,
    OLLAMA_GENERATE,
    PROMPT,
    RESPONSES,
    Answer,
    answers,
    ask,
    post,
)
from tests.servers.running import request_bytes

OPENAI = (CHAT, RESPONSES)
OLLAMA = (OLLAMA_CHAT, OLLAMA_GENERATE)
PATHS = [CHAT, RESPONSES, MESSAGES, GEMINI, f"{GEMINI_STREAM}?alt=sse", OLLAMA_CHAT, OLLAMA_GENERATE]
EVERY = pytest.mark.parametrize("path", PATHS)


def refused(path: str, answer: Answer) -> tuple[int, str]:
    """Status and kind of a refusal, once its body has exactly the fields that the vendor documents."""
    body = answer.json()
    assert (answer.header("Content-Type") or "").startswith("application/json")
    if path in OPENAI:
        assert set(body) == {"error"}
        assert set(body["error"]) == {"message", "type", "param", "code"}
        kind, message = body["error"]["code"] or body["error"]["type"], body["error"]["message"]
    elif path == MESSAGES:
        assert (set(body), body["type"]) == ({"type", "error", "request_id"}, "error")
        assert set(body["error"]) == {"type", "message"}
        kind, message = body["error"]["type"], body["error"]["message"]
    elif path in OLLAMA:
        assert set(body) == {"error"}
        kind, message = "", body["error"]
    else:
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message", "status"}
        assert body["error"]["code"] == answer.status
        kind, message = body["error"]["status"], body["error"]["message"]
    assert isinstance(message, str)
    assert message
    assert "Traceback" not in message
    return answer.status, kind


def of(path: str, openai: tuple[int, str], anthropic: tuple[int, str], gemini: tuple[int, str], ollama: int) -> object:
    """What a dialect is expected to say."""
    return openai if path in OPENAI else anthropic if path == MESSAGES else (ollama, "") if path in OLLAMA else gemini


INVALID = (400, "invalid_request_error")
ARGUMENT = (400, "INVALID_ARGUMENT")


@EVERY
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"NaN",
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        rb'{"a":"\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"max_tokens":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_no_json_object(path: str, body: bytes) -> None:
    [answer] = answers(post(path, body))
    assert refused(path, answer) == of(path, INVALID, INVALID, ARGUMENT, 400)


@EVERY
def test_a_body_with_too_many_bytes(path: str) -> None:
    [answer] = answers(post(path, b" " * (MAX_BODY_BYTES + 1)))
    large = (413, "invalid_request_error"), (413, "request_too_large"), ARGUMENT
    assert refused(path, answer) == of(path, *large, 413)


@EVERY
def test_a_prompt_that_is_too_long(path: str) -> None:
    long = json.dumps(BODIES[path.partition("?")[0]]).replace(
        json.dumps(PROMPT)[1:-1], "x" * MOST_PROMPT_CHARACTERS + "x"
    )
    [answer] = answers(post(path, long.encode()))
    assert refused(path, answer) == of(path, (400, "context_length_exceeded"), INVALID, ARGUMENT, 400)


@pytest.mark.parametrize("path", [path for path in PATHS if path not in OLLAMA])
@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
def test_a_body_that_is_not_declared_as_json(path: str, declared: str) -> None:
    body = BODIES[path.partition("?")[0]]
    [answer] = answers(post(path, body, f"Content-Type: {declared}"))
    assert refused(path, answer) == of(path, (400, "unsupported_content_type"), INVALID, ARGUMENT, 0)


@EVERY
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method(path: str, method: str) -> None:
    [answer] = answers(request_bytes(path, "Connection: close", method=method))
    expected = of(path, (405, "method_not_supported"), (405, "invalid_request_error"), (404, "NOT_FOUND"), 405)
    assert refused(path, answer) == expected
    assert answer.header("Allow") == ("POST" if answer.status == 405 else None)


@EVERY
def test_an_unknown_model(path: str) -> None:
    body = {**BODIES[path.partition("?")[0]], "model": "no-such-model"}
    [answer] = answers(post(path.replace(MODEL_NAME, "no-such-model"), body))
    expected = of(path, (404, "model_not_found"), (404, "not_found_error"), (404, "NOT_FOUND"), 404)
    assert refused(path, answer) == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (CHAT, "model"),
        (CHAT, "messages"),
        (RESPONSES, "model"),
        (RESPONSES, "input"),
        (MESSAGES, "model"),
        (MESSAGES, "messages"),
        (MESSAGES, "max_tokens"),
        (GEMINI, "contents"),
        (OLLAMA_CHAT, "model"),
        (OLLAMA_GENERATE, "model"),
    ],
)
@pytest.mark.parametrize("given_as_null", [False, True])
def test_a_missing_field_is_named(path: str, name: str, given_as_null: bool) -> None:
    body = {key: value for key, value in BODIES[path].items() if key != name}
    [answer] = answers(post(path, body | ({name: None} if given_as_null else {})))
    assert refused(path, answer) == of(path, (400, "missing_required_parameter"), INVALID, ARGUMENT, 400)
    assert name in answer.body.decode()


WRONG_VALUES = [
    (CHAT, {"messages": []}),
    (CHAT, {"messages": "hello"}),
    (CHAT, {"messages": [1]}),
    (CHAT, {"messages": [{"role": "nobody", "content": "x"}]}),
    (CHAT, {"messages": [{"role": "user", "content": 7}]}),
    (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]}),
    (CHAT, {"stream": "yes"}),
    (CHAT, {"n": 2}),
    (CHAT, {"max_tokens": 0}),
    (CHAT, {"max_tokens": True}),
    (CHAT, {"max_tokens": 1.5}),
    (CHAT, {"stream_options": {"include_usage": True}}),
    (CHAT, {"tools": [{"type": "function", "function": {"name": 3}}]}),
    (RESPONSES, {"input": 5}),
    (RESPONSES, {"input": [{"role": "nobody", "content": "x"}]}),
    (RESPONSES, {"tools": [{"type": "web_search"}]}),
    (RESPONSES, {"metadata": 1}),
    (RESPONSES, {"max_output_tokens": 15}),
    (MESSAGES, {"max_tokens": 0}),
    (MESSAGES, {"messages": []}),
    (MESSAGES, {"messages": [{"role": "system", "content": "x"}]}),
    (MESSAGES, {"system": 1}),
    (MESSAGES, {"tools": {}}),
    (GEMINI, {"contents": []}),
    (GEMINI, {"contents": [{"role": "nobody", "parts": []}]}),
    (GEMINI, {"contents": [{"parts": [{"text": 1}]}]}),
    (GEMINI, {"generationConfig": {"maxOutputTokens": 0}}),
    (OLLAMA_CHAT, {"messages": [{"role": "nobody", "content": "x"}]}),
    (OLLAMA_CHAT, {"stream": 1}),
    (OLLAMA_CHAT, {"options": {"num_predict": "many"}}),
    (OLLAMA_GENERATE, {"prompt": 1}),
]


@pytest.mark.parametrize(("path", "more"), WRONG_VALUES, ids=str)
def test_a_value_that_cannot_be_is_named(path: str, more: dict) -> None:
    answer = ask(path, more)
    assert refused(path, answer) == of(path, (400, "invalid_value"), INVALID, ARGUMENT, 400)
    assert next(iter(more)) in answer.body.decode()


@EVERY
def test_a_field_that_is_unknown_is_named_except_where_the_vendor_takes_no_notice(path: str) -> None:
    body = BODIES[path.partition("?")[0]]
    [answer] = answers(post(path, {**body, "max_tokns": None}))
    if path in OLLAMA:
        assert answer.status == 200
        return
    assert refused(path, answer) == of(path, (400, "unknown_parameter"), INVALID, ARGUMENT, 400)
    assert "max_tokns" in answer.body.decode()


@EVERY
@pytest.mark.parametrize("query", ["tokens=0", "nonsense=1", "tokens=5&tokens=6", "gap_s=nan"])
def test_a_mistake_in_the_models_settings(path: str, query: str) -> None:
    target = f"{path}{'&' if '?' in path else '?'}{query}"
    body = json.dumps(BODIES[path.partition("?")[0]]).encode()
    request = request_bytes(target, "Connection: close", "Content-Type: application/json", method="POST", body=body)
    [answer] = answers(request)
    assert refused(path, answer) == of(path, (400, "invalid_value"), INVALID, ARGUMENT, 400)


def test_the_vendors_own_query_parameters_are_taken_beside_the_settings() -> None:
    assert ask(MESSAGES, beta="true").status == 200
    assert ask(GEMINI, key="secret", alt="json").status == 200


@EVERY
def test_a_key_that_was_used_for_another_request(path: str) -> None:
    body = BODIES[path.partition("?")[0]]
    first, second = answers(post(path, body, "Idempotency-Key: k"), post(path, body, "Idempotency-Key: k", tokens=3))
    assert first.status == 200
    assert refused(path, second)[0] in (409, 422)


def test_there_is_no_other_method_of_models() -> None:
    [answer] = answers(post(GEMINI.replace("generateContent", "countTokens"), BODIES[GEMINI]))
    assert refused(GEMINI, answer) == (404, "NOT_FOUND")


@pytest.mark.parametrize("length", [10, 30])
def test_a_body_that_is_not_encoded_as_declared_hangs_nobody(length: int) -> None:
    request = post(CHAT, BODIES[CHAT], "Transfer-Encoding: chunked")
    # Declared as chunks, and no chunks: nothing that HTTP could read.
    request = request.replace(b"Content-Length", b"X-Length")[:-length]
    [answer] = answers(request)
    assert answer.status == 400


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted({name for body in BODIES.values() for name in body} | {"tools", "system", "options", "instructions"})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(BODIES)), st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=4))
def test_whatever_the_fields_hold_the_answer_is_an_answer(path: str, more: dict) -> None:
    [answer] = answers(post(path, {**BODIES[path], **more}, tokens=2))
    assert answer.status in (200, 400, 404)


def test_the_model_is_listed_in_each_dialect() -> None:
    targets = ["/v1/models", f"/v1/models/{MODEL_NAME}", "/v1beta/models", "/api/tags"]
    lists = answers(*(request_bytes(target, "Connection: close") for target in targets))
    assert [answer.status for answer in lists] == [200] * 4
    assert all(MODEL_NAME in answer.body.decode() for answer in lists)
    [unknown] = answers(request_bytes("/v1/models/other", "Connection: close"))
    assert refused(CHAT, unknown) == (404, "model_not_found")
    [theirs] = answers(request_bytes("/v1/models", "Connection: close", "anthropic-version: 2023-06-01"))
    assert set(theirs.json()) == {"data", "has_more", "first_id", "last_id"}
