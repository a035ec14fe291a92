"""The two readings of the vendors' documents agree: what each dialect's server says, the reader of answers reads."""

from __future__ import annotations

from typing import Any

import pytest

from lab_servers.servers.llm.parts import End, ToolArguments, ToolCall
from lab_servers.wire.llm.reader import AnswerReader, AnswerState, Carried, Dialect, Piece
from tests.servers.llm.asked import (
    CHAT,
    GEMINI,
    GEMINI_STREAM,
    MESSAGES,
    OLLAMA_CHAT,
    OLLAMA_GENERATE,
    RESPONSES,
    ask,
    parts,
    texts,
)  # fmt: skip

STREAM: dict[str, object] = {"stream": True, "stream_options": {"include_usage": True}}
WHOLE: dict[str, object] = {"stream": False}
WAYS: list[tuple[str, Dialect, Carried, dict[str, object]]] = [
    (CHAT, Dialect.CHAT, "event stream", STREAM),
    (CHAT, Dialect.CHAT, "json", WHOLE),
    (RESPONSES, Dialect.RESPONSES, "event stream", {"stream": True}),
    (RESPONSES, Dialect.RESPONSES, "json", WHOLE),
    (MESSAGES, Dialect.MESSAGES, "event stream", {"stream": True}),
    (MESSAGES, Dialect.MESSAGES, "json", WHOLE),
    (f"{GEMINI_STREAM}?alt=sse", Dialect.GEMINI, "event stream", {}),
    (GEMINI_STREAM, Dialect.GEMINI, "json", {}),
    (GEMINI, Dialect.GEMINI, "json", {}),
    (OLLAMA_CHAT, Dialect.OLLAMA, "lines", {}),
    (OLLAMA_CHAT, Dialect.OLLAMA, "json", WHOLE),
    (OLLAMA_GENERATE, Dialect.OLLAMA, "lines", {}),
    (OLLAMA_GENERATE, Dialect.OLLAMA, "json", WHOLE),
]


def of_ways(ways: list[tuple[str, Dialect, Carried, dict[str, object]]]) -> pytest.MarkDecorator:
    names = [f"{path} as {carried}" for path, _, carried, _ in ways]
    return pytest.mark.parametrize(("path", "dialect", "carried", "more"), ways, ids=names)


every_way = of_ways(WAYS)
ways_with_tools = of_ways([way for way in WAYS if way[0] != OLLAMA_GENERATE])
# Before a whole answer there is nothing that could be cut.
ways_that_grow = of_ways([way for way in WAYS if way[2] != "json" or way[0] == GEMINI_STREAM])


def read(dialect: Dialect, carried: Carried, *chunks: bytes) -> tuple[list[Piece], AnswerState]:
    reader = AnswerReader(dialect, carried)
    pieces = [piece for chunk in chunks for piece in reader.feed(chunk)]
    return pieces + reader.end(), reader.state


@every_way
@pytest.mark.parametrize("language", ["english", "chinese", "emoji", "combining", "mixed"])
def test_the_text_is_the_same_to_the_last_code_point_wherever_the_bytes_are_cut(
    path: str, dialect: Dialect, carried: Carried, more: dict[str, object], language: str
) -> None:
    settings: dict[str, Any] = {"language": language, "tokens": 8}
    body = ask(path, more, **settings).body
    pieces, state = read(dialect, carried, body)
    assert state.text == "".join(texts(**settings))
    assert state.is_complete
    assert not state.ignored
    end = parts(**settings)[-1]
    assert isinstance(end, End)
    assert state.usage is not None
    assert (state.usage.prompt_tokens, state.usage.output_tokens) == (end.usage.prompt_tokens, end.usage.output_tokens)
    # Every offset of one of the languages; of the others so many that each is soon tried by another one of them.
    for cut in range(0, len(body) + 1, 1 if language == "mixed" else 31):
        assert read(dialect, carried, body[:cut], body[cut:]) == (pieces, state)


@every_way
def test_byte_by_byte_is_the_same(path: str, dialect: Dialect, carried: Carried, more: dict[str, object]) -> None:
    body = ask(path, more, language="mixed", tokens=20).body
    assert read(dialect, carried, *(bytes((byte,)) for byte in body)) == read(dialect, carried, body)


@ways_with_tools
def test_tool_calls_are_the_same(path: str, dialect: Dialect, carried: Carried, more: dict[str, object]) -> None:
    settings: dict[str, Any] = {"tokens": 4, "tool_calls": 2}
    state = read(dialect, carried, ask(path, more, **settings).body)[1]
    said = parts(**settings)
    names = [part.name for part in said if isinstance(part, ToolCall)]
    arguments = ["".join(p.text for p in said if isinstance(p, ToolArguments) and p.index == at) for at in range(2)]
    assert [(call.index, call.name) for call in state.tool_calls] == list(enumerate(names))
    assert [call.arguments.replace(" ", "") for call in state.tool_calls] == [one.replace(" ", "") for one in arguments]
    assert state.is_complete


@every_way
def test_reasoning_is_counted_and_not_shown(
    path: str, dialect: Dialect, carried: Carried, more: dict[str, object]
) -> None:
    state = read(dialect, carried, ask(path, more, tokens=4, reasoning_tokens=5).body)[1]
    assert state.text == "".join(texts(tokens=4, reasoning_tokens=5))
    assert state.usage is not None
    assert state.usage.output_tokens == 9
    assert state.is_complete


@every_way
@pytest.mark.parametrize("fail_after", [0, 3])
def test_an_error_before_the_head_or_in_the_answer_is_an_error_and_never_a_complete_answer(
    path: str, dialect: Dialect, carried: Carried, more: dict[str, object], fail_after: int
) -> None:
    answer = ask(path, more, tokens=8, fail="error", fail_after=fail_after)
    # Before the head every dialect answers with JSON, however it would have streamed.
    state = read(dialect, carried if answer.status == 200 else "json", answer.body)[1]
    assert state.error
    assert not state.is_complete


@ways_that_grow
def test_a_cut_is_never_a_complete_answer(
    path: str, dialect: Dialect, carried: Carried, more: dict[str, object]
) -> None:
    answer = ask(path, more, tokens=8, fail="cut", fail_after=3)
    assert not answer.is_whole
    assert not read(dialect, carried, answer.body)[1].is_complete
